//! Planning's settings.

use platform::config;
use serde::Deserialize;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[
        ("goal_paths", 100..=1_000_000),
        ("hand_stale_days", 1..=36_500),
        ("account_stale_days", 1..=366),
        ("rate_stale_days", 1..=366),
    ],
    texts: &[],
    together: |_| Ok(()),
};

/// The section `[planning]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub goal_paths: u32,
    pub hand_stale_days: i64,
    pub account_stale_days: i64,
    pub rate_stale_days: i64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { goal_paths: 4_000, hand_stale_days: 400, account_stale_days: 4, rate_stale_days: 31 }
    }
}
