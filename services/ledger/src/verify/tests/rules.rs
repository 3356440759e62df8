//! Rows that our ledger would never write, whatever their hashes: each rule refuses its own.
//!
//! The rows show no balances after them, so a row that breaks no rule is reported wrong in its first sum.

use ledger_api::{AccountStatus, Side};

use super::super::lookups::{Lookups, Reversal, check_reversal};
use super::super::pending::{Held, Part, Pending};
use super::super::replay::{Account, Replay};
use crate::format::{AccountState, HoldAfter, LegKind, LegRow, Row, SideAfter, Sums, TransactionHead};

const NOW: i64 = 1_000;
const FINE: &str = "posted debits of the debit account a";
const TARGET: u128 = 7;

fn account(path: &str, normal: Side, floor: Option<i64>, ceiling: Option<i64>) -> Account {
    Account {
        path: path.into(),
        currency: "USD".to_owned(),
        scale: 2,
        normal,
        owner: None,
        opened_at: 500,
        state: AccountState { status: AccountStatus::Open, floor, ceiling, metadata: None, metadata_seq: 0 },
        sums: Sums { posted_debits: 100, posted_credits: 100, pending_debits: 50, pending_credits: 50 },
        late: Sums::default(),
        late_rows: 0,
        version: 1,
        raised_by: 0,
        holds: 1,
        trees: Vec::new(),
    }
}

/// Account a is debited and account b credited; a pending transaction of 50 between them is due at 2,000.
fn books() -> Replay {
    let held = Held { posted: 0, released: 0, remaining: 50, expired: false };
    let pending = Pending { first: 3, expires_at: 2_000, parts: vec![Part { debit: 1, credit: 2, held }] };
    Replay {
        accounts: vec![account("a", Side::Credit, None, None), account("b", Side::Credit, None, None)],
        pending: [(TARGET, pending)].into(),
        ..Replay::default()
    }
}

fn leg(kind: LegKind, amount: i64) -> LegRow {
    let target = (!matches!(kind, LegKind::Posted | LegKind::Pending)).then_some(TARGET);
    let asked = target.map(|_| [1; 16]);
    let head = Some(TransactionHead { id: 9, legs: 1, target, asked, ..TransactionHead::default() });
    let hold = |posted, released, remaining| HoldAfter { seq: 3, posted, released, remaining };
    let hold = match kind {
        LegKind::Post => Some(hold(amount, 0, 50 - amount)),
        LegKind::Void | LegKind::Expiry => Some(hold(0, amount, 50 - amount)),
        LegKind::Increase => Some(hold(0, 0, 50 + amount)),
        LegKind::Posted | LegKind::Pending | LegKind::Reversal => None,
    };
    let (debit_side, credit_side) = (SideAfter::default(), SideAfter::default());
    LegRow { kind, index: 0, head, debit: 1, credit: 2, amount, overrides_floor: false, hold, debit_side, credit_side }
}

#[track_caller]
fn said_at(mut replay: Replay, at: i64, row: LegRow, words: &str) {
    let body = Row::Leg(Box::new(row)).encode(10);
    let error = replay.row(&mut Lookups::default(), 10, at, &body).unwrap_err().to_string();
    assert!(error.starts_with("row 10: ") && error.contains(words), "{error}");
}

#[track_caller]
fn said(change: impl FnOnce(&mut Replay, &mut LegRow), kind: LegKind, amount: i64, words: &str) {
    let (mut replay, mut row) = (books(), leg(kind, amount));
    change(&mut replay, &mut row);
    said_at(replay, NOW, row, words);
}

fn limits(replay: &mut Replay, normal: Side, floor: Option<i64>, ceiling: Option<i64>) {
    replay.accounts[0] = account("a", normal, floor, ceiling);
}

#[test]
fn limits_are_checked_for_movements_towards_them_only() {
    // Account a has nothing posted, and 50 held to leave.
    said(|books, _| limits(books, Side::Credit, Some(-60), None), LegKind::Posted, 10, FINE);
    said(
        |books, _| limits(books, Side::Credit, Some(-60), None),
        LegKind::Posted,
        11,
        "expected -60 or higher, found -61",
    );
    said(|books, _| limits(books, Side::Credit, Some(-60), None), LegKind::Increase, 11, "-60 or higher, found -61");
    let forced = |books: &mut Replay, row: &mut LegRow| {
        limits(books, Side::Credit, Some(-60), None);
        row.overrides_floor = true;
    };
    said(forced, LegKind::Posted, 11, FINE);
    said(|books, _| limits(books, Side::Debit, None, Some(60)), LegKind::Posted, 10, FINE);
    said(|books, _| limits(books, Side::Debit, None, Some(60)), LegKind::Posted, 11, "expected 60 or lower, found 61");
    // An account beyond a limit that was set later may still come back.
    said(|books, _| limits(books, Side::Debit, Some(500), None), LegKind::Posted, 10, FINE);
    said(|books, _| limits(books, Side::Credit, Some(0), None), LegKind::Void, 10, FINE);
}

