//! Chosen histories, one story each.

use ledger_api::{
    AccountChange, ChangeAccount, DeclareAsset, Metadata, NewTransaction, OpenAccount, Operation, Override, Posting,
    Refusal, Share, Side, WantedStatus,
};
use platform::error::Refusal as _;

use super::book::Book;
use super::{created, eur, held, id, increase, keyed, no_floor, owner, paid, path, post, posting, tag, usd, void};
use super::{invariants, reverse};
use crate::command::{Body, Command, Line, Lines, Outcome, Reach, Recorded, Reply};
use crate::format::Row;

/// `bank` may go negative; `ann` and `bob` may not; all are credit accounts except `bank`.
fn book() -> Book {
    Book::new()
        .with_account("bank", "USD", Side::Debit, no_floor())
        .with_account("ann", "USD", Side::Credit, Default::default())
        .with_account("bob", "USD", Side::Credit, Default::default())
}

fn refusal(outcome: Outcome<Recorded>) -> Refusal {
    outcome.unwrap_err().refusal
}

fn declare(book: &mut Book, code: &str, scale: u8, tag: crate::command::Tag) -> Outcome<crate::command::AssetAnswer> {
    let body = Body::Declare(DeclareAsset { code: code.to_owned(), scale }, tag);
    match book.decide(&Command { reach: Reach::All, body }) {
        Reply::Asset(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_that_declared_one_asset_cannot_declare_another() {
    let mut book = book();
    assert!(!declare(&mut book, "POINTS", 0, keyed(1, 7, 1)).unwrap().replayed);
    assert!(declare(&mut book, "POINTS", 0, keyed(2, 7, 1)).unwrap().replayed);
    assert_eq!(declare(&mut book, "MILES", 0, keyed(3, 7, 2)).unwrap_err().refusal, Refusal::IdempotencyKeyTaken);
    let refused = declare(&mut book, "POINTS", 2, keyed(4, 8, 3)).unwrap_err();
    assert_eq!(refused.refusal.code(), "asset_exists");
    book.commit(1);
    let again = declare(&mut book, "POINTS", 2, keyed(5, 8, 3)).unwrap_err();
    assert!(again.replayed && again.refusal == refused.refusal);
    book.commit(1);
}

#[test]
fn a_finished_part_that_is_increased_is_held_again() {
    let mut book = book();
    book.one(paid(1, "bank", "ann", 100)).unwrap();
    book.one(paid(2, "bank", "bob", 100)).unwrap();
    let parts = vec![posting("ann", "bank", usd(100)), posting("bob", "bank", usd(50))];
    book.one(created(3, WantedStatus::Pending, parts)).unwrap();
    book.one(post(4, 3, vec![usd(100), usd(0)], false)).unwrap();
    book.one(paid(5, "bank", "ann", 5)).unwrap();
    book.one(increase(6, 3, vec![usd(5), usd(0)])).unwrap();
    invariants::check(&book);
    book.one(void(7, 3, vec![])).unwrap();
    invariants::check(&book);
}

#[test]
fn a_hold_across_owners_belongs_to_none_of_them() {
    let mut book = book();
    for (name, subject) in [("one", "cust_1"), ("two", "cust_1"), ("other", "cust_2"), ("more", "cust_2")] {
        book.open(name, "USD", Side::Credit, no_floor(), Some(subject.parse().unwrap())).unwrap();
    }
    let parts = vec![posting("one", "two", usd(10)), posting("other", "more", usd(10))];
    book.one(created(1, WantedStatus::Pending, parts)).unwrap();
    let attempt = |book: &mut Book, line| refusal(book.one_of(owner("cust_1"), line));
    let unknown = Refusal::PendingUnknown { transaction: id(1) };
    assert_eq!(attempt(&mut book, post(2, 1, vec![], true)), unknown);
    assert_eq!(attempt(&mut book, void(3, 1, vec![])), unknown);
    assert_eq!(attempt(&mut book, increase(4, 1, vec![usd(1), usd(1)])), unknown);
    assert_eq!(attempt(&mut book, reverse(5, 1)), Refusal::TransactionUnknown { transaction: id(1) });
    book.one(post(6, 1, vec![], true)).unwrap();
}

#[test]
fn another_owners_id_is_taken_and_reveals_nothing() {
    let mut book = book();
    book.open("own", "USD", Side::Credit, no_floor(), Some("cust_1".parse().unwrap())).unwrap();
    book.one(paid(1, "bank", "ann", 100)).unwrap();
    book.one(paid(2, "ann", "bob", 500)).unwrap_err();
    for line in [paid(1, "bank", "ann", 100), paid(1, "bank", "ann", 7), paid(2, "ann", "bob", 500)] {
        let transaction = line.operation.id().unwrap();
        let taken = Refusal::IdTaken { transaction, field: "accounts".to_owned() };
        assert_eq!(refusal(book.one_of(owner("cust_1"), line)), taken);
    }
    // Its own refusals are replayed to it unchanged.
    let first = book.one_of(owner("cust_1"), paid(3, "ann", "own", 1)).unwrap_err();
    assert_eq!(first.refusal, Refusal::AccountUnknown { account: path("ann") });
    let again = book.one_of(owner("cust_1"), paid(3, "ann", "own", 1)).unwrap_err();
    assert!(again.replayed && again.refusal == first.refusal);
}

#[test]
fn a_frozen_accounts_holds_can_be_released() {
    let mut book = book();
    book.one(paid(1, "bank", "ann", 100)).unwrap();
    book.one(paid(2, "bank", "bob", 100)).unwrap();
    let parts = vec![posting("ann", "bank", usd(40)), posting("bob", "bank", usd(40))];
    book.one(created(3, WantedStatus::Pending, parts)).unwrap();
    book.change("bob", AccountChange::Freeze).unwrap();
    assert_eq!(refusal(book.one(post(4, 3, vec![], true))), Refusal::AccountFrozen { account: path("bob") });
    book.one(post(5, 3, vec![usd(40), usd(0)], true)).unwrap();
    invariants::check(&book);
    assert!(book.holds.is_empty() && book.state.group.holds.values().all(|hold| hold.remaining == 0));
}

#[test]
fn the_total_ever_held_fits_into_64_bits() {
    let mut book = book();
    book.one(held(1, "bank", "ann", i64::MAX / 2)).unwrap();
    book.one(increase(2, 1, vec![usd(i64::MAX / 2)])).unwrap();
    book.one(void(3, 1, vec![usd(i64::MAX / 2)])).unwrap();
    assert_eq!(refusal(book.one(increase(4, 1, vec![usd(10)]))).code(), "sum_overflow");
    invariants::check(&book);
}

#[test]
fn a_refusal_leaves_no_trace_of_metadata() {
    let digest = |note: &str| {
        let metadata = Metadata::from([("note".to_owned(), note.to_owned())]);
        let mut book = book();
        let (currency, normal, limits) = ("EUR".parse().unwrap(), Side::Debit, Default::default());
        let currency = kernel::Currency::with_scale("GOLD", kernel::Currency::scale(&currency)).unwrap();
        let (owner, reference) = (None, None);
        let open =
            OpenAccount { path: path("new"), currency, normal, limits, owner, reference, metadata: metadata.clone() };
        // Refused account commands are remembered under a key only.
        book.account(Reach::All, Body::Open(open, keyed(1, 1, 1))).unwrap_err();
        let change = ChangeAccount { path: path("nobody"), change: AccountChange::SetMetadata(metadata.clone()) };
        book.account(Reach::All, Body::Change(change, keyed(2, 2, 2))).unwrap_err();
        let mut line = paid(3, "ann", "bob", 1);
        if let Operation::Create(create) = &mut line.operation {
            create.metadata = metadata;
        }
        book.one(line).unwrap_err();
        let digest = |(_, row): (u64, &Row)| match row {
            Row::Refusal(refusal) => Some(refusal.command),
            _ => None,
        };
        book.all_rows().filter_map(digest).collect::<Vec<_>>()
    };
    assert_eq!(digest("Ann lives at 1 High Street").len(), 3);
    assert_eq!(digest("Ann lives at 1 High Street"), digest("another"));
}

#[test]
fn a_refused_command_with_a_new_reference_or_condition_differs() {
    let mut book = book();
    let line = |reference: &str| {
        let mut line = paid(1, "ann", "bob", 10);
        if let Operation::Create(create) = &mut line.operation {
            create.reference = Some(reference.parse().unwrap());
        }
        line
    };
    let first = book.one(line("INV-1")).unwrap_err();
    assert_eq!(book.one(line("INV-1")).unwrap_err().refusal, first.refusal);
    assert_eq!(refusal(book.one(line("INV-2"))).code(), "id_taken");
}

#[test]
fn an_expiry_too_far_ahead_stays_refused_later() {
    let mut book = book();
    let expires_at = kernel::Timestamp::from_micros(book.now).plus_seconds(367 * 86_400);
    let (status, postings) = (WantedStatus::Pending, vec![posting("bank", "ann", usd(1))]);
    let line = || {
        let postings = postings.clone();
        let create =
            NewTransaction { id: Some(id(1)), status, postings, expires_at: Some(expires_at), ..Default::default() };
        Line { tag: tag(1), operation: Operation::Create(create) }
    };
    assert_eq!(refusal(book.one(line())).code(), "expiry_too_far");
    book.commit(5 * 86_400_000);
    let again = book.one(line()).unwrap_err();
    assert!(again.replayed && again.refusal.code() == "expiry_too_far");
}

#[test]
fn a_hold_made_and_ended_in_one_group_changes_nothing() {
    let mut book = book();
    book.one(paid(1, "bank", "ann", 100)).unwrap();
    book.one(held(2, "ann", "bob", 60)).unwrap();
    book.one(void(3, 2, vec![])).unwrap();
    book.one(held(4, "ann", "bob", 100)).unwrap();
    book.one(post(5, 4, vec![usd(30)], true)).unwrap();
    invariants::check(&book);
    book.commit(1);
    book.forget();
    invariants::check(&book);
    assert_eq!(refusal(book.one(post(6, 2, vec![], true))), Refusal::AlreadyVoided { transaction: id(2) });
    assert_eq!(refusal(book.one(post(7, 4, vec![], true))), Refusal::AlreadyPosted { transaction: id(4) });
}

#[test]
fn an_expired_hold_is_released_before_a_post_in_its_group() {
    let mut book = book();
    book.one(paid(1, "bank", "ann", 100)).unwrap();
    book.one(held(2, "ann", "bob", 60)).unwrap();
    book.commit(8 * 86_400_000);
    assert_eq!(refusal(book.one(post(3, 2, vec![], true))).code(), "expired");
    book.one(paid(4, "ann", "bob", 100)).unwrap();
    invariants::check(&book);
}

#[test]
fn an_atomic_batch_of_all_steps_succeeds_or_leaves_nothing() {
    let mut book = book();
    book.one(paid(1, "bank", "ann", 100)).unwrap();
    let lines = |last: Line| {
        let lines = vec![held(2, "ann", "bob", 60), post(3, 2, vec![usd(20)], false), reverse(4, 3), last];
        Lines { atomic: true, dry_run: false, lines }
    };
    let failed = book.lines(lines(paid(5, "bob", "ann", 1_000)));
    let codes: Vec<&str> = failed.iter().map(|outcome| outcome.as_ref().unwrap_err().refusal.code()).collect();
    assert_eq!(codes, ["sibling_failed", "sibling_failed", "sibling_failed", "insufficient_funds"]);
    invariants::check(&book);
    let again = book.lines(lines(paid(5, "bob", "ann", 1_000)));
    assert!(failed.iter().zip(&again).all(|(first, again)| {
        let (first, again) = (first.as_ref().unwrap_err(), again.as_ref().unwrap_err());
        again.replayed && first.refusal == again.refusal
    }));
    let lines = vec![held(12, "ann", "bob", 60), post(13, 12, vec![usd(20)], false), reverse(14, 13)];
    let done = book.lines(Lines { atomic: true, dry_run: false, lines });
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    invariants::check(&book);
}

#[test]
fn a_split_loses_no_unit_and_takes_what_every_share_has() {
    let mut book = book();
    let share = |name: &str, percent: &str| Share { account: path(name), percent: percent.parse().unwrap() };
    let split = |amount, up_to_available| Posting {
        debit: None,
        split: vec![share("ann", "33.3333"), share("bob", "66.6667")],
        up_to_available,
        ..posting("bank", "bank", usd(amount))
    };
    book.one(paid(1, "bank", "ann", 10)).unwrap();
    book.one(paid(2, "bank", "bob", 1_000)).unwrap();
    let taken = book.one(created(3, WantedStatus::Posted, vec![split(100, true)])).unwrap();
    let amounts: Vec<i64> = taken.legs.iter().map(|leg| leg.row.amount).collect();
    assert_eq!(amounts, [10, 20]);
    assert_eq!(
        refusal(book.one(created(4, WantedStatus::Posted, vec![split(100, true)]))).code(),
        "insufficient_funds"
    );
    book.one(paid(5, "bank", "ann", 100)).unwrap();
    let taken = book.one(created(6, WantedStatus::Posted, vec![split(100, false)])).unwrap();
    assert_eq!(taken.legs.iter().map(|leg| leg.row.amount).sum::<i64>(), 100);
    invariants::check(&book);
}

#[test]
fn an_increase_is_checked_against_the_floor_unless_overridden() {
    let mut book = book();
    book.one(paid(1, "bank", "ann", 100)).unwrap();
    book.one(held(2, "ann", "bob", 90)).unwrap();
    assert_eq!(refusal(book.one(increase(3, 2, vec![usd(11)]))).code(), "increase_refused");
    book.one(increase(4, 2, vec![usd(10)])).unwrap();
    let forced = Posting { override_limit: Some(Override::Floor), ..posting("ann", "bob", usd(50)) };
    book.one(created(5, WantedStatus::Posted, vec![forced])).unwrap();
    invariants::check(&book);
    assert_eq!(refusal(book.one(paid(6, "ann", "bob", 1))).code(), "insufficient_funds");
    // Only towards the limit: incoming money is not refused.
    book.one(paid(7, "bank", "ann", 10)).unwrap();
    assert_eq!(
        refusal(book.one(created(8, WantedStatus::Posted, vec![posting("bank", "ann", eur(1))]))).code(),
        "currency_mismatch"
    );
}

#[test]
fn an_account_closes_only_at_zero_without_holds() {
    let mut book = book();
    book.one(paid(1, "bank", "ann", 100)).unwrap();
    book.one(held(2, "ann", "bob", 100)).unwrap();
    let close = |book: &mut Book, name| book.change(name, AccountChange::Close).map(|_| ()).map_err(|no| no.refusal);
    assert_eq!(close(&mut book, "bob"), Err(Refusal::AccountHasHolds { account: path("bob") }));
    book.one(void(3, 2, vec![])).unwrap();
    assert_eq!(close(&mut book, "ann"), Err(Refusal::AccountNotZero { account: path("ann") }));
    assert_eq!(close(&mut book, "bob"), Ok(()));
    assert_eq!(refusal(book.one(paid(4, "ann", "bob", 1))), Refusal::AccountClosed { account: path("bob") });
    let changed = book.change("bob", AccountChange::Unfreeze).unwrap_err();
    assert_eq!(changed.refusal, Refusal::AccountClosed { account: path("bob") });
}
