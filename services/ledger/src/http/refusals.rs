//! Every refusal with an example and a sentence that says when it happens, and which operation can answer which.
//!
//! Invariant: a new refusal does not compile without its row here, and a test finds a row that no operation names.

mod general;
mod values;

use ledger_api::Refusal;
use platform::http::document::Sample;
use serde_json::Value;

use self::values::{at, book, path, reference, transaction, usd};
use super::answer::problem;
use super::field::Shape;
use general::{failures, general_form};

/// The example of one code; nothing for an unknown one.
pub(super) fn body(code: &str) -> Value {
    all().iter().find(|sample| sample.code() == code).map(Sample::body).unwrap_or_default()
}

pub(super) fn all() -> Vec<Sample> {
    let ledger = samples().into_iter().map(|(refusal, when)| {
        let shape =
            if matches!(refusal, Refusal::AmountAboveRemaining { .. }) { Shape::Amount } else { Shape::Postings };
        Sample { problem: problem(refusal.into(), shape), when }
    });
    let failures =
        failures().into_iter().map(|(error, when)| Sample { problem: problem(error, Shape::Postings), when });
    ledger.chain(failures).chain(general_form()).collect()
}

macro_rules! refusals {
    ($($variant:ident $({ $($field:ident: $value:expr),* $(,)? })? => $when:literal;)*) => {
        fn samples() -> Vec<(Refusal, &'static str)> {
            vec![$((Refusal::$variant $({ $($field: $value),* })?, $when)),*]
        }

        /// Does not compile while a refusal has no row.
        #[expect(dead_code, reason = "it is only there to be compiled")]
        fn every_refusal_has_a_row(refusal: &Refusal) {
            match refusal {
                $(Refusal::$variant { .. } => {})*
            }
        }
    };
}

