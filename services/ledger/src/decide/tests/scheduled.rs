//! Chosen histories of scheduled transactions.

use kernel::Timestamp;
use ledger_api::{AccountChange, Operation, Override, Refusal, Side, VersionCondition, WantedStatus, limits};
use platform::error::Refusal as _;

use super::book::Book;
use super::{cancel, created, held, id, no_floor, owner, paid, path, post, posting, reverse, scheduled, usd};
use crate::command::{Body, Command, Line, Lines, Outcome, Reach, Recorded, Reply};
use crate::format::Row;
use crate::schedule::Stage;

pub(super) fn book() -> Book {
    let mut book = Book::new()
        .with_account("world", "USD", Side::Debit, no_floor())
        .with_account("ann", "USD", Side::Credit, Default::default())
        .with_account("bob", "USD", Side::Credit, Default::default());
    book.commit(1);
    book
}

pub(super) fn later(book: &Book, seconds: i64) -> Timestamp {
    Timestamp::from_micros(book.now).plus_seconds(seconds)
}

fn refusal(outcome: Outcome<Recorded>) -> Refusal {
    outcome.unwrap_err().refusal
}

pub(super) fn posted(book: &Book, name: &str) -> i64 {
    let entry = book.state.entry(book.state.account_no(&path(name)).unwrap()).unwrap();
    entry.head.sums.standing(entry.facts.normal).posted
}

pub(super) fn stage(book: &Book, bits: u128) -> Stage {
    book.state.group.scheduled[&book.state.group.known[&bits]].stage
}

#[test]
fn a_scheduled_transaction_reserves_nothing_and_moves_when_due() {
    let mut book = book();
    book.one(paid(1, "world", "ann", 100)).unwrap();
    let at = later(&book, 10);
    book.one(scheduled(paid(2, "ann", "bob", 60), at)).unwrap();
    book.commit(9_000);
    // All of it can be taken before.
    book.one(paid(3, "ann", "world", 100)).unwrap();
    book.one(paid(4, "world", "ann", 80)).unwrap();
    assert_eq!((posted(&book, "bob"), stage(&book, 2)), (0, Stage::Waits));
    book.commit(2_000);
    assert_eq!((posted(&book, "ann"), posted(&book, "bob"), stage(&book, 2)), (20, 60, Stage::CarriedOut));
    let first = book.state.first_row(2).unwrap();
    let Some(Row::Leg(leg)) = book.state.row(first) else { panic!() };
    let head = leg.head.as_ref().unwrap();
    assert_eq!((head.id, head.target, head.effective_at), (2, Some(2), Some(at.micros())));
    // It is now a transaction like any other.
    book.one(reverse(5, 2)).unwrap();
    assert_eq!(posted(&book, "bob"), 0);
    super::invariants::check(&book);
}

#[test]
fn a_scheduled_hold_is_held_when_due_and_posted_by_id() {
    let mut book = book();
    book.one(paid(1, "world", "ann", 100)).unwrap();
    let at = later(&book, 10);
    book.one(scheduled(held(2, "ann", "bob", 60), at)).unwrap();
    assert_eq!(refusal(book.one(post(3, 2, vec![], true))), Refusal::NotPending { transaction: id(2) });
    assert_eq!(refusal(book.one(reverse(4, 2))), Refusal::NotReversible { transaction: id(2) });
    book.commit(10_000);
    book.one(post(5, 2, vec![usd(50)], true)).unwrap();
    assert_eq!((posted(&book, "ann"), posted(&book, "bob")), (50, 50));
    super::invariants::check(&book);
}

