//! Banking through its face: imports of files in all formats, on both engines and by each way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod bad_input;
mod harness;
mod history;
mod imports;
mod people;
mod plaid;
mod story;
mod sync;
mod truth;
mod ways;
mod world;
