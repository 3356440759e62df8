//! Configuration: a commented default file, overridden by a file, by operators' variables and by `FLORIN__` variables.
//!
//! A room adds its own section, with text and bounds. Everything is checked before a port opens, and all mistakes are
//! reported at once. Invariant: a key exists only if it is in `florin.default.toml` or in a room's `settings.toml`, so
//! structs, file and variables cannot drift apart.

mod aliases;
mod checks;
mod default;
mod layers;
pub(crate) mod network;
mod outside;
mod secret;
mod section;
mod storage;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use kernel::Secret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Table;

pub use aliases::{ALIASES, KNOWN_NOT_USED, is_known_not_used};
pub use checks::{not_empty, service_name};
pub use default::default_text;
pub use layers::Origin;
pub use outside::{Edge, Limits, Outbound};
pub use secret::DatabaseUrl;
pub use section::{Check, Given, Operators, Section, Settings};
pub use storage::{Migrate, Storage};

/// Which rooms have sections, and where to look for overriding values.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    pub rooms: Vec<Section>,
    /// A file that was named explicitly, so it must exist.
    pub file: Option<PathBuf>,
    /// A file that is read if it exists.
    pub file_if_there: Option<PathBuf>,
    pub variables: Vec<(String, String)>,
    /// They win over everything else.
    pub options: Vec<CommandLine>,
}

/// An option of the command line that sets a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// Such as `--listen`.
    pub name: &'static str,
    pub key: &'static str,
    pub value: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub rpc: Rpc,
    pub lease: Lease,
    pub storage: Storage,
    pub crypto: Crypto,
    pub telemetry: Telemetry,
    pub feed: Feed,
    pub access: Access,
    pub limits: Limits,
    pub edge: Edge,
    pub outbound: Outbound,
    /// Where each room runs.
    #[serde(default)]
    services: BTreeMap<String, ServiceMode>,
    /// The sections of the rooms.
    #[serde(skip)]
    sections: BTreeMap<&'static str, Table>,
    #[serde(skip)]
    rows: Vec<Row>,
    #[serde(skip)]
    not_used: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub listen: SocketAddr,
    #[serde(deserialize_with = "none_when_empty")]
    pub management_listen: Option<SocketAddr>,
    pub hosts: Vec<String>,
    pub connections_max: u32,
    pub connections_per_address_max: u32,
    pub body_bytes_max: usize,
    pub json_depth_max: usize,
    pub deadline_ms: u64,
    pub header_timeout_ms: u64,
    pub write_timeout_ms: u64,
    pub drain_ms: u64,
    pub plain_behind_mesh: bool,
    pub management_plain_behind_mesh: bool,
    pub metrics_public: bool,
    pub trusted_proxies: Vec<String>,
    pub tls: ServerTls,
}

/// Both or neither.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerTls {
    #[serde(deserialize_with = "none_when_empty")]
    pub certificate_file: Option<PathBuf>,
    #[serde(deserialize_with = "none_when_empty")]
    pub key_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rpc {
    pub listen: SocketAddr,
    /// A name or an address, with or without a port.
    #[serde(deserialize_with = "none_when_empty")]
    pub advertise: Option<String>,
    pub secret_file: PathBuf,
    pub connections: usize,
    pub plain_behind_mesh: bool,
    pub tls: RpcTls,
}

/// All or none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RpcTls {
    #[serde(deserialize_with = "none_when_empty")]
    pub certificate_file: Option<PathBuf>,
    #[serde(deserialize_with = "none_when_empty")]
    pub key_file: Option<PathBuf>,
    #[serde(deserialize_with = "none_when_empty")]
    pub ca_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    pub time_ms: u64,
    pub renew_ms: u64,
}

/// A shorter secret could be guessed.
pub(crate) const SECRET_BYTES_MIN: usize = 32;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crypto {
    pub key_file: PathBuf,
    pub subjects_dir: PathBuf,
    #[serde(deserialize_with = "none_when_empty_secret")]
    pub secret: Option<Secret>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    pub log_level: String,
    pub log_format: LogFormat,
    pub access_log_every: u64,
    #[serde(deserialize_with = "none_when_empty")]
    pub otlp_endpoint: Option<String>,
    pub service_name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Auto,
    Text,
    Json,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    pub outbox_keep_hours: u32,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceMode {
    pub mode: Mode,
    /// Names or addresses, each with a port.
    pub addresses: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    #[default]
    Local,
    Remote,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    pub stale_ms: u64,
    pub remembered_max: usize,
}

/// One line of `florin config`; the value is already redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub key: String,
    pub value: String,
    pub origin: Origin,
}

/// A mistake in the configuration, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} ({origin}): {sentence}")]
pub struct Mistake {
    pub key: String,
    pub origin: Origin,
    pub sentence: String,
}

/// All mistakes, so that they can be fixed in one go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentences())]
pub struct ConfigError {
    pub mistakes: Vec<Mistake>,
}

impl ConfigError {
    fn sentences(&self) -> String {
        let lines: Vec<String> = self.mistakes.iter().map(|mistake| format!("  {mistake}")).collect();
        format!("the configuration has {} mistake(s):\n{}", lines.len(), lines.join("\n"))
    }
}

impl Config {
    pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
        let mut mistakes = Vec::new();
        let values = layers::merge(sources, &mut mistakes);
        checks::check(&values, &sources.rooms, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(ConfigError { mistakes });
        }
        let mut table = values.to_table();
        let sections = sources.rooms.iter().map(|room| (room.name, section_of(&mut table, room.name))).collect();
        let mut config: Config = table.try_into().map_err(|error| unreadable("configuration", &error))?;
        config.sections = sections;
        config.rows = values.rows(&sources.rooms);
        let idle = |name: &String| is_known_not_used(name) && !sources.rooms.iter().any(|it| it.operators.know(name));
        config.not_used = sources.variables.iter().map(|(name, _)| name.clone()).filter(idle).collect();
        Ok(config)
    }

    /// A room's section as its own struct.
    pub fn section<C: DeserializeOwned>(&self, room: &str) -> Result<C, ConfigError> {
        let section = self.sections.get(room).cloned().unwrap_or_default();
        section.try_into().map_err(|error| unreadable(room, &error))
    }

    /// Where a room runs: in this process, unless the configuration says otherwise.
    pub fn service(&self, room: &str) -> ServiceMode {
        self.services.get(room).cloned().unwrap_or_default()
    }

    /// The defaults only: for tests and for tools that need no file.
    pub fn defaults() -> Result<Config, ConfigError> {
        Config::load(&Sources::default())
    }

    /// Every key with its redacted value and its origin, in key order.
    pub fn effective(&self) -> &[Row] {
        &self.rows
    }

    /// Variables that are set and known from operators' guides, but have no meaning here yet.
    pub fn known_not_used(&self) -> &[String] {
        &self.not_used
    }
}

/// Takes a room's own section out of the whole.
fn section_of(table: &mut Table, room: &str) -> Table {
    match table.remove(room) {
        Some(toml::Value::Table(section)) => section,
        _ => Table::new(),
    }
}

fn unreadable(key: &str, error: &toml::de::Error) -> ConfigError {
    let (key, sentence) = (key.to_owned(), error.message().to_owned());
    ConfigError { mistakes: vec![Mistake { key, origin: Origin::Default, sentence }] }
}

/// For optional settings: `#[serde(deserialize_with = "none_when_empty")]`.
pub fn none_when_empty<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
}

fn none_when_empty_secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let secret = Secret::deserialize(deserializer)?;
    Ok(if secret.expose().is_empty() { None } else { Some(secret) })
}

#[cfg(test)]
mod tests;
