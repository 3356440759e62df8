//! What came of what was expected: first by reference, then by the same amount within five days. Pure.
//!
//! A movement counts for one flow, once. A flow that was paid in parts stays open for its rest.

use jiff::civil::Date;
use kernel::Money;
use quant::calendar::days_between;

use crate::face::{Flow, FlowId};

const DAYS_MAX: i64 = 5;

/// Something that was booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Movement {
    /// Unique among all movements of all sources.
    pub(crate) id: String,
    pub(crate) on: Date,
    pub(crate) amount: Money,
    pub(crate) references: Vec<String>,
}

impl Movement {
    pub(crate) fn of_bank(one: &banking_api::Transaction) -> Movement {
        let references = &one.references;
        let all = [
            &references.end_to_end,
            &references.structured,
            &references.own,
            &references.bank,
            &references.creditor,
            &references.cheque,
        ];
        let references = all.into_iter().flatten().cloned().collect();
        Movement { id: one.id.to_string(), on: one.booked_on.date(), amount: one.amount, references }
    }

    /// `amount` is signed from the account's side.
    pub(crate) fn of_ledger(one: &ledger_api::Movement, on: Date, amount: Money) -> Movement {
        let references = one.reference.iter().map(ToString::to_string).collect();
        Movement { id: format!("ledger:{}:{}", one.seq, one.counterpart), on, amount, references }
    }
}

/// A movement, the flow that it is for, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matched {
    pub(crate) movement: String,
    pub(crate) flow: FlowId,
    pub(crate) minor: i64,
}

/// `flows` are those that still count, `movements` those that were not matched before.
pub(crate) fn matched(flows: &[Flow], movements: &[Movement]) -> Vec<Matched> {
    let mut rests: Vec<(&Flow, i64)> = flows.iter().map(|flow| (flow, flow.rest())).collect();
    let mut found = Vec::new();
    let mut left: Vec<&Movement> = Vec::new();
    for movement in movements {
        match rests.iter_mut().find(|(flow, rest)| is_named(flow, *rest, movement)) {
            Some((flow, rest)) => found.extend(taken(movement, flow, rest)),
            None => left.push(movement),
        }
    }
    for movement in left {
        let alike = rests.iter_mut().filter(|(flow, rest)| {
            *rest == movement.amount.minor()
                && *rest != 0
                && apart(flow, movement) <= DAYS_MAX
                && !claims(flow, movement)
        });
        if let Some((flow, rest)) = alike.min_by_key(|(flow, _)| (apart(flow, movement), flow.due, flow.id)) {
            found.extend(taken(movement, flow, rest));
        }
    }
    found
}

fn apart(flow: &Flow, movement: &Movement) -> i64 {
    days_between(flow.due, movement.on).abs()
}

/// A movement in the flow's direction that names its reference.
fn is_named(flow: &Flow, rest: i64, movement: &Movement) -> bool {
    let same_way = rest != 0 && rest.signum() == movement.amount.minor().signum();
    same_way && flow.reference.as_ref().is_some_and(|reference| movement.references.contains(reference))
}

/// Both have references, and they differ: the amount is alike by chance.
fn claims(flow: &Flow, movement: &Movement) -> bool {
    flow.reference.is_some() && !movement.references.is_empty()
}

