//! An in-memory book that stands in for the store: it keeps exactly what a group reports as new or changed, and gives
//! it to the next group. What a group forgets to report is lost, as it would be on disk.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kernel::Timestamp;
use ledger_api::{AccountChange, ChangeAccount, Limits, OpenAccount, Reference, Side};

use super::super::{begin, decide};
use super::{path, tag};
use crate::chain::Roots;
use crate::command::{AccountAnswer, Body, Command, Line, Lines, Outcome, Reach, Recorded, Reply};
use crate::format::Row;
use crate::schedule::{Due, Scheduled, Stage};
use crate::state::{Entry, Group, Hold, MetadataEntry, ScopeEntry, Space, State, StoredRow};

/// Noon on 2026-01-31.
const START: i64 = 1_769_860_800_000_000;

#[derive(Default)]
pub(super) struct Book {
    pub(super) state: State,
    pub(super) now: i64,
    pub(super) rows: Vec<StoredRow>,
    pub(super) heads: BTreeMap<u64, Entry>,
    pub(super) ids: crate::state::Map<u128, u64>,
    scopes: HashMap<[u8; 16], ScopeEntry>,
    references: HashMap<(Space, String), String>,
    pub(super) holds: BTreeMap<u64, Hold>,
    pub(super) scheduled: BTreeMap<u64, Scheduled>,
    reversed: HashMap<u64, u128>,
    metadata: HashMap<u64, MetadataEntry>,
    made_ids: u128,
}

impl Book {
    pub(super) fn new() -> Book {
        Book { now: START, made_ids: 1 << 100, ..Book::default() }
    }

    /// `side`, and the floor or none.
    pub(super) fn with_account(mut self, name: &str, currency: &str, normal: Side, limits: Limits) -> Book {
        self.open(name, currency, normal, limits, None).unwrap();
        self
    }

    pub(super) fn open(
        &mut self,
        name: &str,
        currency: &str,
        normal: Side,
        limits: Limits,
        owner: Option<Reference>,
    ) -> Outcome<AccountAnswer> {
        let currency = currency.parse().unwrap();
        let metadata = Default::default();
        let open = OpenAccount { path: path(name), currency, normal, limits, owner, reference: None, metadata };
        let tag = tag(self.make_id());
        self.account(Reach::All, Body::Open(open, tag))
    }

    pub(super) fn change(&mut self, name: &str, change: AccountChange) -> Outcome<AccountAnswer> {
        let tag = tag(self.make_id());
        self.account(Reach::All, Body::Change(ChangeAccount { path: path(name), change }, tag))
    }

