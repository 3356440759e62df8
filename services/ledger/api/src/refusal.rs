//! Every refusal of the ledger, by name. Those that depend on the state of the books are remembered, so that a delayed
//! duplicate of a refused command cannot succeed later.

mod field;
mod rows;
mod samples;

use std::borrow::Cow;

use kernel::{Money, Timestamp};
use platform::error::{self, Row, ServiceError};
use serde::{Deserialize, Serialize};

use crate::{AccountPath, BookName, Reference, TransactionId};

pub use field::{Shape, of as field_of};

/// Why a call to the ledger failed.
pub type LedgerError = ServiceError<Refusal>;

/// The messages name what a caller can act on; positions count from 0.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    // Malformed requests: 400, not remembered.
    #[error("give the transaction an id or send an Idempotency-Key, so that a repeat is safe")]
    IdempotencyMissing,
    #[error("a transaction needs at least one posting")]
    NoPostings,
    #[error("expected at most {max} postings, found {given}")]
    TooManyPostings { given: usize, max: usize },
    #[error("posting {posting}: the amount is zero")]
    AmountZero { posting: usize },
    #[error("posting {posting}: the amount is negative; swap debit and credit instead")]
    AmountNegative { posting: usize },
    #[error("posting {posting}: the amount is above the maximum of {max} smallest units")]
    AmountTooLarge { posting: usize, max: i64 },
    #[error("posting {posting}: {account} is on both sides")]
    SameAccount { posting: usize, account: AccountPath },
    #[error("posting {posting}: {detail}")]
    PostingMalformed { posting: usize, detail: String },
    #[error("{detail}")]
    MetadataTooLarge { detail: String },
    #[error("a batch needs at least one line")]
    BatchEmpty,
    #[error("expected at most {max} lines, found {given}")]
    BatchTooLarge { given: usize, max: usize },
    #[error("{detail}")]
    LimitsInvalid { detail: String },
    #[error("{detail}")]
    AssetInvalid { detail: String },
    #[error("{detail}")]
    ExpiryInvalid { detail: String },
    #[error("a scheduled transaction needs effective_at, the time at which to execute it")]
    ScheduleTimeMissing,
    #[error("{detail}")]
    QueryUnsupported { detail: String },
    #[error("{detail}")]
    MetadataKeyInvalid { detail: String },
    #[error("expected a page size of 1 to {max}, found {given}")]
    PageSize { given: usize, max: usize },

    #[error("the range ends at {to}, which is not after its start at {from}")]
    RangeEmpty { from: Timestamp, to: Timestamp },
    #[error("expected a depth of 1 to {max} path segments, found {given}")]
    DepthOutOfRange { given: u8, max: u8 },

    // Books.
    #[error("book {book} does not exist")]
    BookUnknown { book: BookName },
    #[error("a transaction is in one book, but this request names {book} and {other}")]
    BooksDiffer { book: BookName, other: BookName },
    #[error("there are already {max} books, the maximum")]
    TooManyBooks { max: usize },

    // What exists.
    #[error("no such {what}: {name}")]
    NotFound { what: String, name: String },
    #[error("account {account} does not exist")]
    AccountUnknown { account: AccountPath },
    #[error("account {account} already exists and differs in {field}")]
    AccountExists { account: AccountPath, field: String },
    #[error("{currency} is neither an ISO 4217 currency nor a declared asset")]
    CurrencyUnknown { currency: String },
    #[error("{currency} has {expected} decimal places, found {given}")]
    CurrencyScale { currency: String, expected: u8, given: u8 },
    #[error("asset {asset} is already declared with {scale} decimal places")]
    AssetExists { asset: String, scale: u8 },
    #[error("transaction {transaction} already exists and differs in {field}")]
    IdTaken { transaction: TransactionId, field: String },
    #[error("the idempotency key was used for a different command")]
    IdempotencyKeyTaken,
    #[error("reference {reference} is taken by {taken_by}")]
    ReferenceTaken { reference: Reference, taken_by: String },

    #[error("metadata key {key} is not declared; declared keys: {}", listed(declared))]
    MetadataKeyUndeclared { key: String, declared: Vec<String> },
    #[error("at most {max} metadata keys can be declared; declared keys: {}", listed(declared))]
    TooManyMetadataKeys { declared: Vec<String>, max: usize },

    // The state of accounts.
    #[error("account {account} is frozen")]
    AccountFrozen { account: AccountPath },
    #[error("account {account} is closed")]
    AccountClosed { account: AccountPath },
    #[error("account {account} is not at zero")]
    AccountNotZero { account: AccountPath },
    #[error("account {account} has pending transactions")]
    AccountHasHolds { account: AccountPath },
    #[error("account {account} is in {expected}, the amount is in {given}")]
    CurrencyMismatch { account: AccountPath, expected: String, given: String },
    #[error("a sum of account {account} would overflow 64 bits")]
    SumOverflow { account: AccountPath },
    #[error("account {account} has {available} available, {asked} was requested")]
    InsufficientFunds { account: AccountPath, asked: Money, available: Money },
    #[error("account {account} has room for {room} below its ceiling, {asked} was requested")]
    AboveCeiling { account: AccountPath, asked: Money, room: Money },
    #[error("account {account}: expected version {expected}, found {found}")]
    VersionMismatch { account: AccountPath, expected: u64, found: u64 },
    #[error("there are more than {max} accounts {}; use a longer prefix", below(prefix))]
    RollUpTooLarge { prefix: Option<AccountPath>, max: usize },

    // The state of transactions.
    #[error("pending transaction {transaction} does not exist")]
    PendingUnknown { transaction: TransactionId },
    #[error("transaction {transaction} is not pending")]
    NotPending { transaction: TransactionId },
    #[error("transaction {transaction} is already posted")]
    AlreadyPosted { transaction: TransactionId },
    #[error("transaction {transaction} is already voided")]
    AlreadyVoided { transaction: TransactionId },
    #[error("transaction {transaction} expired at {expired_at}")]
    Expired { transaction: TransactionId, expired_at: Timestamp },
    #[error("posting {posting}: {asked} exceeds the remaining {remaining}")]
    AmountAboveRemaining { posting: usize, asked: Money, remaining: Money },
    #[error("expected {expected} amounts, one per posting of the pending transaction, found {given}")]
    AmountsMismatch { expected: usize, given: usize },
    #[error("account {account} has {available} available, an increase by {asked} was requested")]
    IncreaseRefused { account: AccountPath, asked: Money, available: Money },
    #[error("transaction {transaction} does not exist")]
    TransactionUnknown { transaction: TransactionId },
    #[error("transaction {transaction} booked nothing that can be reversed; reverse the transaction that posted it")]
    NotReversible { transaction: TransactionId },
    #[error("transaction {transaction} is itself a reversal")]
    ReversalOfReversal { transaction: TransactionId },
    #[error("transaction {transaction} was already reversed by {reversed_by}")]
    AlreadyReversed { transaction: TransactionId, reversed_by: TransactionId },
    #[error("effective_at is in the future; set scheduled: true to execute it then")]
    EffectiveInFuture { effective_at: Timestamp },
    #[error("effective_at is before account {account} was opened")]
    EffectiveBeforeOpening { account: AccountPath },
    #[error("effective_at of a scheduled transaction must be in the future")]
    ScheduleInPast { effective_at: Timestamp },
    #[error("effective_at is after {latest}, the latest time a transaction can be scheduled for")]
    ScheduleTooFar { effective_at: Timestamp, latest: Timestamp },
    #[error("transaction {transaction} was never scheduled")]
    NotScheduled { transaction: TransactionId },
    #[error("scheduled transaction {transaction} is already cancelled")]
    AlreadyCancelled { transaction: TransactionId },
    #[error("scheduled transaction {transaction} is already executed")]
    AlreadyCarriedOut { transaction: TransactionId },
    #[error("scheduled transaction {transaction} was refused when it was due")]
    AlreadyFailed { transaction: TransactionId },
    #[error("expires_at is after {latest}, the latest allowed expiry")]
    ExpiryTooFar { expires_at: Timestamp, latest: Timestamp },
    #[error("expires_at is in the past")]
    ExpiresInPast { expires_at: Timestamp },
    #[error("line {line} of the batch failed, so nothing was booked")]
    SiblingFailed { line: usize },
}