refusals! {
    IdempotencyMissing => "The command has no id and there is no Idempotency-Key, so a repeat would book twice.";
    NoPostings => "There is nothing to book: no postings, or no amount to increase by.";
    TooManyPostings { given: 65, max: 64 } => "More than 64 postings, shares of splits included.";
    AmountZero { posting: 0 } => "An amount is zero, or all of several are.";
    AmountNegative { posting: 0 } => "An amount is below zero; debit and credit say the direction.";
    AmountTooLarge { posting: 0, max: 1_000_000_000_000_000 } => "An amount is above 10^15 smallest units.";
    SameAccount { posting: 0, account: path("assets:cash") } => "A posting debits and credits the same account.";
    PostingMalformed { posting: 0, detail: "credit is missing".to_owned() } =>
        "A posting lacks a side, names a side and splits it too, or the shares of its split do not add up to 100.";
    MetadataTooLarge { detail: "33 metadata keys, 32 at most".to_owned() } =>
        "More than 32 keys, more than 4,096 bytes in all, or an empty key.";
    BatchEmpty => "The batch has no lines.";
    BatchTooLarge { given: 1_001, max: 1_000 } =>
        "More than 1,000 lines in an atomic batch, 10,000 in another, or 10,000 postings in all.";
    LimitsInvalid { detail: "the floor is above the ceiling".to_owned() } =>
        "Floor and ceiling contradict each other or are not in the account's currency.";
    AssetInvalid { detail: "USD is a currency of ISO 4217 and needs no declaration".to_owned() } =>
        "The code or the scale has the wrong form, or ISO 4217 has the code already.";
    ExpiryInvalid { detail: "only a pending transaction expires".to_owned() } =>
        "expires_at is given for a transaction that is not pending.";
    ScheduleTimeMissing => "`scheduled` is set, and effective_at does not say when it is due.";
    QueryUnsupported { detail: "give either reference or idempotency_key".to_owned() } =>
        "The filters given cannot be combined, or one is missing.";
    MetadataKeyInvalid { detail: "the key is empty".to_owned() } => "The key is empty or longer than 64 bytes.";
    PageSize { given: 501, max: 500 } => "limit is not between 1 and 500.";
    RangeEmpty { from: at(), to: at() } => "`to` does not lie behind `from`.";
    DepthOutOfRange { given: 0, max: 16 } => "depth is not between 1 and 16.";
    CursorAhead { as_of_seq: 4_711, last_seq: 14 } => "The cursor is of a log with more rows than this one.";
    BookUnknown { book: book("acme") } => "Nobody created the book that the query or a posting names.";
    BooksDiffer { book: book("main"), other: book("acme") } =>
        "Postings name two books, or another one than the query; a batch is of one book, too.";
    TooManyBooks { max: 256 } => "There are 256 books.";
    NotFound { what: "account".to_owned(), name: "customers:zoe".to_owned() } =>
        "It does not exist, or belongs to somebody else.";
    AccountUnknown { account: path("customers:zoe") } => "An account that the command names is not open, or not yours.";
    AccountExists { account: path("customers:ann"), field: "currency".to_owned() } =>
        "The path is taken by an account with other content; `field` names the first difference.";
    CurrencyUnknown { currency: "POINTS".to_owned() } => "Neither ISO 4217 nor a declaration knows the currency.";
    CurrencyScale { currency: "POINTS".to_owned(), expected: 0, given: 2 } =>
        "The amount has another number of digits than the asset was declared with.";
    AssetExists { asset: "POINTS".to_owned(), scale: 0 } => "The asset is declared with another scale.";
    IdTaken { transaction: transaction(), field: "amount".to_owned() } =>
        "The id belongs to another command; `field` names the first difference.";
    KeyTaken => "The Idempotency-Key was sent with another command before.";
    ReferenceTaken { reference: reference(), taken_by: "txn_01kppyy0k0f4g8n1vpdkpr5g3a".to_owned() } =>
        "Another account or transaction has this reference.";
    MetadataKeyUndeclared { key: "color".to_owned(), declared: vec!["order".to_owned()] } =>
        "Transactions are searched by declared keys only; `declared` lists them.";
    TooManyMetadataKeys { declared: ["batch", "channel", "order", "shop"].map(str::to_owned).to_vec(), max: 4 } =>
        "Four keys are declared already; remove one first.";
    AccountFrozen { account: path("customers:ann") } => "An account is frozen: it takes no new debits and credits until it is unfrozen.";
    AccountClosed { account: path("customers:ann") } => "An account is closed for good.";
    AccountNotZero { account: path("customers:ann") } => "Only an account at zero can be closed.";
    AccountHasHolds { account: path("customers:ann") } => "Pending transactions have to be posted or voided before closing.";
    CurrencyMismatch { account: path("customers:ann"), expected: "USD".to_owned(), given: "EUR".to_owned() } =>
        "An amount is not in the currency of the account that it would move.";
    SumOverflow { account: path("assets:cash") } => "A sum of the account, or of a roll-up, would not fit into 64 bits.";
    InsufficientFunds { account: path("customers:ann"), asked: usd(5_000), available: usd(2_000) } =>
        "The account would go below its floor; `available` says what it has.";
    AboveCeiling { account: path("customers:ann"), asked: usd(5_000), room: usd(2_000) } =>
        "The account would go above its ceiling; `room` says what fits.";
    VersionMismatch { account: path("customers:ann"), expected: 7, found: 8 } =>
        "Somebody else was faster: read the account again and decide anew, under a new id.";
    RollUpTooLarge { prefix: Some(path("customers")), max: 10_000 } => "More accounts lie below the path than are added up at once.";
    PendingUnknown { transaction: transaction() } => "There is no such pending transaction, or its accounts are not yours.";
    NotPending { transaction: transaction() } => "The transaction was never pending.";
    AlreadyPosted { transaction: transaction() } => "Nothing of the pending transaction is left; at least some was posted.";
    AlreadyVoided { transaction: transaction() } => "The pending transaction was released as a whole.";
    Expired { transaction: transaction(), expired_at: at() } => "The time of the pending transaction is over.";
    AmountAboveRemaining { posting: 0, asked: usd(5_000), remaining: usd(3_000) } =>
        "More than what is left of a posting. Book what exceeds a hold as a transaction of its own.";
    AmountsMismatch { expected: 2, given: 1 } => "Not one amount for each posting of the pending transaction.";
    IncreaseRefused { account: path("customers:ann"), asked: usd(5_000), available: usd(2_000) } =>
        "The larger hold would take the account below its floor.";
    TransactionUnknown { transaction: transaction() } => "There is no such transaction, or its accounts are not yours.";
    NotReversible { transaction: transaction() } => "It moved no money: reverse what posted it, or void it.";
    ReversalOfReversal { transaction: transaction() } => "A reversal is not reversed; record a new transaction.";
    AlreadyReversed { transaction: transaction(), reversed_by: transaction() } =>
        "It was reversed before, by `reversed_by`.";
    EffectiveInFuture { effective_at: at() } => "effective_at lies ahead, and `scheduled` is not set.";
    EffectiveBeforeOpening { account: path("customers:ann") } => "effective_at lies before an account was opened.";
    ExpiryTooFar { expires_at: at(), latest: at() } => "A pending transaction is held for 366 days at most.";
    ExpiresInPast { expires_at: at() } => "expires_at has passed already.";
    ScheduleInPast { effective_at: at() } => "`scheduled` is set, and effective_at has passed.";
    ScheduleTooFar { effective_at: at(), latest: at() } => "A transaction is scheduled ten years ahead at most.";
    NotScheduled { transaction: transaction() } => "The transaction was never scheduled: reverse or void it.";
    AlreadyCancelled { transaction: transaction() } => "The scheduled transaction was cancelled before.";
    AlreadyCarriedOut { transaction: transaction() } =>
        "The scheduled transaction was due before: it is posted or pending now, and can be reversed or voided.";
    AlreadyFailed { transaction: transaction() } => "The scheduled transaction was refused when it was due; it says why.";
    SiblingFailed { line: 1 } => "Another line of the atomic batch failed; `line` says which.";
}

