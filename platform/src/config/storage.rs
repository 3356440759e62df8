//! Where the stores are, and how PostgreSQL is reached.

use std::path::PathBuf;

use serde::Deserialize;

use super::{DatabaseUrl, none_when_empty};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    pub data_dir: PathBuf,
    #[serde(deserialize_with = "none_when_empty")]
    pub database_url: Option<DatabaseUrl>,
    #[serde(deserialize_with = "none_when_empty")]
    pub database_url_file: Option<PathBuf>,
    #[serde(deserialize_with = "none_when_empty")]
    pub password_file: Option<PathBuf>,
    #[serde(deserialize_with = "none_when_empty")]
    pub ca_file: Option<PathBuf>,
    pub plain_behind_mesh: bool,
    pub migrate: Migrate,
    pub pool_size: u32,
    pub sqlite_cache_mb: u32,
}

impl Storage {
    /// Whether the stores are on a PostgreSQL server, which other processes may share.
    pub fn is_shared(&self) -> bool {
        self.database_url.is_some() || self.database_url_file.is_some()
    }
}

/// When stores are migrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Migrate {
    Start,
    Never,
}
