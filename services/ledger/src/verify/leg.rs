//! Postings: the transaction a row belongs to, the hold after it, and both of its accounts after it.

use ledger_api::{AccountStatus, limits};

use super::disagreement::{Checked, Place};
use super::lookups::{Lookups, Reversal};
use super::pending::{Held, Part, Pending};
use super::replay::{Account, Replay};
use crate::format::{LegKind, LegRow, SideAfter, Sums, TransactionHead};

const MICROS: i64 = 1_000_000;

/// A transaction whose rows have not all been read.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) head: TransactionHead,
    pub(super) kind: LegKind,
    pub(super) first: u64,
    /// Debit, credit and amount of each posting.
    pub(super) legs: Vec<(u64, u64, i64)>,
}

/// What a row does besides what it says itself.
#[derive(Debug, Clone, Copy)]
struct Change {
    /// How much of the hold ends with it.
    ended: i128,
    /// It takes effect before it was recorded.
    late: bool,
}

#[derive(Debug, Clone, Copy)]
enum AccountSide {
    Debit,
    Credit,
}

impl Replay {
    pub(super) fn leg(&mut self, lookups: &mut Lookups, seq: u64, at: i64, leg: &LegRow) -> Checked {
        let place = Place::Row(seq);
        let mut transaction = self.transaction_of(lookups, &place, seq, at, leg)?;
        check_amount(&place, leg)?;
        if transaction.head.carries_out() {
            self.check_carried(&place, &transaction, leg)?;
        }
        self.check_accounts(&place, leg, transaction.head.effective_at)?;
        for no in [leg.debit, leg.credit] {
            if let Some(account) = no.checked_sub(1).and_then(|index| self.accounts.get(index as usize)) {
                self.behind.keep(seq, no, account);
            }
        }
        let ended = self.settle(&place, at, leg, &transaction.head)?;
        let late = transaction.head.effective_at.is_some_and(|effective_at| effective_at < at);
        for side in [AccountSide::Debit, AccountSide::Credit] {
            self.side(&place, &transaction, leg, side, Change { ended, late })?;
        }
        self.counts.overrides += u64::from(leg.overrides_floor);
        transaction.legs.push((leg.debit, leg.credit, leg.amount));
        match transaction.legs.len() == usize::from(transaction.head.legs) {
            true => self.finish(lookups, &place, at, transaction),
            false => {
                self.open = Some(transaction);
                Ok(())
            }
        }
    }

    /// The transaction that the row continues, or the new one that it begins.
    fn transaction_of(
        &mut self,
        lookups: &mut Lookups,
        place: &Place,
        seq: u64,
        at: i64,
        leg: &LegRow,
    ) -> Checked<Transaction> {
        if let Some(open) = self.open.take() {
            place.same("head", false, leg.head.is_some())?;
            place.same("index of the posting", open.legs.len(), usize::from(leg.index))?;
            place.same("kind", open.kind, leg.kind)?;
            return Ok(open);
        }
        let Some(head) = leg.head.clone() else {
            return place.wrong("head", "the head of a transaction", "none");
        };
        check_head(place, at, leg.kind, &head)?;
        match head.carries_out() {
            // Its id, reference and metadata were registered when it was scheduled.
            true => self.check_carrying(place, at, leg.kind, &head)?,
            false => self.names(lookups, (seq, at), head.id, head.reference.as_ref(), head.metadata),
        }
        Ok(Transaction { head, kind: leg.kind, first: seq, legs: Vec::new() })
    }

