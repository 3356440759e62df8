//! Days and months without a time zone, as plans and lives are told in.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

const EPOCH: Date = Date::constant(1970, 1, 1);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

/// A month of a year, counted from January of the year 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{found}\" is not a {what}")]
pub struct DateError {
    found: String,
    what: &'static str,
}

impl DateError {
    fn new(found: &str, what: &'static str) -> DateError {
        DateError { found: found.chars().take(32).collect(), what }
    }
}

impl Day {
    pub fn date(self) -> Date {
        self.0
    }

    /// Days after 1970-01-01.
    pub fn number(self) -> i64 {
        self.0.since(EPOCH).map_or(0, |span| i64::from(span.get_days()))
    }

    /// The day that is so many days after 1970-01-01; the nearest possible one where there is none.
    pub fn of_number(days: i64) -> Day {
        Day(EPOCH.saturating_add(days.clamp(-4_000_000, 4_000_000).days()))
    }

    pub fn month(self) -> Month {
        Month(i32::from(self.0.year()) * 12 + i32::from(self.0.month()) - 1)
    }
}

impl Month {
    /// January 1970.
    pub const EPOCH: Month = Month(1970 * 12);

    pub fn year(self) -> i32 {
        self.0.div_euclid(12)
    }

    /// Months from another month to this one.
    pub fn since(self, earlier: Month) -> i32 {
        self.0 - earlier.0
    }

    pub fn plus(self, months: i32) -> Month {
        Month(self.0.saturating_add(months))
    }

    /// Its first day.
    pub fn first_day(self) -> Day {
        let (year, month) = (i16::try_from(self.year()).unwrap_or(9_999), self.0.rem_euclid(12) + 1);
        Day(Date::new(year, i8::try_from(month).unwrap_or(1), 1).unwrap_or(EPOCH))
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

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.0.rem_euclid(12) + 1)
    }
}

impl FromStr for Day {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Day, DateError> {
        let refused = || DateError::new(text, "day such as 2026-01-31");
        if text.len() != 10 {
            return Err(refused());
        }
        text.parse().map(Day).map_err(|_| refused())
    }
}

impl FromStr for Month {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Month, DateError> {
        let first: Result<Day, DateError> = format!("{text}-01").parse();
        first.map(Day::month).map_err(|_| DateError::new(text, "month such as 2026-01"))
    }
}

macro_rules! as_text {
    ($name:ident, $words:literal, $example:literal, $format:expr) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String).format($format);
                RefOr::T(Schema::Object(text.description(Some($words)).examples([$example]).build()))
            }
        }

        impl ToSchema for $name {}
    };
}

as_text!(Day, "A calendar day", "2026-01-31", Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
as_text!(Month, "A month of a year", "2026-01", None);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_are_texts_and_numbers() {
        let day: Day = "2026-01-31".parse().unwrap();
        assert_eq!((day.number(), Day::of_number(20_484), day.month().to_string().as_str()), (20_484, day, "2026-01"));
        let month: Month = "1999-12".parse().unwrap();
        assert_eq!(
            (month.plus(1).to_string().as_str(), month.first_day().to_string().as_str()),
            ("2000-01", "1999-12-01")
        );
        assert_eq!(day.month().since(month), 313);
        for bad in ["", "2026-13", "2026-1", "26-01", "2026-01-31", "2026"] {
            assert!(bad.parse::<Month>().is_err(), "{bad}");
        }
        for bad in ["2026-02-30", "20260131", "2026-01"] {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
    }
}
