//! The state recomputed from the rows alone, by different code, and compared.

use std::collections::BTreeMap;

use ledger_api::Side;

use super::book::Book;
use crate::account::Head;
use crate::format::{AccountEvent, AccountState, LegKind, LegRow, Row, SideAfter, Sums};

#[derive(Debug, Clone)]
struct Account {
    currency: String,
    normal: Side,
    state: AccountState,
    sums: Sums,
    version: u64,
    raised_by: u64,
    /// Rows of the account with their jump pointers, oldest first.
    chain: Vec<(u64, u64)>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Held {
    debit: u64,
    credit: u64,
    ever: i64,
    posted: i64,
    released: i64,
    remaining: i64,
    expired: bool,
}

#[derive(Default)]
struct Replay {
    accounts: BTreeMap<u64, Account>,
    holds: BTreeMap<u64, Held>,
}

/// Panics with the invariant that is violated.
pub(super) fn check(book: &Book) {
    let mut replay = Replay::default();
    for (seq, row) in book.all_rows() {
        match row {
            Row::Leg(leg) => replay.leg(seq, leg),
            Row::Account(row) => {
                if let AccountEvent::Opened(opening) = &row.event {
                    let (currency, normal) = (opening.currency.clone(), opening.normal);
                    let (sums, version, raised_by, chain) = (Sums::default(), 0, 0, Vec::new());
                    let account = Account { currency, normal, state: row.state, sums, version, raised_by, chain };
                    assert!(replay.accounts.insert(row.account, account).is_none(), "opened twice");
                }
                let account = replay.accounts.get_mut(&row.account).unwrap();
                account.state = row.state;
                assert_eq!((row.sums, row.version), (account.sums, account.version), "row {seq}");
            }
            Row::Asset(_) | Row::Refusal(_) | Row::Scheduled(_) | Row::Cancelled(_) | Row::Failed(_) => {}
        }
    }
    replay.compare(book);
    check_ids(book);
    super::waiting::check(book);
}

impl Replay {
    fn leg(&mut self, seq: u64, leg: &LegRow) {
        let first = seq - u64::from(leg.index);
        assert_eq!(leg.head.is_some(), leg.index == 0, "row {seq}: the first row has the head");
        let released = self.hold(seq, leg);
        let (posted, pending) = match leg.kind {
            LegKind::Posted | LegKind::Reversal => (leg.amount, 0),
            LegKind::Pending | LegKind::Increase => (0, leg.amount),
            LegKind::Post => (leg.amount, -leg.amount - released),
            LegKind::Void | LegKind::Expiry => (0, -leg.amount),
        };
        for (no, side, is_debit) in [(leg.debit, &leg.debit_side, true), (leg.credit, &leg.credit_side, false)] {
            let account = self.accounts.get_mut(&no).unwrap();
            let before = account.clone();
            if is_debit {
                account.sums.posted_debits += posted;
                account.sums.pending_debits += pending;
            } else {
                account.sums.posted_credits += posted;
                account.sums.pending_credits += pending;
            }
            if account.raised_by != first {
                account.raised_by = first;
                account.version += 1;
            }
            account.check_limits(seq, &before, leg.overrides_floor);
            account.check_side(seq, side);
        }
    }

    /// Follows the hold after a row; returns what was released besides the amount.
    fn hold(&mut self, seq: u64, leg: &LegRow) -> i64 {
        if leg.kind == LegKind::Pending {
            let (debit, credit) = (leg.debit, leg.credit);
            let held =
                Held { debit, credit, ever: leg.amount, posted: 0, released: 0, remaining: leg.amount, expired: false };
            self.holds.insert(seq, held);
            return 0;
        }
        let Some(after) = leg.hold else { return 0 };
        let held = self.holds.get_mut(&after.seq).unwrap();
        let before = *held;
        assert_eq!((leg.debit, leg.credit), (held.debit, held.credit), "row {seq}");
        held.ever += if leg.kind == LegKind::Increase { leg.amount } else { 0 };
        (held.posted, held.released, held.remaining) = (after.posted, after.released, after.remaining);
        held.expired |= leg.kind == LegKind::Expiry;
        assert_eq!(held.posted + held.released + held.remaining, held.ever, "row {seq}: the hold's parts");
        assert!(held.posted >= before.posted && held.released >= before.released && held.remaining >= 0, "row {seq}");
        let posted = if leg.kind == LegKind::Post { leg.amount } else { 0 };
        assert_eq!(held.posted - before.posted, posted, "row {seq}: what was posted of the hold");
        held.released - before.released
    }

