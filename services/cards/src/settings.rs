//! The settings of cards: `settings.toml`, its bounds, and the struct that it is read into.

use platform::config;
use serde::Deserialize;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[
        ("risk_ms", 10..=1_500),
        ("batch_max", 1..=10_000),
        ("queue_max", 1..=1_000_000),
        ("clock_behind_max_ms", 0..=3_600_000),
    ],
    texts: &[],
    together: |given| {
        if given.int("queue_max") < given.int("batch_max") {
            return Err(("queue_max", "is smaller than cards.batch_max, so a commit could never be full".to_owned()));
        }
        Ok(())
    },
};

/// The section `[cards]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub risk_ms: u64,
    pub batch_max: usize,
    pub queue_max: usize,
    pub clock_behind_max_ms: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { risk_ms: 300, batch_max: 1_000, queue_max: 10_000, clock_behind_max_ms: 5_000 }
    }
}
