//! One test per way a configuration is refused, and the precedence of the layers.

mod keys;
mod network;
mod rooms;

use std::path::PathBuf;

use super::*;

fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { rooms: vec![rooms::PEBBLES], variables, ..Sources::default() })
}

fn with_file(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("florin.toml");
    std::fs::write(&path, text).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { rooms: vec![rooms::PEBBLES], file: Some(path), variables, ..Sources::default() })
}

#[track_caller]
fn refused(result: Result<Config, ConfigError>, key: &str, words: &str) {
    let text = result.expect_err("accepted").to_string();
    assert!(text.contains(key) && text.contains(words), "{text}");
}

#[test]
fn the_default_file_is_valid_and_every_key_in_it_is_explained() {
    let config = Config::defaults().unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert!(config.server.management_listen.is_none() && config.storage.database_url.is_none());
    let text = default_text(&[rooms::PEBBLES]);
    let lines: Vec<&str> = text.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair[1].contains(" = ") && !pair[1].starts_with('#')) {
        assert!(pair[0].starts_with("# "), "no comment above: {}", pair[1]);
    }
}

#[test]
fn every_integer_has_a_range() {
    for row in with(&[]).unwrap().effective() {
        if row.value.parse::<i64>().is_ok() {
            let name = format!("FLORIN__{}", row.key.replace('.', "__").to_uppercase());
            refused(with(&[(&name, "-1")]), &row.key, ", found -1");
        }
    }
}

#[test]
fn later_layers_win_and_the_origin_is_recorded() {
    let file = "[storage]\npool_size = 5\nsqlite_cache_mb = 32\n";
    let variables = [("DATABASE_POOL_SIZE", "6"), ("FLORIN__STORAGE__POOL_SIZE", "7"), ("PORT", "9000")];
    let config = with_file(file, &variables).unwrap();
    assert_eq!((config.storage.pool_size, config.storage.sqlite_cache_mb), (7, 32));
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:9000");
    let origin = |key: &str| config.effective().iter().find(|row| row.key == key).unwrap().origin.to_string();
    assert_eq!(origin("storage.pool_size"), "$FLORIN__STORAGE__POOL_SIZE");
    assert!(origin("storage.sqlite_cache_mb").ends_with("florin.toml"));
    assert_eq!(origin("server.listen"), "$PORT");
    assert_eq!(origin("server.drain_ms"), "default");
}

#[test]
fn every_alias_reaches_its_key() {
    let config = with(&[
        ("DATABASE_URL", "postgres://ann:hunter2@127.0.0.1/florin"),
        ("LOG_LEVEL", "WARNING"),
        ("PROMETHEUS_METRICS_PORT", "9090"),
        ("DATABASE_POOL_SIZE", "9"),
        ("PORT", ""),
    ])
    .unwrap();
    assert_eq!(config.storage.database_url.as_ref().unwrap().expose(), "postgres://ann:hunter2@127.0.0.1/florin");
    assert_eq!(config.telemetry.log_level, "warn");
    assert_eq!(config.server.management_listen.unwrap().to_string(), "127.0.0.1:9090");
    assert_eq!(config.server.listen.port(), 8080);
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(config.effective().iter().any(|row| row.value == "\"postgres://ann:***@127.0.0.1/florin\""));
    for alias in ALIASES {
        assert!(config.effective().iter().any(|row| row.key == alias.key), "{}", alias.key);
    }
}

#[test]
fn a_port_changes_the_address_that_is_set() {
    let file = "[server]\nlisten = \"[::1]:8080\"\nmanagement_listen = \"127.0.0.2:9090\"\n";
    let config = with_file(file, &[("PORT", "9000"), ("PROMETHEUS_METRICS_PORT", "9001")]).unwrap();
    assert_eq!(config.server.listen.to_string(), "[::1]:9000");
    assert_eq!(config.server.management_listen.unwrap().to_string(), "127.0.0.2:9001");
}

