//! Definitions with their worked examples, properties, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod asking;
mod backtest;
mod calendar;
mod figures;
mod forecast;
mod liquidity;
mod markets;
mod matrix;
mod money;
mod monte_carlo;
mod plans;
mod pools;
mod random;
mod series;
mod stress;
mod sweeps;
mod tables;
mod tools;
