//! Banking's settings.

use std::path::PathBuf;

use banking_api::limits::FILE_BYTES_MAX;
use platform::config::{self, none_when_empty};
use serde::Deserialize;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[
        ("imports_at_once", 1..=64),
        ("file_bytes_max", 1..=268_435_456),
        ("pending_days", 1..=365),
        ("upload_minutes", 1..=10_080),
        ("sync_seconds", 10..=86_400),
        ("api_timeout_seconds", 1..=300),
        ("retry_attempts", 0..=10),
        ("rate_requests", 1..=1_000_000),
        ("rate_window_seconds", 1..=86_400),
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
    pub sync_seconds: u64,
    pub api_timeout_seconds: u64,
    pub retry_attempts: u32,
    pub rate_requests: i64,
    pub rate_window_seconds: i64,
    pub plaid_url: String,
    pub plaid_countries: Vec<String>,
    #[serde(deserialize_with = "none_when_empty")]
    pub public_url: Option<String>,
    #[serde(deserialize_with = "none_when_empty")]
    pub dialects_dir: Option<PathBuf>,
    #[serde(deserialize_with = "none_when_empty")]
    pub keys_dir: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            imports_at_once: 2,
            file_bytes_max: FILE_BYTES_MAX,
            pending_days: 14,
            upload_minutes: 60,
            sync_seconds: 300,
            api_timeout_seconds: 30,
            retry_attempts: 3,
            rate_requests: 1_000,
            rate_window_seconds: 3_600,
            plaid_url: "https://sandbox.plaid.com".to_owned(),
            plaid_countries: vec!["US".to_owned()],
            public_url: None,
            dialects_dir: None,
            keys_dir: None,
        }
    }
}
