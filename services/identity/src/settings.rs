//! Identity's settings: `settings.toml`, its bounds, and the struct that it is read into.

use std::path::PathBuf;

use access::{Hours, Vocabulary};
use identity_api::FactorKind;
use platform::config::{self, Given, none_when_empty, not_empty, service_name};
use serde::Deserialize;

use crate::IdentityConfig;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[
        ("session_minutes", 1..=10_080),
        ("session_idle_minutes", 1..=10_080),
        ("key_days", 1..=365),
        ("password_threads", 1..=64),
        ("password_queue_max", 1..=100_000),
        ("argon2_memory_kib", 7_168..=4_194_304),
        ("argon2_passes", 1..=16),
    ],
    texts: &[("issuer", issuer), ("audience", service_name), ("zone", zone), ("first_login_file", not_empty)],
    together: sent_factors,
};

/// The section `[identity]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    #[serde(deserialize_with = "none_when_empty")]
    pub issuer: Option<String>,
    pub audience: String,
    pub zone: String,
    pub session_minutes: u32,
    pub session_idle_minutes: u32,
    pub key_days: u32,
    pub password_threads: usize,
    pub password_queue_max: usize,
    pub argon2_memory_kib: u32,
    pub argon2_passes: u32,
    pub second_factor_roles: Vec<String>,
    pub sent_factors: Vec<FactorKind>,
    pub codes_by_notifications: Vec<FactorKind>,
    #[serde(deserialize_with = "none_when_empty")]
    pub breached_passwords_file: Option<PathBuf>,
    #[serde(deserialize_with = "none_when_empty")]
    pub first_secrets_file: Option<PathBuf>,
    pub first_login_file: PathBuf,
    #[serde(deserialize_with = "none_when_empty")]
    pub messages_file: Option<PathBuf>,
}

impl Settings {
    /// A demo's users log in with a public name and password.
    pub fn config(&self, issuer: String, words: Vocabulary, demo: bool) -> IdentityConfig {
        IdentityConfig {
            issuer,
            audience: self.audience.clone(),
            zone: self.zone.clone(),
            session_seconds: i64::from(self.session_minutes) * 60,
            session_idle_seconds: i64::from(self.session_idle_minutes) * 60,
            password_threads: self.password_threads,
            password_queue_max: self.password_queue_max,
            argon2_memory_kib: self.argon2_memory_kib,
            argon2_passes: self.argon2_passes,
            second_factor_roles: if demo { Vec::new() } else { self.second_factor_roles.clone() },
            breached_passwords_file: self.breached_passwords_file.clone(),
            sent_factors: self.sent_factors.clone(),
            key_days: i64::from(self.key_days),
            words,
            ..IdentityConfig::default()
        }
    }
}

/// Issuers are compared exactly.
fn issuer(given: &str) -> Result<(), String> {
    let uri = given.parse::<http::Uri>().ok().filter(|uri| uri.authority().is_some());
    let loopback = |uri: &http::Uri| matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match uri {
        _ if given.is_empty() => Ok(()),
        Some(_) if given.ends_with('/') => Err(format!("\"{given}\" ends with a slash; leave it out")),
        Some(uri) if uri.query().is_some() || uri.path() != "/" => {
            Err(format!("expected only scheme, name and port, found \"{given}\""))
        }
        Some(uri) if uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && loopback(&uri)) => {
            Ok(())
        }
        _ => Err(format!(
            "expected a URL such as https://bank.example.com (http on this machine only), found \"{given}\""
        )),
    }
}

fn zone(given: &str) -> Result<(), String> {
    match Hours::in_zone(given) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("expected the name of a time zone such as Europe/Berlin or UTC, found \"{given}\"")),
    }
}

fn sent_factors(given: &Given<'_>) -> Result<(), (&'static str, String)> {
    for key in ["sent_factors", "codes_by_notifications"] {
        let mut named = given.0.get(key).and_then(|list| list.as_array()).into_iter().flatten();
        if let Some(other) = named.find(|name| !matches!(name.as_str(), Some("email" | "sms"))) {
            return Err((key, format!("expected \"email\" or \"sms\", found {other}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use platform::config::{Config, Sources};

    use super::*;

    fn with(key: &str, value: &str) -> Result<Settings, String> {
        let variables = vec![(format!("FLORIN__IDENTITY__{}", key.to_uppercase()), value.to_owned())];
        let sources = Sources { rooms: vec![crate::ROOM.section()], variables, ..Sources::default() };
        let config = Config::load(&sources).map_err(|error| error.to_string())?;
        config.section("identity").map_err(|error| error.to_string())
    }

    #[track_caller]
    fn refused(key: &str, value: &str, words: &str) {
        let sentence = with(key, value).expect_err("accepted");
        assert!(sentence.contains(&format!("identity.{key}")) && sentence.contains(words), "{sentence}");
    }

    #[test]
    fn the_default_settings_match_the_struct() {
        let read =
            with("zone", "UTC").unwrap().config("http://127.0.0.1:8080".to_owned(), Vocabulary::default(), false);
        assert_eq!(format!("{read:?}"), format!("{:?}", IdentityConfig::default()));
    }

    #[test]
    fn an_issuer_is_compared_exactly_and_must_be_canonical() {
        for bad in
            ["bank.example.com", "http://bank.example.com", "https://bank.example.com/", "https://a.test/id", "ftp://a"]
        {
            refused("issuer", bad, "");
        }
        refused("issuer", "https://a.test/", "ends with a slash");
        refused("issuer", "http://a.test", "http on this machine only");
        for good in
            ["https://bank.example.com", "https://bank.example.com:8443", "http://127.0.0.1:8080", "http://localhost"]
        {
            assert_eq!(with("issuer", good).unwrap().issuer.as_deref(), Some(good));
        }
        assert_eq!(with("issuer", "").unwrap().issuer, None);
    }

    #[test]
    fn other_settings_are_checked() {
        refused("zone", "Berlin", "name of a time zone");
        assert!(with("zone", "Europe/Berlin").is_ok());
        refused("argon2_memory_kib", "64", "expected 7168");
        refused("first_login_file", "", "expected a path");
        refused("sent_factors", "email,pigeon", "expected \"email\" or \"sms\", found \"pigeon\"");
        assert_eq!(with("sent_factors", "email,sms").unwrap().sent_factors, [FactorKind::Email, FactorKind::Sms]);
    }
}