#[test]
fn a_scheduled_one_refused_when_due_leaves_only_its_refusal() {
    let mut book = book();
    let at = later(&book, 10);
    let both = vec![posting("world", "ann", usd(5)), posting("bob", "ann", usd(1))];
    book.one(scheduled(created(1, WantedStatus::Posted, both), at)).unwrap();
    let frozen = scheduled(paid(2, "world", "ann", 1), at);
    book.one(frozen).unwrap();
    book.change("world", AccountChange::Freeze).unwrap();
    let rows = book.all_rows().count();
    book.commit(10_000);
    assert_eq!((stage(&book, 1), stage(&book, 2), posted(&book, "ann")), (Stage::Failed, Stage::Failed, 0));
    let failed: Vec<String> = book
        .all_rows()
        .skip(rows)
        .map(|(_, row)| match row {
            Row::Failed(row) => row.refusal.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(failed.iter().all(|text| text.contains("account_frozen")) && failed.len() == 2, "{failed:?}");
    super::invariants::check(&book);
}

#[test]
fn money_from_a_hold_expiring_then_is_available() {
    let mut book = book();
    book.one(paid(1, "world", "ann", 100)).unwrap();
    let at = later(&book, 60);
    let mut hold = held(2, "ann", "bob", 100);
    if let Operation::Create(create) = &mut hold.operation {
        create.expires_at = Some(at);
    }
    // Scheduled before the hold is made, so that its row is earlier.
    book.one(scheduled(paid(3, "ann", "bob", 100), at)).unwrap();
    book.one(scheduled(paid(4, "ann", "bob", 1), at.plus_micros(-1))).unwrap();
    book.one(hold).unwrap();
    book.commit(61_000);
    assert_eq!((stage(&book, 3), stage(&book, 4)), (Stage::CarriedOut, Stage::Failed));
    super::invariants::check(&book);
}

#[test]
fn each_wrong_time_is_refused_by_name() {
    let mut book = book();
    let now = Timestamp::from_micros(book.now);
    let pay = |bits| paid(bits, "world", "ann", 1);
    assert_eq!(refusal(book.one(scheduled(pay(1), now))), Refusal::ScheduleInPast { effective_at: now });
    let latest = now.plus_seconds(limits::SCHEDULE_SECONDS_MAX);
    let far = latest.plus_micros(1);
    assert_eq!(refusal(book.one(scheduled(pay(2), far))), Refusal::ScheduleTooFar { effective_at: far, latest });
    book.one(scheduled(pay(3), latest)).unwrap();
    let with_expiry = |bits, expires_at| {
        let mut line = scheduled(held(bits, "world", "ann", 1), latest);
        if let Operation::Create(create) = &mut line.operation {
            create.expires_at = Some(expires_at);
        }
        line
    };
    assert_eq!(refusal(book.one(with_expiry(4, latest))), Refusal::ExpiresInPast { expires_at: latest });
    let longest = latest.plus_seconds(limits::HOLD_SECONDS_MAX);
    assert!(matches!(refusal(book.one(with_expiry(5, longest.plus_micros(1)))), Refusal::ExpiryTooFar { .. }));
    book.one(with_expiry(6, longest)).unwrap();
}

#[test]
fn what_cannot_change_is_checked_when_scheduling() {
    let mut book = book();
    book.open("euros", "EUR", Side::Credit, no_floor(), None).unwrap();
    book.open("gone", "USD", Side::Credit, no_floor(), None).unwrap();
    book.change("gone", AccountChange::Close).unwrap();
    book.change("bob", AccountChange::Freeze).unwrap();
    let at = later(&book, 10);
    let code = |outcome| refusal(outcome).code();
    assert_eq!(code(book.one(scheduled(paid(1, "world", "nobody", 1), at))), "account_unknown");
    assert_eq!(code(book.one(scheduled(paid(2, "world", "euros", 1), at))), "currency_mismatch");
    assert_eq!(code(book.one(scheduled(paid(3, "world", "gone", 1), at))), "account_closed");
    let mut line = scheduled(paid(4, "world", "ann", 1), at);
    if let Operation::Create(create) = &mut line.operation {
        create.if_version = vec![VersionCondition { account: path("nobody"), version: 0 }];
    }
    assert_eq!(code(book.one(line)), "account_unknown");
    // No money, and frozen today.
    book.one(scheduled(paid(5, "ann", "bob", 1_000), at)).unwrap();
}

#[test]
fn scheduling_takes_the_reference_at_once() {
    let mut book = book();
    let at = later(&book, 10);
    let named = |mut line: Line| {
        if let Operation::Create(create) = &mut line.operation {
            create.reference = Some("rent".parse().unwrap());
        }
        line
    };
    book.one(named(scheduled(paid(1, "world", "ann", 1), at))).unwrap();
    for _ in 0..2 {
        assert!(matches!(refusal(book.one(named(paid(2, "world", "ann", 1)))), Refusal::ReferenceTaken { .. }));
        book.commit(11_000);
    }
    assert_eq!(stage(&book, 1), Stage::CarriedOut);
    super::invariants::check(&book);
}

#[test]
fn a_cancelled_transaction_is_never_executed() {
    let mut book = book();
    let at = later(&book, 10);
    for bits in 1..=3 {
        let from = if bits == 3 { "ann" } else { "world" };
        book.one(scheduled(paid(bits, from, "bob", 1), at)).unwrap();
    }
    book.one(cancel(11, 1)).unwrap();
    assert_eq!(refusal(book.one(cancel(12, 1))), Refusal::AlreadyCancelled { transaction: id(1) });
    book.commit(11_000);
    assert_eq!((stage(&book, 1), posted(&book, "bob")), (Stage::Cancelled, 1));
    assert_eq!(refusal(book.one(cancel(13, 2))), Refusal::AlreadyCarriedOut { transaction: id(2) });
    assert_eq!(refusal(book.one(cancel(14, 3))), Refusal::AlreadyFailed { transaction: id(3) });
    assert_eq!(refusal(book.one(cancel(15, 99))), Refusal::TransactionUnknown { transaction: id(99) });
    book.one(paid(4, "world", "bob", 1)).unwrap();
    assert_eq!(refusal(book.one(cancel(16, 4))), Refusal::NotScheduled { transaction: id(4) });
    // A repeated cancellation gets the first reply, and is not a different command.
    assert!(book.one(cancel(11, 1)).unwrap().replayed);
    assert!(matches!(refusal(book.one(cancel(11, 2))), Refusal::IdTaken { field, .. } if field == "transaction"));
    assert!(
        matches!(refusal(book.one(paid(11, "world", "bob", 1))), Refusal::IdTaken { field, .. } if field == "status")
    );
    super::invariants::check(&book);
}

#[test]
fn a_repeat_gets_the_first_reply_and_differences_are_named() {
    let mut book = book();
    let at = later(&book, 10);
    let line = scheduled(paid(1, "world", "ann", 1), at);
    book.one(line.clone()).unwrap();
    for _ in 0..2 {
        let again = book.one(line.clone()).unwrap();
        assert!(again.replayed && again.plan.is_some());
        let differs = |line| match refusal(line) {
            Refusal::IdTaken { field, .. } => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(differs(book.one(scheduled(paid(1, "world", "ann", 1), at.plus_micros(1)))), "effective_at");
        assert_eq!(differs(book.one(scheduled(paid(1, "world", "ann", 2), at))), "postings");
        assert_eq!(differs(book.one(scheduled(held(1, "world", "ann", 1), at))), "status");
        assert_eq!(differs(book.one(paid(1, "world", "ann", 1))), "scheduled");
        assert_eq!(differs(book.one(cancel(1, 2))), "status");
        book.commit(11_000);
    }
    book.one(paid(2, "world", "ann", 1)).unwrap();
    let field = refusal(book.one(scheduled(paid(2, "world", "ann", 1), later(&book, 10))));
    assert!(matches!(field, Refusal::IdTaken { field, .. } if field == "scheduled"));
    super::invariants::check(&book);
}

#[test]
fn another_owners_scheduled_transaction_does_not_exist() {
    let mut book = book();
    for name in ["hers", "hers2", "his"] {
        let owner = name.get(..3).unwrap().parse().unwrap();
        book.open(name, "USD", Side::Credit, no_floor(), Some(owner)).unwrap();
    }
    let at = later(&book, 10);
    let line = |bits, to| scheduled(paid(bits, "hers", to, 1), at);
    book.one_of(owner("her"), line(1, "hers2")).unwrap();
    assert_eq!(book.state.group.scheduled[&book.state.group.known[&1]].owner.as_deref(), Some("her"));
    assert!(matches!(refusal(book.one_of(owner("her"), line(2, "his"))), Refusal::AccountUnknown { .. }));
    assert_eq!(refusal(book.one_of(owner("his"), cancel(11, 1))), Refusal::TransactionUnknown { transaction: id(1) });
    let foreign = refusal(book.one_of(owner("his"), line(1, "hers2")));
    assert!(matches!(foreign, Refusal::IdTaken { field, .. } if field == "accounts"));
    book.one_of(owner("her"), cancel(12, 1)).unwrap();
    let foreign = refusal(book.one_of(owner("his"), cancel(12, 1)));
    assert!(matches!(foreign, Refusal::IdTaken { field, .. } if field == "accounts"));
}

#[test]
fn splits_sweeps_versions_and_overrides_are_decided_when_due() {
    let mut book = book();
    book.one(paid(1, "world", "ann", 10)).unwrap();
    let at = later(&book, 10);
    let sweep = ledger_api::Posting { up_to_available: true, ..posting("ann", "bob", usd(1_000)) };
    book.one(scheduled(created(2, WantedStatus::Posted, vec![sweep]), at)).unwrap();
    let forced = ledger_api::Posting { override_limit: Some(Override::Floor), ..posting("ann", "world", usd(7)) };
    book.one(scheduled(created(3, WantedStatus::Posted, vec![forced]), at)).unwrap();
    let mut versioned = scheduled(paid(4, "world", "ann", 1), at);
    if let Operation::Create(create) = &mut versioned.operation {
        create.if_version = vec![VersionCondition { account: path("ann"), version: 1 }];
    }
    book.one(versioned).unwrap();
    book.one(paid(5, "world", "ann", 20)).unwrap();
    book.commit(11_000);
    assert_eq!((posted(&book, "bob"), posted(&book, "ann")), (30, -7));
    assert_eq!(stage(&book, 4), Stage::Failed);
    super::invariants::check(&book);
}

#[test]
fn scheduling_works_in_batches_and_dry_runs() {
    let mut book = book();
    let at = later(&book, 10);
    let plan = |bits| scheduled(paid(bits, "world", "ann", 1), at);
    let lines = |dry_run, lines| Lines { atomic: true, dry_run, lines };
    let dry = book.lines(lines(true, vec![plan(1), cancel(2, 1)]));
    assert!(dry.iter().all(|line| line.as_ref().is_ok_and(|line| line.dry_run && line.plan.is_some())));
    assert!(book.state.group.scheduled.is_empty() && !book.state.group.known.contains_key(&1));
    let failed = book.lines(lines(false, vec![plan(1), paid(2, "ann", "bob", 1)]));
    assert!(failed.iter().all(Result::is_err) && book.state.group.scheduled.is_empty());
    let done = book.lines(lines(false, vec![plan(3), cancel(4, 3), plan(5)]));
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    book.commit(11_000);
    assert_eq!((stage(&book, 3), stage(&book, 5), posted(&book, "ann")), (Stage::Cancelled, Stage::CarriedOut, 1));
    super::invariants::check(&book);
}

#[test]
fn an_idempotency_key_finds_the_scheduled_transaction() {
    let mut book = book();
    let at = later(&book, 10);
    let mut line = scheduled(paid(1, "world", "ann", 1), at);
    line.tag = super::keyed(1, 7, 1);
    book.one(line.clone()).unwrap();
    book.commit(11_000);
    let again = book.one(line).unwrap();
    assert!(again.replayed && again.plan.is_some());
    let open = Body::Declare(
        ledger_api::DeclareAsset { code: "POINTS".to_owned(), scale: 0 },
        crate::command::Tag { id: 77, ..super::keyed(77, 7, 1) },
    );
    match book.decide(&Command { reach: Reach::All, body: open }) {
        Reply::Asset(Err(refused)) => assert_eq!(refused.refusal, Refusal::IdempotencyKeyTaken),
        other => panic!("{other:?}"),
    }
}
