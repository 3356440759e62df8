//! A calendar day, as banks name it: without a time zone.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

const EPOCH: Date = Date::constant(1970, 1, 1);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is not a day such as 2026-01-31")]
pub struct DayError(String);

impl Day {
    pub fn date(self) -> Date {
        self.0
    }

    /// Days after 1970-01-01.
    pub fn number(self) -> i64 {
        self.0.since(EPOCH).map_or(0, |span: Span| i64::from(span.get_days()))
    }

    /// The day that is so many days after 1970-01-01; the nearest possible one where there is none.
    pub fn of_number(days: i64) -> Day {
        Day(EPOCH.saturating_add(days.clamp(-4_000_000, 4_000_000).days()))
    }
}

impl From<Date> for Day {
    fn from(date: Date) -> Day {
        Day(date)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Day, DayError> {
        let refused = || DayError(text.chars().take(32).collect());
        if text.len() != 10 {
            return Err(refused());
        }
        text.parse().map(Day).map_err(|_| refused())
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        let day = ObjectBuilder::new().schema_type(Type::String);
        let day = day.format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
        RefOr::T(Schema::Object(day.description(Some("A calendar day")).examples(["2026-01-31"]).build()))
    }
}

impl ToSchema for Day {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_number_and_a_text() {
        for (text, number) in [("1970-01-01", 0), ("2026-01-31", 20_484), ("1969-12-31", -1)] {
            let day: Day = text.parse().unwrap();
            assert_eq!((day.number(), Day::of_number(number), day.to_string().as_str()), (number, day, text));
        }
        for bad in ["", "2026-02-30", "2026-1-31", "20260131", "2026-01-31T00:00"] {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
    }
}
