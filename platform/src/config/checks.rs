//! Checks of values beyond their type. Each error says what would be accepted.

use std::ops::RangeInclusive;
use std::path::Path;

use toml::Value;

use super::layers::Values;
use super::{Given, Mistake, SECRET_BYTES_MIN, Section, network, section_of};
use crate::limits::{Rules, RulesError};

/// Smallest and largest accepted value of every integer.
const RANGES: &[(&str, RangeInclusive<i64>)] = &[
    ("server.connections_max", 1..=65_536),
    ("server.connections_per_address_max", 1..=65_536),
    ("server.body_bytes_max", 1_024..=67_108_864),
    ("server.json_depth_max", 2..=64),
    ("server.deadline_ms", 10..=600_000),
    ("server.header_timeout_ms", 100..=60_000),
    ("server.write_timeout_ms", 100..=600_000),
    ("server.drain_ms", 0..=600_000),
    ("rpc.connections", 1..=64),
    ("telemetry.access_log_every", 0..=1_000_000),
    ("lease.time_ms", 500..=60_000),
    ("lease.renew_ms", 50..=20_000),
    ("storage.pool_size", 4..=10_000),
    ("storage.sqlite_cache_mb", 8..=65_536),
    ("feed.outbox_keep_hours", 1..=87_600),
    ("access.stale_ms", 500..=60_000),
    ("access.remembered_max", 100..=10_000_000),
    ("edge.cors_max_age_s", 0..=86_400),
    ("edge.requests_max", 1..=1_048_576),
    ("edge.waiting_max", 0..=1_048_576),
    ("edge.circuit_failures", 0..=1_000),
    ("edge.circuit_open_ms", 100..=600_000),
    ("edge.circuit_successes", 1..=100),
    ("edge.circuit_probe_ms", 10..=600_000),
    ("limits.minute", 1..=1_000_000_000),
    ("limits.hour", 1..=1_000_000_000),
    ("limits.day", 1..=1_000_000_000),
    ("limits.subjects_max", 1_024..=16_777_216),
    ("limits.redis_timeout_ms", 1..=1_000),
    ("outbound.connect_timeout_ms", 10..=60_000),
    ("outbound.head_bytes_max", 8_192..=1_048_576),
    ("outbound.body_bytes_max", 1_024..=268_435_456),
    ("outbound.idle_connections_max", 0..=1_024),
];

type Check = fn(&str) -> Result<(), String>;

const TEXTS: &[(&str, Check)] = &[
    ("rpc.secret_file", not_empty),
    ("storage.data_dir", not_empty),
    ("storage.database_url", database_url),
    ("storage.migrate", migrate),
    ("crypto.key_file", not_empty),
    ("crypto.subjects_dir", not_empty),
    ("crypto.secret", secret),
    ("telemetry.log_level", log_level),
    ("telemetry.log_format", log_format),
    ("telemetry.otlp_endpoint", otlp_endpoint),
    ("telemetry.service_name", service_name),
    ("limits.redis_url", redis_url),
];

pub(super) fn check(values: &Values, rooms: &[Section], mistakes: &mut Vec<Mistake>) {
    let mut refuse = |key: &str, sentence: String| {
        if let Some((_, origin)) = values.get(key) {
            mistakes.push(Mistake { key: key.to_owned(), origin: origin.clone(), sentence });
        }
    };
    for (key, range) in RANGES {
        bounded(values, key, range, &mut refuse);
    }
    for (key, check) in TEXTS {
        if let Err(sentence) = check(text(values, key)) {
            refuse(key, sentence);
        }
    }
    for room in rooms {
        of_room(values, room, &mut refuse);
    }
    if let Err(sentence) = hosts(values) {
        refuse("server.hosts", sentence);
    }
    for key in ["crypto.key_file", "crypto.subjects_dir"] {
        if let Err(sentence) = key_apart(values, key) {
            refuse(key, sentence);
        }
    }
    if whole(values, "lease.time_ms") < whole(values, "lease.renew_ms").map(|renew| renew * 3) {
        refuse(
            "lease.renew_ms",
            "must fit three times into lease.time_ms, so that one lost attempt costs nothing".to_owned(),
        );
    }
    if let Err((key, sentence)) = database(values) {
        refuse(key, sentence);
    }
    network::check(values, rooms, &mut refuse);
    if let Err((key, sentence)) = outbound(values) {
        refuse(key, sentence);
    }
    if let Err(error) = limits(values) {
        refuse(error.key, error.sentence);
    }
    if let Err((key, sentence)) = edge(values) {
        refuse(key, sentence);
    }
}