    pub(super) fn account(&mut self, reach: Reach, body: Body) -> Outcome<AccountAnswer> {
        match self.decide(&Command { reach, body }) {
            Reply::Account(outcome) => outcome,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn decide(&mut self, command: &Command) -> Reply {
        decide(&mut self.state, Timestamp::from_micros(self.now), command)
    }

    pub(super) fn lines(&mut self, lines: Lines) -> Vec<Outcome<Recorded>> {
        self.lines_of(Reach::All, lines)
    }

    pub(super) fn lines_of(&mut self, reach: Reach, lines: Lines) -> Vec<Outcome<Recorded>> {
        match self.decide(&Command { reach, body: Body::Lines(lines) }) {
            Reply::Lines(outcomes) => outcomes,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn one(&mut self, line: Line) -> Outcome<Recorded> {
        self.one_of(Reach::All, line)
    }

    pub(super) fn one_of(&mut self, reach: Reach, line: Line) -> Outcome<Recorded> {
        self.lines_of(reach, Lines { atomic: false, dry_run: false, lines: vec![line] }).pop().unwrap()
    }

    /// Ends the group, and begins the next one `millis` later with what is due then.
    pub(super) fn commit(&mut self, millis: i64) {
        self.keep();
        self.now += millis * 1_000 + 1;
        self.give();
        begin(&mut self.state, Timestamp::from_micros(self.now));
    }

    /// As after a start: only what was stored is known.
    pub(super) fn forget(&mut self) {
        // What fell due is in the open group, and not in the store yet.
        while !self.state.group.rows.is_empty() {
            self.commit(1);
        }
        let reloaded = |(no, entry): (&u64, &Entry)| {
            let mut entry = entry.clone();
            let head = Arc::make_mut(&mut entry.head);
            head.raised_by = 0;
            head.roots = Roots::from_bytes(&head.roots.to_bytes()).unwrap();
            (*no, entry)
        };
        self.state.accounts = self.heads.iter().map(reloaded).collect();
        self.state.by_path = self.heads.iter().map(|(no, entry)| (entry.facts.path.clone(), *no)).collect();
    }

    fn keep(&mut self) {
        let (at, first) = (self.now, self.state.log.last_seq + 1);
        let state = &mut self.state;
        let group = std::mem::take(&mut state.group);
        for (seq, row) in (first..).zip(&group.rows) {
            // The bytes are what is stored.
            let row = Row::decode(seq, &row.encode(seq)).unwrap();
            self.rows.push(StoredRow { row, at });
        }
        for (id, seq) in &group.new_ids {
            assert_eq!(self.ids.insert(*id, *seq), None, "id {id} is recorded twice");
        }
        for (key, entry) in &group.new_scopes {
            assert_eq!(self.scopes.insert(*key, *entry), None, "a key is recorded twice");
        }
        for (space, reference, _) in &group.new_references {
            let key = (*space, reference.clone());
            let by = group.references[&key].clone();
            assert_eq!(self.references.insert(key, by), None, "reference {reference} is recorded twice");
        }
        for (first, by) in &group.new_reversals {
            assert_eq!(self.reversed.insert(*first, *by), None, "row {first} is reversed twice");
        }
        for seq in &group.new_metadata {
            assert!(self.metadata.insert(*seq, group.metadata[seq].clone()).is_none());
        }
        for seq in group.new_holds.iter().chain(&group.changed_holds) {
            self.holds.insert(*seq, group.holds[seq]);
        }
        for seq in group.new_scheduled.iter().chain(&group.changed_scheduled) {
            self.scheduled.insert(*seq, group.scheduled[seq].clone());
        }
        for no in &group.changed_accounts {
            self.heads.insert(*no, state.accounts.get(no).unwrap().clone());
        }
        state.log.last_seq += group.rows.len() as u64;
        state.log.last_account += group.new_accounts.len() as u64;
        state.log.at = at;
    }

    fn give(&mut self) {
        let due = self.due();
        let mut group = Group::default();
        group.known = self.ids.clone();
        group.stored = (1..).zip(self.rows.iter().cloned()).collect();
        group.scopes = self.scopes.clone();
        group.references = self.references.clone();
        group.holds = self.holds.clone().into_iter().collect();
        group.scheduled = self.scheduled.clone().into_iter().collect();
        group.reversed = self.reversed.clone();
        group.metadata = self.metadata.clone();
        group.due = due;
        self.state.group = group;
    }

    /// By time; at the same time holds first; then by row.
    fn due(&mut self) -> Vec<Due> {
        let holds = self.holds.iter().filter(|(_, hold)| hold.remaining > 0);
        let holds = holds.map(|(seq, hold)| (hold.expires_at, 0, seq - self.index(*seq)));
        let waiting = self.scheduled.iter().filter(|(_, scheduled)| scheduled.stage == Stage::Waits);
        let waiting = waiting.map(|(seq, scheduled)| (scheduled.due_at, 1, *seq));
        let mut due: Vec<(i64, u8, u64)> = holds.chain(waiting).filter(|(at, _, _)| *at <= self.now).collect();
        due.sort_unstable();
        due.dedup();
        let made = |(_, kind, row)| match kind {
            0 => Due::Release { first: row, id: self.make_id() },
            _ => Due::CarryOut(row),
        };
        due.into_iter().map(made).collect()
    }

    fn index(&self, seq: u64) -> u64 {
        match &self.rows[seq as usize - 1].row {
            Row::Leg(leg) => u64::from(leg.index),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn make_id(&mut self) -> u128 {
        self.made_ids += 1;
        self.made_ids
    }

    /// All rows, including those of the open group.
    pub(super) fn all_rows(&self) -> impl Iterator<Item = (u64, &Row)> {
        (1..).zip(self.rows.iter().map(|stored| &stored.row).chain(&self.state.group.rows))
    }
}
