//! Imports: files with statements.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::{Id, IdKind, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::{AccountId, Mistake};

#[derive(Debug, Clone, Copy)]
pub struct ImportTag;

impl IdKind for ImportTag {
    const PREFIX: &'static str = "imp";
}

pub type ImportId = Id<ImportTag>;

/// One part of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The sender's own name for this transmission; only the same caller finds it again.
    pub upload: String,
    /// From 0.
    pub number: u32,
    pub bytes: PartBytes,
}

/// Bytes that travel as base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartBytes(pub Vec<u8>);

impl Serialize for PartBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for PartBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PartBytes, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        STANDARD.decode(text.as_bytes()).map(PartBytes).map_err(serde::de::Error::custom)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportFile {
    pub upload: String,
    pub parts: u32,
    pub bytes: u64,
    /// SHA-256 of the whole file, in hexadecimal.
    pub sha256: String,
    #[serde(default)]
    pub options: ImportOptions,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportOptions {
    /// The account of a file that names none; a file of another account is refused.
    pub account: Option<AccountId>,
    /// The company whose accounts the file describes.
    pub entity: Option<String>,
    /// The customer whose accounts the file describes; customers themselves are always meant.
    pub owner: Option<String>,
    /// The CSV profile by name; without it one is guessed.
    pub profile: Option<String>,
    /// Unreadable entries are left out instead of refusing the file.
    #[serde(default)]
    pub partial: bool,
    /// Wrong control totals of BAI2 are a warning.
    #[serde(default)]
    pub lenient: bool,
    /// This bank's ids of entries never change.
    #[serde(default)]
    pub stable_ids: bool,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ImportState {
    /// Stored, and being read.
    Received,
    Applied,
    Refused,
    Withdrawn,
}

/// A file with statements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Import {
    pub id: ImportId,
    pub state: ImportState,
    /// The format that its content shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    pub sha256: String,
    pub counts: Counts,
    /// The first 100.
    pub warnings: Vec<Warning>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mistake: Option<Mistake>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// Accounts that it describes.
    pub accounts: Vec<AccountId>,
    pub created_at: Timestamp,
}

/// What an import did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    pub statements: u64,
    pub new: u64,
    pub known: u64,
    pub changed: u64,
    pub removed: u64,
    /// Kept for a person to decide.
    pub possible_duplicates: u64,
    /// Warnings, including those that are not kept.
    pub warnings: u64,
}

/// Something that a person should know of, which refused nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Warning {
    /// Programs act on it: `does_not_add_up`, `rounded`.
    pub code: String,
    /// The line, from 1; 0 for the whole file.
    pub line: u64,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportChange {
    /// Takes back what only this import brought.
    Withdraw,
    /// Undoes a withdrawal.
    Restore,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeImport {
    pub id: ImportId,
    pub change: ImportChange,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// Older than this one: lists begin with the newest.
    pub before: Option<ImportId>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPage {
    pub items: Vec<Import>,
    pub more: bool,
}
