//! The settings of accounts.

use platform::config::{self, Given};
use serde::Deserialize;

use crate::calendar::Calendar;
use crate::number::Numbers;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[("close_after_minutes", 0..=1_439), ("run_page", 1..=10_000)],
    texts: &[("zone", |zone| Calendar::of(zone).map(drop))],
    together: numbers,
};

/// The section `[accounts]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub zone: String,
    pub close_after_minutes: u32,
    pub run_page: usize,
    pub numbers: String,
    pub iban_country: String,
    pub bank_code: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            zone: "UTC".to_owned(),
            close_after_minutes: 10,
            run_page: 10_000,
            numbers: "iban".to_owned(),
            iban_country: "DE".to_owned(),
            bank_code: "50010517".to_owned(),
        }
    }
}

fn numbers(given: &Given<'_>) -> Result<(), (&'static str, String)> {
    let text = |key: &str| given.0.get(key).and_then(|value| value.as_str()).unwrap_or_default();
    let numbers = Numbers::of(text("numbers"), text("iban_country"), text("bank_code"));
    numbers.map(drop).map_err(|error| ("bank_code", error))
}
