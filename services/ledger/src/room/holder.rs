//! The ledger as a holder of personal data: metadata of accounts and transactions. Everything else it holds about people are
//! opaque ids.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Ctx, Timestamp};
use ledger_api::{BookName, LedgerError};
use platform::access;
use platform::crypto::Erasure;
use platform::db::DbError;
use platform::error::Failure;
use platform::holder::{Age, COLLECTED_MAX, Collected, Correction, Counted, Erase, Erased, Holder, Item, Kept};
use serde_json::Value;

use super::ROOM;
use crate::erase::{Page, Text, accounts_of, page, written_at};
use crate::{LedgerBooks, LedgerService};

const OF_ACCOUNTS: &str = "account_metadata";
const OF_TRANSACTIONS: &str = "transaction_metadata";
const ACCOUNTS: &str = "accounts";
const BECAUSE: &str = "bookkeeping: accounts and transactions name their owner by an opaque id";

pub(super) struct LedgerHolder(pub(super) Arc<LedgerBooks>);

#[async_trait]
impl Holder for LedgerHolder {
    fn name(&self) -> &'static str {
        ROOM.name
    }

    async fn collect(&self, ctx: &Ctx, subject: &str, after: Option<String>) -> Result<Collected, Failure> {
        access::check(ctx, "transactions", "read", None).map_err(|_| Failure::Forbidden)?;
        let from = after.as_deref().and_then(place);
        let mut collected = Collected::default();
        for (book, ledger) in self.books().await? {
            let after = match &from {
                Some((begun, _)) if book < *begun => continue,
                Some((begun, seq)) if book == *begun => *seq,
                _ => 0,
            };
            let room = COLLECTED_MAX - collected.items.len();
            collected.items.extend(of_book(&book, &ledger, subject, after, room).await?);
            if collected.items.len() >= COLLECTED_MAX {
                collected.next = collected.items.last().map(|item| item.id.clone());
                break;
            }
        }
        Ok(collected)
    }

    /// Metadata of an account is changed by its own operation, which leaves a row in the log; that of a transaction never is.
    async fn rectify(&self, _: &Ctx, _: &str, _: Correction) -> Result<bool, Failure> {
        Ok(false)
    }

    async fn erase(&self, ctx: &Ctx, subject: &str, how: Erase) -> Result<Erased, Failure> {
        access::check(ctx, "metadata", "erase", None).map_err(|_| Failure::Forbidden)?;
        let (mut accounts, mut transactions, mut kept) = (0, 0, 0);
        for (_, ledger) in self.books().await? {
            let owned = accounts_of(&read(&ledger).await?, subject).await?;
            kept += owned.len() as u64;
            let erased = ledger.erase_of(ctx, &owned, 0, how == Erase::Preview).await.map_err(failure)?;
            if erased.next.is_some() {
                return Err(Failure::DeadlineExceeded);
            }
            accounts += erased.accounts;
            transactions += erased.transactions;
        }
        let counted = |data_type: &str, items| Counted { data_type: data_type.to_owned(), items };
        let kept = Kept { data_type: ACCOUNTS.to_owned(), items: kept, because: BECAUSE.to_owned() };
        Ok(Erased {
            erased: vec![counted(OF_ACCOUNTS, accounts), counted(OF_TRANSACTIONS, transactions)],
            kept: if kept.items > 0 { vec![kept] } else { Vec::new() },
        })
    }

    async fn ages(&self, _: &Ctx) -> Result<Vec<Age>, Failure> {
        let mut oldest: Option<Timestamp> = None;
        for (_, ledger) in self.books().await? {
            let of_book = ledger.oldest_text().await?;
            oldest = [oldest, of_book].into_iter().flatten().min();
        }
        Ok(oldest.map(|oldest| Age { data_type: "metadata".to_owned(), oldest }).into_iter().collect())
    }

    async fn reapply(&self, ctx: &Ctx, erasures: &[Erasure]) -> Result<u64, Failure> {
        let mut again = 0;
        for (_, ledger) in self.books().await? {
            again += ledger.erase_again(ctx, erasures).await.map_err(failure)?;
        }
        Ok(again)
    }
}

impl LedgerHolder {
    /// All books, by name. One that cannot be opened must not be passed over.
    async fn books(&self) -> Result<Vec<(BookName, Arc<LedgerService>)>, Failure> {
        Ok(self.0.all_open().await?)
    }
}

async fn read(ledger: &LedgerService) -> Result<platform::db::Tx, DbError> {
    ledger.db.read().await
}

async fn of_book(
    book: &BookName,
    ledger: &LedgerService,
    subject: &str,
    mut after: u64,
    max: usize,
) -> Result<Vec<Item>, Failure> {
    let tx = read(ledger).await?;
    let accounts = accounts_of(&tx, subject).await?;
    let mut items = Vec::new();
    while !accounts.is_empty() && items.len() < max {
        let Page { texts, next } = page(&tx, &accounts, after).await?;
        for Text { seq, account, body } in texts.into_iter().take(max - items.len()) {
            let data_type = if account.is_some() { OF_ACCOUNTS } else { OF_TRANSACTIONS };
            let value: Value = serde_json::from_str(&body).unwrap_or_default();
            let since = written_at(&tx, seq as i64).await?.unwrap_or_default();
            items.push(Item { id: format!("{book}/{seq}"), data_type: data_type.to_owned(), value, since });
        }
        match next {
            Some(next) => after = next,
            None => break,
        }
    }
    Ok(items)
}

/// The book and the row of an item.
fn place(id: &str) -> Option<(BookName, u64)> {
    let (book, seq) = id.split_once('/')?;
    Some((book.parse().ok()?, seq.parse().ok()?))
}

/// Erasing refuses nothing.
fn failure(error: LedgerError) -> Failure {
    match error {
        LedgerError::Failed(failure) => failure,
        LedgerError::Refused { .. } => Failure::Internal,
    }
}
