//! Scheduled transactions, changed in the database and violating rules: each is named.

use std::sync::Arc;

use ledger_api::{AccountStatus, Side};

use super::super::lookups::Lookups;
use super::super::replay::{Account, Replay};
use super::corruptions::each_is_named;
use crate::format::{
    AccountState, CancelledRow, FailedRow, LegKind, LegRow, Row, ScheduledRow, SideAfter, Sums, TransactionHead,
};

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_the_scheduled_table_are_found() {
    let other = "x'00000000000000000000000000000001'";
    let stray_id = format!("update transaction_id set id = {other} where seq = (select min(seq) from scheduled)");
    each_is_named(&[
        ("update scheduled set due_at = due_at + 1 where state = 0", "row in table scheduled"),
        ("update scheduled set due_at = due_at + 1 where state = 1", "row in table scheduled"),
        ("update scheduled set state = 3 where state = 0", "row in table scheduled"),
        ("update scheduled set state = 0, outcome = 0 where state = 1", "row in table scheduled"),
        ("update scheduled set state = 1 where state = 2", "row in table scheduled"),
        ("update scheduled set outcome = outcome + 1 where state = 3", "row in table scheduled"),
        ("update scheduled set outcome = outcome + 1 where state = 1", "row in table scheduled"),
        ("update scheduled set owner = 'mallory' where state = 0", "row in table scheduled"),
        ("delete from scheduled where state = 0", "row in table scheduled"),
        ("delete from scheduled where state = 2", "row in table scheduled"),
        ("insert into scheduled values (4, 0, 0, 0, null)", "table scheduled: rows, of which 4 is one too many"),
        (&stray_id, "in table transaction_id"),
        (
            "update transaction_id set seq = (select min(outcome) from scheduled where state = 1) \
             where seq = (select seq from scheduled order by outcome = 0, outcome limit 1 offset 1)",
            "in table transaction_id",
        ),
        (
            "update transaction_reference set seq = 4 where reference = 'in-two-months'",
            "row of reference in-two-months",
        ),
        ("delete from transaction_reference where reference = 'no-more'", "row of reference no-more"),
        ("update metadata set body = '{}' where seq = (select max(seq) from scheduled)", "hash of the metadata"),
        ("insert into metadata select outcome, x'00', '{}' from scheduled where state = 1 limit 1", "is one too many"),
    ])
    .await;
}

const ID: u128 = 21;
const OTHER: u128 = 22;
const DUE: i64 = 2_000_000;
/// The row after those in the books.
const NEXT: u64 = 12;

fn account(path: &str, owner: Option<&str>) -> Account {
    Account {
        path: path.into(),
        currency: "USD".to_owned(),
        scale: 2,
        normal: Side::Credit,
        owner: owner.map(Arc::from),
        opened_at: 500,
        state: AccountState {
            status: AccountStatus::Open,
            floor: None,
            ceiling: None,
            metadata: None,
            metadata_seq: 0,
        },
        sums: Sums::default(),
        version: 0,
        raised_by: 0,
        holds: 0,
        late: Sums::default(),
        late_rows: 0,
        trees: Vec::new(),
    }
}

fn operation(extra: &str) -> String {
    let due = kernel::Timestamp::from_micros(DUE);
    format!(
        "{{\"postings\":[{{\"debit\":\"a\",\"credit\":\"b\",\"amount\":{{\"amount\":\"5.00\",\"currency\":\"USD\"}}{extra}}}],\
         \"effective_at\":\"{due}\",\"scheduled\":true}}"
    )
}

fn planned(id: u128, due_at: i64) -> ScheduledRow {
    let reference = Some(format!("ref-{id}"));
    ScheduledRow { id, due_at, accounts: vec![1, 2], operation: operation(""), reference, metadata: None }
}

fn read(replay: &mut Replay, seq: u64, at: i64, row: &Row) -> Result<(), String> {
    let body = row.encode(seq);
    replay.row(&mut Lookups::default(), seq, at, &body).map_err(|error| error.to_string())
}

fn books() -> Replay {
    Replay { accounts: vec![account("a", None), account("b", None), account("c", None)], ..Replay::default() }
}

