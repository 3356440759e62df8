//! The settings of payments: `settings.toml`, its bounds, and the struct that it is read into.

use jiff::tz::TimeZone;
use platform::config;
use serde::Deserialize;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[
        ("new_payee_max", 0..=1_000_000_000),
        ("batch_max", 1..=10_000),
        ("queue_max", 1..=1_000_000),
        ("clock_behind_max_ms", 0..=3_600_000),
    ],
    texts: &[("zone", |zone| match TimeZone::get(zone) {
        Ok(_) => Ok(()),
        Err(_) => Err("is not the name of a time zone such as Europe/Berlin".to_owned()),
    })],
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
}

impl Default for Settings {
    fn default() -> Settings {
        let zone = "UTC".to_owned();
        Settings { zone, new_payee_max: 1_000, batch_max: 1_000, queue_max: 10_000, clock_behind_max_ms: 5_000 }
    }
}
