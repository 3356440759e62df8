//! The vectors of `docs/ledger-format.md`: each row encodes to exactly these bytes and decodes back, and the document shows
//! the same ones. A vector that has to change is a new version of the format.

mod property;

use ledger_api::{AccountStatus, BookName, Side};

use super::*;

/// A row, the sequence number that its pointers count from, and its bytes.
struct Vector {
    name: &'static str,
    seq: u64,
    row: Row,
    bytes: &'static str,
}

const DOCUMENT: &str = include_str!("../../../../docs/ledger-format.md");

/// 2026-01-31T12:00:00Z.
const AT: i64 = 1_769_860_800_000_000;
const ID: u128 = 0x019c_1459_b800_7000_8000_0000_0000_0001;
const TARGET: u128 = 0x019c_1459_b800_7000_8000_0000_0000_0002;

fn sums(sums: [i64; 4]) -> Sums {
    let [posted_debits, posted_credits, pending_debits, pending_credits] = sums;
    Sums { posted_debits, posted_credits, pending_debits, pending_credits }
}

fn side(given: [i64; 4], floor: Option<i64>, version: u64, prev: u64, jump: u64) -> SideAfter {
    SideAfter { sums: sums(given), floor, version, prev, jump, late: Sums::default() }
}

fn account(event: AccountEvent, state: AccountState) -> Row {
    Row::Account(AccountRow { event, account: 2, state, version: 3, sums: sums([0, 300, 0, 0]) })
}

fn open_state() -> AccountState {
    AccountState { status: AccountStatus::Open, floor: Some(0), ceiling: None, metadata: None, metadata_seq: 0 }
}

fn head(target: Option<u128>) -> Option<TransactionHead> {
    let asked = target.map(|_| [0xaa; 16]);
    Some(TransactionHead { id: ID, legs: 1, target, asked, ..TransactionHead::default() })
}

fn leg(kind: LegKind, target: Option<u128>, amount: i64, hold: Option<HoldAfter>) -> LegRow {
    LegRow {
        kind,
        index: 0,
        head: head(target),
        debit: 1,
        credit: 2,
        amount,
        overrides_floor: false,
        hold,
        debit_side: side([500, 0, 0, 0], None, 2, 7, 4),
        credit_side: side([0, 500, 0, 0], Some(0), 2, 8, 0),
    }
}

fn row(leg: LegRow) -> Row {
    Row::Leg(Box::new(leg))
}

fn held(posted: i64, released: i64, remaining: i64) -> Option<HoldAfter> {
    Some(HoldAfter { seq: 9, posted, released, remaining })
}

fn opening() -> AccountEvent {
    AccountEvent::Opened(Box::new(Opening {
        path: "users:ann".to_owned(),
        currency: "USD".to_owned(),
        scale: 2,
        normal: Side::Credit,
        owner: Some("cust_1".to_owned()),
        reference: None,
    }))
}

fn opened() -> Row {
    let metadata = Some(metadata_hash(&[7; 16], "{\"city\":\"Bern\"}"));
    let state = AccountState { floor: Some(-500), ceiling: Some(100_000), metadata, metadata_seq: 2, ..open_state() };
    Row::Account(AccountRow { event: opening(), account: 2, state, version: 0, sums: Sums::default() })
}

fn full_head() -> Row {
    let head = TransactionHead {
        id: ID,
        legs: 2,
        target: None,
        effective_at: Some(AT),
        expires_at: Some(AT + 1),
        reference: Some("inv-7".to_owned()),
        metadata: Some(metadata_hash(&[7; 16], "{\"why\":\"rent\"}")),
        asked: Some([0xaa; 16]),
    };
    let leg = leg(LegKind::Pending, None, 500, None);
    row(LegRow { head: Some(head), overrides_floor: true, debit_side: side([0, 0, 500, 0], Some(-1), 1, 0, 0), ..leg })
}

