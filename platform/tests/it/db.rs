//! `Db` on both engines: the same calls, the same answers, the same words for what goes wrong.

mod backup;
mod beside;
mod faults;
mod migrations;
mod rows;
mod sharing;
mod silence;
