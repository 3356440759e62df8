//! The ledger as its callers know it, on stores of both engines, and in a simulated world.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod held_again;
mod service;
mod simulation;
