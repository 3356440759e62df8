//! Planning and simulation through their faces, on both engines and by each way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod bad_input;
mod goals;
mod harness;
mod households;
mod net_worth;
mod shelf;
mod simulations;
mod story;
mod ways;