#[test]
fn an_option_of_the_command_line_wins() {
    let variables =
        vec![("FLORIN__SERVER__LISTEN".to_owned(), "127.0.0.1:1".to_owned()), ("PORT".to_owned(), "2".to_owned())];
    let given = |key, value: &str| CommandLine { name: "--given", key, value: value.to_owned() };
    let options = vec![given("server.listen", "127.0.0.1:3"), given("storage.data_dir", "./books")];
    let config = Config::load(&Sources { variables, options, ..Sources::default() }).unwrap();
    assert_eq!(config.server.listen.port(), 3);
    assert!(config.effective().iter().any(|row| row.value == "\"./books\"" && row.origin.to_string() == "--given"));
    let options = vec![given("server.listen", "0.0.0.0:80")];
    refused(Config::load(&Sources { options, ..Sources::default() }), "server.listen (--given)", "certificate");
}

#[test]
fn limits_are_read_by_the_names_of_the_guides() {
    let config = with(&[("RATE_LIMIT_ENABLED", "True"), ("REDIS_URL", "rediss://ann:hunter2@redis:6379")]).unwrap();
    assert!(config.limits.enabled && config.limits.redis_url.is_some());
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(config.effective().iter().any(|row| row.value == "\"rediss://ann:***@redis:6379\""));
    refused(with(&[("RATE_LIMIT_ENABLED", "maybe")]), "limits.enabled", "expected true or false");
    refused(with(&[("REDIS_URL", "http://redis")]), "limits.redis_url", "expected redis://");
    refused(with(&[("FLORIN__LIMITS__CLASSES", "books 5/minute")]), "limits.classes", "expected a name, paths");
    refused(with(&[("FLORIN__LIMITS__CLIENTS", "app@books 5/minute")]), "limits.clients", "no class books");
}

#[test]
fn outbound_calls_have_networks_and_whole_certificates() {
    let config = with(&[("FLORIN__OUTBOUND__ALLOWED", "10.20.0.0/16, fd00::/8")]).unwrap();
    assert_eq!(config.outbound.allowed.len(), 2);
    refused(with(&[("FLORIN__OUTBOUND__ALLOWED", "10.20.0.0/16, mail")]), "outbound.allowed", "found \"mail\"");
    refused(with(&[("FLORIN__OUTBOUND__CERTIFICATE_FILE", "a.crt")]), "outbound.key_file", "is needed too");
    refused(with(&[("FLORIN__OUTBOUND__KEY_FILE", "a.key")]), "outbound.certificate_file", "is needed too");
}

#[test]
fn known_variables_without_a_meaning_are_listed() {
    let config =
        with(&[("BANK_API_TIMEOUT", "x"), ("PCI_COMPLIANCE_MODE", "x"), ("FEATURE_DARK", "x"), ("HOME", "/root")])
            .unwrap();
    assert_eq!(config.known_not_used(), ["BANK_API_TIMEOUT", "PCI_COMPLIANCE_MODE", "FEATURE_DARK"]);
}

#[test]
fn a_list_in_a_variable_is_separated_by_commas() {
    let config = with(&[("FLORIN__SERVER__HOSTS", "florin.internal, bank.test")]).unwrap();
    assert_eq!(config.server.hosts, ["florin.internal", "bank.test"]);
}

#[test]
fn unknown_keys_are_refused_and_the_nearest_key_is_named() {
    refused(with_file("[server]\nlissten = \"x\"", &[]), "server.lissten", "nearest known key is server.listen");
    refused(with_file("surprise = 1", &[]), "surprise", "is not a key");
    refused(with(&[("FLORIN__PEBBLES__BATCHMAX", "1")]), "$FLORIN__PEBBLES__BATCHMAX", "pebbles.batch_max");
    refused(with(&[("FLORIN__SERVER", "1")]), "server", "is not a key");
}

#[test]
fn wrong_types_are_refused() {
    refused(
        with_file("[storage]\npool_size = \"four\"", &[]),
        "storage.pool_size",
        "expected an integer, found a string",
    );
    refused(with_file("server = 1", &[]), "server", "is not a key");
    refused(with(&[("FLORIN__STORAGE__POOL_SIZE", "four")]), "storage.pool_size", "expected an integer");
    refused(with(&[("DATABASE_POOL_SIZE", "four")]), "storage.pool_size", "expected an integer");
    refused(with(&[("PORT", "http")]), "server.listen", "a port number");
    refused(with_file("[server]\nhosts = [1]", &[]), "server.hosts", "expected a host name");
}

