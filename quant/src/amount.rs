//! The edge between booked money and statistics: amounts become floats on the way in and whole units on the way out, each
//! by a rounding that is named here and nowhere else.

use kernel::{Currency, Money};

use crate::error::{QuantError, Result};

/// The largest amount that statistics accept: f64 holds every whole number of units up to it.
pub const AMOUNT_MAX_MINOR: i64 = 1_000_000_000_000_000;

/// 2^63: the first float that an i64 cannot hold.
const I64_END: f64 = 9_223_372_036_854_775_808.0;

/// An amount of `currency` in its smallest unit.
pub(crate) fn units(field: &'static str, amount: Money, currency: Currency) -> Result<f64> {
    if amount.currency() != currency {
        let (expected, found) = (currency.code().to_owned(), amount.currency().code().to_owned());
        return Err(QuantError::Currency { field, expected, found });
    }
    if amount.minor().unsigned_abs() > AMOUNT_MAX_MINOR.unsigned_abs() {
        return Err(QuantError::AmountTooLarge { field });
    }
    Ok(amount.minor() as f64)
}

/// Whole units, rounded half to even.
pub(crate) fn money(field: &'static str, units: f64, currency: Currency) -> Result<Money> {
    Ok(Money::new(whole(field, units)?, currency))
}

pub(crate) fn whole(field: &'static str, units: f64) -> Result<i64> {
    let rounded = units.round_ties_even();
    if (-I64_END..I64_END).contains(&rounded) { Ok(rounded as i64) } else { Err(QuantError::AmountTooLarge { field }) }
}

/// Rounds parts so that they add up to `total` exactly: each is rounded down, and what is left goes one unit each to the
/// largest remainders, the earlier part first where they are equal.
pub(crate) fn round_parts(field: &'static str, total: i64, parts: &[f64]) -> Result<Vec<i64>> {
    let mut rounded = Vec::with_capacity(parts.len());
    let mut remainders = Vec::with_capacity(parts.len());
    for (place, part) in parts.iter().enumerate() {
        rounded.push(whole(field, part.floor())?);
        remainders.push((part - part.floor(), place));
    }
    let sum = rounded.iter().map(|part| i128::from(*part)).sum::<i128>();
    let disagree = QuantError::PartsDisagree { field };
    let left = usize::try_from(i128::from(total) - sum).map_err(|_| disagree.clone())?;
    if left > parts.len() {
        return Err(disagree);
    }
    remainders.sort_by(|(left, earlier), (right, later)| right.total_cmp(left).then(earlier.cmp(later)));
    for (_, place) in remainders.into_iter().take(left) {
        if let Some(part) = rounded.get_mut(place) {
            *part = part.checked_add(1).ok_or(QuantError::AmountTooLarge { field })?;
        }
    }
    Ok(rounded)
}

/// Splits a total in proportion to signed weights without losing a unit. Weights that add up to zero give no proportion.
pub fn split_signed(total: i64, weights: &[i64]) -> Option<Vec<i64>> {
    let sum = weights.iter().map(|weight| i128::from(*weight)).sum::<i128>();
    if sum == 0 {
        return None;
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (place, weight) in weights.iter().enumerate() {
        // The product of two i64 fits into an i128; the sign of the sum goes to the numerator.
        let product = i128::from(total) * i128::from(*weight) * sum.signum();
        parts.push(i64::try_from(product.div_euclid(sum.abs())).ok()?);
        remainders.push((product.rem_euclid(sum.abs()), place));
    }
    let given = parts.iter().map(|part| i128::from(*part)).sum::<i128>();
    let left = usize::try_from(i128::from(total) - given).ok()?;
    remainders.sort_by_key(|(remainder, place)| (std::cmp::Reverse(*remainder), *place));
    for (_, place) in remainders.into_iter().take(left) {
        if let Some(part) = parts.get_mut(place) {
            *part = part.checked_add(1)?;
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_float_becomes_money_half_to_even() {
        for (units, expected) in [(2.5, 2), (3.5, 4), (-2.5, -2), (2.4999, 2), (-0.5, 0)] {
            assert_eq!(whole("amount", units), Ok(expected), "{units}");
        }
        for bad in [f64::NAN, f64::INFINITY, 1e19, -1e19] {
            assert_eq!(whole("amount", bad), Err(QuantError::AmountTooLarge { field: "amount" }), "{bad}");
        }
    }

    #[test]
    fn amounts_beyond_the_bound_and_of_another_currency_are_refused() {
        let (usd, eur) = (Currency::iso("USD").unwrap(), Currency::iso("EUR").unwrap());
        let amount = |minor| units("weight", Money::new(minor, usd), usd);
        assert_eq!(amount(-AMOUNT_MAX_MINOR), Ok(-1e15));
        assert_eq!(amount(AMOUNT_MAX_MINOR + 1), Err(QuantError::AmountTooLarge { field: "weight" }));
        assert!(matches!(units("weight", Money::new(1, eur), usd), Err(QuantError::Currency { .. })));
    }

    #[test]
    fn parts_that_are_not_the_total_are_refused() {
        assert_eq!(round_parts("p", 3, &[0.5, 0.5, 2.0]), Ok(vec![1, 0, 2]));
        assert_eq!(round_parts("p", 9, &[0.5, 0.5]), Err(QuantError::PartsDisagree { field: "p" }));
    }

    proptest! {
        #[test]
        fn rounded_parts_add_up_to_the_rounded_total(parts in prop::collection::vec(-1e9_f64..1e9, 1..40)) {
            let total = whole("p", parts.iter().sum()).unwrap();
            let rounded = round_parts("p", total, &parts).unwrap();
            prop_assert_eq!(rounded.iter().sum::<i64>(), total);
            prop_assert!(rounded.iter().zip(&parts).all(|(whole, part)| (*whole as f64 - part).abs() <= 1.0));
        }

        #[test]
        fn a_signed_split_loses_no_unit(total in -10_i64.pow(12)..10_i64.pow(12), weights in prop::collection::vec(-10_i64.pow(9)..10_i64.pow(9), 1..30)) {
            match split_signed(total, &weights) {
                Some(parts) => prop_assert_eq!(parts.iter().sum::<i64>(), total),
                None => prop_assert!(weights.iter().sum::<i64>() == 0 || total != 0),
            }
        }
    }
}
