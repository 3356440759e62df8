//! Due work that cannot be executed for a reason outside the books fails alone.

use super::scheduled::{book, later, posted, stage};
use super::{paid, scheduled};
use crate::format::Row;
use crate::schedule::{Due, INTERNAL, Stage};

/// Its row cannot be read.
#[test]
fn an_unreadable_scheduled_row_fails_alone() {
    let mut book = book();
    let at = later(&book, 10);
    for bits in 1..=3 {
        book.one(scheduled(paid(bits, "world", "ann", 1), at)).unwrap();
    }
    book.commit(1);
    let seq = book.ids[&1];
    let Row::Scheduled(row) = &mut book.rows[seq as usize - 1].row else { panic!() };
    row.operation = "{".to_owned();
    book.commit(11_000);
    let stages: Vec<Stage> = (1..=3).map(|bits| stage(&book, bits)).collect();
    assert_eq!(stages, [Stage::Failed, Stage::CarriedOut, Stage::CarriedOut]);
    let failed = book.all_rows().find_map(|(_, row)| match row {
        Row::Failed(failed) => Some(failed.refusal.clone()),
        _ => None,
    });
    assert_eq!((failed.as_deref(), posted(&book, "ann")), (Some(INTERNAL), 2));
}

/// No known input makes one panic, so this one is told to, half way.
#[test]
fn a_panicking_scheduled_transaction_fails_alone() {
    let mut book = book();
    let at = later(&book, 10);
    for bits in 1..=2 {
        book.one(scheduled(paid(bits, "world", "ann", 1), at)).unwrap();
    }
    book.commit(1);
    book.now = at.micros();
    let (seq, rows) = (book.ids[&1], book.all_rows().count());
    super::super::schedule::attempt(&mut book.state, seq, |state, _| {
        state.head_mut(1).unwrap().version += 1;
        state.push_row(Row::Asset(crate::format::AssetRow { code: "POINTS".to_owned(), scale: 0 }));
        panic!("on purpose");
    });
    assert_eq!((stage(&book, 1), book.all_rows().count()), (Stage::Failed, rows + 1));
    book.commit(1);
    assert_eq!(posted(&book, "ann"), 1);
    assert_eq!(book.state.entry(1).unwrap().head.version, 1);
}

#[test]
fn one_that_the_lane_gave_up_is_recorded_as_failed() {
    let mut book = book();
    let at = later(&book, 10);
    book.one(scheduled(paid(1, "world", "ann", 1), at)).unwrap();
    book.commit(1);
    book.state.group.due = vec![Due::GiveUp(book.ids[&1])];
    super::super::begin(&mut book.state, at);
    assert_eq!((stage(&book, 1), posted(&book, "ann")), (Stage::Failed, 0));
}
