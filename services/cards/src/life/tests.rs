//! Tables of single steps, and a property over any sequence of them: books kept by a model from the lines alone agree
//! with what the authorization says of itself.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn ask(kind: StepKind, amount: i64) -> Ask {
    Ask { kind, amount: Some(amount), fee: 0, is_final: false }
}

fn approved(held: i64) -> (Status, Sums) {
    (Status::Approved, Sums { authorized: held, held, ..Sums::default() })
}

fn cleared(amount: i64) -> (Status, Sums) {
    (Status::Cleared, Sums { authorized: amount, cleared: amount, ..Sums::default() })
}

#[test]
fn a_partial_clearing_keeps_the_rest_held() {
    let (status, sums) = approved(100);
    let planned = plan(status, sums, ask(StepKind::Clearing, 40)).unwrap();
    assert_eq!(planned.lines, [Line::Post { amount: 40, is_final: false }]);
    assert_eq!((planned.status, planned.sums.held, planned.sums.cleared), (Status::PartlyCleared, 60, 40));
}

#[test]
fn a_final_clearing_releases_the_rest() {
    let (status, sums) = approved(100);
    let last = Ask { is_final: true, ..ask(StepKind::Clearing, 40) };
    let planned = plan(status, sums, last).unwrap();
    assert_eq!(planned.lines, [Line::Post { amount: 40, is_final: true }]);
    assert_eq!((planned.status, planned.sums.held), (Status::Cleared, 0));
}

#[test]
fn a_clearing_above_the_hold_is_two_lines() {
    let (status, sums) = approved(100);
    let planned = plan(status, sums, ask(StepKind::Clearing, 120)).unwrap();
    let more = Line::Move { from: Place::Holder, to: Place::Settlement, amount: 20 };
    assert_eq!(planned.lines, [Line::Post { amount: 100, is_final: true }, more]);
    assert_eq!((planned.status, planned.sums.cleared), (Status::Cleared, 120));
}

#[test]
fn a_late_clearing_is_booked_without_a_hold() {
    let sums = Sums { authorized: 100, ..Sums::default() };
    let planned = plan(Status::Expired, sums, ask(StepKind::Clearing, 100)).unwrap();
    assert_eq!(planned.lines, [Line::Move { from: Place::Holder, to: Place::Settlement, amount: 100 }]);
    assert_eq!(planned.status, Status::Cleared);
}

#[test]
fn a_markup_goes_to_fees() {
    let (status, sums) = approved(102);
    let planned = plan(status, sums, Ask { fee: 2, ..ask(StepKind::Clearing, 102) }).unwrap();
    assert_eq!(planned.lines.len(), 2);
    assert_eq!((owed_more(&planned.lines), planned.sums.fees), (100, 2));
}

#[test]
fn nothing_is_reversed_that_is_not_held() {
    let (status, sums) = approved(100);
    for amount in [101, 0, -1] {
        let refused = plan(status, sums, ask(StepKind::Reversal, amount)).unwrap_err();
        assert_eq!(refused, Refusal::NothingHeld { held: 100, asked: amount });
    }
    let (status, sums) = cleared(100);
    assert!(matches!(plan(status, sums, ask(StepKind::Reversal, 1)), Err(Refusal::NothingHeld { held: 0, .. })));
}

#[test]
fn refunds_and_disputes_do_not_exceed_what_was_paid() {
    let (status, sums) = cleared(100);
    for kind in [StepKind::Refund, StepKind::Dispute] {
        assert_eq!(plan(status, sums, ask(kind, 101)).unwrap_err(), Refusal::AboveCleared { left: 100, asked: 101 });
    }
    let refunded = plan(status, sums, ask(StepKind::Refund, 60)).unwrap();
    let refused = plan(refunded.status, refunded.sums, ask(StepKind::Dispute, 41)).unwrap_err();
    assert_eq!(refused, Refusal::AboveCleared { left: 40, asked: 41 });
    let refused = plan(refunded.status, refunded.sums, ask(StepKind::RefundReversal, 61)).unwrap_err();
    assert_eq!(refused, Refusal::AboveRefunded { left: 60, asked: 61 });
    let refused = plan(refunded.status, refunded.sums, ask(StepKind::DisputeWon, 1)).unwrap_err();
    assert_eq!(refused, Refusal::AboveDisputed { left: 0, asked: 1 });
}

