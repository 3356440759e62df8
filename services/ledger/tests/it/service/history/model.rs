//! History in plain lists: what every event did to every account, and sums over them.

use std::collections::BTreeMap;

use kernel::Timestamp;
use ledger_api::{StatementOrder, TimeBasis, Transaction, TransactionKind};
use platform::feed::Pull;

use crate::service::harness::Desk;

/// Posted, pending in and pending out.
pub(super) type Stand = [i64; 3];

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) seq: u64,
    pub(super) recorded: i64,
    pub(super) effective: i64,
    pub(super) account: String,
    /// Posted debits and credits, pending debits and credits.
    pub(super) change: [i64; 4],
    pub(super) transaction: Transaction,
    pub(super) counterpart: String,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) entries: Vec<Entry>,
    /// What remains of each posting of a pending transaction.
    left: BTreeMap<(u128, String, String), i64>,
    seen: u64,
}

impl Model {
    /// Reads the feed of events, which has no sums.
    pub(super) async fn follow(&mut self, desk: &Desk) {
        loop {
            let pull = Pull { after: self.seen, max: 500, wait_ms: 0, consumer: None };
            let events = desk.ledger.events_after(&desk.ctx, pull).await.unwrap();
            let Some(last) = events.last() else { return };
            self.seen = last.cursor;
            for event in events {
                let mut data = serde_json::to_value(&event.event).unwrap()["data"].clone();
                data["metadata"] = serde_json::json!({});
                if let Ok(transaction) = serde_json::from_value::<Transaction>(data) {
                    self.take(event.cursor, &transaction);
                }
            }
        }
    }

    fn take(&mut self, last: u64, transaction: &Transaction) {
        let first = last + 1 - transaction.postings.len() as u64;
        let id = transaction.target.unwrap_or(transaction.id).bits();
        for (seq, posting) in (first..).zip(&transaction.postings) {
            let amount = posting.amount.minor();
            let (debit, credit) = (posting.debit.to_string(), posting.credit.to_string());
            let remaining = posting.hold.as_ref().map_or(0, |hold| hold.remaining.minor());
            let left = self.left.entry((id, debit.clone(), credit.clone())).or_default();
            let (posted, pending) = match transaction.kind {
                TransactionKind::Posted | TransactionKind::Reversal => (amount, 0),
                TransactionKind::Post => (amount, remaining - *left),
                _ => (0, remaining - *left),
            };
            *left = remaining;
            for (account, counterpart, change) in
                [(&debit, &credit, [posted, 0, pending, 0]), (&credit, &debit, [0, posted, 0, pending])]
            {
                self.entries.push(Entry {
                    seq,
                    recorded: transaction.recorded_at.micros(),
                    effective: transaction.effective_at.micros(),
                    account: account.clone(),
                    change,
                    transaction: transaction.clone(),
                    counterpart: counterpart.clone(),
                });
            }
        }
    }

    /// What row `known` and those before it did to an account, in the clock's order.
    pub(super) fn of(&self, account: &str, by: TimeBasis, known: u64) -> Vec<&Entry> {
        let own = self.entries.iter().filter(|entry| entry.account == account && entry.seq <= known);
        let mut own: Vec<&Entry> = own.collect();
        own.sort_by_key(|entry| (time(entry, by), entry.seq));
        own
    }

    pub(super) fn sums(&self, account: &str, at: Timestamp, by: TimeBasis, known: u64) -> [i64; 4] {
        let until = self.of(account, by, known).into_iter().filter(|entry| time(entry, by) <= at.micros());
        until.fold([0; 4], |sums, entry| added(sums, entry.change))
    }

    /// Every movement of a range with the account's balance after it.
    pub(super) fn statement(
        &self,
        account: &str,
        by: TimeBasis,
        known: u64,
        range: (Timestamp, Timestamp),
        order: StatementOrder,
    ) -> Vec<(&Entry, [i64; 4])> {
        let mut sums = [0; 4];
        let mut rows = Vec::new();
        for entry in self.of(account, by, known) {
            sums = added(sums, entry.change);
            if (range.0.micros()..range.1.micros()).contains(&time(entry, by)) {
                rows.push((entry, sums));
            }
        }
        if order == StatementOrder::NewestFirst {
            rows.reverse();
        }
        rows
    }
}

pub(super) fn time(entry: &Entry, by: TimeBasis) -> i64 {
    match by {
        TimeBasis::Record => entry.recorded,
        TimeBasis::Event => entry.effective,
    }
}

pub(super) fn added(mut sums: [i64; 4], change: [i64; 4]) -> [i64; 4] {
    sums.iter_mut().zip(change).for_each(|(sum, change)| *sum += change);
    sums
}

/// From the account's side: only `world` is a debit account.
pub(super) fn stand(account: &str, [pd, pc, hd, hc]: [i64; 4]) -> Stand {
    if account == "world" { [pd - pc, hd, hc] } else { [pc - pd, hc, hd] }
}
