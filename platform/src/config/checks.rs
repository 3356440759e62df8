//! What a value has to satisfy beyond its type. Each refusal is a sentence that says what would be accepted.

use std::ops::RangeInclusive;
use std::path::Path;

use toml::Value;

use super::layers::Values;
use super::{Mistake, SECRET_BYTES_MIN, network};

/// Smallest and largest accepted value of every whole number.
const RANGES: &[(&str, RangeInclusive<i64>)] = &[
    ("server.connections_max", 1..=65_536),
    ("server.body_bytes_max", 1_024..=67_108_864),
    ("server.json_depth_max", 2..=64),
    ("server.deadline_ms", 10..=600_000),
    ("server.header_timeout_ms", 100..=60_000),
    ("server.drain_ms", 0..=600_000),
    ("rpc.connections", 1..=64),
    ("lease.time_ms", 500..=60_000),
    ("lease.renew_ms", 50..=20_000),
    ("storage.pool_size", 1..=64),
    ("storage.sqlite_cache_mb", 1..=4_096),
    ("feed.outbox_keep_hours", 1..=87_600),
    ("access.stale_ms", 500..=60_000),
    ("access.remembered_max", 100..=10_000_000),
    ("identity.session_minutes", 1..=10_080),
    ("identity.session_idle_minutes", 1..=10_080),
    ("identity.key_days", 1..=365),
    ("identity.password_threads", 1..=64),
    ("identity.password_queue_max", 1..=100_000),
    ("identity.argon2_memory_kib", 7_168..=4_194_304),
    ("identity.argon2_passes", 1..=16),
    ("ledger.batch_max", 1..=10_000),
    ("ledger.queue_max", 1..=1_000_000),
    ("ledger.clock_behind_max_ms", 0..=3_600_000),
    ("ledger.rollup_accounts_max", 1..=1_000_000),
    ("ledger.accounts_cached_max", 1_000..=100_000_000),
    ("ledger.write_behind_accounts", 0..=100_000_000),
    ("ledger.idempotency_days", 1..=3_650),
];

type Check = fn(&str) -> Result<(), String>;

const TEXTS: &[(&str, Check)] = &[
    ("rpc.secret_file", not_empty),
    ("storage.data_dir", not_empty),
    ("storage.database_url", database_url),
    ("crypto.key_file", not_empty),
    ("crypto.secret", secret),
    ("telemetry.log_level", log_level),
    ("telemetry.log_format", log_format),
    ("telemetry.otlp_endpoint", otlp_endpoint),
    ("telemetry.service_name", service_name),
    ("services.ledger.mode", mode),
    ("services.identity.mode", mode),
    ("identity.issuer", issuer),
    ("identity.audience", service_name),
    ("identity.zone", zone),
    ("identity.first_login_file", not_empty),
];

pub(super) fn check(values: &Values, mistakes: &mut Vec<Mistake>) {
    let mut refuse = |key: &str, sentence: String| {
        if let Some((_, origin)) = values.get(key) {
            mistakes.push(Mistake { key: key.to_owned(), origin: origin.clone(), sentence });
        }
    };
    for (key, range) in RANGES {
        match whole(values, key) {
            Some(number) if !range.contains(&number) => {
                refuse(key, format!("{number} is not between {} and {}", range.start(), range.end()));
            }
            _ => {}
        }
    }
    for (key, check) in TEXTS {
        if let Err(sentence) = check(text(values, key)) {
            refuse(key, sentence);
        }
    }
    if let Err(sentence) = hosts(values) {
        refuse("server.hosts", sentence);
    }
    if let Err(sentence) = key_apart(values) {
        refuse("crypto.key_file", sentence);
    }
    if whole(values, "ledger.queue_max") < whole(values, "ledger.batch_max") {
        refuse("ledger.queue_max", "is smaller than ledger.batch_max, so a commit could never be full".to_owned());
    }
    if whole(values, "lease.time_ms") < whole(values, "lease.renew_ms").map(|renew| renew * 3) {
        refuse(
            "lease.renew_ms",
            "has to fit three times into lease.time_ms, so that one lost try costs nothing".to_owned(),
        );
    }
    network::check(values, &mut refuse);
}

fn whole(values: &Values, key: &str) -> Option<i64> {
    values.get(key).and_then(|(value, _)| value.as_integer())
}

pub(super) fn text<'a>(values: &'a Values, key: &str) -> &'a str {
    values.get(key).and_then(|(value, _)| value.as_str()).unwrap_or_default()
}

fn not_empty(given: &str) -> Result<(), String> {
    if given.is_empty() { Err("a path is wanted".to_owned()) } else { Ok(()) }
}

