//! Identity over HTTP, and logging in, account security and users on both engines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod http;
mod people;
mod story;