/// Those of every operation; the document has them once.
pub(super) const GENERAL: &[&str] = &[
    "bad_utf8",
    "nul_character",
    "json_malformed",
    "json_too_deep",
    "body_missing",
    "body_unreadable",
    "body_too_large",
    "content_type_wrong",
    "idempotency_key_invalid",
    "deadline_invalid",
    "unauthenticated",
    "access_stale",
    "route_unknown",
    "method_not_allowed",
    "host_unknown",
    "book_unknown",
    "deadline_passed",
    "internal",
];

/// Of every operation that asks.
const READ: &[&str] = &["field_invalid", "forbidden", "unavailable"];
/// Of every operation that changes something.
const WRITE: &[&str] = &[
    "field_invalid",
    "forbidden",
    "idempotency_key_taken",
    "overloaded",
    "deadline_exceeded",
    "outcome_unknown",
    "clock_behind",
    "storage_full",
    "unavailable",
];
/// Of every step in the life of a transaction.
const STEP: &[&str] = &[
    "idempotency_missing",
    "metadata_too_large",
    "id_taken",
    "reference_taken",
    "account_frozen",
    "account_closed",
    "sum_overflow",
];
/// Of amounts.
const AMOUNTS: &[&str] =
    &["amount_zero", "amount_negative", "amount_too_large", "too_many_postings", "currency_mismatch"];
/// Of what is done with a pending transaction.
const HOLD: &[&str] =
    &["pending_unknown", "not_pending", "already_posted", "already_voided", "expired", "amounts_mismatch"];
const CHANGE: &[&str] = &["account_unknown"];

