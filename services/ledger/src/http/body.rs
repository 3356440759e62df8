//! What callers send, where it differs from the commands of `ledger-api`: flat limits, one `amount` instead of a list,
//! and `dry_run` beside the fields of a transaction.

use kernel::{Currency, Money, Timestamp};
use ledger_api::{
    AccountPath, Cancel, Increase, Limits, Metadata, NewTransaction, OpenAccount, Operation, Post, Posting, Reference,
    Reverse, Shape, Side, Submit, TransactionId, VersionCondition, Void, WantedStatus,
};
use platform::http::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

/// An account to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    path: AccountPath,
    /// `USD`, or a declared asset with its scale: `POINTS/0`. Never changes.
    currency: Currency,
    normal: Side,
    /// The account may not go below this. Zero when left out, unless `may_go_negative` says otherwise.
    #[serde(default)]
    floor: Option<Money>,
    /// The account may not go above this. Nothing: no bound.
    #[serde(default)]
    ceiling: Option<Money>,
    /// Without a floor: whether the account may go below zero without any bound.
    #[serde(default)]
    may_go_negative: bool,
    /// Who the account belongs to, for lists and for access.
    #[serde(default)]
    owner: Option<Reference>,
    /// Your own name for the account, unique among accounts.
    #[serde(default)]
    reference: Option<Reference>,
    /// At most 32 keys and 4,096 bytes; accounts can be listed by it.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
}

impl From<NewAccount> for OpenAccount {
    fn from(new: NewAccount) -> OpenAccount {
        let NewAccount { path, currency, normal, floor, ceiling, may_go_negative, owner, reference, metadata } = new;
        let limits = Limits { floor, ceiling, may_go_negative };
        OpenAccount { path, currency, normal, limits, owner, reference, metadata }
    }
}

/// Limits that take the place of the account's former ones.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLimits {
    /// The account may not go below this. Zero when left out, unless `may_go_negative` says otherwise.
    #[serde(default)]
    floor: Option<Money>,
    /// The account may not go above this. Nothing: no bound.
    #[serde(default)]
    ceiling: Option<Money>,
    /// Without a floor: whether the account may go below zero without any bound.
    #[serde(default)]
    may_go_negative: bool,
}

impl From<NewLimits> for Limits {
    fn from(NewLimits { floor, ceiling, may_go_negative }: NewLimits) -> Limits {
        Limits { floor, ceiling, may_go_negative }
    }
}

/// Metadata that takes the place of all that the account had.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMetadata {
    #[schema(value_type = BTreeMap<String, String>)]
    pub(super) metadata: Metadata,
}

/// Nothing is to be said; an empty body or `{}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// A transaction to record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateTransaction {
    /// Your own id; it makes repeats harmless for ever. Without one, send an `Idempotency-Key`.
    #[serde(default)]
    id: Option<TransactionId>,
    #[serde(default)]
    status: WantedStatus,
    /// 1 to 64, applied in this order and all or none; each one has to respect the limits.
    #[schema(min_items = 1, max_items = 64)]
    postings: Vec<Posting>,
    /// When it counts for the books, if not now. In the future only with `scheduled`.
    #[serde(default)]
    effective_at: Option<Timestamp>,
    /// Carry it out by itself at `effective_at`, which lies in the future then.
    #[serde(default)]
    scheduled: bool,
    /// When a pending transaction is released by itself: in 7 days when left out, in 366 days at most.
    #[serde(default)]
    expires_at: Option<Timestamp>,
    /// Your own name for the transaction, unique among transactions.
    #[serde(default)]
    reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    /// Refuse unless these accounts have these versions.
    #[serde(default)]
    if_version: Vec<VersionCondition>,
    /// Decide and answer as if, and leave nothing.
    #[serde(default)]
    dry_run: bool,
}

impl From<CreateTransaction> for Submit {
    fn from(body: CreateTransaction) -> Submit {
        let CreateTransaction { id, status, postings, effective_at, expires_at, .. } = body;
        let CreateTransaction { scheduled, reference, metadata, if_version, dry_run, .. } = body;
        let times = NewTransaction { effective_at, scheduled, expires_at, ..NewTransaction::default() };
        let create = NewTransaction { id, status, postings, reference, metadata, if_version, ..times };
        Submit { operation: Operation::Create(create), dry_run }
    }
}

