//! Banking's settings.

use banking_api::limits::FILE_BYTES_MAX;
use platform::config;
use serde::Deserialize;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[
        ("imports_at_once", 1..=64),
        ("file_bytes_max", 1..=268_435_456),
        ("pending_days", 1..=365),
        ("upload_minutes", 1..=10_080),
    ],
    texts: &[],
    together: |_| Ok(()),
};

/// The section `[banking]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub imports_at_once: usize,
    pub file_bytes_max: u64,
    pub pending_days: i64,
    pub upload_minutes: i64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { imports_at_once: 2, file_bytes_max: FILE_BYTES_MAX, pending_days: 14, upload_minutes: 60 }
    }
}
