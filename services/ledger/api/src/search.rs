//! Finding transactions by what their metadata says, under keys that were declared for it.

use async_trait::async_trait;
use kernel::Ctx;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{LedgerError, Transaction};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclareMetadataKey {
    /// A key of transactions' metadata, 1 to 64 bytes.
    #[schema(example = "order", min_length = 1, max_length = 64)]
    pub key: String,
}

/// A key that transactions can be searched by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MetadataKey {
    pub key: String,
    /// Transactions up to this row of the log are found; later ones a moment later.
    pub indexed_to_seq: u64,
    /// It had been declared before.
    pub replayed: bool,
}

/// Transactions whose metadata has this value under this key, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionQuery {
    pub key: String,
    pub value: String,
    /// Only those that begin before this row of the log.
    pub before: Option<u64>,
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionPage {
    pub items: Vec<Transaction>,
    /// What to give as `before` for the next page; a page may be short, and even empty, and have one.
    pub next: Option<u64>,
    /// Every transaction up to this row of the log was considered.
    pub indexed_to_seq: u64,
    /// The last row of the log that was known to the page: transactions are shown as they stood behind it.
    pub as_of_seq: u64,
}

/// A part of [`Ledger`](crate::Ledger), apart because it is written behind the commit.
#[async_trait]
pub trait Search: Send + Sync {
    async fn declare_metadata_key(&self, ctx: &Ctx, command: DeclareMetadataKey) -> Result<MetadataKey, LedgerError>;
    async fn metadata_keys(&self, ctx: &Ctx) -> Result<Vec<MetadataKey>, LedgerError>;
    /// Answers with the key as it was.
    async fn remove_metadata_key(&self, ctx: &Ctx, key: &str) -> Result<MetadataKey, LedgerError>;
    async fn transactions(&self, ctx: &Ctx, query: TransactionQuery) -> Result<TransactionPage, LedgerError>;
}
