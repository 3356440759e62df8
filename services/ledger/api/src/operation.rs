//! Operations that move money.

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
    /// Decide and reply as usual, but store nothing.
    #[serde(default)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// All lines or none; otherwise each line stands alone.
    pub atomic: bool,
    /// Decide and reply as usual, but store nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Executed in this order.
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
    /// The caller's own id; it makes repeats safe forever.
    #[serde(default)]
    pub id: Option<TransactionId>,
    /// Whether money moves now or is held.
    #[serde(default)]
    pub status: WantedStatus,
    /// Applied in this order; each one must respect the limits.
    pub postings: Vec<Posting>,
    /// When it takes effect in the books, if not now. Only in the future with `scheduled`.
    #[serde(default)]
    pub effective_at: Option<Timestamp>,
    /// Execute it at `effective_at`, which must be in the future. Until then it reserves nothing.
    // Omitted if not set: commands are recognised by their JSON form, and older ones must look the same.
    #[serde(default, skip_serializing_if = "is_false")]
    pub scheduled: bool,
    /// When a pending transaction is released automatically.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// The caller's own reference, unique among transactions.
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
    /// The debited account. Omit it if a `split` replaces it.
    #[serde(default)]
    pub debit: Option<AccountPath>,
    /// The credited account. Omit it if a `split` replaces it.
    #[serde(default)]
    pub credit: Option<AccountPath>,
    /// Above zero and at most 10^15 smallest units.
    pub amount: Money,
    /// Take at most `amount`, and no more than is available.
    #[serde(default)]
    pub up_to_available: bool,
    /// The shares of the side that is not named; they add up to 100 percent.
    #[serde(default)]
    pub split: Vec<Share>,
    /// `floor`: this posting may take an account below its floor.
    #[serde(default, rename = "override")]
    pub override_limit: Option<Override>,
    /// The book of its accounts. All postings of a transaction are in one book.
    // Omitted if not set, for the same reason as `scheduled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "main")]
    pub book: Option<BookName>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    pub account: AccountPath,
    /// Percentage of the amount; units left by rounding go to the largest fractions.
    pub percent: Percent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Override {
    /// The posting may take an account below its floor. Needs its own permission, and is recorded in the row.
    Floor,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionCondition {
    pub account: AccountPath,
    /// As returned in a reply.
    pub version: u64,
}

/// Post a pending transaction, wholly or partly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// The pending transaction.
    pub transaction: TransactionId,
    /// The caller's own id for this step; it makes repeats safe forever.
    #[serde(default)]
    pub id: Option<TransactionId>,
    /// One amount per posting of the pending transaction; all that remains if omitted.
    #[serde(default)]
    pub amounts: Vec<Money>,
    /// Release the rest. Otherwise it stays pending.
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
    /// The caller's own id for this step; it makes repeats safe forever.
    #[serde(default)]
    pub id: Option<TransactionId>,
    /// One amount per posting of the pending transaction; all that remains if omitted.
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
    /// The caller's own id for this step; it makes repeats safe forever.
    #[serde(default)]
    pub id: Option<TransactionId>,
    /// One amount per posting of the pending transaction.
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
    /// The caller's own id for this step; it makes repeats safe forever.
    #[serde(default)]
    pub id: Option<TransactionId>,
    #[serde(default)]
    pub reference: Option<Reference>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub metadata: Metadata,
}

/// Cancel a scheduled transaction before it is executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The scheduled transaction.
    pub transaction: TransactionId,
    /// The caller's own id for this step; it makes repeats safe forever.
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

    /// Keys and refusals that were remembered before scheduling existed recognise commands by this text.
    #[test]
    fn a_command_without_scheduling_keeps_its_json_form() {
        let text = "{\"create\":{\"id\":null,\"status\":\"posted\",\"postings\":[],\"effective_at\":null,\
                    \"expires_at\":null,\"reference\":null,\"metadata\":{},\"if_version\":[]}}";
        let operation = Operation::Create(NewTransaction::default());
        assert_eq!(serde_json::to_string(&operation).ok().as_deref(), Some(text));
    }

    /// The same for those remembered when there was only one book.
    #[test]
    fn a_posting_without_a_book_keeps_its_json_form() {
        let text = "{\"debit\":null,\"credit\":null,\"amount\":{\"amount\":\"1.00\",\"currency\":\"USD\"},\
                    \"up_to_available\":false,\"split\":[],\"override\":null}";
        let posting: Posting = serde_json::from_str("{\"amount\":{\"amount\":\"1.00\",\"currency\":\"USD\"}}").unwrap();
        assert_eq!(serde_json::to_string(&posting).ok().as_deref(), Some(text));
    }
}
