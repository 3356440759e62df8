//! Counts and control sums. A control sum adds amounts whatever their currency, so it is a number, not money.

use std::fmt;

use kernel::Money;
use serde::{Serialize, Serializer};

use crate::mistake::{Problem, shown};

/// Digits after the point that a sum is kept with; no asset has more.
const DIGITS: u32 = 9;
const WHOLE_MAX_DIGITS: usize = 18;

/// A decimal number, exact, in billionths.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ControlSum(i128);

impl ControlSum {
    /// Adds an amount's number, without its currency.
    pub fn add(&mut self, amount: Money) {
        let zeros = DIGITS.saturating_sub(u32::from(amount.currency().scale()));
        self.0 = self.0.saturating_add(i128::from(amount.minor()) * 10_i128.pow(zeros));
    }

    pub(crate) fn parse(text: &str) -> Result<ControlSum, Problem> {
        let bad = || Problem::Amount { found: shown(text) };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let whole = whole.trim_start_matches('0');
        let kept = fraction.trim_end_matches('0');
        let digits = whole.bytes().chain(kept.bytes());
        let fits = whole.len() <= WHOLE_MAX_DIGITS && kept.len() <= DIGITS as usize;
        if text.is_empty() || text == "." || !fits || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(bad());
        }
        let mut value = 0_i128;
        for digit in digits {
            value = value * 10 + i128::from(digit.is_ascii_digit().then(|| digit - b'0').ok_or_else(bad)?);
        }
        let zeros = (DIGITS as usize).saturating_sub(kept.len());
        Ok(ControlSum(value * 10_i128.pow(u32::try_from(zeros).unwrap_or(0))))
    }
}

/// At least two digits after the point, as banks like it.
impl fmt::Display for ControlSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = 10_u128.pow(DIGITS);
        let sign = if self.0 < 0 { "-" } else { "" };
        let units = self.0.unsigned_abs();
        let fraction = format!("{:09}", units % one);
        let kept = fraction.trim_end_matches('0');
        write!(f, "{sign}{}.{kept:0<2}", units / one)
    }
}

impl Serialize for ControlSum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What lines make.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tally {
    pub count: u64,
    pub sum: ControlSum,
}

impl Tally {
    pub fn add(&mut self, amount: Money) {
        self.count += 1;
        self.sum.add(amount);
    }

    /// The problems of a stated count and sum that are not the lines'.
    pub(crate) fn compare(self, count: Option<u64>, sum: Option<ControlSum>) -> Vec<(&'static str, Problem)> {
        let mut problems = Vec::new();
        if let Some(stated) = count.filter(|stated| *stated != self.count) {
            let problem = Problem::Count { expected: stated.to_string(), found: self.count };
            problems.push(("NbOfTxs", problem));
        }
        if let Some(stated) = sum.filter(|stated| *stated != self.sum) {
            let problem = Problem::Total { expected: stated.to_string(), found: self.sum.to_string() };
            problems.push(("CtrlSum", problem));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_add_numbers_of_any_currency() {
        let mut tally = Tally::default();
        for (amount, currency) in [("10.50", "EUR"), ("7", "JPY"), ("0.125", "KWD")] {
            tally.add(Money::parse(amount, currency).unwrap());
        }
        assert_eq!((tally.count, tally.sum.to_string().as_str()), (3, "17.625"));
        assert_eq!(ControlSum::parse("0017.6250000000000000"), Ok(tally.sum));
        assert_eq!(ControlSum::parse("17").unwrap().to_string(), "17.00");
    }

    #[test]
    fn what_is_no_sum_is_refused() {
        for bad in ["", ".", "-1", "1e3", "1,00", "1.2.3", "0.0000000001", "9999999999999999999", "x"] {
            assert!(ControlSum::parse(bad).is_err(), "{bad}");
        }
    }
}
