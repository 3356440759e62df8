//! Transactions as returned to callers.

use kernel::{Id, IdKind, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AccountPath, Balances, LedgerError, Metadata, Reference};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionTag {}

impl IdKind for TransactionTag {
    const PREFIX: &'static str = "txn";
}

pub type TransactionId = Id<TransactionTag>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Transaction {
    pub id: TransactionId,
    /// The kind of operation.
    pub kind: TransactionKind,
    /// The current status.
    pub status: TransactionStatus,
    /// What moved, is held or will move, between which accounts; a split has one entry per share.
    pub postings: Vec<PostedLeg>,
    /// Every touched account, as of this transaction.
    pub balances: Vec<AccountAfter>,
    /// The pending transaction that was posted, voided or increased, or the transaction that was reversed.
    pub target: Option<TransactionId>,
    /// The reversal of this transaction.
    pub reversed_by: Option<TransactionId>,
    /// Why a scheduled transaction failed.
    pub failure: Option<ScheduledFailure>,
    /// When it was committed; for a waiting scheduled transaction, when it was scheduled.
    pub recorded_at: Timestamp,
    /// When it takes effect in the books; for a scheduled transaction, when it is due.
    pub effective_at: Timestamp,
    /// When a pending transaction is released automatically.
    pub expires_at: Option<Timestamp>,
    /// The caller's own reference.
    pub reference: Option<Reference>,
    #[schema(value_type = BTreeMap<String, String>)]
    pub metadata: Metadata,
    /// The same command was executed before; this is its first reply.
    pub replayed: bool,
    /// Nothing was written.
    pub dry_run: bool,
    /// The last log row included in the reply; only in replies to queries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of_seq: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransactionKind {
    Posted,
    Pending,
    Post,
    Void,
    Increase,
    Reversal,
    /// A release by the ledger when a hold expired.
    Expiry,
    /// To be executed later. Once executed it has its final kind: posted or pending.
    Scheduled,
    /// A scheduled transaction's cancellation.
    Cancellation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransactionStatus {
    Posted,
    Pending,
    /// Nothing of a pending transaction was posted and nothing remains.
    Voided,
    Expired,
    /// Not due yet; nothing is reserved for it.
    Scheduled,
    /// Cancelled before it was due.
    Cancelled,
    /// Refused when it was due; `failure` says why.
    Failed,
}

/// The refusal of a scheduled transaction when it was due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScheduledFailure {
    /// As for a refusal; `internal` if the reason was not in the books.
    #[schema(example = "insufficient_funds")]
    pub code: String,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PostedLeg {
    pub debit: AccountPath,
    pub credit: AccountPath,
    pub amount: Money,
    /// For a pending transaction, and for steps on one.
    pub hold: Option<HoldState>,
    /// It was allowed to take an account below its floor.
    pub overrides_floor: bool,
}

/// Invariant: posted, released and remaining add up to the total amount ever held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HoldState {
    pub posted: Money,
    pub released: Money,
    pub remaining: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountAfter {
    pub account: AccountPath,
    #[serde(flatten)]
    pub balances: Balances,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchReply {
    /// In the order of the lines.
    pub lines: Vec<LineOutcome>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineOutcome {
    Done(Box<Transaction>),
    Failed(LedgerError),
}
