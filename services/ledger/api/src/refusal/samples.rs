//! One refusal of each kind, as shown in the API's document.

use kernel::{Currency, Money, Timestamp};

use super::Refusal;
use super::Refusal::*;
use crate::{AccountPath, BookName, Reference, TransactionId};

#[rustfmt::skip]
pub(super) fn all() -> Vec<Refusal> {
    vec![
        IdempotencyMissing,
        NoPostings,
        TooManyPostings { given: 65, max: 64 },
        AmountZero { posting: 0 },
        AmountNegative { posting: 0 },
        AmountTooLarge { posting: 0, max: 1_000_000_000_000_000 },
        SameAccount { posting: 0, account: path("assets:cash") },
        PostingMalformed { posting: 0, detail: "credit is missing".to_owned() },
        MetadataTooLarge { detail: "expected at most 32 metadata keys, found 33".to_owned() },
        BatchEmpty,
        BatchTooLarge { given: 1_001, max: 1_000 },
        LimitsInvalid { detail: "the floor is above the ceiling".to_owned() },
        AssetInvalid { detail: "USD is an ISO 4217 currency and needs no declaration".to_owned() },
        ExpiryInvalid { detail: "only a pending transaction can expire".to_owned() },
        ScheduleTimeMissing,
        QueryUnsupported { detail: "give either reference or idempotency_key".to_owned() },
        MetadataKeyInvalid { detail: "the key is empty".to_owned() },
        PageSize { given: 501, max: 500 },
        RangeEmpty { from: at(), to: at() },
        DepthOutOfRange { given: 0, max: 16 },
        BookUnknown { book: book("acme") },
        BooksDiffer { book: book("main"), other: book("acme") },
        TooManyBooks { max: 256 },
        NotFound { what: "account".to_owned(), name: "customers:zoe".to_owned() },
        AccountUnknown { account: path("customers:zoe") },
        AccountExists { account: path("customers:ann"), field: "currency".to_owned() },
        CurrencyUnknown { currency: "POINTS".to_owned() },
        CurrencyScale { currency: "POINTS".to_owned(), expected: 0, given: 2 },
        AssetExists { asset: "POINTS".to_owned(), scale: 0 },
        IdTaken { transaction: transaction(), field: "amount".to_owned() },
        IdempotencyKeyTaken,
        ReferenceTaken { reference: reference(), taken_by: "txn_01kppyy0k0f4g8n1vpdkpr5g3a".to_owned() },
        MetadataKeyUndeclared { key: "color".to_owned(), declared: vec!["order".to_owned()] },
        TooManyMetadataKeys { declared: ["batch", "channel", "order", "shop"].map(str::to_owned).to_vec(), max: 4 },
        AccountFrozen { account: path("customers:ann") },
        AccountClosed { account: path("customers:ann") },
        AccountNotZero { account: path("customers:ann") },
        AccountHasHolds { account: path("customers:ann") },
        CurrencyMismatch { account: path("customers:ann"), expected: "USD".to_owned(), given: "EUR".to_owned() },
        SumOverflow { account: path("assets:cash") },
        InsufficientFunds { account: path("customers:ann"), asked: usd(5_000), available: usd(2_000) },
        AboveCeiling { account: path("customers:ann"), asked: usd(5_000), room: usd(2_000) },
        VersionMismatch { account: path("customers:ann"), expected: 7, found: 8 },
        RollUpTooLarge { prefix: Some(path("customers")), max: 10_000 },
        PendingUnknown { transaction: transaction() },
        NotPending { transaction: transaction() },
        AlreadyPosted { transaction: transaction() },
        AlreadyVoided { transaction: transaction() },
        Expired { transaction: transaction(), expired_at: at() },
        AmountAboveRemaining { posting: 0, asked: usd(5_000), remaining: usd(3_000) },
        AmountsMismatch { expected: 2, given: 1 },
        IncreaseRefused { account: path("customers:ann"), asked: usd(5_000), available: usd(2_000) },
        TransactionUnknown { transaction: transaction() },
        NotReversible { transaction: transaction() },
        ReversalOfReversal { transaction: transaction() },
        AlreadyReversed { transaction: transaction(), reversed_by: transaction() },
        EffectiveInFuture { effective_at: at() },
        EffectiveBeforeOpening { account: path("customers:ann") },
        ScheduleInPast { effective_at: at() },
        ScheduleTooFar { effective_at: at(), latest: at() },
        NotScheduled { transaction: transaction() },
        AlreadyCancelled { transaction: transaction() },
        AlreadyCarriedOut { transaction: transaction() },
        AlreadyFailed { transaction: transaction() },
        ExpiryTooFar { expires_at: at(), latest: at() },
        ExpiresInPast { expires_at: at() },
        SiblingFailed { line: 1 },
    ]
}

fn path(text: &str) -> AccountPath {
    text.parse().expect("the examples' paths are valid")
}

fn book(text: &str) -> BookName {
    text.parse().expect("the examples' book names are valid")
}

fn reference() -> Reference {
    "invoice-2026-0017".parse().expect("the example's reference is valid")
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::iso("USD").expect("ISO 4217 has the dollar"))
}

fn transaction() -> TransactionId {
    "txn_01kppyzd5gfmra2qsx5rkvr8wb".parse().expect("the example's id is valid")
}

fn at() -> Timestamp {
    Timestamp::from_micros(1_769_860_800_000_000)
}
