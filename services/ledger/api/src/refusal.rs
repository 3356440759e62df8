//! Every way in which the ledger says no, by name. One row of `Refusal::facts` gives a refusal its code, its HTTP status
//! and whether it is remembered: what depends on the state of the books is, so that a delayed duplicate of a refused
//! command cannot succeed later.

use kernel::{Money, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{AccountPath, BookName, Reference, TransactionId};

/// The texts name what a caller can act on; positions count from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
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
    #[error("the cursor is of row {as_of_seq}, and the log ends at row {last_seq}")]
    CursorAhead { as_of_seq: u64, last_seq: u64 },

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
    KeyTaken,
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

/// What the outside sees of a refusal besides its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) code: &'static str,
    pub(crate) status: u16,
    pub(crate) title: &'static str,
}

pub(crate) const fn facts(code: &'static str, status: u16, title: &'static str) -> Facts {
    Facts { code, status, title }
}

impl Refusal {
    pub fn code(&self) -> &'static str {
        self.facts().code
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.facts().status
    }

    pub fn title(&self) -> &'static str {
        self.facts().title
    }

    pub(crate) fn facts(&self) -> Facts {
        use Refusal::*;
        match self {
            IdempotencyMissing => facts("idempotency_missing", 400, "No id and no idempotency key"),
            NoPostings => facts("no_postings", 400, "No postings"),
            TooManyPostings { .. } => facts("too_many_postings", 400, "Too many postings"),
            AmountZero { .. } => facts("amount_zero", 400, "Amount is zero"),
            AmountNegative { .. } => facts("amount_negative", 400, "Amount is negative"),
            AmountTooLarge { .. } => facts("amount_too_large", 400, "Amount is too large"),
            SameAccount { .. } => facts("same_account", 400, "Same account on both sides"),
            PostingMalformed { .. } => facts("posting_malformed", 400, "Posting is malformed"),
            MetadataTooLarge { .. } => facts("metadata_too_large", 400, "Metadata is too large"),
            BatchEmpty => facts("batch_empty", 400, "Batch is empty"),
            BatchTooLarge { .. } => facts("batch_too_large", 400, "Batch is too large"),
            LimitsInvalid { .. } => facts("limits_invalid", 400, "Limits are invalid"),
            AssetInvalid { .. } => facts("asset_invalid", 400, "Asset is invalid"),
            ExpiryInvalid { .. } => facts("expiry_invalid", 400, "Expiry is invalid"),
            ScheduleTimeMissing => facts("schedule_time_missing", 400, "No time to carry it out at"),
            QueryUnsupported { .. } | PageSize { .. } => self.facts_of_questions(),
            MetadataKeyInvalid { .. } | MetadataKeyUndeclared { .. } | TooManyMetadataKeys { .. } => self.key_facts(),
            RangeEmpty { .. } | DepthOutOfRange { .. } | CursorAhead { .. } => self.facts_of_questions(),
            BookUnknown { .. } | BooksDiffer { .. } | TooManyBooks { .. } => self.facts_of_books(),
            NotFound { .. } => facts("not_found", 404, "Not found"),
            AccountUnknown { .. } => facts("account_unknown", 422, "Account does not exist"),
            AccountExists { .. } => facts("account_exists", 422, "Account exists with other content"),
            CurrencyUnknown { .. } => facts("currency_unknown", 422, "Currency is unknown"),
            CurrencyScale { .. } => facts("currency_scale", 422, "Wrong number of digits"),
            AssetExists { .. } => facts("asset_exists", 422, "Asset exists with another scale"),
            IdTaken { .. } => facts("id_taken", 422, "Id is taken by another command"),
            KeyTaken => facts("idempotency_key_taken", 422, "Idempotency key is taken by another command"),
            ReferenceTaken { .. } => facts("reference_taken", 422, "Reference is taken"),
            AccountFrozen { .. } => facts("account_frozen", 422, "Account is frozen"),
            AccountClosed { .. } => facts("account_closed", 422, "Account is closed"),
            AccountNotZero { .. } => facts("account_not_zero", 422, "Account is not at zero"),
            AccountHasHolds { .. } => facts("account_has_holds", 422, "Account has pending transactions"),
            CurrencyMismatch { .. } => facts("currency_mismatch", 422, "Currencies differ"),
            SumOverflow { .. } => facts("sum_overflow", 422, "Sum overflows"),
            InsufficientFunds { .. } => facts("insufficient_funds", 422, "Insufficient funds"),
            AboveCeiling { .. } => facts("above_ceiling", 422, "Balance above ceiling"),
            VersionMismatch { .. } => facts("version_mismatch", 409, "Version condition failed"),
            RollUpTooLarge { .. } => facts("roll_up_too_large", 422, "Too many accounts to sum up"),
            PendingUnknown { .. } => facts("pending_unknown", 404, "Pending transaction does not exist"),
            NotPending { .. } => facts("not_pending", 409, "Transaction is not pending"),
            AlreadyPosted { .. } => facts("already_posted", 409, "Transaction is posted already"),
            AlreadyVoided { .. } => facts("already_voided", 409, "Transaction is voided already"),
            Expired { .. } => facts("expired", 409, "Transaction has expired"),
            AmountAboveRemaining { .. } => facts("amount_above_remaining", 422, "Amount is above what remains"),
            AmountsMismatch { .. } => facts("amounts_mismatch", 422, "Amounts do not match the postings"),
            IncreaseRefused { .. } => facts("increase_refused", 422, "Increase refused by the floor"),
            TransactionUnknown { .. } => facts("transaction_unknown", 404, "Transaction does not exist"),
            NotReversible { .. } => facts("not_reversible", 422, "Nothing to reverse"),
            ReversalOfReversal { .. } => facts("reversal_of_reversal", 422, "A reversal cannot be reversed"),
            AlreadyReversed { .. } => facts("already_reversed", 409, "Transaction is reversed already"),
            EffectiveInFuture { .. } => facts("effective_in_future", 422, "Effective time lies in the future"),
            EffectiveBeforeOpening { .. } => {
                facts("effective_before_opening", 422, "Effective time lies before the account's opening")
            }
            ScheduleInPast { .. } => facts("schedule_in_past", 422, "Scheduled for the past"),
            ScheduleTooFar { .. } => facts("schedule_too_far", 422, "Scheduled too far ahead"),
            NotScheduled { .. } => facts("not_scheduled", 409, "Transaction was not scheduled"),
            AlreadyCancelled { .. } => facts("already_cancelled", 409, "Transaction is cancelled already"),
            AlreadyCarriedOut { .. } => facts("already_carried_out", 409, "Transaction is carried out already"),
            AlreadyFailed { .. } => facts("already_failed", 409, "Transaction has failed already"),
            ExpiryTooFar { .. } => facts("expiry_too_far", 422, "Expiry lies too far ahead"),
            ExpiresInPast { .. } => facts("expires_in_past", 422, "Expiry lies in the past"),
            SiblingFailed { .. } => facts("sibling_failed", 422, "Another line of the batch failed"),
        }
    }

    /// Of keys of metadata that are searched by.
    fn key_facts(&self) -> Facts {
        match self {
            Refusal::MetadataKeyInvalid { .. } => facts("metadata_key_invalid", 400, "Metadata key is invalid"),
            Refusal::TooManyMetadataKeys { .. } => facts("too_many_metadata_keys", 422, "Too many metadata keys"),
            _ => facts("metadata_key_undeclared", 422, "Metadata key is not declared"),
        }
    }

    fn facts_of_books(&self) -> Facts {
        match self {
            Refusal::BookUnknown { .. } => facts("book_unknown", 404, "Book does not exist"),
            Refusal::TooManyBooks { .. } => facts("too_many_books", 422, "Too many books"),
            _ => facts("books_differ", 400, "Two books in one transaction"),
        }
    }

    /// Of what is wrong with a question.
    fn facts_of_questions(&self) -> Facts {
        match self {
            Refusal::QueryUnsupported { .. } => facts("query_unsupported", 400, "Query is not supported"),
            Refusal::PageSize { .. } => facts("page_size", 400, "Page size is out of range"),
            Refusal::RangeEmpty { .. } => facts("range_empty", 400, "Range is empty"),
            Refusal::DepthOutOfRange { .. } => facts("depth_out_of_range", 400, "Depth is out of range"),
            _ => facts("cursor_ahead", 400, "Cursor is of another log"),
        }
    }

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
        let identity = matches!(self, Refusal::IdTaken { .. } | Refusal::KeyTaken | Refusal::NotFound { .. });
        let of_books = matches!(self, Refusal::BookUnknown { .. } | Refusal::TooManyBooks { .. });
        self.status() != 400 && !identity && !of_books
    }
}

fn listed(keys: &[String]) -> String {
    if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
}