/// The debited account had late rows before; this is the first one of the credited account.
fn late() -> Row {
    let mut leg = leg(LegKind::Posted, None, 500, None);
    leg.head = leg.head.map(|head| TransactionHead { effective_at: Some(AT), ..head });
    leg.debit_side.late = sums([800, 0, 20, 0]);
    leg.credit_side.late = sums([0, 500, 0, 0]);
    row(leg)
}

/// Not late itself; the credited account had a late row before.
fn behind_late() -> Row {
    let mut leg = leg(LegKind::Posted, None, 500, None);
    leg.credit_side.late = sums([0, 0, 0, 70]);
    row(leg)
}

fn second_leg() -> Row {
    row(LegRow { head: None, index: 1, ..leg(LegKind::Posted, None, 1_000_000_000_000_000, None) })
}

fn scheduled() -> Row {
    let operation =
        "{\"status\":\"posted\",\"postings\":[{\"debit\":\"users:ann\",\"credit\":\"users:bob\",\"amount\":\
                     {\"amount\":\"5.00\",\"currency\":\"USD\"}}],\"effective_at\":\"2026-01-31T12:00:00.000000Z\",\
                     \"scheduled\":true}"
            .to_owned();
    let metadata = Some(metadata_hash(&[7; 16], "{\"why\":\"rent\"}"));
    let reference = Some("rent-2".to_owned());
    Row::Scheduled(ScheduledRow { id: TARGET, due_at: AT, accounts: vec![2, 300], operation, reference, metadata })
}

fn cancelled() -> Row {
    Row::Cancelled(CancelledRow { id: ID, target: TARGET, scheduled: 9, reference: None, metadata: None })
}

fn failed() -> Row {
    let refusal = "{\"code\":\"account_frozen\",\"account\":\"users:ann\"}".to_owned();
    Row::Failed(FailedRow { id: TARGET, scheduled: 9, refusal })
}

fn carried_out() -> Row {
    let head = TransactionHead {
        id: TARGET,
        legs: 1,
        target: Some(TARGET),
        effective_at: Some(AT),
        reference: Some("rent-2".to_owned()),
        ..TransactionHead::default()
    };
    row(LegRow { head: Some(head), ..leg(LegKind::Posted, None, 500, None) })
}

fn vectors() -> Vec<Vector> {
    let state = open_state;
    let refusal = "{\"account_unknown\":{\"account\":\"users:eve\"}}".to_owned();
    let vector = |name, seq, row| Vector { name, seq, row, bytes: documented(name) };
    vec![
        vector("asset", 1, Row::Asset(AssetRow { code: "POINTS".to_owned(), scale: 0 })),
        vector("account opened", 2, opened()),
        vector(
            "account frozen",
            10,
            account(AccountEvent::Frozen, AccountState { status: AccountStatus::Frozen, ..state() }),
        ),
        vector("account unfrozen", 10, account(AccountEvent::Unfrozen, state())),
        vector(
            "account closed",
            10,
            account(AccountEvent::Closed, AccountState { status: AccountStatus::Closed, ..state() }),
        ),
        vector(
            "limits set",
            10,
            account(AccountEvent::LimitsSet, AccountState { floor: None, ceiling: Some(9), ..state() }),
        ),
        vector(
            "metadata set",
            10,
            account(
                AccountEvent::MetadataSet,
                AccountState { metadata: Some([0xbb; 32]), metadata_seq: 10, ..state() },
            ),
        ),
        vector("refusal", 10, Row::Refusal(RefusalRow { id: ID, command: [0xcc; 16], refusal })),
        vector("scheduled", 9, scheduled()),
        vector("cancelled", 12, cancelled()),
        vector("failed", 12, failed()),
        vector("posted, scheduled before", 12, carried_out()),
        vector("posted", 10, row(leg(LegKind::Posted, None, 500, None))),
        vector("posted, second row", 11, second_leg()),
        vector("pending, full head", 10, full_head()),
        vector("posted, late", 10, late()),
        vector("posted, after a late row", 10, behind_late()),
        vector("post", 12, row(leg(LegKind::Post, Some(TARGET), 300, held(300, 200, 0)))),
        vector("void", 12, row(leg(LegKind::Void, Some(TARGET), 200, held(0, 200, 300)))),
        vector("increase", 12, row(leg(LegKind::Increase, Some(TARGET), 50, held(0, 0, 550)))),
        vector("reversal", 12, row(leg(LegKind::Reversal, Some(TARGET), 500, None))),
        vector("expiry", 12, row(leg(LegKind::Expiry, Some(TARGET), 500, held(0, 500, 0)))),
    ]
}

