//! Amounts in another currency, and days as numbers. Pure.

use jiff::ToSpan;
use jiff::civil::Date;
use kernel::{Currency, Money, MoneyError};

use crate::face::Rate;

const EPOCH: Date = Date::constant(1970, 1, 1);
/// Rates are whole numbers of billionths.
const NANO: i128 = 1_000_000_000;
const NANO_PLACES: u32 = 9;

/// Days after 1970-01-01.
pub(crate) fn number_of(date: Date) -> i64 {
    date.since(EPOCH).map_or(0, |span| i64::from(span.get_days()))
}

pub(crate) fn date_of(number: i64) -> Date {
    EPOCH.saturating_add(number.clamp(-4_000_000, 4_000_000).days())
}

/// A rate as a whole number of billionths, above zero.
pub(crate) fn nanos(text: &str) -> Option<i128> {
    let parsed = Money::parse(text, "RATE").ok().filter(|rate| rate.minor() > 0)?;
    let factor = 10_i128.pow(NANO_PLACES.checked_sub(u32::from(parsed.currency().scale()))?);
    Some(i128::from(parsed.minor()) * factor)
}

/// What an amount is worth by a rate of its own currency into another, or of the other one into its own. Half to even, in
/// the smallest unit.
pub(crate) fn converted(amount: Money, rate: &Rate) -> Result<Money, MoneyError> {
    let nanos = nanos(&rate.rate).ok_or(MoneyError::Overflow)?;
    let inverse = rate.quote == amount.currency();
    let to = if inverse { rate.base } else { rate.quote };
    let (times, by) = if inverse { (NANO, nanos) } else { (nanos, NANO) };
    scaled(amount, times, by, to)
}

fn scaled(amount: Money, times: i128, by: i128, to: Currency) -> Result<Money, MoneyError> {
    let power = |places: u8| 10_i128.pow(u32::from(places));
    let over = i128::from(amount.minor()).checked_mul(times).and_then(|product| product.checked_mul(power(to.scale())));
    let over = over.ok_or(MoneyError::Overflow)?;
    let under = by.checked_mul(power(amount.currency().scale())).ok_or(MoneyError::Overflow)?;
    let (whole, rest) = (over.div_euclid(under), over.rem_euclid(under) * 2);
    let up = rest > under || (rest == under && whole % 2 != 0);
    let minor = i64::try_from(whole + i128::from(up)).map_err(|_| MoneyError::Overflow)?;
    Ok(Money::new(minor, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(base: &str, quote: &str, rate: &str) -> Rate {
        let currency = |code: &str| Currency::iso(code).unwrap();
        let on = jiff::civil::date(2026, 1, 30);
        Rate { base: currency(base), quote: currency(quote), on, rate: rate.to_owned(), source: "ECB".to_owned() }
    }

    #[test]
    fn an_amount_is_converted_both_ways_of_a_rate() {
        for (amount, code, by, expected) in [
            ("100.00", "EUR", rate("EUR", "USD", "1.0834"), "108.34 USD"),
            ("108.34", "USD", rate("EUR", "USD", "1.0834"), "100.00 EUR"),
            ("1000", "JPY", rate("USD", "JPY", "150"), "6.67 USD"),
            ("-0.05", "USD", rate("USD", "EUR", "0.5"), "-0.02 EUR"),
            ("0.15", "USD", rate("USD", "EUR", "0.5"), "0.08 EUR"),
        ] {
            let found = converted(Money::parse(amount, code).unwrap(), &by).unwrap();
            assert_eq!(format!("{found}"), expected);
        }
    }

    #[test]
    fn a_rate_is_a_decimal_above_zero() {
        assert_eq!(nanos("1.0834"), Some(1_083_400_000));
        for bad in ["0", "0.0", "-1", "1e3", "abc", "", "1.0000000001"] {
            assert_eq!(nanos(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_are_numbers_and_back() {
        for number in [-1, 0, 20_483, 100_000] {
            assert_eq!(number_of(date_of(number)), number);
        }
    }
}
