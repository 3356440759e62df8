//! The room's settings.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use kernel::Secret;
use lettre::message::Mailbox;
use platform::config::{self, none_when_empty, not_empty};
use serde::Deserialize;
use url::Url;

use crate::channel::mail::is_address;
use crate::returns::link::BOUNCE_LOCAL_MAX;
use crate::send::is_number;
use crate::template::language;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[
        ("mail_connections_max", 1..=256),
        ("mail_timeout_s", 1..=600),
        ("emails_per_day", 1..=100_000),
        ("sms_per_hour", 1..=1_000),
        ("sms_parts_max", 1..=10),
        ("provider_calls_max", 1..=1_000),
        ("provider_timeout_s", 1..=120),
        ("life_s", 60..=2_592_000),
        ("provider_failures_max", 1..=1_000),
        ("look_every_ms", 1..=60_000),
        ("webhooks_max", 1..=100_000),
    ],
    texts: &[
        ("mail_from", sender),
        ("locale", known_language),
        ("zone", known_zone),
        ("erasures_file", not_empty),
        ("public_url", public),
        ("bounce_address", bounce),
        ("sms_base_url", url),
        ("fcm_base_url", url),
        ("sms_from", sms_sender),
        ("twilio_environment", environment),
    ],
    together: |_| Ok(()),
};

/// What operators call the settings of the SMS provider.
pub(crate) const OPERATORS: config::Operators = config::Operators {
    variables: &[
        ("TWILIO_ACCOUNT_SID", "twilio_account_sid"),
        ("TWILIO_AUTH_TOKEN", "twilio_auth_token"),
        ("TWILIO_TEST_SID", "twilio_test_sid"),
        ("TWILIO_TEST_TOKEN", "twilio_test_token"),
        ("TWILIO_STAGING_SID", "twilio_staging_sid"),
        ("TWILIO_STAGING_TOKEN", "twilio_staging_token"),
        ("TWILIO_PROD_SID", "twilio_prod_sid"),
        ("TWILIO_PROD_TOKEN", "twilio_prod_token"),
    ],
    secrets: &["twilio_auth_token", "twilio_test_token", "twilio_staging_token", "twilio_prod_token", "bounce_secret"],
    ..config::Operators::NONE
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
    #[serde(deserialize_with = "none_when_empty")]
    pub public_url: Option<String>,
    #[serde(deserialize_with = "none_when_empty")]
    pub bounce_address: Option<String>,
    pub bounce_secret: Secret,
    pub sms_base_url: String,
    #[serde(deserialize_with = "none_when_empty")]
    pub sms_from: Option<String>,
    pub sms_parts_max: usize,
    pub sms_per_hour: usize,
    pub twilio_environment: String,
    pub twilio_account_sid: String,
    pub twilio_auth_token: Secret,
    pub twilio_test_sid: String,
    pub twilio_test_token: Secret,
    pub twilio_staging_sid: String,
    pub twilio_staging_token: Secret,
    pub twilio_prod_sid: String,
    pub twilio_prod_token: Secret,
    #[serde(deserialize_with = "none_when_empty")]
    pub vapid_key_file: Option<PathBuf>,
    #[serde(deserialize_with = "none_when_empty")]
    pub fcm_credentials_file: Option<PathBuf>,
    pub fcm_base_url: String,
    pub provider_calls_max: usize,
    pub provider_timeout_s: u64,
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

    /// Account and token of the SMS provider, of the environment that is named; none if either is missing.
    pub(crate) fn twilio(&self) -> Option<(&str, &Secret)> {
        let (account, token) = match self.twilio_environment.as_str() {
            "test" => (&self.twilio_test_sid, &self.twilio_test_token),
            "staging" => (&self.twilio_staging_sid, &self.twilio_staging_token),
            "prod" => (&self.twilio_prod_sid, &self.twilio_prod_token),
            _ => (&self.twilio_account_sid, &self.twilio_auth_token),
        };
        (!account.is_empty() && !token.expose().is_empty()).then_some((account, token))
    }
}

fn public(given: &str) -> Result<(), String> {
    let is_right = |url: Url| matches!(url.scheme(), "https" | "http") && url.has_host() && url.query().is_none();
    let is_right = given.is_empty() || given.parse().is_ok_and(is_right);
    if is_right { Ok(()) } else { Err("expected an address such as https://bank.example.com".to_owned()) }
}

fn url(given: &str) -> Result<(), String> {
    if given.is_empty() { Err("expected an address such as https://api.twilio.com".to_owned()) } else { public(given) }
}

/// With place for the name of a delivery.
fn bounce(given: &str) -> Result<(), String> {
    let local = given.rsplit_once('@').map_or("", |(local, _)| local);
    let is_right = is_address(given) && local.len() <= BOUNCE_LOCAL_MAX && !local.contains('+');
    let expected = format!("expected an address with at most {BOUNCE_LOCAL_MAX} characters before the @, and no +");
    if given.is_empty() || is_right { Ok(()) } else { Err(expected) }
}

fn sms_sender(given: &str) -> Result<(), String> {
    let is_name =
        (1..=11).contains(&given.len()) && given.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ');
    let is_service = given.len() == 34 && given.starts_with("MG");
    let is_right = given.is_empty() || is_number(given) || is_service || is_name;
    if is_right { Ok(()) } else { Err("expected a number, a messaging service (MG...) or a name".to_owned()) }
}

fn environment(given: &str) -> Result<(), String> {
    let is_right = matches!(given, "" | "test" | "staging" | "prod");
    if is_right { Ok(()) } else { Err("expected test, staging, prod or nothing".to_owned()) }
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