#[test]
fn nothing_follows_a_decline() {
    for status in [Status::Pending, Status::Declined] {
        let refused = plan(status, Sums::default(), ask(StepKind::Clearing, 1)).unwrap_err();
        assert_eq!(refused, Refusal::AuthorizationState { status, step: StepKind::Clearing });
    }
}

#[test]
fn only_what_is_held_can_be_incremented() {
    let (status, sums) = cleared(100);
    assert!(plan(status, sums, ask(StepKind::Increment, 10)).is_err());
    let (status, sums) = approved(100);
    let more = plan(status, sums, ask(StepKind::Increment, 10)).unwrap();
    assert_eq!((more.sums.authorized, more.sums.held), (110, 110));
}

/// The books, by the lines alone: what each place has gained, and the hold.
#[derive(Debug, Default)]
struct Books {
    gained: HashMap<Place, i64>,
    held: i64,
}

impl Books {
    fn book(&mut self, line: &Line) {
        match *line {
            Line::Hold { amount } | Line::Increase { amount } => self.held += amount,
            Line::Void { amount } => self.held -= amount,
            Line::Post { amount, is_final } => {
                self.held = if is_final { 0 } else { self.held - amount };
                self.shift(Place::Holder, Place::Settlement, amount);
            }
            Line::Move { from, to, amount } => self.shift(from, to, amount),
        }
        assert!(self.held >= 0, "more was released than held");
    }

    fn shift(&mut self, from: Place, to: Place, amount: i64) {
        assert!(amount > 0 && from != to);
        *self.gained.entry(from).or_default() -= amount;
        *self.gained.entry(to).or_default() += amount;
    }

    fn of(&self, place: Place) -> i64 {
        self.gained.get(&place).copied().unwrap_or(0)
    }

    fn agree(&self, sums: &Sums) {
        assert_eq!(self.held, sums.held);
        assert_eq!(self.of(Place::Holder), sums.refunded + sums.disputed + sums.won - sums.cleared);
        assert_eq!(self.of(Place::Settlement), sums.cleared - sums.fees - sums.refunded - sums.won);
        assert_eq!(self.of(Place::Fees), sums.fees);
        assert_eq!(self.of(Place::Disputes), -sums.disputed);
        assert_eq!(self.gained.values().sum::<i64>(), 0);
    }
}

fn any_ask() -> impl Strategy<Value = Ask> {
    let kinds = <StepKind as strum::VariantArray>::VARIANTS;
    let kinds: Vec<StepKind> = kinds.iter().copied().filter(|kind| *kind != StepKind::Advice).collect();
    let amount = prop_oneof![Just(None), (1_i64..150).prop_map(Some)];
    (prop::sample::select(kinds), amount, 0_i64..3, any::<bool>()).prop_map(|(kind, amount, fee, is_final)| {
        let fee = if kind == StepKind::Clearing { fee.min(amount.unwrap_or(0)) } else { 0 };
        Ask { kind, amount, fee, is_final }
    })
}

proptest! {
    #[test]
    fn books_agree_after_any_sequence_of_steps(held in 1_i64..200, asks in prop::collection::vec(any_ask(), 0..24)) {
        let advice = plan(Status::Approved, Sums::default(), ask(StepKind::Advice, held)).unwrap();
        let (mut status, mut sums, mut books) = (advice.status, advice.sums, Books::default());
        advice.lines.iter().for_each(|line| books.book(line));
        let mut owed = 0;
        for step in asks {
            // What cannot happen is refused and changes nothing.
            let Ok(planned) = plan(status, sums, step) else { continue };
            if step.kind == StepKind::Expiry {
                books.held = 0;
            }
            planned.lines.iter().for_each(|line| books.book(line));
            owed += owed_more(&planned.lines);
            (status, sums) = (planned.status, planned.sums);
            books.agree(&sums);
            prop_assert_eq!(owed, books.of(Place::Settlement));
            prop_assert!(sums.paid() >= 0 && sums.held >= 0 && sums.disputed >= 0);
        }
    }
}
