//! Amounts as callers write them, and their conversion into a card's currency.

use std::fmt;
use std::str::FromStr;

use kernel::{Currency, Money, Percent};
use serde::{Deserialize, Serialize};

use crate::Refusal;

/// Smallest units in one amount: the ledger's own maximum.
pub(crate) const MINOR_MAX: i64 = ledger_api::limits::AMOUNT_MAX;
const RATE_DIGITS_MAX: usize = 9;
/// Above it a rate is a mistake.
const RATE_MAX: i64 = 1_000_000;

/// An amount above zero, with exactly the currency's decimal places.
pub(crate) fn read(text: &str, currency: Currency) -> Result<Money, Refusal> {
    let invalid = |expected: &str| Refusal::AmountInvalid { expected: expected.to_owned() };
    let places = || match currency.scale() {
        0 => format!("a {currency} amount without decimal places, such as 10"),
        scale => format!("a {currency} amount with {scale} decimal places, such as 10.{}", "0".repeat(scale.into())),
    };
    let money = Money::parse(text, currency.code()).map_err(|_| invalid(&places()))?;
    match money.minor() {
        ..=0 => Err(invalid("an amount above zero")),
        1..=MINOR_MAX => Ok(money),
        _ => Err(invalid("an amount of at most 10^15 smallest units")),
    }
}

/// The same before the currency is known: only what no currency accepts is refused.
pub(crate) fn has_form(text: &str) -> Result<(), Refusal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let shaped = digits(whole) && digits(fraction) && whole.len() <= 16 && fraction.len() <= 9;
    let leading = whole.len() > 1 && whole.starts_with('0');
    let zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if shaped && !leading && !zero {
        return Ok(());
    }
    Err(Refusal::AmountInvalid { expected: "a decimal amount above zero, such as 10.00".to_owned() })
}

/// Units of a card's currency for one unit of another, such as `1.0837`: above 0, at most 9 decimal places.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate {
    digits: i64,
    places: u32,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected a rate above 0 and up to {RATE_MAX} with at most {RATE_DIGITS_MAX} decimal places, such as 1.0837")]
pub struct RateError;

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Rate, RateError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let shaped = !whole.is_empty() && whole.len() <= 7 && digits(whole) && digits(fraction);
        if !shaped || fraction.len() > RATE_DIGITS_MAX || (text.contains('.') && fraction.is_empty()) {
            return Err(RateError);
        }
        let digits: i64 = format!("{whole}{fraction}").parse().map_err(|_| RateError)?;
        let places = u32::try_from(fraction.len()).map_err(|_| RateError)?;
        let within = digits > 0 && i128::from(digits) <= i128::from(RATE_MAX) * 10_i128.pow(places);
        if within { Ok(Rate { digits, places }) } else { Err(RateError) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = 10_i64.pow(self.places);
        write!(f, "{}", self.digits / one)?;
        match self.places {
            0 => Ok(()),
            places => write!(f, ".{:0width$}", self.digits % one, width = places as usize),
        }
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Rate {
    type Error = RateError;

    fn try_from(text: String) -> Result<Rate, RateError> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> String {
        rate.to_string()
    }
}

/// The amount in the card's currency, rounded half to even. Nothing if it does not fit.
pub(crate) fn convert(amount: Money, rate: Rate, currency: Currency) -> Option<Money> {
    let up = i128::from(rate.digits).checked_mul(10_i128.pow(u32::from(currency.scale())))?;
    let down = 10_i128.pow(rate.places + u32::from(amount.currency().scale()));
    let minor = half_even(i128::from(amount.minor()).checked_mul(up)?, down)?;
    Some(Money::new(minor, currency)).filter(|money| money.minor() <= MINOR_MAX)
}

/// A share of the amount, rounded half to even.
pub(crate) fn share(amount: Money, percent: Percent) -> Option<Money> {
    let product = i128::from(amount.minor()).checked_mul(i128::from(percent.millionths()))?;
    half_even(product, i128::from(Percent::WHOLE.millionths())).map(|minor| Money::new(minor, amount.currency()))
}

fn half_even(above: i128, below: i128) -> Option<i64> {
    let (quotient, rest) = (above.div_euclid(below), above.rem_euclid(below) * 2);
    let up = rest > below || (rest == below && quotient % 2 != 0);
    i64::try_from(quotient + i128::from(up)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(code: &str) -> Currency {
        Currency::iso(code).unwrap()
    }

    #[test]
    fn an_amount_is_plain_positive_and_of_its_currency() {
        assert_eq!(read("10.00", iso("USD")).map(|money| money.minor()), Ok(1_000));
        assert_eq!(read("10", iso("JPY")).map(|money| money.minor()), Ok(10));
        let large = "10000000000000000000.00";
        for bad in ["10", "10.001", "-1.00", "1e3", "", "٣", "0.00", "01.00", "+1.00", " 1.00", "NaN", large] {
            assert!(matches!(read(bad, iso("USD")), Err(Refusal::AmountInvalid { .. })), "{bad}");
        }
        assert!(read("10.00", iso("JPY")).is_err() && read("10000000000000.01", iso("USD")).is_err());
    }

    #[test]
    fn what_no_currency_accepts_is_refused_early() {
        for bad in ["", "-1", "1e3", "٣", "0", "0.00", "1.", ".5", "007", "1.0000000000", "10000000000000000000"] {
            assert!(has_form(bad).is_err(), "{bad}");
        }
        for good in ["10", "10.00", "10.001", "0.5"] {
            assert!(has_form(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_rate_is_a_positive_decimal() {
        for good in ["1", "1.0837", "0.000000001", "1000000"] {
            assert_eq!(good.parse::<Rate>().unwrap().to_string(), good);
        }
        for bad in ["", "0", "0.0", "-1", "1.", ".5", "1.0000000000", "1000001", "1,5", "x"] {
            assert_eq!(bad.parse::<Rate>(), Err(RateError), "{bad}");
        }
    }

    #[test]
    fn amounts_convert_with_half_to_even() {
        let converted = |minor, from, rate: &str, to| {
            convert(Money::new(minor, iso(from)), rate.parse().unwrap(), iso(to)).map(|money| money.minor())
        };
        assert_eq!(converted(1_000, "EUR", "1.0837", "USD"), Some(1_084));
        assert_eq!(converted(1_000, "JPY", "0.0067", "USD"), Some(670));
        assert_eq!(converted(1_000, "KWD", "3.25", "USD"), Some(325));
        assert_eq!(converted(1, "EUR", "0.5", "USD"), Some(0));
        assert_eq!(converted(3, "EUR", "0.5", "USD"), Some(2));
        assert_eq!(converted(MINOR_MAX, "EUR", "2", "USD"), None);
        let percent: Percent = "2.5".parse().unwrap();
        assert_eq!(share(Money::new(1_000, iso("USD")), percent).map(|money| money.minor()), Some(25));
        assert_eq!(share(Money::new(20, iso("USD")), percent).map(|money| money.minor()), Some(0));
    }
}
