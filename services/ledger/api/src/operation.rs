//! What a caller may ask the ledger to do with money.

use std::collections::BTreeMap;

use kernel::{Money, Percent, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AccountPath, BookName, Reference, TransactionId};

pub type Metadata = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    pub operation: Operation,
    /// Decide and answer as if, and leave nothing.
    #[serde(default)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// All lines or none; otherwise each line stands alone.
    pub atomic: bool,
    /// Decide and answer as if, and leave nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// In the order in which they are carried out.
    pub lines: Vec<Operation>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Create(NewTransaction),
    Post(Post),
    Void(Void),
    Increase(Increase),
    Reverse(Reverse),
    Cancel(Cancel),
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTransaction {
    /// The caller's own id; it makes repeats harmless for ever.
    #[serde(default)]
    pub id: Option<TransactionId>,
    /// Whether money moves now or is held.
    #[serde(default)]
    pub status: WantedStatus,
    /// Applied in this order; each one has to respect the limits.
    pub postings: Vec<Posting>,
    /// When it counts for the books, if not now. In the future only with `scheduled`.
    #[serde(default)]
    pub effective_at: Option<Timestamp>,
    /// Carry it out by itself at `effective_at`, which lies in the future then. Until that it reserves nothing.
    // Left out where it is not set: commands are recognised by what they look like as JSON, and those of earlier days
    // have to look the same.
    #[serde(default, skip_serializing_if = "is_false")]
    pub scheduled: bool,
    /// When a pending transaction is released by itself.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// The caller's own name for it, unique among transactions.
    #[serde(default)]
    pub reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub metadata: Metadata,
    /// Refuse unless these accounts have these versions.
    #[serde(default)]
    pub if_version: Vec<VersionCondition>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WantedStatus {
    #[default]
    Posted,
    Pending,
}

/// Money from one account to another; with `split`, one side is several accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Posting {
    /// The account that is debited. Left out where a `split` takes its place.
    #[serde(default)]
    pub debit: Option<AccountPath>,
    /// The account that is credited. Left out where a `split` takes its place.
    #[serde(default)]
    pub credit: Option<AccountPath>,
    /// Above zero and at most 10^15 smallest units.
    pub amount: Money,
    /// Take `amount` at most, and no more than is available.
    #[serde(default)]
    pub up_to_available: bool,
    /// The shares of the side that is not named; they add up to 100 percent.
    #[serde(default)]
    pub split: Vec<Share>,
    /// `floor`: this posting may take an account below its floor.
    #[serde(default, rename = "override")]
    pub override_limit: Option<Override>,
    /// The book that its accounts are in. All postings of a transaction are in one book.
    // Left out where none is named, for the same reason as `scheduled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "main")]
    pub book: Option<BookName>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    pub account: AccountPath,
    /// Of the amount; what rounding leaves goes to the largest fractions.
    pub percent: Percent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Override {
    /// The posting may take an account below its floor. A right of named services, kept in the row.
    Floor,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionCondition {
    pub account: AccountPath,
    /// As an answer told it.
    pub version: u64,
}

/// Post a pending transaction, wholly or partly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// The pending transaction.
    pub transaction: TransactionId,
    /// The caller's own id for this step; it makes repeats harmless for ever.
    #[serde(default)]
    pub id: Option<TransactionId>,
    /// One amount for each posting of the pending transaction; all that remains when left out.
    #[serde(default)]
    pub amounts: Vec<Money>,
    /// Release what remains. Otherwise it stays pending.
    #[serde(default = "yes", rename = "final")]
    pub is_final: bool,
    #[serde(default)]
    pub reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub metadata: Metadata,
}

/// Release a pending transaction, wholly or partly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Void {
    /// The pending transaction.
    pub transaction: TransactionId,
    /// The caller's own id for this step; it makes repeats harmless for ever.
    #[serde(default)]
    pub id: Option<TransactionId>,
    /// One amount for each posting of the pending transaction; all that remains when left out.
    #[serde(default)]
    pub amounts: Vec<Money>,
    #[serde(default)]
    pub reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub metadata: Metadata,
}

