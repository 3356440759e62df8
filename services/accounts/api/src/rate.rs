//! A rate per year, exact.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Parts of one, in hundred-millionths: 3.25 percent are 3,250,000.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(i64);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "\"{0}\" is not a rate in percent such as 3.25: from -100 to 1000, with at most {DIGITS} decimal places and no sign of percent"
)]
pub struct RateError(String);

const DIGITS: usize = 6;
const ONE_PERCENT: i64 = 1_000_000;
const PERCENT: std::ops::RangeInclusive<i64> = -100 * ONE_PERCENT..=1_000 * ONE_PERCENT;

impl Rate {
    /// What one whole is.
    pub const ONE: i64 = 100 * ONE_PERCENT;

    pub const fn of_parts(parts: i64) -> Rate {
        Rate(parts)
    }

    pub const fn parts(self) -> i64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Rate, RateError> {
        let refused = || RateError(text.chars().take(32).collect());
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let shaped = (1..=4).contains(&whole.len()) && fraction.len() <= DIGITS && !unsigned.ends_with('.');
        if !(shaped && digits(whole) && digits(fraction)) {
            return Err(refused());
        }
        let parts: i64 = format!("{whole}{fraction:0<DIGITS$}").parse().map_err(|_| refused())?;
        let parts = if unsigned.len() == text.len() { parts } else { -parts };
        if PERCENT.contains(&parts) { Ok(Rate(parts)) } else { Err(refused()) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (parts, one) = (self.0.unsigned_abs(), ONE_PERCENT.unsigned_abs());
        let text = format!("{sign}{}.{:0DIGITS$}", parts / one, parts % one);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Rate {
    fn schema() -> RefOr<Schema> {
        let rate = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^-?[0-9]{1,4}(\.[0-9]{1,6})?$"));
        RefOr::T(Schema::Object(rate.description(Some("A rate per year, in percent")).examples(["3.25"]).build()))
    }
}

impl ToSchema for Rate {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_percentage_with_six_places() {
        for (text, parts) in
            [("3.25", 3_250_000), ("0", 0), ("-0.5", -500_000), ("0.000001", 1), ("1000", 1_000_000_000)]
        {
            let rate: Rate = text.parse().unwrap();
            assert_eq!((rate.parts(), rate.to_string().as_str()), (parts, text));
        }
        for bad in ["", "-", "1.", ".5", "3.25%", "1e3", "+1", "0.0000001", "1000000000", "-100.1", "1000.1", "٣"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }
}
