//! Request bodies, if they differ from the commands of `ledger-api`: flat limits, one `amount` instead of a list, and
//! `dry_run` next to a transaction's fields.

use kernel::{Currency, Money, Timestamp};
use ledger_api::{
    AccountPath, Cancel, Increase, Limits, Metadata, NewTransaction, OpenAccount, Operation, Post, Posting, Reference,
    Reverse, Shape, Side, Submit, TransactionId, VersionCondition, Void, WantedStatus,
};
pub(crate) use platform::http::Nothing;
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
    /// The lowest allowed balance. Zero if omitted, unless `may_go_negative` says otherwise.
    #[serde(default)]
    floor: Option<Money>,
    /// The highest allowed balance. No limit if omitted.
    #[serde(default)]
    ceiling: Option<Money>,
    /// If there is no floor: whether the account may go below zero without limit.
    #[serde(default)]
    may_go_negative: bool,
    /// The account's owner, for lists and for access control.
    #[serde(default)]
    owner: Option<Reference>,
    /// Your own reference for the account, unique among accounts.
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

/// Limits that replace the account's current ones.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLimits {
    /// The lowest allowed balance. Zero if omitted, unless `may_go_negative` says otherwise.
    #[serde(default)]
    floor: Option<Money>,
    /// The highest allowed balance. No limit if omitted.
    #[serde(default)]
    ceiling: Option<Money>,
    /// If there is no floor: whether the account may go below zero without limit.
    #[serde(default)]
    may_go_negative: bool,
}

impl From<NewLimits> for Limits {
    fn from(NewLimits { floor, ceiling, may_go_negative }: NewLimits) -> Limits {
        Limits { floor, ceiling, may_go_negative }
    }
}

/// Metadata that replaces all of the account's current metadata.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMetadata {
    #[schema(value_type = BTreeMap<String, String>)]
    pub(super) metadata: Metadata,
}

/// A transaction to record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateTransaction {
    /// Your own id; it makes repeats safe forever. Without one, send an `Idempotency-Key`.
    #[serde(default)]
    id: Option<TransactionId>,
    #[serde(default)]
    status: WantedStatus,
    /// 1 to 64, applied in this order, all or none; each one must respect the limits.
    #[schema(min_items = 1, max_items = 64)]
    postings: Vec<Posting>,
    /// When it takes effect in the books, if not now. Only in the future with `scheduled`.
    #[serde(default)]
    effective_at: Option<Timestamp>,
    /// Execute it at `effective_at`, which must be in the future.
    #[serde(default)]
    scheduled: bool,
    /// When a pending transaction is released automatically: 7 days if omitted, 366 days at most.
    #[serde(default)]
    expires_at: Option<Timestamp>,
    /// Your own reference for the transaction, unique among transactions.
    #[serde(default)]
    reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    /// Refuse unless these accounts have these versions.
    #[serde(default)]
    if_version: Vec<VersionCondition>,
    /// Decide and reply as usual, but store nothing.
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

/// The amount of a pending transaction: one `amount` if it has one posting, or `amounts` with one per posting, or
/// neither for all that remains.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Release {
    /// For a pending transaction with one posting.
    #[serde(default)]
    amount: Option<Money>,
    /// One per posting of the pending transaction; zero leaves a posting unchanged.
    #[serde(default)]
    amounts: Vec<Money>,
    /// Your own id for this step; it makes repeats safe forever. Without one, send an `Idempotency-Key`.
    #[serde(default)]
    id: Option<TransactionId>,
    #[serde(default)]
    reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    /// Decide and reply as usual, but store nothing.
    #[serde(default)]
    dry_run: bool,
}

/// As for a release, and whether the rest is released.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settle {
    /// For a pending transaction with one posting.
    #[serde(default)]
    amount: Option<Money>,
    /// One per posting of the pending transaction; zero leaves a posting unchanged.
    #[serde(default)]
    amounts: Vec<Money>,
    /// Release the rest. With `false` it stays pending and can be posted later.
    #[serde(default = "yes", rename = "final")]
    #[schema(default = true)]
    is_final: bool,
    /// Your own id for this step; it makes repeats safe forever. Without one, send an `Idempotency-Key`.
    #[serde(default)]
    id: Option<TransactionId>,
    #[serde(default)]
    reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    /// Decide and reply as usual, but store nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Details of a reversal or a cancellation.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Undo {
    /// Your own id for this step; it makes repeats safe forever. Without one, send an `Idempotency-Key`.
    #[serde(default)]
    id: Option<TransactionId>,
    #[serde(default)]
    reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    /// Decide and reply as usual, but store nothing.
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
        Some(_) => Err(Problem::field("amounts", "expected amount or amounts, found both")),
    }
}