/// The hexadecimal text of a name in the document's vector tables.
fn documented(name: &str) -> &'static str {
    let start = format!("| {name} |");
    let line = DOCUMENT.lines().find(|line| line.starts_with(&start));
    let cell = line.and_then(|line| line.rsplit('|').nth(1)).map(|cell| cell.trim().trim_matches('`'));
    cell.unwrap_or_else(|| panic!("docs/ledger-format.md has no vector {name:?}"))
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn every_kind_of_row_encodes_as_documented() {
    let mut wrong = Vec::new();
    for Vector { name, seq, row, bytes: expected } in vectors() {
        let found = hex(&row.encode(seq));
        if found != expected {
            wrong.push(format!("| {name} | {seq} | `{found}` |"));
            continue;
        }
        assert_eq!(Row::decode(seq, &bytes(expected)), Ok(row), "{name}");
    }
    assert!(wrong.is_empty(), "the document should show\n{}", wrong.join("\n"));
}

/// Kinds 1 to 6 and 16 to 22, and account events 0 to 5: each has a vector.
#[test]
fn every_kind_of_row_has_a_vector() {
    let shown: std::collections::BTreeSet<String> =
        vectors().iter().map(|vector| vector.bytes[..4].to_owned()).collect();
    let wanted = (1..=6).chain(16..=22).map(|kind: u8| format!("01{kind:02x}"));
    assert_eq!(shown, wanted.collect());
    let events = vectors().iter().filter(|vector| matches!(vector.row, Row::Account(_))).count();
    assert_eq!(events, 6);
}

fn end_of(book: BookName, number: u64, last_seq: u64, hash: [u8; 32]) -> String {
    crate::Head { book, number, last_seq, hash }.to_string()
}

#[test]
fn hashes_match_the_document() {
    let mut rows = RowsHash::new();
    for name in ["asset", "account opened"] {
        rows.row(&bytes(documented(name)));
    }
    let rows = rows.finish();
    let stamp = GroupStamp { number: 1, at: AT, first_seq: 1, last_seq: 2 };
    let first = group_hash(&genesis(&BookName::main()), stamp, &rows);
    let acme: BookName = "acme-uk".parse().unwrap();
    let mut one = RowsHash::new();
    one.row(&bytes(documented("posted")));
    let second = group_hash(&first, GroupStamp { number: 2, at: AT + 1, first_seq: 3, last_seq: 3 }, &one.finish());
    let found = [
        ("rows of group 1", hex(&rows)),
        ("group 1", hex(&first)),
        ("group 2", hex(&second)),
        ("metadata", hex(&metadata_hash(&[7; 16], "{\"city\":\"Bern\"}"))),
        ("head of group 2", end_of(BookName::main(), 2, 3, second)),
        ("genesis of book acme-uk", hex(&genesis(&acme))),
        ("head of group 1 of book acme-uk", end_of(acme.clone(), 1, 2, group_hash(&genesis(&acme), stamp, &rows))),
    ];
    let wrong: Vec<String> = found
        .iter()
        .filter(|(name, value)| documented(name) != value)
        .map(|(name, value)| format!("| {name} | `{value}` |"))
        .collect();
    assert!(wrong.is_empty(), "the document should show\n{}", wrong.join("\n"));
}
