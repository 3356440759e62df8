//! Figures about series and futures: random streams, histories, forecasts, risk, plans of cash moves and of lives.
//!
//! Owns no I/O, no async code and no clock. Refuses what is not finite, what is out of bounds and what is too little to
//! answer from, each by a [`QuantError`] that names the field. Invariants: the same data, seed and version give the same
//! bits on any number of threads; floats never become booked money, amounts come in and go out as `kernel::Money` by one
//! rounding at the edge; a total is the sum of its parts to the unit. Start reading at [`random`] and [`paths`], then at
//! the use: [`risk`], [`forecast`], [`cash`] or [`plan`].

pub mod amount;
pub mod calendar;
pub mod cash;
mod chance;
mod error;
mod exponential;
pub mod forecast;
pub mod goal;
pub mod matrix;
pub mod normal;
pub mod paths;
pub mod plan;
mod quantile;
pub mod random;
pub mod ranking;
pub mod recurring;
pub mod returns;
pub mod risk;
pub mod series;

pub use error::{QuantError, Result};
pub use quantile::QuantileRule;