/// One that is due at `DUE` in row 10, another at the same time in row 11.
fn with_two() -> Replay {
    let mut replay = books();
    read(&mut replay, 10, 1_000, &Row::Scheduled(planned(ID, DUE))).unwrap();
    read(&mut replay, 11, 1_000, &Row::Scheduled(planned(OTHER, DUE))).unwrap();
    replay
}

#[track_caller]
fn refused(change: impl FnOnce(&mut ScheduledRow), words: &str) {
    let mut row = planned(ID, DUE);
    change(&mut row);
    let said = read(&mut books(), 10, 1_000, &Row::Scheduled(row)).unwrap_err();
    assert!(said.contains(words), "{said}");
}

#[test]
fn a_scheduled_row_is_in_the_future_and_complete() {
    refused(|row| row.due_at = 1_000, "due time: expected after 1000");
    refused(|row| row.due_at = 1_001 + 3_653 * 86_400 * 1_000_000, "due time");
    refused(|row| row.due_at += 1, "time in the operation");
    refused(|row| row.operation = "{}".to_owned(), "a transaction as JSON");
    refused(|row| row.operation = row.operation.replace(",\"scheduled\":true", ""), "operation is scheduled");
    refused(|row| row.operation = row.operation.replacen('{', "{\"reference\":\"r\",", 1), "neither id nor reference");
    refused(|row| row.accounts = vec![1], "accounts of what is scheduled");
    refused(|row| row.accounts = vec![2, 1], "accounts of what is scheduled");
    refused(|row| row.accounts = vec![1, 2, 3], "accounts of what is scheduled");
    refused(|row| row.accounts = vec![1, 9], "one of the 3 that are open, found 9");
}

fn leg(amount: i64) -> LegRow {
    let head = TransactionHead {
        id: ID,
        legs: 1,
        target: Some(ID),
        effective_at: Some(DUE),
        reference: Some(format!("ref-{ID}")),
        ..TransactionHead::default()
    };
    let sums = |posted_debits, posted_credits| Sums { posted_debits, posted_credits, ..Sums::default() };
    let side = |sums| SideAfter { sums, version: 1, ..SideAfter::default() };
    LegRow {
        kind: LegKind::Posted,
        index: 0,
        head: Some(head),
        debit: 1,
        credit: 2,
        amount,
        overrides_floor: false,
        hold: None,
        debit_side: side(sums(amount, 0)),
        credit_side: side(sums(0, amount)),
    }
}

#[track_caller]
fn carried(at: i64, change: impl FnOnce(&mut LegRow), words: &str) {
    let mut row = leg(500);
    change(&mut row);
    let said = read(&mut with_two(), NEXT, at, &Row::Leg(Box::new(row))).unwrap_err();
    assert!(said.starts_with("row 12: ") && said.contains(words), "{said}");
}

fn head(change: fn(&mut TransactionHead)) -> impl FnOnce(&mut LegRow) {
    move |row| change(row.head.as_mut().unwrap())
}

#[test]
fn a_scheduled_one_is_executed_once_as_scheduled_and_not_early() {
    let mut replay = with_two();
    read(&mut replay, NEXT, DUE, &Row::Leg(Box::new(leg(500)))).unwrap();
    let again = read(&mut replay, 13, DUE + 1, &Row::Leg(Box::new(leg(500)))).unwrap_err();
    assert!(again.contains("scheduled transaction: expected a waiting one"), "{again}");
    carried(DUE - 1, |_| (), "effective time: expected at most the record time");
    carried(
        DUE - 1,
        head(|head| head.effective_at = None),
        "time of what is scheduled: expected 2000000 or later, found 1999999",
    );
    carried(DUE, head(|head| head.effective_at = Some(DUE - 1)), "effective time of what was scheduled");
    carried(DUE, head(|head| head.effective_at = None), "effective time of what was scheduled");
    carried(DUE, head(|head| head.reference = None), "reference of what was scheduled");
    carried(DUE, head(|head| head.metadata = Some([1; 32])), "metadata besides that of the scheduled row");
    carried(DUE, head(|head| head.asked = Some([1; 16])), "digest of what was scheduled");
    carried(DUE, |row| row.kind = LegKind::Pending, "kind of what was scheduled");
    carried(DUE, |row| row.amount = 499, "amount of what was scheduled");
    carried(DUE, |row| row.credit = 3, "accounts of what was scheduled");
    carried(DUE, |row| row.overrides_floor = true, "override of the floor");
    carried(DUE, head(|head| (head.id, head.target) = (9, Some(9))), "expected a waiting one");
    carried(DUE, head(|head| (head.id, head.target) = (OTHER, Some(OTHER))), "scheduled transaction that is due first");
    carried(DUE, head(|head| head.target = Some(OTHER)), "target: expected false, found true");
}

