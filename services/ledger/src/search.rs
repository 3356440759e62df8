//! Transactions by metadata: an index over declared keys, written after the commit.
//!
//! Invariants: the index never runs ahead of the log; `indexed_to_seq` moves in the transaction that adds the entries
//! before it, from where it was read, so that a crash or a second process neither leaves a gap nor indexes twice; what
//! was erased from the table `metadata` is not found, whatever the index still has.
//!
//! Start reading at `index` (one bounded step), then `task` (when steps run) and `find`.

mod find;
mod index;
mod keys;
pub(crate) mod sql;
mod task;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use kernel::Ctx;
use ledger_api::{
    DeclareMetadataKey, LedgerError, MetadataKey, Refusal, Search, Transaction, TransactionId, TransactionPage,
    TransactionQuery, limits,
};
use platform::access;
use platform::db::{DbError, Tx};
use sha2::{Digest, Sha256};

use crate::format::hex;
use crate::query;
use crate::service::{LedgerService, forbidden, query_error, reach};

pub(crate) use task::Indexer;

/// The number and the name of each declared key, removed ones included while their index is still erased.
pub(crate) async fn declared(tx: &Tx) -> Result<Vec<(i64, String)>, DbError> {
    Ok(keys::all(tx).await?.into_iter().map(|key| (key.no, key.key)).collect())
}

/// Longer values are found by a digest: an index entry has to fit into a page of either engine.
const TERM_BYTES_MAX: usize = 255;

/// The indexed form of a value. Values with the same term are distinguished by the metadata itself.
pub(crate) fn term(value: &str) -> String {
    if value.len() <= TERM_BYTES_MAX {
        return value.to_owned();
    }
    format!("sha256:{}", hex(&Sha256::digest(value.as_bytes())))
}

#[async_trait]
impl Search for LedgerService {
    async fn declare_metadata_key(&self, ctx: &Ctx, command: DeclareMetadataKey) -> Result<MetadataKey, LedgerError> {
        access::check(ctx, "metadata-keys", "declare", None).map_err(forbidden)?;
        let declaring = async { keys::declare(&self.db, &command.key).await.map_err(query_error) };
        let declared = self.in_time(ctx, declaring).await?;
        self.indexer.look_again();
        Ok(declared)
    }

    async fn metadata_keys(&self, ctx: &Ctx) -> Result<Vec<MetadataKey>, LedgerError> {
        reach(ctx, "transactions", "read")?;
        self.in_time(ctx, async { keys::list(&self.books).await.map_err(query_error) }).await
    }

    async fn remove_metadata_key(&self, ctx: &Ctx, key: &str) -> Result<MetadataKey, LedgerError> {
        access::check(ctx, "metadata-keys", "remove", None).map_err(forbidden)?;
        let removing = async { keys::remove(&self.db, key).await.map_err(query_error) };
        let removed = self.in_time(ctx, removing).await?;
        self.indexer.look_again();
        Ok(removed)
    }

    async fn transactions_of(&self, ctx: &Ctx, ids: Vec<TransactionId>) -> Result<Vec<Transaction>, LedgerError> {
        let (given, max) = (ids.len(), limits::TRANSACTIONS_OF_MAX);
        if given > max {
            return Err(Refusal::PageSize { given, max }.into());
        }
        let reach = reach(ctx, "transactions", "read")?;
        let found = async { Ok(query::transactions_of(&self.books, &reach, &ids).await?) };
        self.in_time(ctx, found).await
    }

    async fn transactions(&self, ctx: &Ctx, query: TransactionQuery) -> Result<TransactionPage, LedgerError> {
        let limit = query.limit.unwrap_or(limits::PAGE_DEFAULT);
        if !(1..=limits::PAGE_MAX).contains(&limit) {
            return Err(Refusal::PageSize { given: limit, max: limits::PAGE_MAX }.into());
        }
        let reach = reach(ctx, "transactions", "read")?;
        let page = async { find::transactions(&self.books, &reach, &query, limit).await.map_err(query_error) };
        self.in_time(ctx, page).await
    }
}
