//! Treasury through its face, on both engines and by each way.
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod bad_input;
mod cash;
mod flows;
mod forecasts;
mod harness;
mod risk;
mod shelf;
mod story;
mod sweeps;
mod ways;