/// The value may hold a password, so no sentence quotes it.
fn database_url(given: &str) -> Result<(), String> {
    let known = ["postgres://", "postgresql://"].iter().any(|scheme| given.starts_with(scheme));
    if given.is_empty() || known {
        return Ok(());
    }
    Err("only postgres://user:password@host:port/database is understood; leave it empty for the embedded databases"
        .to_owned())
}

/// The value is a secret, so no sentence quotes it.
fn secret(given: &str) -> Result<(), String> {
    if given.is_empty() || given.len() >= SECRET_BYTES_MIN {
        return Ok(());
    }
    Err(format!(
        "is shorter than {SECRET_BYTES_MIN} bytes and could be guessed; `openssl rand -hex 32` makes a good one"
    ))
}

/// A backup of the data would carry the key that opens it.
fn key_apart(values: &Values) -> Result<(), String> {
    let (key, data) = (Path::new(text(values, "crypto.key_file")), Path::new(text(values, "storage.data_dir")));
    let within = |data: &Path| !data.as_os_str().is_empty() && key.starts_with(data);
    if !within(data) && !within(data.strip_prefix(".").unwrap_or(data)) {
        return Ok(());
    }
    Err("lies in storage.data_dir, and whoever has a copy of that would have the key as well; keep it apart".to_owned())
}

/// The filter's own parser takes a misspelt level for the name of a part, which would silence everything.
fn log_level(given: &str) -> Result<(), String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let understood = |directive: &str| {
        let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level);
        LEVELS.contains(&level.trim())
    };
    let parsed = tracing_subscriber::filter::EnvFilter::builder().parse(given);
    if given.split(',').all(understood) && parsed.is_ok() {
        return Ok(());
    }
    Err(format!("\"{given}\" is not off, error, warn, info, debug or trace, nor a list such as info,access=debug"))
}

fn log_format(given: &str) -> Result<(), String> {
    match given {
        "auto" | "text" | "json" => Ok(()),
        _ => Err(format!("\"{given}\" is not auto, text or json")),
    }
}

fn otlp_endpoint(given: &str) -> Result<(), String> {
    if given.is_empty() {
        return Ok(());
    }
    let address = given.strip_prefix("http://").filter(|rest| !rest.contains('@'));
    match address.map(|_| given.parse::<http::Uri>()) {
        Some(Ok(uri)) if uri.host().is_some_and(|host| !host.is_empty()) => Ok(()),
        _ => {
            Err("an address such as http://127.0.0.1:4318 is wanted, without a login; for TLS put a collector beside \
                  the process"
                .to_owned())
        }
    }
}

fn service_name(given: &str) -> Result<(), String> {
    let shaped = (1..=63).contains(&given.len())
        && given.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if shaped { Ok(()) } else { Err("1 to 63 letters, digits, points, dashes or underscores are wanted".to_owned()) }
}

/// Whoever compares issuers compares them letter by letter.
fn issuer(given: &str) -> Result<(), String> {
    let uri = given.parse::<http::Uri>().ok().filter(|uri| uri.authority().is_some());
    let loopback = |uri: &http::Uri| matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match uri {
        _ if given.is_empty() => Ok(()),
        Some(_) if given.ends_with('/') => Err(format!("\"{given}\" ends with a slash; leave it out")),
        Some(uri) if uri.query().is_some() || uri.path() != "/" => {
            Err(format!("\"{given}\" has more than scheme, name and port"))
        }
        Some(uri) if uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && loopback(&uri)) => {
            Ok(())
        }
        _ => Err(format!("\"{given}\" is not an address such as https://bank.example.com (http on this machine only)")),
    }
}

fn zone(given: &str) -> Result<(), String> {
    match jiff::tz::TimeZone::get(given) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("\"{given}\" is not the name of a time zone such as Europe/Berlin or UTC")),
    }
}

fn mode(given: &str) -> Result<(), String> {
    match given {
        "local" | "remote" => Ok(()),
        _ => Err(format!("\"{given}\" is not \"local\" or \"remote\"")),
    }
}

fn hosts(values: &Values) -> Result<(), String> {
    let Some((Value::Array(hosts), _)) = values.get("server.hosts") else { return Ok(()) };
    let shaped = |host: &Value| {
        host.as_str().is_some_and(|host| {
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        })
    };
    match hosts.iter().find(|host| !shaped(host)) {
        Some(host) => Err(format!("{host} is not a host name such as \"florin.internal\" (without scheme and port)")),
        None => Ok(()),
    }
}