fn bounded(values: &Values, key: &str, range: &RangeInclusive<i64>, refuse: &mut dyn FnMut(&str, String)) {
    match whole(values, key) {
        Some(number) if !range.contains(&number) => {
            refuse(key, format!("expected {} to {}, found {number}", range.start(), range.end()));
        }
        _ => {}
    }
}

/// Checks of a room's own section, and of where it runs.
fn of_room(values: &Values, room: &Section, refuse: &mut dyn FnMut(&str, String)) {
    let key = |key: &str| format!("{}.{key}", room.name);
    for (name, range) in room.settings.ranges {
        bounded(values, &key(name), range, refuse);
    }
    for (name, check) in room.settings.texts {
        let name = key(name);
        if let Err(sentence) = check(text(values, &name)) {
            refuse(&name, sentence);
        }
    }
    let mut table = values.to_table();
    if let Err((name, sentence)) = (room.settings.together)(&Given(&section_of(&mut table, room.name))) {
        refuse(&key(name), sentence);
    }
    let place = format!("services.{}.mode", room.name);
    if let Err(sentence) = mode(text(values, &place)) {
        refuse(&place, sentence);
    }
}

fn whole(values: &Values, key: &str) -> Option<i64> {
    values.get(key).and_then(|(value, _)| value.as_integer())
}

pub(super) fn text<'a>(values: &'a Values, key: &str) -> &'a str {
    values.get(key).and_then(|(value, _)| value.as_str()).unwrap_or_default()
}

/// For paths that are required.
pub fn not_empty(given: &str) -> Result<(), String> {
    if given.is_empty() { Err("expected a path".to_owned()) } else { Ok(()) }
}

/// The value may contain a password, so no message quotes it.
fn database_url(given: &str) -> Result<(), String> {
    let known = ["postgres://", "postgresql://"].iter().any(|scheme| given.starts_with(scheme));
    if given.is_empty() || known {
        return Ok(());
    }
    Err("expected postgres://user:password@host:port/database, or nothing for the embedded databases".to_owned())
}

fn migrate(given: &str) -> Result<(), String> {
    match given {
        "start" | "never" => Ok(()),
        _ => Err(format!("expected start or never, found \"{given}\"")),
    }
}

/// One address, and nothing in the clear to another machine.
fn database(values: &Values) -> Result<(), (&'static str, String)> {
    let (url, file) = (text(values, "storage.database_url"), text(values, "storage.database_url_file"));
    if !url.is_empty() && !file.is_empty() {
        return Err(("storage.database_url_file", "storage.database_url is set too; leave one of them out".to_owned()));
    }
    for (key, what) in [("storage.password_file", "the password"), ("storage.ca_file", "the root certificates")] {
        if url.is_empty() && file.is_empty() && !text(values, key).is_empty() {
            return Err((
                key,
                format!(
                    "is {what} of PostgreSQL, but neither storage.database_url nor storage.database_url_file is set"
                ),
            ));
        }
    }
    let plain = values.get("storage.plain_behind_mesh").and_then(|(value, _)| value.as_bool()).unwrap_or_default();
    crate::db::check_address(url, plain).map_err(|sentence| ("storage.database_url", sentence))
}

/// The value may contain a password, so no message quotes it.
fn redis_url(given: &str) -> Result<(), String> {
    let known = ["redis://", "rediss://"].iter().any(|scheme| given.starts_with(scheme));
    if given.is_empty() || known {
        return Ok(());
    }
    Err("expected redis://user:password@host:port, rediss:// for TLS, or nothing to count in this process".to_owned())
}

