//! Settings of what the outside meets: limits, the gateway, and calls to other organisations.

use std::path::PathBuf;

use serde::Deserialize;

use super::{DatabaseUrl, none_when_empty};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    pub cors_origins: Vec<String>,
    pub cors_headers: Vec<String>,
    pub cors_credentials: bool,
    pub cors_max_age_s: u64,
    pub routes: Vec<String>,
    pub paths: Vec<String>,
    pub request_headers: Vec<String>,
    pub response_headers: Vec<String>,
    pub requests_max: usize,
    pub waiting_max: usize,
    pub priority_for: Vec<String>,
    pub circuit_failures: u32,
    pub circuit_open_ms: u64,
    pub circuit_successes: u32,
    pub circuit_probe_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub enabled: bool,
    pub minute: u32,
    pub hour: u32,
    pub day: u32,
    pub classes: Vec<String>,
    pub clients: Vec<String>,
    pub subjects_max: usize,
    #[serde(deserialize_with = "none_when_empty")]
    pub redis_url: Option<DatabaseUrl>,
    pub redis_cluster: bool,
    #[serde(deserialize_with = "none_when_empty")]
    pub redis_ca_file: Option<PathBuf>,
    pub redis_timeout_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    pub allowed: Vec<String>,
    #[serde(deserialize_with = "none_when_empty")]
    pub ca_file: Option<PathBuf>,
    /// Both or neither.
    #[serde(deserialize_with = "none_when_empty")]
    pub certificate_file: Option<PathBuf>,
    #[serde(deserialize_with = "none_when_empty")]
    pub key_file: Option<PathBuf>,
    pub connect_timeout_ms: u64,
    pub head_bytes_max: usize,
    pub body_bytes_max: usize,
    pub idle_connections_max: usize,
}
