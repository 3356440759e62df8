//! Holds: what remains of each after every row that concerns it.

use super::disagreement::{Checked, Place};
use crate::format::{HoldAfter, LegKind, LegRow};

/// A pending transaction with something remaining.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) first: u64,
    pub(super) expires_at: i64,
    pub(super) parts: Vec<Part>,
}

/// One posting of it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) debit: u64,
    pub(super) credit: u64,
    pub(super) held: Held,
}

/// Invariant: posted, released and remaining add up to what was held at first plus all increases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) posted: i64,
    pub(super) released: i64,
    pub(super) remaining: i64,
    pub(super) expired: bool,
}

impl Pending {
    pub(super) fn is_over(&self) -> bool {
        self.parts.iter().all(|part| part.held.remaining == 0)
    }

    /// The part that a row names, which must be between the same accounts.
    pub(super) fn part(&mut self, place: &Place, leg: &LegRow, hold: HoldAfter) -> Checked<&mut Part> {
        let rows = format!("one of the {} rows from {} on", self.parts.len(), self.first);
        let index = hold.seq.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        let Some(part) = index.and_then(|index| self.parts.get_mut(index)) else {
            return place.wrong("hold", rows, format!("row {}", hold.seq));
        };
        place.same("accounts of the hold", (part.debit, part.credit), (leg.debit, leg.credit))?;
        Ok(part)
    }
}

impl Held {
    /// The effect of a row on the hold; returns how much of it ends, which is negative for an increase.
    pub(super) fn apply(&mut self, place: &Place, leg: &LegRow, after: HoldAfter) -> Checked<i128> {
        let before = *self;
        let (mut posted, mut released, mut remaining) =
            (i128::from(before.posted), i128::from(before.released), i128::from(before.remaining));
        let amount = i128::from(leg.amount);
        match leg.kind {
            LegKind::Post => {
                let rest = i128::from(after.released) - released;
                posted += amount;
                released += rest;
                remaining -= amount + rest;
                check_post(place, amount, rest, remaining)?;
            }
            LegKind::Void | LegKind::Expiry => {
                released += amount;
                remaining -= amount;
            }
            LegKind::Increase => remaining += amount,
            LegKind::Posted | LegKind::Pending | LegKind::Reversal => {}
        }
        if remaining < 0 {
            return place.wrong("amount", format!("at most the remaining {} of the hold", before.remaining), amount);
        }
        let found = (i128::from(after.posted), i128::from(after.released), i128::from(after.remaining));
        place.same("posted, released and remaining part of the hold", (posted, released, remaining), found)?;
        let expired = before.expired || leg.kind == LegKind::Expiry;
        *self = Held { posted: after.posted, released: after.released, remaining: after.remaining, expired };
        Ok(i128::from(before.remaining) - remaining)
    }
}

/// A post that releases anything releases all the rest.
fn check_post(place: &Place, amount: i128, rest: i128, remaining: i128) -> Checked {
    if rest < 0 {
        return place.wrong("released part of the hold", "not less than before", format!("{} less", -rest));
    }
    if rest > 0 && remaining > 0 {
        return place.wrong("remaining part of the hold", "0 after a final post", remaining);
    }
    if amount + rest == 0 {
        return place.wrong("amount", "more than 0, or something to release", 0);
    }
    Ok(())
}