/// Hold more under a pending transaction; the limits are checked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Increase {
    /// The pending transaction.
    pub transaction: TransactionId,
    /// The caller's own id for this step; it makes repeats harmless for ever.
    #[serde(default)]
    pub id: Option<TransactionId>,
    /// One amount for each posting of the pending transaction.
    pub amounts: Vec<Money>,
    #[serde(default)]
    pub reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub metadata: Metadata,
}

/// Book the opposite of a posted transaction, linked both ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reverse {
    /// The posted transaction.
    pub transaction: TransactionId,
    /// The caller's own id for this step; it makes repeats harmless for ever.
    #[serde(default)]
    pub id: Option<TransactionId>,
    #[serde(default)]
    pub reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub metadata: Metadata,
}

/// Give up a scheduled transaction before it is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The scheduled transaction.
    pub transaction: TransactionId,
    /// The caller's own id for this step; it makes repeats harmless for ever.
    #[serde(default)]
    pub id: Option<TransactionId>,
    #[serde(default)]
    pub reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub metadata: Metadata,
}

fn yes() -> bool {
    true
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Operation {
    pub fn id(&self) -> Option<TransactionId> {
        match self {
            Operation::Create(create) => create.id,
            Operation::Post(post) => post.id,
            Operation::Void(void) => void.id,
            Operation::Increase(increase) => increase.id,
            Operation::Reverse(reverse) => reverse.id,
            Operation::Cancel(cancel) => cancel.id,
        }
    }

    pub fn reference(&self) -> Option<&Reference> {
        match self {
            Operation::Create(create) => create.reference.as_ref(),
            Operation::Post(post) => post.reference.as_ref(),
            Operation::Void(void) => void.reference.as_ref(),
            Operation::Increase(increase) => increase.reference.as_ref(),
            Operation::Reverse(reverse) => reverse.reference.as_ref(),
            Operation::Cancel(cancel) => cancel.reference.as_ref(),
        }
    }

    pub fn metadata(&self) -> &Metadata {
        match self {
            Operation::Create(create) => &create.metadata,
            Operation::Post(post) => &post.metadata,
            Operation::Void(void) => &void.metadata,
            Operation::Increase(increase) => &increase.metadata,
            Operation::Reverse(reverse) => &reverse.metadata,
            Operation::Cancel(cancel) => &cancel.metadata,
        }
    }

    /// The books that its postings name.
    pub fn books(&self) -> impl Iterator<Item = &BookName> {
        let postings = match self {
            Operation::Create(create) => create.postings.as_slice(),
            Operation::Post(_) | Operation::Void(_) | Operation::Increase(_) => &[],
            Operation::Reverse(_) | Operation::Cancel(_) => &[],
        };
        postings.iter().filter_map(|posting| posting.book.as_ref())
    }

    /// The earlier transaction that the operation is about.
    pub fn target(&self) -> Option<TransactionId> {
        match self {
            Operation::Create(_) => None,
            Operation::Post(post) => Some(post.transaction),
            Operation::Void(void) => Some(void.transaction),
            Operation::Increase(increase) => Some(increase.transaction),
            Operation::Reverse(reverse) => Some(reverse.transaction),
            Operation::Cancel(cancel) => Some(cancel.transaction),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys and refusals that were remembered before anything could be scheduled recognise commands by this text.
    #[test]
    fn a_command_that_schedules_nothing_looks_as_it_always_did() {
        let text = "{\"create\":{\"id\":null,\"status\":\"posted\",\"postings\":[],\"effective_at\":null,\
                    \"expires_at\":null,\"reference\":null,\"metadata\":{},\"if_version\":[]}}";
        let operation = Operation::Create(NewTransaction::default());
        assert_eq!(serde_json::to_string(&operation).ok().as_deref(), Some(text));
    }

    /// The same holds for those that were remembered when there was one book.
    #[test]
    fn a_posting_that_names_no_book_looks_as_it_always_did() {
        let text = "{\"debit\":null,\"credit\":null,\"amount\":{\"amount\":\"1.00\",\"currency\":\"USD\"},\
                    \"up_to_available\":false,\"split\":[],\"override\":null}";
        let posting: Posting = serde_json::from_str("{\"amount\":{\"amount\":\"1.00\",\"currency\":\"USD\"}}").unwrap();
        assert_eq!(serde_json::to_string(&posting).ok().as_deref(), Some(text));
    }
}
