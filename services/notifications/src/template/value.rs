//! The values of variables: how they are checked, and how they are shown.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use kernel::{Money, Timestamp};
use notifications_api::{Data, Refusal, Shape};
use serde_json::Value;

use crate::kinds::{Kind, Variable};

/// Characters of one value.
const VALUE_CHARS_MAX: usize = 2_000;

/// The data of a message, which has been checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a>(pub(crate) &'a Data);

impl Told<'_> {
    /// Checks the data of a kind: each variable is there and has its form, and there is nothing else.
    pub(crate) fn check(&self, kind: &Kind) -> Result<(), Refusal> {
        for variable in kind.variables {
            match self.0.get(variable.name) {
                Some(value) => check(variable, value)?,
                None if variable.default.is_some() => {}
                None => {
                    let variable = variable.name.to_owned();
                    return Err(Refusal::VariableMissing { kind: kind.name.to_owned(), variable });
                }
            }
        }
        let is_known = |name: &&String| kind.variables.iter().any(|variable| variable.name == **name);
        match self.0.keys().find(|name| !is_known(name)) {
            Some(name) => Err(Refusal::field_invalid(
                &format!("data.{}", plain(name, 64)),
                format!("{} has no such variable", kind.name),
            )),
            None => Ok(()),
        }
    }

    /// As templates show them.
    pub(super) fn values(&self, kind: &Kind, locale: &str, zone: &str) -> BTreeMap<String, String> {
        let shown = |variable: &Variable| {
            let value = self.0.get(variable.name);
            let text = value.map_or_else(
                || variable.default.unwrap_or_default().to_owned(),
                |value| shown(variable.shape, value, locale, zone),
            );
            (variable.name.to_owned(), text)
        };
        kind.variables.iter().map(shown).collect()
    }
}

fn check(variable: &Variable, value: &Value) -> Result<(), Refusal> {
    let wrong = |expected: &str| Refusal::field_invalid(&format!("data.{}", variable.name), expected);
    let (is_right, expected) = match variable.shape {
        Shape::Text => {
            let text = value.as_str();
            let fits = |text: &str| is_plain(text) && text.chars().count() <= VALUE_CHARS_MAX;
            (text.is_some_and(fits), "expected a text of at most 2,000 characters without control characters")
        }
        Shape::Code => {
            let fits = |text: &str| (4..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
            (value.as_str().is_some_and(fits), "expected 4 to 64 visible ASCII characters")
        }
        Shape::Money => (money(value).is_some(), "expected an amount and a currency"),
        Shape::Number => (value.is_i64() || value.is_u64(), "expected an integer"),
        Shape::Time => (time(value).is_some(), "expected an instant such as 2026-01-31T12:00:00Z"),
    };
    if is_right { Ok(()) } else { Err(wrong(expected)) }
}

fn shown(shape: Shape, value: &Value, _locale: &str, zone: &str) -> String {
    let text = match shape {
        Shape::Money => money(value).map(|money| money.to_string()),
        Shape::Time => time(value).and_then(|at| local(at, zone)),
        Shape::Number => Some(value.to_string()),
        Shape::Text | Shape::Code => None,
    };
    plain(&text.or_else(|| value.as_str().map(str::to_owned)).unwrap_or_default(), VALUE_CHARS_MAX)
}

fn money(value: &Value) -> Option<Money> {
    Money::parse(value.get("amount")?.as_str()?, value.get("currency")?.as_str()?).ok()
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// By the person's clock.
fn local(at: Timestamp, zone: &str) -> Option<String> {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let at = jiff::Timestamp::from_microsecond(at.micros()).ok()?;
    Some(at.to_zoned(zone).strftime("%Y-%m-%d %H:%M %Z").to_string())
}

/// Without control characters and marks that change the direction of text, which could make a message look like another
/// one; too long a text is cut.
pub(crate) fn plain(text: &str, chars_max: usize) -> String {
    let mut letters = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut out: String = letters.by_ref().filter(|letter| !is_direction(*letter)).take(chars_max).collect();
    if text.chars().count() > chars_max {
        out.pop();
        out.push('…');
    }
    out
}

/// A text that is shown as it is.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.chars().any(|letter| letter.is_control() || is_direction(letter))
}

fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}
