//! The settings of payments: `settings.toml`, its bounds, and the struct that it is read into.

use formats::check_digit;
use jiff::tz::TimeZone;
use platform::config;
use serde::Deserialize;

use crate::rail::pain::OwnSide;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[
        ("new_payee_max", 0..=1_000_000_000),
        ("batch_max", 1..=10_000),
        ("queue_max", 1..=1_000_000),
        ("clock_behind_max_ms", 0..=3_600_000),
        ("sepa_file_every_s", 0..=86_400),
    ],
    texts: &[
        ("zone", |zone| match TimeZone::get(zone) {
            Ok(_) => Ok(()),
            Err(_) => Err("is not the name of a time zone such as Europe/Berlin".to_owned()),
        }),
        ("sepa_iban", |iban| match iban.is_empty() || check_digit::iban(iban).is_ok() {
            true => Ok(()),
            false => Err("is not an IBAN with right check digits".to_owned()),
        }),
        ("sepa_bic", |bic| match bic.is_empty() || check_digit::bic(bic).is_ok() {
            true => Ok(()),
            false => Err("is not a BIC of 8 or 11 characters".to_owned()),
        }),
    ],
    together: |given| {
        if given.int("queue_max") < given.int("batch_max") {
            return Err((
                "queue_max",
                "is smaller than payments.batch_max, so a commit could never be full".to_owned(),
            ));
        }
        Ok(())
    },
};

/// The section `[payments]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub zone: String,
    pub new_payee_max: i64,
    pub batch_max: usize,
    pub queue_max: usize,
    pub clock_behind_max_ms: u64,
    pub sepa_iban: String,
    pub sepa_bic: String,
    pub sepa_name: String,
    pub sepa_file_every_s: i64,
}

impl Settings {
    /// Our account at the bank, if there is one.
    pub(crate) fn bank(&self) -> Result<Option<OwnSide>, String> {
        if self.sepa_iban.is_empty() {
            return Ok(None);
        }
        let name = self.sepa_name.trim();
        if name.is_empty() {
            return Err("payments.sepa_iban needs payments.sepa_name, the name of the account's owner".to_owned());
        }
        let iban = check_digit::iban(&self.sepa_iban).map_err(|problem| format!("payments.sepa_iban: {problem}"))?;
        let bic = Some(self.sepa_bic.clone()).filter(|bic| !bic.is_empty());
        Ok(Some(OwnSide { name: name.to_owned(), iban, bic }))
    }
}

impl Default for Settings {
    fn default() -> Settings {
        let zone = "UTC".to_owned();
        Settings {
            zone,
            new_payee_max: 1_000,
            batch_max: 1_000,
            queue_max: 10_000,
            clock_behind_max_ms: 5_000,
            sepa_iban: String::new(),
            sepa_bic: String::new(),
            sepa_name: String::new(),
            sepa_file_every_s: 900,
        }
    }
}
