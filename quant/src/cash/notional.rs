//! Notional pools: nothing moves; interest is on the sum of balances, and is split by what each contributed.

use kernel::Money;

use super::plan::DayCount;
use super::pool::MEMBERS_MAX;
use crate::amount::{self, split_signed};
use crate::error::{QuantError, Result, at_least, at_most, within};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotionalShare {
    pub account: String,
    /// What it gets, or pays when negative; the shares add up to the pool's interest.
    pub interest: Money,
}

/// Interest of one day at a yearly rate on the sum: `credit_rate` where it is above zero, `debit_rate` below. A member with a
/// debit balance pays at the pool's rate what the others get more.
pub fn notional_interest(
    balances: &[(String, Money)],
    credit_rate: f64,
    debit_rate: f64,
    basis: DayCount,
) -> Result<(Money, Vec<NotionalShare>)> {
    at_least("balances", balances.len(), 2).map_err(|_| QuantError::PoolOfOne)?;
    at_most("balances", balances.len(), MEMBERS_MAX)?;
    within("credit_rate", credit_rate, -1.0, 10.0)?;
    within("debit_rate", debit_rate, -1.0, 10.0)?;
    let currency = balances.first().map(|(_, balance)| balance.currency()).ok_or(QuantError::PoolOfOne)?;
    let mut sum = 0.0;
    for (_, balance) in balances {
        sum += amount::units("balances", *balance, currency)?;
    }
    let rate = if sum < 0.0 { debit_rate } else { credit_rate };
    let total = amount::money("interest", sum * rate / basis.days(), currency)?;
    let weights: Vec<i64> = balances.iter().map(|(_, balance)| balance.minor()).collect();
    // A sum of zero earns nothing, and nothing is split.
    let parts = split_signed(total.minor(), &weights).unwrap_or_else(|| vec![0; balances.len()]);
    let shares = balances
        .iter()
        .zip(parts)
        .map(|((account, _), part)| NotionalShare { account: account.clone(), interest: Money::new(part, currency) });
    Ok((total, shares.collect()))
}
