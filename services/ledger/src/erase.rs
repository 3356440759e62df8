//! Erasing the metadata of an owner's accounts and of their transactions. The log has only the hashes of what is erased, so
//! chain and heads stay as they are, and `florin verify` says what is missing.
//!
//! What belongs to the owner is found in the log, page by page and next to the writer; a page's texts are erased in one
//! transaction with what was indexed from them. Invariants: an erasure is on the list outside of the store before the
//! first text goes, and recorded in the store after the last one; a store without the record was restored, or was killed
//! in the middle, and is examined again at the next start.

mod find;
mod sql;

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use kernel::{Ctx, Timestamp};
use ledger_api::{EraseMetadata, Erasing, LedgerError, Metadata, MetadataErased};
use platform::access;
use platform::crypto::Erasure;
use platform::db::{DbError, Tx, Value};
use platform::error::Failure;

use crate::search;
use crate::service::{LedgerService, forbidden};
use crate::store::sql as tables;

pub(crate) use find::{Page, Text, accounts_of, page};

/// Texts erased in one transaction, which the writer waits for.
const AT_ONCE: usize = 200;
/// Left of the caller's time when no further page is begun.
const RESERVE_US: u64 = 500_000;

#[async_trait]
impl Erasing for LedgerService {
    async fn erase_metadata(&self, ctx: &Ctx, command: EraseMetadata) -> Result<MetadataErased, LedgerError> {
        access::check(ctx, "metadata", "erase", None).map_err(forbidden)?;
        let EraseMetadata { owner, preview, after } = command;
        self.in_time(ctx, async {
            let at = self.clock.now();
            let is_begun = preview || after.is_some();
            if !is_begun {
                self.list(Erasure { at, subject: owner.as_str().to_owned() }).await?;
            }
            let accounts = accounts_of(&self.db.read().await?, owner.as_str()).await?;
            let erased = self.erase_of(ctx, &accounts, after.unwrap_or_default(), preview).await?;
            if !is_begun && erased.next.is_none() {
                self.record(owner.as_str(), at).await?;
            }
            Ok(erased)
        })
        .await
    }
}

impl LedgerService {
    /// The texts of these accounts, erased or only counted.
    pub(crate) async fn erase_of(
        &self,
        ctx: &Ctx,
        accounts: &HashSet<u64>,
        mut after: u64,
        preview: bool,
    ) -> Result<MetadataErased, LedgerError> {
        let mut erased = MetadataErased::default();
        if accounts.is_empty() {
            return Ok(erased);
        }
        loop {
            let Page { texts, next } = page(&self.db.read().await?, accounts, after).await?;
            for texts in texts.chunks(AT_ONCE).filter(|_| !preview) {
                self.erase_texts(texts).await?;
            }
            let of_accounts = texts.iter().filter(|text| text.account.is_some()).count() as u64;
            erased.accounts += of_accounts;
            erased.transactions += texts.len() as u64 - of_accounts;
            let Some(last) = next else { return Ok(erased) };
            after = last;
            if ctx.deadline.micros_left(self.clock.monotonic()) < RESERVE_US {
                return Ok(MetadataErased { next, ..erased });
            }
        }
    }

    /// Erasures that this store has forgotten: it was restored from a backup that is older than they are.
    pub(crate) async fn erase_again(&self, ctx: &Ctx, erasures: &[Erasure]) -> Result<u64, LedgerError> {
        let mut newest: BTreeMap<&str, Timestamp> = BTreeMap::new();
        for Erasure { at, subject } in erasures {
            newest.insert(subject, *at);
        }
        let mut accounts = HashSet::new();
        let tx = self.db.read().await?;
        for (owner, at) in std::mem::take(&mut newest) {
            if !is_recorded(&tx, owner, at).await? {
                accounts.extend(accounts_of(&tx, owner).await?);
                newest.insert(owner, at);
            }
        }
        drop(tx);
        let mut after = 0;
        let mut again = 0;
        loop {
            let erased = self.erase_of(ctx, &accounts, after, false).await?;
            again += erased.accounts + erased.transactions;
            match erased.next {
                Some(next) => after = next,
                None => break,
            }
        }
        for (owner, at) in newest {
            self.record(owner, at).await?;
        }
        Ok(again)
    }

    async fn erase_texts(&self, texts: &[Text]) -> Result<(), DbError> {
        let tx = self.db.begin().await?;
        // The index adds entries of what it has read before; it waits here too.
        tx.one_at_a_time().await?;
        let accounts: Vec<u64> = texts.iter().filter_map(|text| text.account).collect();
        let heads = self.books.snapshot().await?.heads(&accounts).await?;
        for text in texts {
            tx.execute(sql::TEXT_ERASE, &[Value::Int(text.seq as i64)]).await?;
            match text.account {
                None => unindex(&tx, text).await?,
                Some(no) if heads.get(&no).is_some_and(|head| head.state.metadata_seq == text.seq) => {
                    tx.execute(tables::ACCOUNT_METADATA_ERASE, &[Value::Int(no as i64)]).await?;
                }
                // It was replaced before, and is indexed no more.
                Some(_) => {}
            }
        }
        Ok(tx.commit().await?)
    }

    async fn list(&self, erasure: Erasure) -> Result<(), LedgerError> {
        let Some(list) = self.config.erasures.clone() else { return Ok(()) };
        let added = tokio::task::spawn_blocking(move || list.add(&erasure)).await;
        match added {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::error!(%error, "an erasure could not be listed, so nothing was erased");
                Err(Failure::Unavailable.into())
            }
            Err(_) => Err(Failure::Internal.into()),
        }
    }

    async fn record(&self, owner: &str, at: Timestamp) -> Result<(), DbError> {
        let tx = self.db.begin().await?;
        tx.execute(sql::ERASED_RECORD, &[Value::Text(owner), Value::Int(at.micros())]).await?;
        Ok(tx.commit().await?)
    }

    /// The instant of the oldest text.
    pub(crate) async fn oldest_text(&self) -> Result<Option<Timestamp>, DbError> {
        let tx = self.db.read().await?;
        let oldest = tx.query(sql::TEXT_OLDEST, &[]).await?;
        match oldest.first().map(|row| row.int_or_null(0)).transpose()?.flatten() {
            Some(seq) => written_at(&tx, seq).await,
            None => Ok(None),
        }
    }
}

/// When a row of the log was written.
pub(crate) async fn written_at(tx: &Tx, seq: i64) -> Result<Option<Timestamp>, DbError> {
    let group = tx.query(tables::GROUP_OF_ROW, &[Value::Int(seq)]).await?;
    group.first().map(|row| row.int(0).map(Timestamp::from_micros)).transpose()
}

async fn is_recorded(tx: &Tx, owner: &str, at: Timestamp) -> Result<bool, DbError> {
    let found = tx.query(sql::ERASED_FIND, &[Value::Text(owner)]).await?;
    let recorded = found.first().map(|row| row.int(0)).transpose()?;
    Ok(recorded.is_some_and(|recorded| recorded >= at.micros()))
}

/// Removes what the index of declared keys has of a text.
async fn unindex(tx: &Tx, text: &Text) -> Result<(), DbError> {
    let metadata: Metadata = serde_json::from_str(&text.body).unwrap_or_default();
    for (no, key) in search::declared(tx).await? {
        let Some(value) = metadata.get(&key) else { continue };
        let term = search::term(value);
        tx.execute(sql::TERM_ERASE, &[Value::Int(no), Value::Text(&term), Value::Int(text.seq as i64)]).await?;
    }
    Ok(())
}
