//! Rows that take effect before they are recorded, and their sums.

use kernel::Timestamp;
use ledger_api::{Operation, Refusal, Side, WantedStatus};

use super::book::Book;
use super::{created, increase, no_floor, paid, path, post, posting, reverse, usd};
use crate::command::{Line, Lines};
use crate::format::{LegRow, Row, Sums};

fn book() -> Book {
    let mut book = Book::new().with_account("bank", "USD", Side::Debit, no_floor()).with_account(
        "ann",
        "USD",
        Side::Credit,
        no_floor(),
    );
    book.commit(1_000);
    book
}

fn effective(line: Line, at: i64) -> Line {
    let Operation::Create(mut create) = line.operation else { panic!("only new transactions are late") };
    create.effective_at = Some(Timestamp::from_micros(at));
    Line { tag: line.tag, operation: Operation::Create(create) }
}

fn held(bits: u128, amount: i64) -> Line {
    created(bits, WantedStatus::Pending, vec![posting("bank", "ann", usd(amount))])
}

fn legs(book: &Book) -> Vec<&LegRow> {
    let mut legs = Vec::new();
    for (_, row) in book.all_rows() {
        if let Row::Leg(leg) = row {
            legs.push(leg.as_ref());
        }
    }
    legs
}

/// What the newest row says about the late rows of the credited account.
fn late(book: &Book) -> [i64; 4] {
    legs(book).last().unwrap().credit_side.late.each()
}

#[test]
fn late_sums_grow_only_with_late_rows() {
    let mut book = book();
    book.one(paid(1, "bank", "ann", 5)).unwrap();
    assert_eq!(late(&book), [0; 4]);
    book.one(effective(paid(2, "bank", "ann", 7), book.now)).unwrap();
    assert_eq!(late(&book), [0; 4], "as of now is not late");
    book.one(effective(paid(3, "bank", "ann", 11), book.now - 1)).unwrap();
    assert_eq!(late(&book), [0, 11, 0, 0]);
    book.one(effective(held(4, 13), book.now - 1)).unwrap();
    assert_eq!(late(&book), [0, 11, 0, 13]);
    book.commit(1);
    book.one(increase(5, 4, vec![usd(1)])).unwrap();
    book.one(post(6, 4, vec![usd(2)], false)).unwrap();
    book.one(paid(7, "bank", "ann", 1)).unwrap();
    assert_eq!(late(&book), [0, 11, 0, 13], "what happens to a hold takes effect when it is recorded");
    book.one(reverse(8, 3)).unwrap();
    let reversal = legs(&book).last().unwrap().debit_side;
    assert_eq!(reversal.late.each(), [0, 11, 0, 13]);
}

#[test]
fn an_undone_row_was_never_late() {
    let mut book = book();
    let late_line = effective(paid(1, "bank", "ann", 7), book.now - 1);
    let lines = vec![late_line.clone(), paid(2, "bank", "nobody", 1)];
    assert!(book.lines(Lines { atomic: true, dry_run: false, lines }).iter().all(Result::is_err));
    book.lines(Lines { atomic: false, dry_run: true, lines: vec![effective(paid(3, "bank", "ann", 7), book.now - 1)] });
    book.one(paid(4, "bank", "ann", 5)).unwrap();
    assert_eq!(late(&book), [0; 4]);
    let now = book.now;
    let stored = crate::store::late_rows((1..).zip(book.all_rows().map(|(_, row)| row)), now);
    assert!(stored.is_empty(), "{stored:?}");
}

/// Holds come and go, but late sums only grow: they can be full while the others are not.
#[test]
fn overflowing_late_sums_are_refused() {
    let mut book = book();
    let no = book.state.account_no(&path("ann")).unwrap();
    let full = Sums { pending_credits: i64::MAX - 10, ..Sums::default() };
    std::sync::Arc::make_mut(&mut book.state.accounts.get_mut(&no).unwrap().head).late = full;
    let refused = book.one(effective(held(1, 11), book.now - 1)).unwrap_err();
    assert_eq!(refused.refusal, Refusal::SumOverflow { account: path("ann") });
    book.one(effective(held(2, 10), book.now - 1)).unwrap();
    book.one(held(3, 11)).unwrap();
}