    fn check_accounts(&mut self, place: &Place, leg: &LegRow, effective_at: Option<i64>) -> Checked {
        if leg.debit == leg.credit {
            return place.wrong("credit", "another account than debit", leg.credit);
        }
        let debit = self.account(place, leg.debit)?;
        let currency = (debit.currency.clone(), debit.scale);
        let credit = self.account(place, leg.credit)?;
        place.same("currency of the credit side", currency, (credit.currency.clone(), credit.scale))?;
        // Releasing a hold is allowed while an account is frozen, also as a final post of nothing.
        let releases = matches!((leg.kind, leg.amount), (LegKind::Void | LegKind::Expiry, _) | (LegKind::Post, 0));
        for no in [leg.debit, leg.credit] {
            let account = self.account(place, no)?;
            let status = account.state.status;
            if status == AccountStatus::Closed || (!releases && status != AccountStatus::Open) {
                return place.wrong(format!("status of account {}", account.path), "open", format!("{status:?}"));
            }
            if effective_at.is_some_and(|effective_at| effective_at < account.opened_at) {
                let expected = format!("not before {} was opened at {}", account.path, account.opened_at);
                return place.wrong("effective time", expected, effective_at.unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Applies the row to its hold; returns how much of the hold ends with it.
    fn settle(&mut self, place: &Place, at: i64, leg: &LegRow, head: &TransactionHead) -> Checked<i128> {
        let Some(after) = leg.hold else { return Ok(0) };
        let target = head.target.unwrap_or_default();
        let Some(pending) = self.pending.get_mut(&target) else {
            return place.wrong("target", "a pending transaction with something remaining", format!("{target:032x}"));
        };
        let due = pending.expires_at;
        if (leg.kind == LegKind::Expiry) != (at >= due) {
            let expected = if at >= due { "nothing but its expiry" } else { "no expiry yet" };
            return place.wrong(format!("time {at} of a hold due at {due}"), expected, format!("{:?}", leg.kind));
        }
        let part = pending.part(place, leg, after)?;
        let before = part.held.remaining;
        let ended = part.held.apply(place, leg, after)?;
        match (before > 0, after.remaining > 0) {
            (true, false) => self.count_holds(place, leg, |holds| holds.saturating_sub(1))?,
            (false, true) => self.count_holds(place, leg, |holds| holds + 1)?,
            _ => {}
        }
        Ok(ended)
    }

    fn count_holds(&mut self, place: &Place, leg: &LegRow, change: fn(u64) -> u64) -> Checked {
        for no in [leg.debit, leg.credit] {
            let account = self.account(place, no)?;
            account.holds = change(account.holds);
        }
        Ok(())
    }

    fn side(&mut self, place: &Place, within: &Transaction, leg: &LegRow, side: AccountSide, by: Change) -> Checked {
        let (no, found) = match side {
            AccountSide::Debit => (leg.debit, &leg.debit_side),
            AccountSide::Credit => (leg.credit, &leg.credit_side),
        };
        let Place::Row(seq) = *place else { return Ok(()) };
        let account = self.account(place, no)?;
        let (lowest, highest) = (account.lowest(), account.highest());
        account.sums = moved(place, account, account.sums, leg, side, by.ended)?;
        if by.late {
            account.late = moved(place, account, account.late, leg, side, by.ended)?;
            account.late_rows += 1;
        }
        check_limits(place, account, leg, lowest, highest)?;
        if account.raised_by != within.first {
            account.raised_by = within.first;
            account.version += 1;
        }
        let (prev, jump) = account.append(seq);
        let (sums, floor, version, late) = (account.sums, account.state.floor, account.version, account.late);
        let expected = SideAfter { sums, floor, version, prev, jump, late };
        check_side(place, account, side, &expected, found)
    }

    fn finish(&mut self, lookups: &mut Lookups, place: &Place, at: i64, transaction: Transaction) -> Checked {
        if transaction.head.carries_out() {
            self.carried_out(lookups, place, &transaction)?;
        }
        let Transaction { head, kind, first, legs } = transaction;
        match (kind, head.target) {
            (LegKind::Pending, _) => self.held(place, at, first, &head, &legs),
            (LegKind::Reversal, Some(target)) => {
                self.counts.reversals += 1;
                lookups.reversal(Reversal { seq: first, id: head.id, target, legs });
                Ok(())
            }
            (LegKind::Posted, _) | (LegKind::Reversal, None) => Ok(()),
            (_, target) => self.settled(lookups, place, kind, target.unwrap_or_default()),
        }
    }

    fn held(
        &mut self,
        place: &Place,
        at: i64,
        first: u64,
        head: &TransactionHead,
        legs: &[(u64, u64, i64)],
    ) -> Checked {
        let expires_at = head.expires_at.unwrap_or(at + limits::HOLD_SECONDS_DEFAULT * MICROS);
        let mut parts = Vec::with_capacity(legs.len());
        for (debit, credit, amount) in legs.iter().copied() {
            for no in [debit, credit] {
                self.account(place, no)?.holds += 1;
            }
            let held = Held { posted: 0, released: 0, remaining: amount, expired: false };
            parts.push(Part { debit, credit, held });
        }
        self.counts.holds += legs.len() as u64;
        self.pending.insert(head.id, Pending { first, expires_at, parts });
        Ok(())
    }

    /// A pending transaction with nothing remaining never changes again, so the table can be checked now.
    fn settled(&mut self, lookups: &mut Lookups, place: &Place, kind: LegKind, target: u128) -> Checked {
        let over = self.pending.get(&target).is_some_and(Pending::is_over);
        if kind == LegKind::Expiry && !over {
            return place.wrong("expiry", "nothing left of the hold", "something");
        }
        if over && let Some(pending) = self.pending.remove(&target) {
            lookups.holds(&pending);
        }
        Ok(())
    }
}

fn check_head(place: &Place, at: i64, kind: LegKind, head: &TransactionHead) -> Checked {
    let created = matches!(kind, LegKind::Posted | LegKind::Pending);
    if !(1..=limits::POSTINGS_MAX).contains(&usize::from(head.legs)) {
        return place.wrong("number of postings", format!("1 to {}", limits::POSTINGS_MAX), head.legs);
    }
    place.same("target", !created || head.carries_out(), head.target.is_some())?;
    if !created {
        place.same("digest of the request", true, head.asked.is_some())?;
        place.same("effective time", None, head.effective_at)?;
    }
    if let Some(effective_at) = head.effective_at.filter(|effective_at| *effective_at > at) {
        return place.wrong("effective time", format!("at most the record time {at}"), effective_at);
    }
    let Some(expires_at) = head.expires_at else { return Ok(()) };
    place.same("kind of a transaction that expires", LegKind::Pending, kind)?;
    if expires_at <= at || expires_at > at + limits::HOLD_SECONDS_MAX * MICROS {
        return place.wrong("expiry", format!("within 366 days after the record time {at}"), expires_at);
    }
    Ok(())
}

/// The remaining part of a hold may have grown above the limit by increases; a reversal moves what an earlier row
/// moved.
fn check_amount(place: &Place, leg: &LegRow) -> Checked {
    let (least, most) = match leg.kind {
        LegKind::Posted | LegKind::Pending | LegKind::Increase => (1, limits::AMOUNT_MAX),
        LegKind::Void | LegKind::Expiry | LegKind::Reversal => (1, i64::MAX),
        LegKind::Post => (0, i64::MAX),
    };
    if !(least..=most).contains(&leg.amount) {
        return place.wrong("amount", format!("{least} to {most}"), leg.amount);
    }
    if leg.overrides_floor && !matches!(leg.kind, LegKind::Posted | LegKind::Pending) {
        return place.wrong("override of the floor", "none", format!("one in a row of kind {:?}", leg.kind));
    }
    Ok(())
}

fn moved(
    place: &Place,
    account: &Account,
    before: Sums,
    leg: &LegRow,
    side: AccountSide,
    ended: i128,
) -> Checked<Sums> {
    let amount = i128::from(leg.amount);
    let (posted, pending) = match leg.kind {
        LegKind::Posted | LegKind::Reversal => (amount, 0),
        LegKind::Pending => (0, amount),
        LegKind::Post => (amount, -ended),
        LegKind::Void | LegKind::Increase | LegKind::Expiry => (0, -ended),
    };
    let mut sums = before;
    let (posted_sum, pending_sum) = match side {
        AccountSide::Debit => (&mut sums.posted_debits, &mut sums.pending_debits),
        AccountSide::Credit => (&mut sums.posted_credits, &mut sums.pending_credits),
    };
    for (sum, by) in [(posted_sum, posted), (pending_sum, pending)] {
        let after = i128::from(*sum) + by;
        match i64::try_from(after) {
            Ok(after) if after >= 0 => *sum = after,
            _ => return place.wrong(format!("sum of account {}", account.path), "0 to 63 bits", after),
        }
    }
    Ok(sums)
}

/// Only movements towards a limit are checked against it.
fn check_limits(place: &Place, account: &Account, leg: &LegRow, lowest: i128, highest: i128) -> Checked {
    let (low, high) = (account.lowest(), account.highest());
    if let Some(floor) = account.state.floor.filter(|floor| low < lowest && low < i128::from(*floor))
        && !leg.overrides_floor
    {
        return place.wrong(format!("balance of account {}", account.path), format!("{floor} or higher"), low);
    }
    if let Some(ceiling) = account.state.ceiling.filter(|ceiling| high > highest && high > i128::from(*ceiling)) {
        return place.wrong(format!("balance of account {}", account.path), format!("{ceiling} or lower"), high);
    }
    Ok(())
}

fn check_side(place: &Place, account: &Account, side: AccountSide, expected: &SideAfter, found: &SideAfter) -> Checked {
    let name = match side {
        AccountSide::Debit => "debit",
        AccountSide::Credit => "credit",
    };
    let what = |what: &str| format!("{what} of the {name} account {}", account.path);
    let fields: [(&str, i128, i128); 11] = [
        ("posted debits", expected.sums.posted_debits.into(), found.sums.posted_debits.into()),
        ("posted credits", expected.sums.posted_credits.into(), found.sums.posted_credits.into()),
        ("pending debits", expected.sums.pending_debits.into(), found.sums.pending_debits.into()),
        ("pending credits", expected.sums.pending_credits.into(), found.sums.pending_credits.into()),
        ("version", expected.version.into(), found.version.into()),
        ("previous row", expected.prev.into(), found.prev.into()),
        ("jump row", expected.jump.into(), found.jump.into()),
        ("late posted debits", expected.late.posted_debits.into(), found.late.posted_debits.into()),
        ("late posted credits", expected.late.posted_credits.into(), found.late.posted_credits.into()),
        ("late pending debits", expected.late.pending_debits.into(), found.late.pending_debits.into()),
        ("late pending credits", expected.late.pending_credits.into(), found.late.pending_credits.into()),
    ];
    // The names are only formatted when needed: this runs twice for every posting.
    match fields.into_iter().find(|(_, expected, found)| expected != found) {
        Some((field, expected, found)) => place.wrong(what(field), expected, found),
        None if expected.floor != found.floor => place.same(&what("floor"), expected.floor, found.floor),
        None => Ok(()),
    }
}
