//! Erasing the metadata of an owner's accounts and transactions.

use async_trait::async_trait;
use kernel::Ctx;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{LedgerError, Reference};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseMetadata {
    /// The owner of the accounts.
    #[schema(value_type = String, example = "cust_ann")]
    pub owner: Reference,
    /// Only count what would be erased.
    #[serde(default)]
    pub preview: bool,
    /// `next` of the answer before, if it had one.
    #[serde(default)]
    pub after: Option<u64>,
}

/// What was erased, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MetadataErased {
    /// Metadata of accounts, earlier versions included.
    pub accounts: u64,
    /// Metadata of transactions that touch one of the accounts.
    pub transactions: u64,
    /// There was no time for all of the log: send the same again with this as `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// A separate part of [`Ledger`](crate::Ledger), because it changes nothing of the log.
#[async_trait]
pub trait Erasing: Send + Sync {
    async fn erase_metadata(&self, ctx: &Ctx, command: EraseMetadata) -> Result<MetadataErased, LedgerError>;
}
