//! The vault's settings: `settings.toml`, its bounds, and the struct that it is read into.

use kernel::Secret;
use platform::config;
use serde::Deserialize;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[("reveal_fresh_seconds", 30..=3_600), ("rotation_batch", 1..=10_000)],
    texts: &[("secret", secret)],
    together: |_| Ok(()),
};

/// The section `[vault]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub secret: Secret,
    pub pci_compliance_mode: bool,
    pub reveal_fresh_seconds: i64,
    pub rotation_batch: i64,
}

const SECRET_BYTES_MIN: usize = 32;

fn secret(given: &str) -> Result<(), String> {
    match given.len() {
        0 | SECRET_BYTES_MIN.. => Ok(()),
        short => Err(format!("expected at least {SECRET_BYTES_MIN} bytes, found {short}")),
    }
}
