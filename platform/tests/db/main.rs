//! `Db` on both engines: the same calls, the same answers, the same words for what goes wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod backup;
mod beside;
mod faults;
mod migrations;
mod rows;
mod sharing;
mod silence;
