//! The ledger's interface: its traits, commands and replies, and every refusal by name.
//!
//! Other crates depend on this one and never on the ledger itself. All types are plain data that can be sent between
//! processes. Start reading at [`Ledger`].

mod account;
mod book;
mod erasure;
mod feed;
mod history;
mod operation;
mod path;
mod refusal;
mod remote;
mod schedule;
mod search;
mod transaction;

use async_trait::async_trait;
use kernel::{Ctx, IdempotencyKey};
use platform::feed::{Event, Pull};
use serde::{Deserialize, Serialize};

pub use account::{
    Account, AccountChange, AccountPage, AccountQuery, AccountStatus, Asset, Balances, ChangeAccount, CurrencyTotal,
    DeclareAsset, Limits, OpenAccount, RollUp, Side,
};
pub use book::{Book, BookName, BookNameError, Books, CreateBook};
pub use erasure::{EraseMetadata, Erasing, MetadataErased};
pub use feed::LedgerFeed;
pub use history::{
    AccountBalance, BalanceQuery, BalancesPage, BalancesQuery, History, Movement, PostedBalance, RollUpQuery,
    Statement, StatementBalance, StatementCursor, StatementOrder, StatementQuery, TimeBasis, TrialBalance,
    TrialBalanceQuery, TrialCurrency, TrialLine,
};
pub use operation::{
    Batch, Cancel, Increase, Metadata, NewTransaction, Operation, Override, Post, Posting, Reverse, Share, Submit,
    VersionCondition, Void, WantedStatus,
};
pub use path::{AccountPath, AccountPathError, Reference, ReferenceError};
pub use refusal::{LedgerError, Refusal, Shape, field_of};
pub use remote::{FACE, RemoteBooks, SERVICE, methods};
pub use schedule::{Schedule, ScheduledAt, ScheduledPage, ScheduledQuery};
pub use search::{DeclareMetadataKey, MetadataKey, Search, TransactionPage, TransactionQuery};
pub use transaction::{
    AccountAfter, BatchReply, HoldState, LineOutcome, PostedLeg, ScheduledFailure, Transaction, TransactionId,
    TransactionKind, TransactionStatus, TransactionTag,
};

/// Limits of an operation; each has its refusal.
pub mod limits {
    /// Postings in one transaction, after splits.
    pub const POSTINGS_MAX: usize = 64;
    /// Smallest units in one posting: 10^15.
    pub const AMOUNT_MAX: i64 = 1_000_000_000_000_000;
    /// Postings in one request.
    pub const REQUEST_POSTINGS_MAX: usize = 10_000;
    /// Transactions in one atomic batch.
    pub const ATOMIC_LINES_MAX: usize = 1_000;
    /// Lines in one non-atomic batch.
    pub const LINES_MAX: usize = 10_000;
    pub const METADATA_KEYS_MAX: usize = 32;
    /// Bytes of all keys and values together.
    pub const METADATA_BYTES_MAX: usize = 4_096;
    /// Metadata keys that transactions can be searched by.
    pub const METADATA_KEYS_DECLARED_MAX: usize = 4;
    /// Bytes of such a key.
    pub const METADATA_KEY_BYTES_MAX: usize = 64;
    /// Default lifetime of a pending transaction.
    pub const HOLD_SECONDS_DEFAULT: i64 = 7 * 86_400;
    /// Longest lifetime of a pending transaction.
    pub const HOLD_SECONDS_MAX: i64 = 366 * 86_400;
    /// How far ahead a transaction can be scheduled: ten years.
    pub const SCHEDULE_SECONDS_MAX: i64 = 3_653 * 86_400;
    pub const PAGE_DEFAULT: usize = 50;
    pub const PAGE_MAX: usize = 500;
    /// Accounts in one page of balances.
    pub const BALANCES_MAX: usize = 10_000;
    /// Transactions in one look-up by ids.
    pub const TRANSACTIONS_OF_MAX: usize = 500;
    /// Books of one ledger, `main` included.
    pub const BOOKS_MAX: usize = 256;
    /// Segments of the longest account path.
    pub const DEPTH_MAX: u8 = 16;
}

/// The ledger of one book, in this process or another. A local call promises no more than a remote one.
#[async_trait]
pub trait Ledger: History + Schedule + Search + Erasing + Send + Sync {
    async fn declare_asset(&self, ctx: &Ctx, command: DeclareAsset) -> Result<Asset, LedgerError>;
    async fn assets(&self, ctx: &Ctx) -> Result<Vec<Asset>, LedgerError>;

    async fn open_account(&self, ctx: &Ctx, command: OpenAccount) -> Result<Account, LedgerError>;
    async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<Account, LedgerError>;
    async fn account(&self, ctx: &Ctx, path: &AccountPath) -> Result<Account, LedgerError>;
    async fn accounts(&self, ctx: &Ctx, query: AccountQuery) -> Result<AccountPage, LedgerError>;

    async fn submit(&self, ctx: &Ctx, command: Submit) -> Result<Transaction, LedgerError>;
    async fn submit_batch(&self, ctx: &Ctx, command: Batch) -> Result<BatchReply, LedgerError>;
    async fn transaction(&self, ctx: &Ctx, find: FindTransaction) -> Result<Transaction, LedgerError>;

    /// All events after a cursor, in order, at least once.
    async fn events_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, LedgerError>;

    async fn status(&self, ctx: &Ctx) -> Result<LedgerStatus, LedgerError>;
}

/// The three ways to look up a transaction; a remembered refusal returns the refusal itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindTransaction {
    Id(TransactionId),
    Reference(Reference),
    IdempotencyKey(IdempotencyKey),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerStatus {
    pub book: String,
    /// The head of the hash chain, as `florin verify --against` accepts it.
    pub head: String,
    pub groups: u64,
    pub rows: u64,
    pub accepting: bool,
    pub waiting: u64,
}
