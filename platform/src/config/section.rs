//! The settings of a room: one section of the configuration, defined, documented and bounded in the room itself.

use std::ops::RangeInclusive;

use toml::Table;

/// A room's section, under its name.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    pub name: &'static str,
    pub settings: Settings,
    pub operators: Operators,
}

/// What operators' guides call a room's settings, and where it runs.
#[derive(Debug, Clone, Copy)]
pub struct Operators {
    /// A variable, and the key of the section that it sets.
    pub variables: &'static [(&'static str, &'static str)],
    /// A variable with the address of processes that run the room; setting it places the room there.
    pub address: Option<&'static str>,
    /// Keys whose values are never shown.
    pub secrets: &'static [&'static str],
}

impl Operators {
    pub const NONE: Operators = Operators { variables: &[], address: None, secrets: &[] };

    pub(super) fn know(&self, name: &str) -> bool {
        self.address == Some(name) || self.variables.iter().any(|(known, _)| *known == name)
    }
}

/// The contents of a section, and what is accepted.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// `settings.toml`: the section under the room's name, each key with its default and a comment above it.
    pub text: &'static str,
    /// Smallest and largest accepted value of every integer, by key.
    pub ranges: &'static [(&'static str, RangeInclusive<i64>)],
    /// Checks of strings; the error says what would be accepted.
    pub texts: &'static [(&'static str, Check)],
    /// A check of several keys together: returns the offending key and an error.
    pub together: fn(&Given<'_>) -> Result<(), (&'static str, String)>,
}

/// Accepts a string, or returns an error.
pub type Check = fn(&str) -> Result<(), String>;

impl Settings {
    pub const NONE: Settings = Settings { text: "", ranges: &[], texts: &[], together: |_| Ok(()) };
}

/// The values of one section, whose types have been checked.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a>(pub &'a Table);

impl Given<'_> {
    /// An integer; 0 if there is none.
    pub fn int(&self, key: &str) -> i64 {
        self.0.get(key).and_then(toml::Value::as_integer).unwrap_or_default()
    }
}