fn outbound(values: &Values) -> Result<(), (&'static str, String)> {
    if let Some((Value::Array(allowed), _)) = values.get("outbound.allowed") {
        let is_network = |entry: &&Value| entry.as_str().and_then(network::network).is_some();
        if let Some(other) = allowed.iter().find(|entry| !is_network(entry)) {
            return Err(("outbound.allowed", format!("expected a network such as \"10.20.0.0/16\", found {other}")));
        }
    }
    let given = |key| !text(values, key).is_empty();
    match (given("outbound.certificate_file"), given("outbound.key_file")) {
        (true, false) => {
            Err(("outbound.key_file", "is needed too, because outbound.certificate_file is set".to_owned()))
        }
        (false, true) => {
            Err(("outbound.certificate_file", "is needed too, because outbound.key_file is set".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Classes and clients are parsed as the edge will.
fn limits(values: &Values) -> Result<(), RulesError> {
    let mut table = values.to_table();
    match toml::Value::Table(section_of(&mut table, "limits")).try_into() {
        Ok(config) => Rules::of(&config).map(drop),
        // A wrong type has been reported by its key.
        Err(_) => Ok(()),
    }
}

/// The lists of the gateway are parsed as the edge will.
fn edge(values: &Values) -> Result<(), (&'static str, String)> {
    let mut table = values.to_table();
    let (server, edge) = (section_of(&mut table, "server"), section_of(&mut table, "edge"));
    match (Value::Table(server).try_into(), Value::Table(edge).try_into()) {
        (Ok(server), Ok(edge)) => crate::http::check_gateway(&server, &edge),
        // A wrong type has been reported by its key.
        _ => Ok(()),
    }
}

/// The value is a secret, so no message quotes it.
fn secret(given: &str) -> Result<(), String> {
    if given.is_empty() || given.len() >= SECRET_BYTES_MIN {
        return Ok(());
    }
    Err(format!(
        "is shorter than {SECRET_BYTES_MIN} bytes and could be guessed; `openssl rand -hex 32` generates a good one"
    ))
}

/// A backup of the data would include the key that opens it.
fn key_apart(values: &Values, key: &str) -> Result<(), String> {
    let (key, data) = (Path::new(text(values, key)), Path::new(text(values, "storage.data_dir")));
    let within = |data: &Path| !data.as_os_str().is_empty() && key.starts_with(data);
    if !within(data) && !within(data.strip_prefix(".").unwrap_or(data)) {
        return Ok(());
    }
    Err("is inside storage.data_dir, so a copy of the data would include the key; keep it elsewhere".to_owned())
}

/// The filter's own parser takes a misspelt level for a module name, which would silence everything.
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
    Err(format!(
        "expected off, error, warn, info, debug or trace, or a list such as info,access=debug, found \"{given}\""
    ))
}

fn log_format(given: &str) -> Result<(), String> {
    match given {
        "auto" | "text" | "json" => Ok(()),
        _ => Err(format!("expected auto, text or json, found \"{given}\"")),
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
            Err("expected an address such as http://127.0.0.1:4318, without a login; for TLS run a collector next to \
                  the process"
                .to_owned())
        }
    }
}

/// For names that are used in tokens and traces.
pub fn service_name(given: &str) -> Result<(), String> {
    let shaped = (1..=63).contains(&given.len())
        && given.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if shaped { Ok(()) } else { Err("expected 1 to 63 letters, digits, dots, dashes or underscores".to_owned()) }
}

fn mode(given: &str) -> Result<(), String> {
    match given {
        "local" | "remote" => Ok(()),
        _ => Err(format!("expected \"local\" or \"remote\", found \"{given}\"")),
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
        Some(host) => {
            Err(format!("expected a host name such as \"florin.internal\", without scheme and port, found {host}"))
        }
        None => Ok(()),
    }
}
