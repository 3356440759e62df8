//! Scheduled transactions: each is due after it was recorded, ends at most once, by rows that do exactly what its row
//! says, not before it is due, and never ahead of one that was due earlier.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger_api::{NewTransaction, Override, Refusal, WantedStatus, limits};
use sha2::{Digest, Sha256};

use super::disagreement::{Checked, Place};
use super::leg::Transaction;
use super::lookups::Lookups;
use super::replay::Replay;
use crate::format::{CancelledRow, FailedRow, LegKind, LegRow, ScheduledRow, TransactionHead};

const MICROS: i64 = 1_000_000;
/// The refusal of a row that failed for a reason outside the books.
const INTERNAL: &str = "{\"code\":\"internal\"}";

#[derive(Debug, Default)]
pub(super) struct Waiting {
    by_id: BTreeMap<u128, Plan>,
    /// In execution order: due time, then row.
    order: BTreeMap<(i64, u64), u128>,
}

/// A waiting one.
#[derive(Debug)]
struct Plan {
    seq: u64,
    due_at: i64,
    owner: Option<Arc<str>>,
    accounts: Vec<u64>,
    reference: Option<String>,
    wanted: NewTransaction,
}

/// A row of table `scheduled` after its number: due time, state, outcome, owner.
pub(super) type Columns = (i64, i64, i64, Option<String>);

#[derive(Debug, Clone, Copy)]
enum End {
    CarriedOut = 1,
    Failed = 2,
    Cancelled = 3,
}

impl Waiting {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// The expected table rows of the waiting ones.
    pub(super) fn rows(&self) -> Vec<(u64, Columns)> {
        self.by_id.values().map(|plan| (plan.seq, plan.columns(0, 0))).collect()
    }

    fn add(&mut self, id: u128, plan: Plan) {
        self.order.insert((plan.due_at, plan.seq), id);
        self.by_id.insert(id, plan);
    }

    fn end(&mut self, lookups: &mut Lookups, id: u128, end: End, outcome: u64) {
        let Some(plan) = self.by_id.remove(&id) else { return };
        self.order.remove(&(plan.due_at, plan.seq));
        lookups.scheduled(plan.seq, plan.columns(end as i64, outcome as i64));
    }

    fn find(&self, place: &Place, id: u128) -> Checked<&Plan> {
        match self.by_id.get(&id) {
            Some(plan) => Ok(plan),
            None => place.wrong("scheduled transaction", "a waiting one", format!("{id:032x}")),
        }
    }

    /// One that ends because it is due.
    fn find_due(&self, place: &Place, at: i64, id: u128) -> Checked<&Plan> {
        let plan = self.find(place, id)?;
        if plan.due_at > at {
            return place.wrong("time of what is scheduled", format!("{} or later", plan.due_at), at);
        }
        let first = self.order.values().next();
        place.same(
            "scheduled transaction that is due first",
            first.map(|id| format!("{id:032x}")),
            Some(format!("{id:032x}")),
        )?;
        Ok(plan)
    }
}

impl Plan {
    fn columns(&self, state: i64, outcome: i64) -> Columns {
        (self.due_at, state, outcome, self.owner.as_deref().map(str::to_owned))
    }

    /// Rows show accounts and amounts as requested, unless those are decided when it is due.
    fn is_worked_out(&self) -> bool {
        self.wanted.postings.iter().any(|posting| posting.up_to_available || !posting.split.is_empty())
    }

    fn may_override(&self, place: usize) -> bool {
        let overrides = |posting: &ledger_api::Posting| posting.override_limit == Some(Override::Floor);
        match self.is_worked_out() {
            true => self.wanted.postings.iter().any(overrides),
            false => self.wanted.postings.get(place).is_some_and(overrides),
        }
    }

    fn asked(&self) -> Option<[u8; 16]> {
        let text = serde_json::to_vec(&self.wanted.postings).ok().filter(|_| self.is_worked_out())?;
        Sha256::digest(text).first_chunk::<16>().copied()
    }
}

impl Replay {
    pub(super) fn scheduled_row(&mut self, lookups: &mut Lookups, seq: u64, at: i64, row: ScheduledRow) -> Checked {
        let place = Place::Row(seq);
        let latest = at.saturating_add(limits::SCHEDULE_SECONDS_MAX * MICROS);
        if row.due_at <= at || row.due_at > latest {
            return place.wrong("due time", format!("after {at} and not after {latest}"), row.due_at);
        }
        let Ok(wanted) = serde_json::from_str::<NewTransaction>(&row.operation) else {
            return place.wrong("operation", "a transaction as JSON", &row.operation);
        };
        let bare = wanted.id.is_none() && wanted.reference.is_none() && wanted.metadata.is_empty();
        place.same("operation has neither id nor reference nor metadata", true, bare)?;
        place.same("operation is scheduled", true, wanted.scheduled)?;
        place.same("time in the operation", Some(row.due_at), wanted.effective_at.map(|time| time.micros()))?;
        self.check_named(&place, &row.accounts, &wanted)?;
        let owner = self.one_owner(&row.accounts);
        self.names(lookups, (seq, at), row.id, row.reference.as_ref(), row.metadata);
        self.counts.scheduled += 1;
        let ScheduledRow { id, due_at, accounts, reference, .. } = row;
        self.waiting.add(id, Plan { seq, due_at, owner, accounts, reference, wanted });
        Ok(())
    }