#[test]
fn missing_or_malformed_files_are_refused_without_quoting_them() {
    let missing = Sources { file: Some(PathBuf::from("/nowhere/florin.toml")), ..Sources::default() };
    refused(Config::load(&missing), "/nowhere/florin.toml", "cannot be read");
    let result = with_file("[storage]\ndatabase_url = \"postgres://a:hunter2@b/c", &[]);
    assert!(!result.as_ref().unwrap_err().to_string().contains("hunter2"));
    refused(result, "florin.toml", "is not TOML, line 2");
    let optional = Sources { file_if_there: Some(PathBuf::from("/nowhere/florin.toml")), ..Sources::default() };
    assert!(Config::load(&optional).is_ok());
}

#[test]
fn other_databases_are_refused_without_showing_the_password() {
    let result = with(&[("DATABASE_URL", "mysql://ann:hunter2@db/florin")]);
    assert!(!result.as_ref().unwrap_err().to_string().contains("hunter2"));
    refused(result, "storage.database_url", "expected postgres://");
}

#[test]
fn all_other_strings_are_checked() {
    refused(with(&[("LOG_LEVEL", "inof")]), "telemetry.log_level", "expected off, error");
    refused(with(&[("FLORIN__TELEMETRY__LOG_LEVEL", "info,access=loud")]), "telemetry.log_level", "access=loud");
    refused(with(&[("FLORIN__TELEMETRY__LOG_FORMAT", "xml")]), "telemetry.log_format", "auto, text or json");
    refused(with(&[("FLORIN__TELEMETRY__OTLP_ENDPOINT", "https://x")]), "telemetry.otlp_endpoint", "http://127");
    refused(with(&[("FLORIN__TELEMETRY__OTLP_ENDPOINT", "http://a:b@x")]), "telemetry.otlp_endpoint", "http://127");
    refused(with(&[("FLORIN__TELEMETRY__SERVICE_NAME", "")]), "telemetry.service_name", "1 to 63");
    refused(with(&[("FLORIN__STORAGE__DATA_DIR", "")]), "storage.data_dir", "expected a path");
    refused(with(&[("FLORIN__RPC__LISTEN", "127.0.0.1:8080")]), "rpc.listen", "is also the address of server.listen");
    refused(with(&[("FLORIN__RPC__SECRET_FILE", "")]), "rpc.secret_file", "expected a path");
    refused(with(&[("FLORIN__SERVER__HOSTS", "http://x")]), "server.hosts", "without scheme");
    refused(with(&[("FLORIN__LEASE__RENEW_MS", "700")]), "lease.renew_ms", "three times into lease.time_ms");
    refused(with(&[("FLORIN__LEASE__TIME_MS", "499")]), "lease.time_ms", "expected 500 to 60000");
    refused(with(&[("FLORIN__LEASE__RENEW_MS", "49")]), "lease.renew_ms", "expected 50 to 20000");
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let result =
        with(&[("FLORIN__SERVER__LISTEN", "0.0.0.0:1"), ("FLORIN__NO__SUCH", "1"), ("DATABASE_POOL_SIZE", "3")]);
    assert_eq!(result.unwrap_err().mistakes.len(), 3);
}

#[test]
fn an_outbox_keeps_its_events_for_an_hour_at_least() {
    assert_eq!(Config::defaults().unwrap().feed.outbox_keep_hours, 72);
    assert_eq!(with(&[("FLORIN__FEED__OUTBOX_KEEP_HOURS", "1")]).unwrap().feed.outbox_keep_hours, 1);
    for bad in ["0", "87601"] {
        refused(with(&[("FLORIN__FEED__OUTBOX_KEEP_HOURS", bad)]), "feed.outbox_keep_hours", "expected 1 to 87600");
    }
}
