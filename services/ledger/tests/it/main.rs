//! The ledger as its callers see it, on both engines, and in a simulated world.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod held_again;
mod service;
mod simulation;
mod story;