#[test]
fn a_posting_must_fit_its_accounts_state_and_currency() {
    let status = |status| move |books: &mut Replay, _: &mut LegRow| books.accounts[1].state.status = status;
    for kind in [LegKind::Posted, LegKind::Pending, LegKind::Post, LegKind::Increase, LegKind::Reversal] {
        said(status(AccountStatus::Frozen), kind, 10, "status of account b: expected open, found Frozen");
    }
    for kind in [LegKind::Void, LegKind::Post] {
        said(status(AccountStatus::Closed), kind, 10, "status of account b: expected open, found Closed");
    }
    said(status(AccountStatus::Frozen), LegKind::Void, 10, FINE);
    let frozen_rest = |books: &mut Replay, row: &mut LegRow| {
        books.accounts[1].state.status = AccountStatus::Frozen;
        row.hold = Some(HoldAfter { seq: 3, posted: 0, released: 50, remaining: 0 });
    };
    said(frozen_rest, LegKind::Post, 0, FINE);
    said(|books, _| books.accounts[1].currency = "EUR".to_owned(), LegKind::Posted, 10, "currency of the credit side");
    said(|_, row| row.credit = 1, LegKind::Posted, 10, "expected another account than debit");
    said(|_, row| row.credit = 3, LegKind::Posted, 10, "expected one of the 2 that are open, found 3");
}

#[test]
fn amounts_and_heads_are_in_bounds() {
    let most = ledger_api::limits::AMOUNT_MAX;
    said(|_, _| (), LegKind::Posted, most, FINE);
    said(|_, _| (), LegKind::Posted, most + 1, "row 10: amount: expected 1 to");
    said(|_, _| (), LegKind::Pending, 0, "amount: expected 1 to");
    said(|books, _| books.accounts[0].sums.posted_debits = i64::MAX, LegKind::Posted, 1, "sum of account a");
    let head =
        |change: fn(&mut TransactionHead)| move |_: &mut Replay, row: &mut LegRow| change(row.head.as_mut().unwrap());
    said(head(|head| head.legs = 0), LegKind::Posted, 1, "number of postings: expected 1 to 64, found 0");
    said(head(|head| head.target = None), LegKind::Void, 1, "target: expected true, found false");
    said(head(|head| head.effective_at = Some(NOW + 1)), LegKind::Posted, 1, "effective time: expected at most");
    said(
        head(|head| head.effective_at = Some(499)),
        LegKind::Posted,
        1,
        "effective time: expected not before a was opened",
    );
    said(head(|head| head.expires_at = Some(NOW)), LegKind::Pending, 1, "expiry: expected within 366 days");
    said(head(|head| head.expires_at = Some(NOW + 1)), LegKind::Posted, 1, "kind of a transaction that expires");
    said(|_, row| row.head = None, LegKind::Posted, 1, "head: expected the head of a transaction");
}

#[test]
fn holds_are_settled_once_in_time_and_between_their_accounts() {
    said(|_, _| (), LegKind::Post, 50, FINE);
    said(|_, row| row.amount = 51, LegKind::Post, 50, "expected at most the remaining 50 of the hold, found 51");
    said(|_, row| row.amount = 40, LegKind::Void, 50, "posted, released and remaining part of the hold");
    said(|_, row| row.amount = 0, LegKind::Post, 0, "amount: expected more than 0, or something to release");
    let rest = |_: &mut Replay, row: &mut LegRow| {
        row.hold = Some(HoldAfter { seq: 3, posted: 10, released: 5, remaining: 35 });
    };
    said(rest, LegKind::Post, 10, "expected 0 after a final post, found 35");
    said(
        |books, _| books.pending.clear(),
        LegKind::Void,
        10,
        "expected a pending transaction with something remaining",
    );
    let other = |_: &mut Replay, row: &mut LegRow| row.hold = row.hold.map(|hold| HoldAfter { seq: 4, ..hold });
    said(other, LegKind::Void, 10, "hold: expected one of the 1 rows from 3 on, found row 4");
    said(|_, row| (row.debit, row.credit) = (2, 1), LegKind::Void, 10, "accounts of the hold");
    said(|_, _| (), LegKind::Expiry, 50, "expected no expiry yet, found Expiry");
    said_at(books(), 2_000, leg(LegKind::Expiry, 50), FINE);
    said_at(books(), 1_999, leg(LegKind::Post, 50), FINE);
    for kind in [LegKind::Post, LegKind::Void, LegKind::Increase] {
        said_at(books(), 2_000, leg(kind, 10), "expected nothing but its expiry");
    }
}

#[test]
fn a_reversal_mirrors_its_target_and_is_the_only_one() {
    let legs = [leg(LegKind::Posted, 5), LegRow { amount: 0, ..leg(LegKind::Posted, 5) }, leg(LegKind::Posted, 6)];
    let mirrored = || vec![(2, 1, 6), (2, 1, 5)];
    let check = |target, moved, kind, by| {
        let legs: Vec<LegRow> = legs.iter().map(|leg| LegRow { kind, ..leg.clone() }).collect();
        let reversal = Reversal { seq: 10, id: 9, target: TARGET, legs: moved };
        check_reversal(&reversal, target, &legs, by).err().map_or_else(String::new, |error| error.to_string())
    };
    for kind in [LegKind::Posted, LegKind::Post] {
        assert_eq!(check(3, mirrored(), kind, Some(9)), "");
    }
    for kind in [LegKind::Pending, LegKind::Reversal, LegKind::Void] {
        assert!(check(3, mirrored(), kind, Some(9)).contains("expected an earlier transaction that moved money"));
    }
    assert!(check(10, mirrored(), LegKind::Posted, Some(9)).contains("expected an earlier transaction"));
    let forward = vec![(2, 1, 5), (2, 1, 6)];
    assert!(check(3, forward, LegKind::Posted, Some(9)).contains("debit, credit and amount of each posting"));
    assert!(check(3, mirrored(), LegKind::Posted, Some(8)).contains("in table reversal"));
    assert!(check(3, mirrored(), LegKind::Posted, None).contains("found nothing"));
}