/// How much of a pending transaction is meant: one `amount` where it has one posting, or one of `amounts` for each of its
/// postings, or neither for all that remains.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Release {
    /// For a pending transaction with one posting.
    #[serde(default)]
    amount: Option<Money>,
    /// One for each posting of the pending transaction; zero leaves a posting alone.
    #[serde(default)]
    amounts: Vec<Money>,
    /// Your own id for this step; it makes repeats harmless for ever. Without one, send an `Idempotency-Key`.
    #[serde(default)]
    id: Option<TransactionId>,
    #[serde(default)]
    reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    /// Decide and answer as if, and leave nothing.
    #[serde(default)]
    dry_run: bool,
}

/// As for a release, and whether what is left is given back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settle {
    /// For a pending transaction with one posting.
    #[serde(default)]
    amount: Option<Money>,
    /// One for each posting of the pending transaction; zero leaves a posting alone.
    #[serde(default)]
    amounts: Vec<Money>,
    /// Release what remains. With `false` it stays pending and can be posted later.
    #[serde(default = "yes", rename = "final")]
    #[schema(default = true)]
    is_final: bool,
    /// Your own id for this step; it makes repeats harmless for ever. Without one, send an `Idempotency-Key`.
    #[serde(default)]
    id: Option<TransactionId>,
    #[serde(default)]
    reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    /// Decide and answer as if, and leave nothing.
    #[serde(default)]
    dry_run: bool,
}

/// How a reversal or a cancellation is to be recorded.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Undo {
    /// Your own id for this step; it makes repeats harmless for ever. Without one, send an `Idempotency-Key`.
    #[serde(default)]
    id: Option<TransactionId>,
    #[serde(default)]
    reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    /// Decide and answer as if, and leave nothing.
    #[serde(default)]
    dry_run: bool,
}

fn yes() -> bool {
    true
}

impl Default for Settle {
    fn default() -> Settle {
        let Release { amount, amounts, id, reference, metadata, dry_run } = Release::default();
        Settle { amount, amounts, is_final: true, id, reference, metadata, dry_run }
    }
}

impl Settle {
    pub(super) fn shape(&self) -> Shape {
        Shape::amounts(self.amount.is_some())
    }

    pub(super) fn post(self, transaction: TransactionId) -> Result<Submit, Problem> {
        let Settle { amount, amounts, is_final, id, reference, metadata, dry_run } = self;
        let amounts = one_or_many(amount, amounts)?;
        let operation = Operation::Post(Post { transaction, id, amounts, is_final, reference, metadata });
        Ok(Submit { operation, dry_run })
    }
}

impl Release {
    pub(super) fn shape(&self) -> Shape {
        Shape::amounts(self.amount.is_some())
    }

    pub(super) fn void(self, transaction: TransactionId) -> Result<Submit, Problem> {
        let Release { amount, amounts, id, reference, metadata, dry_run } = self;
        let amounts = one_or_many(amount, amounts)?;
        Ok(Submit { operation: Operation::Void(Void { transaction, id, amounts, reference, metadata }), dry_run })
    }

    pub(super) fn increase(self, transaction: TransactionId) -> Result<Submit, Problem> {
        let Release { amount, amounts, id, reference, metadata, dry_run } = self;
        let amounts = one_or_many(amount, amounts)?;
        let operation = Operation::Increase(Increase { transaction, id, amounts, reference, metadata });
        Ok(Submit { operation, dry_run })
    }
}

impl Undo {
    pub(super) fn reverse(self, transaction: TransactionId) -> Submit {
        let Undo { id, reference, metadata, dry_run } = self;
        Submit { operation: Operation::Reverse(Reverse { transaction, id, reference, metadata }), dry_run }
    }
}

impl Undo {
    pub(super) fn cancel(self, transaction: TransactionId) -> Submit {
        let Undo { id, reference, metadata, dry_run } = self;
        Submit { operation: Operation::Cancel(Cancel { transaction, id, reference, metadata }), dry_run }
    }
}

fn one_or_many(amount: Option<Money>, amounts: Vec<Money>) -> Result<Vec<Money>, Problem> {
    match amount {
        None => Ok(amounts),
        Some(amount) if amounts.is_empty() => Ok(vec![amount]),
        Some(_) => Err(Problem::field("amounts", "give amount or amounts, not both")),
    }
}