    /// The numbers are those of the paths, each once, in the order of mention.
    fn check_named(&mut self, place: &Place, accounts: &[u64], wanted: &NewTransaction) -> Checked {
        let mut paths: Vec<String> = Vec::new();
        let of_postings = wanted.postings.iter().flat_map(|posting| {
            let shares = posting.split.iter().map(|share| &share.account);
            posting.debit.iter().chain(&posting.credit).chain(shares)
        });
        for path in of_postings.chain(wanted.if_version.iter().map(|condition| &condition.account)) {
            if !paths.iter().any(|known| known == path.as_str()) {
                paths.push(path.to_string());
            }
        }
        let mut found = Vec::with_capacity(accounts.len());
        for no in accounts {
            found.push(self.account(place, *no)?.path.to_string());
        }
        place.same("accounts of what is scheduled", paths, found)
    }

    fn one_owner(&self, accounts: &[u64]) -> Option<Arc<str>> {
        let owner =
            |no: &u64| usize::try_from(*no).ok().and_then(|no| self.accounts.get(no.checked_sub(1)?)?.owner.clone());
        let first = owner(accounts.first()?)?;
        accounts.iter().all(|no| owner(no).as_ref() == Some(&first)).then_some(first)
    }

    pub(super) fn names(
        &mut self,
        lookups: &mut Lookups,
        (seq, at): (u64, i64),
        id: u128,
        reference: Option<&String>,
        metadata: Option<[u8; 32]>,
    ) {
        lookups.id(&mut self.counts, seq, at, id);
        if let Some(reference) = reference {
            self.counts.transaction_references += 1;
            lookups.reference(seq, reference.clone());
        }
        if let Some(hash) = metadata {
            lookups.metadata(seq, hash);
        }
    }

    pub(super) fn cancelled_row(&mut self, lookups: &mut Lookups, seq: u64, at: i64, row: &CancelledRow) -> Checked {
        let place = Place::Row(seq);
        let plan = self.waiting.find(&place, row.target)?;
        place.same("row that scheduled the target", plan.seq, row.scheduled)?;
        self.names(lookups, (seq, at), row.id, row.reference.as_ref(), row.metadata);
        self.waiting.end(lookups, row.target, End::Cancelled, seq);
        Ok(())
    }

    pub(super) fn failed_row(&mut self, lookups: &mut Lookups, seq: u64, at: i64, row: &FailedRow) -> Checked {
        let place = Place::Row(seq);
        let plan = self.waiting.find_due(&place, at, row.id)?;
        place.same("row that scheduled what failed", plan.seq, row.scheduled)?;
        let refusal: Option<Refusal> = serde_json::from_str(&row.refusal).ok();
        if row.refusal != INTERNAL && !refusal.is_some_and(|refusal| refusal.is_remembered()) {
            return place.wrong("refusal", "one that depends on the books", &row.refusal);
        }
        self.waiting.end(lookups, row.id, End::Failed, seq);
        Ok(())
    }

    /// A head that says its rows execute what was scheduled under its id.
    pub(super) fn check_carrying(&self, place: &Place, at: i64, kind: LegKind, head: &TransactionHead) -> Checked {
        let plan = self.waiting.find_due(place, at, head.id)?;
        let expected = match plan.wanted.status {
            WantedStatus::Posted => LegKind::Posted,
            WantedStatus::Pending => LegKind::Pending,
        };
        place.same("kind of what was scheduled", expected, kind)?;
        place.same("effective time of what was scheduled", Some(plan.due_at), head.effective_at)?;
        place.same(
            "expiry of what was scheduled",
            plan.wanted.expires_at.map(|time| time.micros()),
            head.expires_at,
        )?;
        place.same("reference of what was scheduled", &plan.reference, &head.reference)?;
        place.same("metadata besides that of the scheduled row", None, head.metadata)?;
        place.same("digest of what was scheduled", plan.asked(), head.asked)
    }

    /// One row of it; `open` has those before.
    pub(super) fn check_carried(&self, place: &Place, open: &Transaction, leg: &LegRow) -> Checked {
        let plan = self.waiting.find(place, open.head.id)?;
        let index = open.legs.len();
        if leg.overrides_floor != plan.may_override(index) && (leg.overrides_floor || !plan.is_worked_out()) {
            return place.wrong("override of the floor", plan.may_override(index), leg.overrides_floor);
        }
        if plan.is_worked_out() {
            let named = [leg.debit, leg.credit].iter().all(|no| plan.accounts.contains(no));
            return place.same("accounts are those of what was scheduled", true, named);
        }
        let path = |no: u64| usize::try_from(no).ok().and_then(|no| self.accounts.get(no.checked_sub(1)?));
        let found = (path(leg.debit).map(|account| &*account.path), path(leg.credit).map(|account| &*account.path));
        let posting = plan.wanted.postings.get(index);
        let expected = (
            posting.and_then(|posting| posting.debit.as_ref()).map(|path| path.as_str()),
            posting.and_then(|posting| posting.credit.as_ref()).map(|path| path.as_str()),
        );
        place.same("accounts of what was scheduled", expected, found)?;
        place.same("amount of what was scheduled", posting.map(|posting| posting.amount.minor()), Some(leg.amount))
    }

    /// All rows of it are there.
    pub(super) fn carried_out(&mut self, lookups: &mut Lookups, place: &Place, done: &Transaction) -> Checked {
        let plan = self.waiting.find(place, done.head.id)?;
        if !plan.is_worked_out() {
            place.same("number of postings that were scheduled", plan.wanted.postings.len(), done.legs.len())?;
        }
        let most: i128 = plan.wanted.postings.iter().map(|posting| i128::from(posting.amount.minor())).sum();
        let moved: i128 = done.legs.iter().map(|(_, _, amount)| i128::from(*amount)).sum();
        if moved > most {
            return place.wrong("amount of all postings", format!("at most the {most} that were scheduled"), moved);
        }
        self.waiting.end(lookups, done.head.id, End::CarriedOut, done.first);
        Ok(())
    }
}
