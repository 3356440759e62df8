//! Tests of testkit itself, on a small room that has everything a room has.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[cfg(feature = "story")]
mod frame;
mod notes;
#[cfg(feature = "story")]
mod story;
mod ways;
