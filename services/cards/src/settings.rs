//! The settings of cards: `settings.toml`, its bounds, and the struct that it is read into.

use std::net::SocketAddr;
use std::path::PathBuf;

use kernel::Secret;
use platform::config::{self, none_when_empty, not_empty};
use platform::room::OpenError;
use platform::tls::TlsFiles;
use serde::Deserialize;
use strum::VariantArray;

use crate::duty::Duty;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[
        ("risk_ms", 10..=1_500),
        ("legacy_ms", 10..=1_800),
        ("batch_max", 1..=10_000),
        ("queue_max", 1..=1_000_000),
        ("clock_behind_max_ms", 0..=3_600_000),
    ],
    texts: &[("iso8583_dialect", not_empty)],
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
    pub duties: Vec<Duty>,
    pub risk_ms: u64,
    #[serde(deserialize_with = "none_when_empty")]
    pub iso8583_listen: Option<SocketAddr>,
    pub iso8583_dialect: String,
    #[serde(deserialize_with = "none_when_empty")]
    pub iso8583_certificate_file: Option<PathBuf>,
    #[serde(deserialize_with = "none_when_empty")]
    pub iso8583_key_file: Option<PathBuf>,
    #[serde(deserialize_with = "none_when_empty")]
    pub iso8583_ca_file: Option<PathBuf>,
    pub iso8583_acquirers: Vec<String>,
    pub legacy_url: String,
    pub legacy_token: Secret,
    pub legacy_ms: u64,
    pub batch_max: usize,
    pub queue_max: usize,
    pub clock_behind_max_ms: u64,
}

impl Settings {
    /// For acquirers with certificates; all three files or none.
    pub(crate) fn iso8583_tls(&self) -> Result<Option<TlsFiles>, OpenError> {
        let files = (&self.iso8583_certificate_file, &self.iso8583_key_file, &self.iso8583_ca_file);
        match files {
            (None, None, None) => Ok(None),
            (Some(certificate), Some(key), Some(ca)) => {
                let (certificate, key, ca) = (certificate.clone(), key.clone(), Some(ca.clone()));
                Ok(Some(TlsFiles { certificate, key, ca }))
            }
            _ => Err("set all of cards.iso8583_certificate_file, iso8583_key_file and iso8583_ca_file, or none".into()),
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            duties: Duty::VARIANTS.to_vec(),
            risk_ms: 300,
            iso8583_listen: None,
            iso8583_dialect: "ascii".to_owned(),
            iso8583_certificate_file: None,
            iso8583_key_file: None,
            iso8583_ca_file: None,
            iso8583_acquirers: Vec::new(),
            legacy_url: String::new(),
            legacy_token: Secret::new(""),
            legacy_ms: 1_500,
            batch_max: 1_000,
            queue_max: 10_000,
            clock_behind_max_ms: 5_000,
        }
    }
}
