//! The settings of audit: `settings.toml`, its bounds, and the struct that it is read into.

use std::path::PathBuf;

use platform::config;
use serde::Deserialize;

use crate::note::is_name;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[
        ("head_every_ms", 10..=60_000),
        ("entry_bytes_max", 4_096..=65_535),
        ("keep_days", 2_555..=36_500),
        ("personal_days", 31..=36_500),
        ("key_overlap_days", 0..=3_650),
    ],
    texts: &[
        ("origin", |origin| match is_name(origin) && !origin.contains('/') {
            true => Ok(()),
            false => Err("expected visible ASCII characters without + and /".to_owned()),
        }),
        ("head_file", |file| if file.is_empty() { Err("expected a path".to_owned()) } else { Ok(()) }),
    ],
    together: |_| Ok(()),
};

/// The section `[audit]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub origin: String,
    pub head_file: PathBuf,
    pub head_every_ms: u64,
    pub entry_bytes_max: usize,
    pub keep_days: i64,
    pub personal_days: i64,
    pub legal_hold: bool,
    pub key_overlap_days: i64,
}
