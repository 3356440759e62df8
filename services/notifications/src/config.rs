//! The room's settings.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use platform::config::{self, none_when_empty, not_empty};
use serde::Deserialize;

use crate::template::language;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[
        ("mail_connections_max", 1..=256),
        ("mail_timeout_s", 1..=600),
        ("emails_per_day", 1..=100_000),
        ("life_s", 60..=2_592_000),
        ("provider_failures_max", 1..=1_000),
        ("look_every_ms", 1..=60_000),
        ("webhooks_max", 1..=100_000),
    ],
    texts: &[("mail_from", sender), ("locale", known_language), ("zone", known_zone), ("erasures_file", not_empty)],
    together: |_| Ok(()),
};

/// The section `[notifications]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub mail_from: String,
    pub mail_relays: Vec<String>,
    #[serde(deserialize_with = "none_when_empty")]
    pub mail_passwords_file: Option<PathBuf>,
    #[serde(deserialize_with = "none_when_empty")]
    pub mail_ca_file: Option<PathBuf>,
    pub mail_connections_max: usize,
    pub mail_timeout_s: u64,
    pub locale: String,
    pub zone: String,
    pub emails_per_day: usize,
    pub life_s: i64,
    pub provider_failures_max: u32,
    pub look_every_ms: u64,
    pub webhooks_max: i64,
    pub webhook_http: bool,
    pub erasures_file: PathBuf,
}

impl Settings {
    pub(crate) fn sender(&self) -> Result<Mailbox, String> {
        self.mail_from
            .parse()
            .map_err(|_| "expected a name and an address such as Florin <no-reply@example.com>".into())
    }
}

fn sender(given: &str) -> Result<(), String> {
    let read = given.parse::<Mailbox>().map(drop);
    read.map_err(|_| "expected a name and an address such as Florin <no-reply@example.com>".to_owned())
}

fn known_language(given: &str) -> Result<(), String> {
    if language(given) == given { Ok(()) } else { Err("expected en, de or es".to_owned()) }
}

pub(crate) fn known_zone(given: &str) -> Result<(), String> {
    TimeZone::get(given).map(drop).map_err(|_| "expected a time zone such as Europe/Berlin".to_owned())
}
