//! The vault through its trait: on both engines, by each way, and its story.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod numbers;
mod rotation;
mod stage;
mod story;
mod ways;
