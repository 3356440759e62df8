//! Miller and Orr's bounds for cash that comes and goes at random: let it float, and bring it back to a target at a bound.

use kernel::Money;

use crate::amount;
use crate::error::{QuantError, Result, within};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CashTarget {
    pub target: Money,
    pub upper: Money,
    pub spread: Money,
}

/// `cost` is what a move costs, `deviation` that of a day's net flow in smallest units, `daily_rate` what cash could earn
/// elsewhere in a day. The spread is 3 (3 cost variance / 4 rate)^⅓, the target a third of it above the floor.
pub fn miller_orr(floor: Money, cost: Money, deviation: f64, daily_rate: f64) -> Result<CashTarget> {
    let currency = floor.currency();
    let (floor, cost) = (amount::units("floor", floor, currency)?, amount::units("cost", cost, currency)?);
    within("cost", cost, 0.0, f64::MAX)?;
    within("deviation", deviation, 0.0, amount::AMOUNT_MAX_MINOR as f64)?;
    if daily_rate.is_nan() || daily_rate <= 0.0 {
        return Err(QuantError::NotPositive { field: "daily_rate", at: 0 });
    }
    within("daily_rate", daily_rate, 1e-12, 1.0)?;
    let spread = 3.0 * libm::cbrt(3.0 * cost * deviation * deviation / (4.0 * daily_rate));
    Ok(CashTarget {
        target: amount::money("target", floor + spread / 3.0, currency)?,
        upper: amount::money("upper", floor + spread, currency)?,
        spread: amount::money("spread", spread, currency)?,
    })
}
