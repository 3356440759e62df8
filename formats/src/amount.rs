//! Amounts as text into whole smallest units, never through a float.

use kernel::{Currency, Money};

use crate::limits::AMOUNT_MAX_DIGITS;
use crate::mistake::{Problem, shown};

/// The character before the fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    Point,
    Comma,
    /// Whichever of the two stands there.
    Either,
}

impl DecimalMark {
    fn is(self, byte: u8) -> bool {
        match self {
            DecimalMark::Point => byte == b'.',
            DecimalMark::Comma => byte == b',',
            DecimalMark::Either => byte == b'.' || byte == b',',
        }
    }
}

/// An amount in smallest units, and whether a true fraction of one was rounded away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) minor: i64,
    pub(crate) rounded: bool,
}

impl Decimal {
    pub(crate) fn money(self, currency: Currency) -> Money {
        Money::new(self.minor, currency)
    }
}

/// Reads `[+-]digits[mark digits]`. Zeros beyond the currency's digits are fine; a true fraction is rounded half to even.
pub(crate) fn decimal(text: &str, mark: DecimalMark, scale: u8) -> Result<Decimal, Problem> {
    let text = text.trim_ascii();
    let (negative, unsigned) = match text.as_bytes().split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text.as_bytes()),
    };
    let mut digits = unsigned.splitn(2, |byte| mark.is(*byte));
    let whole = digits.next().unwrap_or_default();
    let fraction = digits.next().unwrap_or_default();
    let all_digits = whole.iter().chain(fraction).all(u8::is_ascii_digit);
    if !all_digits || (whole.is_empty() && fraction.is_empty()) {
        return Err(Problem::Amount { found: shown(text) });
    }
    let too_large = || Problem::AmountTooLarge { found: shown(text) };
    let whole = whole.get(whole.iter().take_while(|digit| **digit == b'0').count()..).unwrap_or_default();
    if whole.len() > AMOUNT_MAX_DIGITS {
        return Err(too_large());
    }
    let (kept, lost) = fraction.split_at_checked(usize::from(scale)).unwrap_or((fraction, &[]));
    let mut minor: i64 = 0;
    let zeros = std::iter::repeat_n(&b'0', usize::from(scale) - kept.len());
    for digit in whole.iter().chain(kept).chain(zeros) {
        minor =
            minor.checked_mul(10).and_then(|tens| tens.checked_add(i64::from(digit - b'0'))).ok_or_else(too_large)?;
    }
    let rounded = lost.iter().any(|digit| *digit != b'0');
    if rounded && rounds_up(lost, minor) {
        minor = minor.checked_add(1).ok_or_else(too_large)?;
    }
    Ok(Decimal { minor: if negative { -minor } else { minor }, rounded })
}

fn rounds_up(lost: &[u8], minor: i64) -> bool {
    let Some((first, rest)) = lost.split_first() else { return false };
    let half = *first == b'5' && rest.iter().all(|digit| *digit == b'0');
    if half { minor % 2 != 0 } else { *first >= b'5' }
}

pub(crate) fn currency(code: &str) -> Result<Currency, Problem> {
    Currency::iso(code).map_err(|_| Problem::Currency { found: shown(code) })
}

/// With as many digits after the mark as the currency has: `-10,00`.
pub(crate) fn with_comma(money: Money) -> String {
    let text = money.amount().replace('.', ",");
    if text.contains(',') { text } else { text + "," }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<(i64, bool), &'static str> {
        let read = decimal(text, DecimalMark::Either, 2);
        read.map(|decimal| (decimal.minor, decimal.rounded)).map_err(|problem| problem.code())
    }

    #[test]
    fn zeros_beyond_the_currency_are_fine_and_fractions_rounded_half_to_even() {
        for (text, expected) in [
            ("75", (7_500, false)),
            ("75,", (7_500, false)),
            (",5", (50, false)),
            ("-75.00000", (-7_500, false)),
            ("+000000000000000000000001.10", (110, false)),
            ("0.125", (12, true)),
            ("0.135", (14, true)),
            ("0.1250001", (13, true)),
            ("-0.135", (-14, true)),
            ("0.994999", (99, true)),
            ("92233720368547758.07", (i64::MAX, false)),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_named() {
        for bad in
            ["", " ", "-", ".", "1.2.3", "€5", "5€", "1e5", "0x10", "1 000", "1.000,00", "NaN", "١", "--1", "+-1"]
        {
            assert_eq!(read(bad), Err("amount"), "{bad}");
        }
        for large in ["10000000000000000000", "92233720368547758.08", "999999999999999999999999999999"] {
            assert_eq!(read(large), Err("amount_too_large"), "{large}");
        }
    }

    proptest! {
        #[test]
        fn what_money_writes_is_read_back(minor in -i64::MAX..i64::MAX) {
            let money = Money::new(minor, Currency::iso("EUR").unwrap());
            let read = decimal(&money.amount(), DecimalMark::Point, 2).unwrap();
            prop_assert_eq!(read, Decimal { minor, rounded: false });
            prop_assert_eq!(decimal(&with_comma(money), DecimalMark::Comma, 2).unwrap(), read);
        }
    }
}