fn taken(movement: &Movement, flow: &Flow, rest: &mut i64) -> Option<Matched> {
    let came = movement.amount.minor();
    // Of what is more than was expected, the rest of the flow.
    let minor = if came.unsigned_abs() > rest.unsigned_abs() { *rest } else { came };
    *rest -= minor;
    (minor != 0).then(|| Matched { movement: movement.id.clone(), flow: flow.id, minor })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use kernel::{Currency, Timestamp};
    use proptest::prelude::*;

    use super::*;
    use crate::face::{AccountId, FlowState};

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::iso("USD").unwrap())
    }

    fn flow(number: u128, minor: i64, day: i8, reference: Option<&str>) -> Flow {
        Flow {
            id: FlowId::from_bits(number),
            account: AccountId::from_bits(1),
            amount: usd(minor),
            due: date(2026, 2, day),
            category: "invoices".to_owned(),
            reference: reference.map(str::to_owned),
            counterparty: None,
            recurring: None,
            state: FlowState::Planned,
            matched: usd(0),
            created_at: Timestamp::EPOCH,
        }
    }

    fn movement(id: &str, minor: i64, day: i8, references: &[&str]) -> Movement {
        let references = references.iter().map(|one| (*one).to_owned()).collect();
        Movement { id: id.to_owned(), on: date(2026, 2, day), amount: usd(minor), references }
    }

    fn said(flows: &[Flow], movements: &[Movement]) -> Vec<(String, u128, i64)> {
        let found = matched(flows, movements).into_iter();
        found.map(|one| (one.movement, one.flow.bits(), one.minor)).collect()
    }

    #[test]
    fn a_reference_goes_before_an_amount() {
        let flows = [flow(1, 100, 10, None), flow(2, 100, 20, Some("INV-2"))];
        let movements = [movement("a", 100, 10, &["INV-2"]), movement("b", 100, 11, &[])];
        assert_eq!(said(&flows, &movements), [("a".to_owned(), 2, 100), ("b".to_owned(), 1, 100)]);
    }

    #[test]
    fn an_amount_matches_within_five_days() {
        for (day, matches) in [(4, false), (5, true), (10, true), (15, true), (16, false)] {
            let found = said(&[flow(1, -100, 10, None)], &[movement("a", -100, day, &[])]);
            assert_eq!(!found.is_empty(), matches, "{day}");
        }
        assert!(said(&[flow(1, 100, 10, None)], &[movement("a", -100, 10, &[])]).is_empty());
        assert!(said(&[flow(1, 100, 10, Some("X"))], &[movement("a", 100, 10, &["Y"])]).is_empty());
    }

    #[test]
    fn parts_with_the_reference_add_up() {
        let flows = [flow(1, 100, 10, Some("INV-1"))];
        let movements = [movement("a", 30, 9, &["INV-1"]), movement("b", 90, 25, &["INV-1"])];
        assert_eq!(said(&flows, &movements), [("a".to_owned(), 1, 30), ("b".to_owned(), 1, 70)]);
    }

    proptest! {
        #[test]
        fn nothing_counts_twice(
            flows in prop::collection::vec((-3_i64..4, 1_i8..28, prop::option::of(0_u8..3)), 0..12),
            movements in prop::collection::vec((-3_i64..4, 1_i8..28, prop::option::of(0_u8..3)), 0..12),
        ) {
            let name = |number: &Option<u8>| number.map(|number| format!("R{number}"));
            let flows: Vec<Flow> = flows.iter().zip(1_u128..).map(|((minor, day, reference), number)| flow(number, *minor, *day, name(reference).as_deref())).collect();
            let movements: Vec<Movement> = movements.iter().enumerate().map(|(number, (minor, day, reference))| {
                let references: Vec<String> = name(reference).into_iter().collect();
                let references: Vec<&str> = references.iter().map(String::as_str).collect();
                movement(&number.to_string(), *minor, *day, &references)
            }).collect();
            let found = matched(&flows, &movements);
            let mut ids: Vec<&str> = found.iter().map(|one| one.movement.as_str()).collect();
            ids.sort_unstable();
            let count = ids.len();
            ids.dedup();
            prop_assert_eq!(ids.len(), count, "a movement counts once");
            for flow in &flows {
                let came: i64 = found.iter().filter(|one| one.flow == flow.id).map(|one| one.minor).sum();
                prop_assert!(came.abs() <= flow.amount.minor().abs() && came * flow.amount.minor() >= 0);
            }
        }
    }
}
