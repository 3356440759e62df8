//! Dates in JSON: `2026-01-31`.

use jiff::civil::Date;
use serde::Serializer;

pub(crate) fn day<S: Serializer>(day: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
    match day {
        Some(day) => serializer.collect_str(day),
        None => serializer.serialize_none(),
    }
}
