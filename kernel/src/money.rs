//! An amount in the smallest unit of its currency. No floats, no `+`: arithmetic uses named, checked methods.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Currency, CurrencyError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MoneyError {
    #[error("\"{0}\" is not a decimal amount such as 10.00")]
    Malformed(String),
    #[error("{currency} amounts have {expected} decimal places, found {given}")]
    Digits { currency: String, expected: u8, given: usize },
    #[error("the amount does not fit into 64 bits of the smallest unit")]
    Overflow,
    #[error("cannot combine {left} and {right}")]
    CurrencyMismatch { left: String, right: String },
    #[error(transparent)]
    Currency(#[from] CurrencyError),
}

impl Money {
    pub fn new(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    pub fn minor(&self) -> i64 {
        self.minor
    }

    pub fn currency(&self) -> Currency {
        self.currency
    }

    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, ..self })
    }

    pub fn minus(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, ..self })
    }

    /// The amount as text, without its currency: `-10.00`.
    pub fn amount(&self) -> String {
        decimal(self.minor, self.currency.scale())
    }

    /// Parses `amount`, which must have exactly the currency's decimal places. For a code outside ISO 4217 the given
    /// decimal places are taken as its scale; the ledger compares that with the declaration.
    pub fn parse(amount: &str, code: &str) -> Result<Money, MoneyError> {
        let (digits, minor) = parse_decimal(amount)?;
        let currency = match Currency::iso(code) {
            Ok(currency) => currency,
            Err(CurrencyError::Unknown(_)) => {
                let scale = u8::try_from(digits).unwrap_or(u8::MAX);
                Currency::with_scale(code, scale)?
            }
            Err(malformed) => return Err(malformed.into()),
        };
        if usize::from(currency.scale()) != digits {
            return Err(MoneyError::Digits { currency: code.to_owned(), expected: currency.scale(), given: digits });
        }
        Ok(Money { minor, currency })
    }

    fn same_currency(self, other: Money) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(MoneyError::CurrencyMismatch { left: self.currency.to_string(), right: other.currency.to_string() })
    }
}

/// Splits `minor` by `weights` into parts that add up to it exactly: each part is rounded down, and the units left over
/// go one each to the largest remainders, and to the earlier part if they are equal.
///
/// Returns `None` if the weights add up to zero or a product overflows.
pub fn allocate(minor: i64, weights: &[u64]) -> Option<Vec<i64>> {
    let total = weights.iter().try_fold(0_u64, |sum, weight| sum.checked_add(*weight)).filter(|total| *total > 0)?;
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (place, weight) in weights.iter().enumerate() {
        let product = i128::from(minor).checked_mul(i128::from(*weight))?;
        parts.push(i64::try_from(product.div_euclid(i128::from(total))).ok()?);
        remainders.push((product.rem_euclid(i128::from(total)), place));
    }
    let given = parts.iter().map(|part| i128::from(*part)).sum::<i128>();
    let left = usize::try_from(i128::from(minor) - given).ok()?;
    remainders.sort_by_key(|(remainder, place)| (std::cmp::Reverse(*remainder), *place));
    for (_, place) in remainders.into_iter().take(left) {
        if let Some(part) = parts.get_mut(place) {
            *part = part.checked_add(1)?;
        }
    }
    Some(parts)
}

/// A share in hundredths of a basis point, so that "33.3333" percent is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Percent(u64);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is not a percentage such as 33.3333: above 0, up to 100, at most 4 decimal places")]
pub struct PercentError(String);

impl Percent {
    pub const WHOLE: Percent = Percent(1_000_000);

    /// The share in millionths.
    pub fn millionths(self) -> u64 {
        self.0
    }
}

impl FromStr for Percent {
    type Err = PercentError;

    fn from_str(text: &str) -> Result<Percent, PercentError> {
        let refuse = || PercentError(text.chars().take(32).collect());
        let (digits, value) = parse_decimal(text).map_err(|_| refuse())?;
        let factor = 4_usize.checked_sub(digits).and_then(|zeros| u32::try_from(zeros).ok()).ok_or_else(refuse)?;
        let millionths = value.checked_mul(10_i64.pow(factor)).ok_or_else(refuse)?;
        let millionths = u64::try_from(millionths).map_err(|_| refuse())?;
        if (1..=Percent::WHOLE.0).contains(&millionths) { Ok(Percent(millionths)) } else { Err(refuse()) }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:04}", self.0 / 10_000, self.0 % 10_000);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Percent, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn decimal(minor: i64, scale: u8) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let units = minor.unsigned_abs();
    if scale == 0 {
        return format!("{sign}{units}");
    }
    let one = 10_u64.pow(u32::from(scale));
    format!("{sign}{}.{:0width$}", units / one, units % one, width = usize::from(scale))
}

