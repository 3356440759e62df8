//! The tables of risk. Each part keeps its statements beside what runs them; the migrations and the list of statements are here.

pub(crate) mod cases;
pub(crate) mod decisions;
pub(crate) mod entities;
pub(crate) mod history;
pub(crate) mod jobs;
pub(crate) mod labels;
pub(crate) mod lists;
pub(crate) mod models;
pub(crate) mod rule_sets;

use platform::db::{DbError, Migration};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "risk", sql: include_str!("../migrations/0001_risk.sql") },
    Migration { version: 2, name: "lease", sql: platform::lease::LEASE_TABLES },
];

/// Every statement: a test prepares each one on both engines.
#[cfg(test)]
pub(crate) fn all_sql() -> impl Iterator<Item = &'static str> {
    let parts = [
        cases::SQL,
        decisions::SQL,
        entities::SQL,
        history::SQL,
        jobs::SQL,
        labels::SQL,
        lists::SQL,
        models::SQL,
        rule_sets::SQL,
    ];
    parts.into_iter().flatten().copied()
}

#[cfg(test)]
pub(crate) fn all_sets() -> [&'static platform::db::RowSet; 6] {
    [&decisions::DECISIONS, &entities::ENTITIES, &entities::FORGOTTEN, &labels::LABELS, &labels::LEARNED, &cases::CASES]
}

/// JSON of values that SQL never reads.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::shape(error.to_string()))
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, DbError> {
    serde_json::from_str(text).map_err(|error| DbError::shape(error.to_string()))
}

/// A number of an enum as it stands in a column.
pub(crate) fn numbered<T: strum::VariantArray + Copy>(number: i64) -> Result<T, DbError> {
    let found = usize::try_from(number).ok().and_then(|number| T::VARIANTS.get(number));
    found.copied().ok_or_else(|| DbError::shape(format!("{number} is no variant that is known")))
}
