//! Every refusal of the ledger, by name. What depends on the state of the books is remembered, so that a delayed duplicate of a
//! refused command cannot succeed later.

mod field;
mod rows;
mod samples;

use std::borrow::Cow;

use kernel::{Money, Timestamp};
use platform::error::{self, Row, ServiceError};
use serde::{Deserialize, Serialize};

use crate::{AccountPath, BookName, Reference, TransactionId};

pub use field::{Shape, of as field_of};

/// Why a call to the ledger has no answer.
pub type LedgerError = ServiceError<Refusal>;

/// The texts name what a caller can act on; positions count from 0.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    // Of form: 400, leave nothing.
    #[error("give the transaction an id or send an Idempotency-Key, so that a repeat is harmless")]
    IdempotencyMissing,
    #[error("a transaction needs at least one posting")]
    NoPostings,
    #[error("{given} postings, {max} at most")]
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
    #[error("{given} lines, {max} at most")]
    BatchTooLarge { given: usize, max: usize },
    #[error("{detail}")]
    LimitsInvalid { detail: String },
    #[error("{detail}")]
    AssetInvalid { detail: String },
    #[error("{detail}")]
    ExpiryInvalid { detail: String },
    #[error("a scheduled transaction needs effective_at, the time at which it is carried out")]
    ScheduleTimeMissing,
    #[error("{detail}")]
    QueryUnsupported { detail: String },
    #[error("{detail}")]
    MetadataKeyInvalid { detail: String },
    #[error("a page has 1 to {max} entries, not {given}")]
    PageSize { given: usize, max: usize },

    #[error("the range ends at {to}, which is not behind its beginning at {from}")]
    RangeEmpty { from: Timestamp, to: Timestamp },
    #[error("accounts are put together by 1 to {max} segments of their paths, not {given}")]
    DepthOutOfRange { given: u8, max: u8 },

    // Of books.
    #[error("book {book} does not exist")]
    BookUnknown { book: BookName },
    #[error("a transaction is in one book, and this request names {book} and {other}")]
    BooksDiffer { book: BookName, other: BookName },
    #[error("there are {max} books, the most that one ledger has")]
    TooManyBooks { max: usize },

    // Of what exists.
    #[error("no such {what}: {name}")]
    NotFound { what: String, name: String },
    #[error("account {account} does not exist")]
    AccountUnknown { account: AccountPath },
    #[error("account {account} exists with another {field}")]
    AccountExists { account: AccountPath, field: String },
    #[error("{currency} is not a currency of ISO 4217 and not declared as an asset")]
    CurrencyUnknown { currency: String },
    #[error("{currency} has {expected} digits behind the point, not {given}")]
    CurrencyScale { currency: String, expected: u8, given: u8 },
    #[error("asset {asset} is declared with {scale} digits behind the point")]
    AssetExists { asset: String, scale: u8 },
    #[error("transaction {transaction} exists with another {field}")]
    IdTaken { transaction: TransactionId, field: String },
    #[error("the idempotency key was used for another command")]
    IdempotencyKeyTaken,
    #[error("reference {reference} is taken by {taken_by}")]
    ReferenceTaken { reference: Reference, taken_by: String },

    #[error("metadata key {key} is not declared; declared are: {}", listed(declared))]
    MetadataKeyUndeclared { key: String, declared: Vec<String> },
    #[error("{max} metadata keys are declared at most; declared are: {}", listed(declared))]
    TooManyMetadataKeys { declared: Vec<String>, max: usize },

    // Of the state of accounts.
    #[error("account {account} is frozen")]
    AccountFrozen { account: AccountPath },
    #[error("account {account} is closed")]
    AccountClosed { account: AccountPath },
    #[error("account {account} does not stand at zero")]
    AccountNotZero { account: AccountPath },
    #[error("account {account} has pending transactions")]
    AccountHasHolds { account: AccountPath },
    #[error("account {account} is in {expected}, the amount in {given}")]
    CurrencyMismatch { account: AccountPath, expected: String, given: String },
    #[error("a sum of account {account} would not fit into 64 bits")]
    SumOverflow { account: AccountPath },
    #[error("account {account} has {available} available, {asked} was asked")]
    InsufficientFunds { account: AccountPath, asked: Money, available: Money },
    #[error("account {account} has room for {room} below its ceiling, {asked} was asked")]
    AboveCeiling { account: AccountPath, asked: Money, room: Money },
    #[error("account {account} has version {found}, not {expected}")]
    VersionMismatch { account: AccountPath, expected: u64, found: u64 },
    #[error("more than {max} accounts lie {}; ask for a longer prefix", below(prefix))]
    RollUpTooLarge { prefix: Option<AccountPath>, max: usize },

    // Of the state of transactions.
    #[error("pending transaction {transaction} does not exist")]
    PendingUnknown { transaction: TransactionId },
    #[error("transaction {transaction} is not a pending one")]
    NotPending { transaction: TransactionId },
    #[error("transaction {transaction} is posted already")]
    AlreadyPosted { transaction: TransactionId },
    #[error("transaction {transaction} is voided already")]
    AlreadyVoided { transaction: TransactionId },
    #[error("transaction {transaction} expired at {expired_at}")]
    Expired { transaction: TransactionId, expired_at: Timestamp },
    #[error("posting {posting}: {asked} is above the {remaining} that remain")]
    AmountAboveRemaining { posting: usize, asked: Money, remaining: Money },
    #[error("the pending transaction has {expected} postings, {given} amounts were given")]
    AmountsMismatch { expected: usize, given: usize },
    #[error("account {account} has {available} available, an increase by {asked} was asked")]
    IncreaseRefused { account: AccountPath, asked: Money, available: Money },
    #[error("transaction {transaction} does not exist")]
    TransactionUnknown { transaction: TransactionId },
    #[error("transaction {transaction} booked nothing that can be reversed; reverse what posted it")]
    NotReversible { transaction: TransactionId },
    #[error("transaction {transaction} is a reversal itself")]
    ReversalOfReversal { transaction: TransactionId },
    #[error("transaction {transaction} was reversed by {reversed_by}")]
    AlreadyReversed { transaction: TransactionId, reversed_by: TransactionId },
    #[error("effective_at lies in the future; with scheduled: true it would be carried out then")]
    EffectiveInFuture { effective_at: Timestamp },
    #[error("effective_at lies before account {account} was opened")]
    EffectiveBeforeOpening { account: AccountPath },
    #[error("effective_at does not lie in the future, as that of a scheduled transaction has to")]
    ScheduleInPast { effective_at: Timestamp },
    #[error("effective_at lies behind {latest}, the furthest that a transaction is scheduled ahead")]
    ScheduleTooFar { effective_at: Timestamp, latest: Timestamp },
    #[error("transaction {transaction} was never scheduled")]
    NotScheduled { transaction: TransactionId },
    #[error("scheduled transaction {transaction} is cancelled already")]
    AlreadyCancelled { transaction: TransactionId },
    #[error("scheduled transaction {transaction} is carried out already")]
    AlreadyCarriedOut { transaction: TransactionId },
    #[error("scheduled transaction {transaction} was refused when it was due")]
    AlreadyFailed { transaction: TransactionId },
    #[error("expires_at lies behind {latest}, the longest that a pending transaction is held")]
    ExpiryTooFar { expires_at: Timestamp, latest: Timestamp },
    #[error("expires_at lies in the past")]
    ExpiresInPast { expires_at: Timestamp },
    #[error("line {line} of the batch failed, so nothing of it was done")]
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

    /// Of a request with postings; where it names amounts otherwise, the handler says so.
    fn field(&self) -> Option<Cow<'static, str>> {
        field::of(self, Shape::Postings)
    }
}

impl Refusal {
    /// The account whose state made the ledger refuse.
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

    /// Whether the refusal says nothing about what is in the books, so that anybody may be told of it.
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

    /// Refusals of form and of identity leave nothing, and those of books are in none of them; all others are remembered
    /// under the command's id.
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
    fn each_refusal_has_one_name_row_and_sample() {
        assert_eq!(platform::error::check::<Refusal>(), Ok(()));
    }
}