    fn compare(&self, book: &Book) {
        let mut totals: BTreeMap<&str, [i64; 2]> = BTreeMap::new();
        assert_eq!(self.accounts.len(), book.state.accounts.len());
        for (no, account) in &self.accounts {
            let head: &Head = &book.state.accounts.get(no).unwrap().head;
            assert_eq!((head.sums, head.version, head.state), (account.sums, account.version, account.state));
            let open = self.holds.values().filter(|held| held.remaining > 0);
            let holds = open.filter(|held| held.debit == *no || held.credit == *no).count();
            assert_eq!(head.holds, holds as u64, "pending postings of account {no}");
            let total = totals.entry(&account.currency).or_default();
            total[0] += account.sums.posted_debits - account.sums.posted_credits;
            total[1] += account.sums.pending_debits - account.sums.pending_credits;
        }
        assert!(totals.values().all(|total| *total == [0, 0]), "debits and credits differ: {totals:?}");
        for (seq, held) in &self.holds {
            let hold = book.state.group.holds[seq];
            let parts = (hold.posted, hold.released, hold.remaining, hold.expired);
            assert_eq!(parts, (held.posted, held.released, held.remaining, held.expired));
        }
        assert_eq!(self.holds.len(), book.state.group.holds.len());
    }
}

impl Account {
    fn check_limits(&self, seq: u64, before: &Account, overrides_floor: bool) {
        let (before, after) = (before.sums.standing(self.normal), self.sums.standing(self.normal));
        let lowest = after.posted - after.pending_out;
        let fell = lowest < before.posted - before.pending_out;
        let below = self.state.floor.is_some_and(|floor| lowest < floor);
        assert!(!(fell && below) || overrides_floor, "row {seq} takes an account below its floor");
        let highest = after.posted + after.pending_in;
        let rose = highest > before.posted + before.pending_in;
        let above = self.state.ceiling.is_some_and(|ceiling| highest > ceiling);
        assert!(!(rose && above), "row {seq} takes an account above its ceiling");
    }

    fn check_side(&mut self, seq: u64, side: &SideAfter) {
        assert_eq!((side.sums, side.version, side.floor), (self.sums, self.version, self.state.floor), "row {seq}");
        let prev = self.chain.last().map_or(0, |(row, _)| *row);
        assert_eq!(side.prev, prev, "row {seq}: the account's previous row");
        assert_eq!(side.jump, self.expected_jump(), "row {seq}: the jump back");
        self.chain.push((seq, side.jump));
    }

    /// Myers' rule by depths: jump over two trees of equal size, else to the row before.
    fn expected_jump(&self) -> u64 {
        let depth = |row: u64| self.chain.iter().position(|(known, _)| *known == row).map_or(0, |place| place + 1);
        let jump = |row: u64| self.chain.iter().find(|(known, _)| *known == row).map_or(0, |(_, jump)| *jump);
        let prev = self.chain.last().map_or(0, |(row, _)| *row);
        let (once, twice) = (jump(prev), jump(jump(prev)));
        let equal = prev != 0 && depth(prev) - depth(once) == depth(once) - depth(twice);
        if equal { twice } else { prev }
    }
}

/// Every id leads to the one row that has it.
fn check_ids(book: &Book) {
    let mut found = BTreeMap::new();
    for (seq, row) in book.all_rows() {
        let id = match row {
            // A previously scheduled transaction has its id from there.
            Row::Leg(leg) => leg.head.as_ref().filter(|head| head.target != Some(head.id)).map(|head| head.id),
            Row::Refusal(refusal) => Some(refusal.id),
            Row::Scheduled(scheduled) => Some(scheduled.id),
            Row::Cancelled(cancelled) => Some(cancelled.id),
            Row::Account(_) | Row::Asset(_) | Row::Failed(_) => None,
        };
        if let Some(id) = id {
            assert_eq!(found.insert(id, seq), None, "id {id} has two rows");
        }
    }
    let known: BTreeMap<u128, u64> = book.state.group.known.iter().map(|(id, seq)| (*id, *seq)).collect();
    assert_eq!(found, known, "ids and the rows that bear them");
}