#[test]
fn a_scheduled_one_ends_once_by_failure_or_cancellation() {
    let refusal = |code: &str| format!("{{\"code\":\"{code}\",\"account\":\"a\"}}");
    let fail = |id, scheduled, refusal| Row::Failed(FailedRow { id, scheduled, refusal });
    let cancel =
        |target, scheduled| Row::Cancelled(CancelledRow { id: 31, target, scheduled, reference: None, metadata: None });
    let said = |at, row: Row| read(&mut with_two(), NEXT, at, &row).err().unwrap_or_default();
    assert!(said(DUE - 1, fail(ID, 10, refusal("account_frozen"))).contains("time of what is scheduled"));
    assert!(said(DUE, fail(OTHER, 11, refusal("account_frozen"))).contains("that is due first"));
    assert!(said(DUE, fail(ID, 9, refusal("account_frozen"))).contains("row that scheduled what failed"));
    assert!(said(DUE, fail(ID, 10, "{\"code\":\"no_postings\"}".to_owned())).contains("refusal"));
    assert!(said(DUE, fail(ID, 10, "{}".to_owned())).contains("refusal"));
    assert_eq!(said(DUE, fail(ID, 10, "{\"code\":\"internal\"}".to_owned())), "");
    assert!(said(1_001, cancel(ID, 11)).contains("row that scheduled the target"));
    assert!(said(1_001, cancel(99, 10)).contains("expected a waiting one"));
    let mut replay = with_two();
    read(&mut replay, NEXT, 1_001, &cancel(ID, 10)).unwrap();
    for row in [cancel(ID, 10), fail(ID, 10, refusal("account_frozen")), Row::Leg(Box::new(leg(500)))] {
        let said = read(&mut replay, 13, DUE, &row).unwrap_err();
        assert!(said.contains("expected a waiting one"), "{said}");
    }
    // A cancelled one blocks nothing.
    read(&mut replay, 13, DUE, &fail(OTHER, 11, refusal("account_frozen"))).unwrap();
}

#[test]
fn what_is_decided_when_due_stays_within_the_request() {
    let with = |extra: &str| {
        let mut replay = books();
        let row = ScheduledRow { operation: operation(extra), ..planned(ID, DUE) };
        read(&mut replay, 10, 1_000, &Row::Scheduled(row)).unwrap();
        replay
    };
    let sweep = ",\"up_to_available\":true";
    let said = |extra: &str, change: &dyn Fn(&mut LegRow)| {
        let mut row = leg(300);
        let wanted: ledger_api::NewTransaction = serde_json::from_str(&operation(extra)).unwrap();
        let digest: [u8; 32] = sha2::Digest::finalize(sha2::Digest::chain_update(
            <sha2::Sha256 as sha2::Digest>::new(),
            serde_json::to_vec(&wanted.postings).unwrap(),
        ))
        .into();
        row.head.as_mut().unwrap().asked = digest.first_chunk().copied();
        change(&mut row);
        read(&mut with(extra), NEXT, DUE, &Row::Leg(Box::new(row))).err().unwrap_or_default()
    };
    assert_eq!(said(sweep, &|_| ()), "");
    let more = |row: &mut LegRow| {
        row.amount = 501;
        (row.debit_side.sums.posted_debits, row.credit_side.sums.posted_credits) = (501, 501);
    };
    assert!(said(sweep, &more).contains("at most the 500 that were scheduled"), "{}", said(sweep, &more));
    assert!(said(sweep, &|row| row.credit = 3).contains("accounts are those of what was scheduled"));
    assert!(said(sweep, &|row| row.head.as_mut().unwrap().asked = None).contains("digest of what was scheduled"));
    assert!(said(sweep, &|row| row.overrides_floor = true).contains("override of the floor"));
}
