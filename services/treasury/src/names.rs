//! Names and texts of requests.

use crate::face::{Refusal, TreasuryError, limits};

/// A name that stands in paths: lower case letters, digits and dashes.
pub(crate) fn name(field: &str, text: &str) -> Result<(), Refusal> {
    let is_name = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-' || one == '_';
    if (1..=limits::NAME_CHARS_MAX).contains(&text.len()) && text.chars().all(is_name) {
        return Ok(());
    }
    Err(Refusal::field_invalid(field, "expected 1 to 64 lower case letters, digits, dashes and underscores"))
}

/// The name of a factor: as a name, but also capitals, dots and slashes, as in `EUR/USD`.
pub(crate) fn factor_name(field: &str, text: &str) -> Result<(), Refusal> {
    let is_name = |one: char| one.is_ascii_alphanumeric() || "-_./".contains(one);
    if (1..=limits::NAME_CHARS_MAX).contains(&text.len()) && text.chars().all(is_name) {
        return Ok(());
    }
    Err(Refusal::field_invalid(field, "expected 1 to 64 letters, digits, dashes, dots and slashes"))
}

/// A text for people.
pub(crate) fn text(field: &str, text: &str) -> Result<(), Refusal> {
    let count = text.chars().count();
    if (1..=limits::TEXT_CHARS_MAX).contains(&count) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Refusal::field_invalid(field, "expected 1 to 140 characters without control characters"))
}

pub(crate) fn too_many(what: &str, max: usize) -> TreasuryError {
    Refusal::TooMany { what: what.to_owned(), max }.into()
}
