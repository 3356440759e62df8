//! Definitions with their worked examples, properties, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod backtest;
mod calendar;
mod figures;
mod forecast;
mod liquidity;
mod matrix;
mod monte_carlo;
mod pools;
mod random;
mod series;
mod stress;
mod sweeps;
mod tools;