fn below(prefix: &Option<AccountPath>) -> String {
    prefix.as_ref().map_or_else(|| "in the book".to_owned(), |prefix| format!("below {prefix}"))
}

impl error::Refusal for Refusal {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn row(&self) -> Row {
        rows::of(self)
    }

    fn samples() -> Vec<Refusal> {
        samples::all()
    }

    /// For a request with postings; if amounts are named differently, the handler says so.
    fn field(&self) -> Option<Cow<'static, str>> {
        field::of(self, Shape::Postings)
    }
}

impl Refusal {
    /// The account whose state caused the refusal.
    pub fn account(&self) -> Option<&AccountPath> {
        use Refusal::*;
        match self {
            AccountUnknown { account }
            | AccountExists { account, .. }
            | AccountFrozen { account }
            | AccountClosed { account }
            | AccountNotZero { account }
            | AccountHasHolds { account }
            | CurrencyMismatch { account, .. }
            | SumOverflow { account }
            | InsufficientFunds { account, .. }
            | AboveCeiling { account, .. }
            | VersionMismatch { account, .. }
            | IncreaseRefused { account, .. }
            | EffectiveBeforeOpening { account } => Some(account),
            _ => None,
        }
    }

    /// Whether the refusal reveals nothing about the books, so that anybody may see it.
    pub fn tells_nothing(&self) -> bool {
        use Refusal::*;
        matches!(
            self,
            AccountUnknown { .. }
                | PendingUnknown { .. }
                | TransactionUnknown { .. }
                | ReferenceTaken { .. }
                | CurrencyUnknown { .. }
                | CurrencyScale { .. }
                | EffectiveInFuture { .. }
                | ExpiresInPast { .. }
                | ExpiryTooFar { .. }
                | ScheduleInPast { .. }
                | ScheduleTooFar { .. }
                | SiblingFailed { .. }
        )
    }

    /// Refusals of form and identity are not remembered, nor are those about books, which belong to no book; all others
    /// are remembered under the command's id.
    pub fn is_remembered(&self) -> bool {
        let identity =
            matches!(self, Refusal::IdTaken { .. } | Refusal::IdempotencyKeyTaken | Refusal::NotFound { .. });
        let of_books = matches!(self, Refusal::BookUnknown { .. } | Refusal::TooManyBooks { .. });
        rows::of(self).status != 400 && !identity && !of_books
    }
}

fn listed(keys: &[String]) -> String {
    if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_one_code_row_and_sample() {
        assert_eq!(platform::error::check::<Refusal>(), Ok(()));
    }
}