/// What each operation can answer, beside what is general.
pub(super) const OPERATIONS: &[(&str, &[&[&str]])] = &[
    ("create_book", &[READ, &["too_many_books"]]),
    ("list_books", &[READ]),
    ("get_book", &[READ, &["book_unknown"]]),
    ("declare_asset", &[WRITE, &["asset_invalid", "asset_exists"]]),
    ("list_assets", &[READ]),
    (
        "open_account",
        &[
            WRITE,
            &[
                "metadata_too_large",
                "limits_invalid",
                "currency_unknown",
                "currency_scale",
                "account_exists",
                "reference_taken",
            ],
        ],
    ),
    ("list_accounts", &[READ, &["page_size", "cursor_invalid", "query_unsupported"]]),
    ("get_account", &[READ, &["not_found"]]),
    ("account_balance", &[READ, &["not_found"]]),
    (
        "account_statement",
        &[READ, &["not_found", "page_size", "cursor_invalid", "cursor_ahead", "range_empty", "query_unsupported"]],
    ),
    ("trial_balance", &[READ, &["roll_up_too_large", "sum_overflow", "depth_out_of_range"]]),
    ("freeze_account", &[WRITE, CHANGE, &["account_closed"]]),
    ("unfreeze_account", &[WRITE, CHANGE, &["account_closed"]]),
    ("close_account", &[WRITE, CHANGE, &["account_not_zero", "account_has_holds"]]),
    ("set_limits", &[WRITE, CHANGE, &["account_closed", "limits_invalid", "currency_mismatch"]]),
    ("set_metadata", &[WRITE, CHANGE, &["account_closed", "metadata_too_large"]]),
    ("roll_up", &[READ, &["roll_up_too_large", "sum_overflow"]]),
    (
        "create_transaction",
        &[
            WRITE,
            STEP,
            AMOUNTS,
            &[
                "no_postings",
                "same_account",
                "posting_malformed",
                "expiry_invalid",
                "account_unknown",
                "currency_unknown",
                "currency_scale",
                "insufficient_funds",
                "above_ceiling",
                "version_mismatch",
                "effective_in_future",
                "books_differ",
                "schedule_time_missing",
                "schedule_in_past",
                "schedule_too_far",
                "effective_before_opening",
                "expires_in_past",
                "expiry_too_far",
            ],
        ],
    ),
    (
        "find_transaction",
        &[READ, &["query_unsupported", "not_found", "page_size", "cursor_invalid", "metadata_key_undeclared"]],
    ),
    ("declare_metadata_key", &[READ, &["metadata_key_invalid", "too_many_metadata_keys"]]),
    ("list_metadata_keys", &[READ]),
    ("remove_metadata_key", &[READ, &["not_found"]]),
    ("get_transaction", &[READ, &["not_found"]]),
    ("post_transaction", &[WRITE, STEP, AMOUNTS, HOLD, &["amount_above_remaining"]]),
    (
        "void_transaction",
        &[
            WRITE,
            AMOUNTS,
            HOLD,
            &["idempotency_missing", "metadata_too_large", "id_taken", "reference_taken", "amount_above_remaining"],
        ],
    ),
    ("increase_transaction", &[WRITE, STEP, AMOUNTS, HOLD, &["no_postings", "increase_refused", "above_ceiling"]]),
    (
        "reverse_transaction",
        &[
            WRITE,
            STEP,
            &[
                "transaction_unknown",
                "not_reversible",
                "reversal_of_reversal",
                "already_reversed",
                "insufficient_funds",
                "above_ceiling",
            ],
        ],
    ),
    (
        "cancel_transaction",
        &[
            WRITE,
            &[
                "idempotency_missing",
                "metadata_too_large",
                "id_taken",
                "reference_taken",
                "transaction_unknown",
                "not_scheduled",
                "already_cancelled",
                "already_carried_out",
                "already_failed",
            ],
        ],
    ),
    ("list_scheduled", &[READ, &["page_size", "cursor_invalid"]]),
    ("events_after", &[READ, &["page_size"]]),
    ("submit_batch", &[WRITE, &["books_differ", "batch_empty", "batch_too_large", "sibling_failed"]]),
];
