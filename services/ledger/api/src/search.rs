//! Searching transactions by declared metadata keys.

use async_trait::async_trait;
use kernel::Ctx;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{LedgerError, Transaction, TransactionId};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclareMetadataKey {
    /// A metadata key of transactions, 1 to 64 bytes.
    #[schema(example = "order", min_length = 1, max_length = 64)]
    pub key: String,
}

/// A key that transactions can be searched by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MetadataKey {
    pub key: String,
    /// Transactions up to this log row are found; later ones follow a moment later.
    pub indexed_to_seq: u64,
    /// It was already declared.
    pub replayed: bool,
}

/// Transactions whose metadata has this value under this key, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionQuery {
    pub key: String,
    pub value: String,
    /// Only those that begin before this log row.
    pub before: Option<u64>,
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionPage {
    pub items: Vec<Transaction>,
    /// The `before` of the next page; a page may be short, or even empty, and still have one.
    pub next: Option<u64>,
    /// Every transaction up to this log row was considered.
    pub indexed_to_seq: u64,
    /// The last log row included in the page: transactions are shown as of this row.
    pub as_of_seq: u64,
}

/// A separate part of [`Ledger`](crate::Ledger), because the index is written after the commit.
#[async_trait]
pub trait Search: Send + Sync {
    async fn declare_metadata_key(&self, ctx: &Ctx, command: DeclareMetadataKey) -> Result<MetadataKey, LedgerError>;
    async fn metadata_keys(&self, ctx: &Ctx) -> Result<Vec<MetadataKey>, LedgerError>;
    /// Returns the key as it was.
    async fn remove_metadata_key(&self, ctx: &Ctx, key: &str) -> Result<MetadataKey, LedgerError>;
    /// The transactions with these ids, with their metadata, in no particular order; unknown ones are left out.
    async fn transactions_of(&self, ctx: &Ctx, ids: Vec<TransactionId>) -> Result<Vec<Transaction>, LedgerError>;

    async fn transactions(&self, ctx: &Ctx, query: TransactionQuery) -> Result<TransactionPage, LedgerError>;
}
