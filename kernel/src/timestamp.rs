//! An instant as microseconds since 1970 in UTC; RFC 3339 text at the edges.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is not an RFC 3339 instant such as 2026-01-31T12:00:00Z")]
pub struct TimestampError(String);

/// 9999-12-30T22:00:00Z, a day before the end of RFC 3339: the last instant that can be written in every time zone.
const MAX_MICROS: i64 = 253_402_207_200_000_000;

impl Timestamp {
    pub const EPOCH: Timestamp = Timestamp(0);

    /// Instants outside 1970 to 9999 are clamped to the nearest bound.
    pub fn from_micros(micros: i64) -> Timestamp {
        Timestamp(micros.clamp(0, MAX_MICROS))
    }

    pub fn micros(self) -> i64 {
        self.0
    }

    pub fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    pub fn plus_micros(self, micros: i64) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_add(micros))
    }

    pub fn plus_seconds(self, seconds: i64) -> Timestamp {
        self.plus_micros(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds from `earlier` to `self`; negative if `self` is the earlier one.
    pub fn micros_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(f, "{instant:.6}"),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Timestamp, TimestampError> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| TimestampError(text.chars().take(64).collect()))?;
        let micros = instant.as_microsecond();
        if (0..=MAX_MICROS).contains(&micros) { Ok(Timestamp(micros)) } else { Err(TimestampError(text.to_owned())) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_a_round_trip_to_the_microsecond() {
        let instant = Timestamp::from_micros(1_790_000_000_123_456);
        assert_eq!(instant.to_string().parse::<Timestamp>(), Ok(instant));
    }

    #[test]
    fn the_first_and_last_instant_survive_a_round_trip() {
        for instant in [Timestamp::EPOCH, Timestamp::from_micros(i64::MAX)] {
            assert_eq!(instant.to_string().parse::<Timestamp>(), Ok(instant), "{instant}");
        }
        assert!(jiff::Timestamp::from_microsecond(MAX_MICROS + 1).is_err());
    }

    #[test]
    fn an_instant_before_1970_or_without_a_zone_is_refused() {
        assert!("1969-12-31T23:59:59Z".parse::<Timestamp>().is_err());
        assert!("2026-01-31T12:00:00".parse::<Timestamp>().is_err());
        assert!("soon".parse::<Timestamp>().is_err());
    }
}