/// The number of decimal places, and the value without the decimal point.
fn parse_decimal(text: &str) -> Result<(usize, i64), MoneyError> {
    let malformed = || MoneyError::Malformed(text.chars().take(40).collect());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((_, "")) => return Err(malformed()),
        Some(parts) => parts,
        None => (unsigned, ""),
    };
    let plain = !whole.is_empty() && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if !plain || leading_zero {
        return Err(malformed());
    }
    let negative = unsigned.len() != text.len();
    let mut value: i64 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        let digit = i64::from(digit - b'0');
        let tens = value.checked_mul(10).ok_or(MoneyError::Overflow)?;
        let next = if negative { tens.checked_sub(digit) } else { tens.checked_add(digit) };
        value = next.ok_or(MoneyError::Overflow)?;
    }
    Ok((fraction.len(), value))
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    #[serde(borrow)]
    amount: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    currency: std::borrow::Cow<'a, str>,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire { amount: self.amount().into(), currency: self.currency.code().into() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        Money::parse(&wire.amount, &wire.currency).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::iso("USD").unwrap())
    }

    #[test]
    fn an_amount_has_exactly_its_currencys_decimal_places() {
        assert_eq!(Money::parse("10.00", "USD"), Ok(usd(1_000)));
        assert_eq!(Money::parse("-0.01", "USD"), Ok(usd(-1)));
        assert_eq!(Money::parse("7", "JPY").map(|money| money.minor()), Ok(7));
        assert!(matches!(Money::parse("10.0", "USD"), Err(MoneyError::Digits { expected: 2, given: 1, .. })));
        assert!(matches!(Money::parse("10", "USD"), Err(MoneyError::Digits { .. })));
        assert!(matches!(Money::parse("7.0", "JPY"), Err(MoneyError::Digits { .. })));
    }

    #[test]
    fn text_that_is_not_a_plain_decimal_is_refused() {
        for bad in ["", "-", ".50", "10.", "1e2", "+1.00", "01.00", "1,00", " 1.00", "1.00 ", "١.٠٠", "--1.00", "NaN"]
        {
            assert!(matches!(Money::parse(bad, "USD"), Err(MoneyError::Malformed(_))), "{bad}");
        }
        assert_eq!(Money::parse("92233720368547758.08", "USD"), Err(MoneyError::Overflow));
        assert_eq!(Money::parse("-92233720368547758.08", "USD"), Ok(usd(i64::MIN)));
    }

    #[test]
    fn a_json_number_is_not_an_amount() {
        assert!(serde_json::from_str::<Money>(r#"{"amount": 10.00, "currency": "USD"}"#).is_err());
        assert!(serde_json::from_str::<Money>(r#"{"amount": "10.00", "currency": "USD", "x": 1}"#).is_err());
        let text = serde_json::to_string(&usd(1_000)).unwrap();
        assert_eq!(text, r#"{"amount":"10.00","currency":"USD"}"#);
        assert_eq!(serde_json::from_str::<Money>(&text).unwrap(), usd(1_000));
    }

    #[test]
    fn mixed_currencies_and_overflowing_sums_are_refused() {
        let yen = Money::parse("1", "JPY").unwrap();
        assert!(matches!(usd(1).plus(yen), Err(MoneyError::CurrencyMismatch { .. })));
        assert_eq!(usd(i64::MAX).plus(usd(1)), Err(MoneyError::Overflow));
        assert_eq!(usd(i64::MIN).minus(usd(1)), Err(MoneyError::Overflow));
    }

    #[test]
    fn one_cent_split_in_three_goes_to_the_first() {
        assert_eq!(allocate(1, &[1, 1, 1]), Some(vec![1, 0, 0]));
        assert_eq!(allocate(100, &[1, 1, 1]), Some(vec![34, 33, 33]));
        assert_eq!(allocate(100, &[0, 0]), None);
    }

    #[test]
    fn percentages_are_exact_to_four_decimal_places() {
        assert_eq!("33.3333".parse::<Percent>().map(Percent::millionths), Ok(333_333));
        assert_eq!("100".parse::<Percent>(), Ok(Percent::WHOLE));
        assert_eq!("12.5".parse::<Percent>().unwrap().to_string(), "12.5");
        for bad in ["0", "-1", "100.0001", "33.33333", "abc", ""] {
            assert!(bad.parse::<Percent>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn an_allocation_loses_no_unit(minor in any::<i64>(), weights in prop::collection::vec(0_u64..1_000_000, 1..64)) {
            prop_assume!(weights.iter().sum::<u64>() > 0);
            let parts = allocate(minor, &weights).unwrap();
            prop_assert_eq!(parts.iter().map(|part| i128::from(*part)).sum::<i128>(), i128::from(minor));
        }

        #[test]
        fn amounts_survive_a_round_trip(minor in any::<i64>()) {
            prop_assert_eq!(Money::parse(&usd(minor).amount(), "USD"), Ok(usd(minor)));
        }
    }
}
