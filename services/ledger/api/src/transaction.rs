//! What the ledger answers about a transaction.

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
    /// What was done.
    pub kind: TransactionKind,
    /// How it stands.
    pub status: TransactionStatus,
    /// What moved, is held or is to move, between which accounts; a split is one entry for each share.
    pub postings: Vec<PostedLeg>,
    /// Every account that was touched, as it stood after this transaction.
    pub balances: Vec<AccountAfter>,
    /// The pending transaction that was posted, voided or increased, or the one that was reversed.
    pub target: Option<TransactionId>,
    /// The reversal of this transaction.
    pub reversed_by: Option<TransactionId>,
    /// Why a scheduled transaction was not carried out.
    pub failure: Option<ScheduledFailure>,
    /// When it was committed: of a scheduled transaction that waits, when it was scheduled.
    pub recorded_at: Timestamp,
    /// When it counts for the books: of a scheduled transaction, when it is due.
    pub effective_at: Timestamp,
    /// When a pending transaction is released by itself.
    pub expires_at: Option<Timestamp>,
    /// The caller's own name for it.
    pub reference: Option<Reference>,
    #[schema(value_type = BTreeMap<String, String>)]
    pub metadata: Metadata,
    /// The same command had been carried out before; this is its first answer.
    pub replayed: bool,
    /// Nothing was written.
    pub dry_run: bool,
    /// The last row of the log that was known to the answer; only in answers to questions.
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
    /// A release that the ledger made when a hold was due.
    Expiry,
    /// To be carried out later. Once it was, it is what it was to become: posted or pending.
    Scheduled,
    /// The end of a scheduled transaction before it was carried out.
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
    /// Given up before it was due.
    Cancelled,
    /// Refused when it was due; `failure` says why.
    Failed,
}

/// The refusal that a scheduled transaction got when it was due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScheduledFailure {
    /// As of a refusal; `internal` where it was not the books that stood in the way.
    #[schema(example = "insufficient_funds")]
    pub code: String,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PostedLeg {
    pub debit: AccountPath,
    pub credit: AccountPath,
    pub amount: Money,
    /// Of a pending transaction, and of what was done with one.
    pub hold: Option<HoldState>,
    /// It was allowed to take an account below its floor.
    pub overrides_floor: bool,
}

/// Invariant: posted, released and remaining add up to what was ever held.
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
