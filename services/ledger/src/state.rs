//! What the pure step works on: the known accounts, the store's data for this group's commands, and the group's changes
//! so far. Every change can be undone, for dry runs, atomic batches and refusals half way.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use ledger_api::{AccountPath, Metadata};

use crate::account::{AccountFacts, Head};
use crate::format::{Hash, LegRow, Row};
use crate::numbered::Numbered;
use crate::schedule::{Due, Scheduled};

/// A faster hash with less protection against crafted collisions than the standard one: the keys are paths of opened
/// accounts, and ids.
pub(crate) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

#[derive(Debug, Default)]
pub(crate) struct State {
    pub accounts: Numbered<Entry>,
    pub by_path: Map<AccountPath, u64>,
    pub assets: HashMap<String, u8>,
    pub log: LogTail,
    pub group: Group,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub facts: Arc<AccountFacts>,
    /// Shared with readers; a change makes a new one.
    pub head: Arc<Head>,
}

/// The end of the log before this group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LogTail {
    pub number: u64,
    pub at: i64,
    pub last_seq: u64,
    pub last_account: u64,
    pub hash: Hash,
}

/// What belongs to one group only.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// New rows; the first one has the sequence number after the log's last.
    pub rows: Vec<Row>,
    /// Taken ids, with the sequence number of their first row: found in the store, or just recorded.
    pub known: Map<u128, u64>,
    pub new_ids: Vec<(u128, u64)>,
    /// Rows read from the store because a command refers to them.
    pub stored: HashMap<u64, StoredRow>,
    pub scopes: HashMap<[u8; 16], ScopeEntry>,
    pub new_scopes: Vec<([u8; 16], ScopeEntry)>,
    pub references: HashMap<(Space, String), String>,
    pub new_references: Vec<(Space, String, u64)>,
    /// Holds by the row that created them.
    pub holds: HashMap<u64, Hold>,
    pub changed_holds: BTreeSet<u64>,
    pub new_holds: BTreeSet<u64>,
    /// Scheduled transactions, by the row that scheduled them.
    pub scheduled: HashMap<u64, Scheduled>,
    pub changed_scheduled: BTreeSet<u64>,
    pub new_scheduled: BTreeSet<u64>,
    /// First rows of transactions that are reversed, and the id of the reversal.
    pub reversed: HashMap<u64, u128>,
    pub new_reversals: Vec<(u64, u128)>,
    pub metadata: HashMap<u64, MetadataEntry>,
    pub new_metadata: Vec<u64>,
    /// Accounts whose metadata has to be indexed again.
    pub reindexed: BTreeSet<u64>,
    pub new_assets: Vec<(String, u8, u64)>,
    pub new_accounts: Vec<u64>,
    pub changed_accounts: BTreeSet<u64>,
    /// Those of them whose change is in no posting row, so that it cannot be written later.
    pub rewritten: BTreeSet<u64>,
    /// Work that falls due by itself, in execution order.
    pub due: Vec<Due>,
    undo: Vec<Undo>,
}

#[derive(Debug, Clone)]
pub(crate) struct StoredRow {
    pub row: Row,
    /// Record time of its group.
    pub at: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScopeEntry {
    /// Keyed digest of the command that used the key.
    pub command: [u8; 16],
    pub seq: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MetadataEntry {
    pub salt: Vec<u8>,
    pub body: Metadata,
}

/// References of accounts and of transactions are separate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Space {
    Account,
    Transaction,
}

/// Invariant: posted, released and remaining add up to what was ever held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hold {
    pub posted: i64,
    pub released: i64,
    pub remaining: i64,
    pub expires_at: i64,
    pub expired: bool,
}

/// A savepoint of the group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    undo: usize,
    rows: usize,
}

#[derive(Debug)]
enum Undo {
    Head(u64, Arc<Head>),
    Opened(u64),
    Known(u128),
    Scope([u8; 16]),
    Reference(Space, String),
    Hold(u64, Option<Hold>),
    Scheduled(u64, Option<Scheduled>),
    Reversed(u64),
    Metadata(u64),
    Asset(String),
}

impl State {
    pub(crate) fn next_seq(&self) -> u64 {
        self.log.last_seq + 1 + self.group.rows.len() as u64
    }

    pub(crate) fn entry(&self, no: u64) -> Option<&Entry> {
        self.accounts.get(&no)
    }

    pub(crate) fn facts(&self, no: u64) -> Option<Arc<AccountFacts>> {
        self.accounts.get(&no).map(|entry| Arc::clone(&entry.facts))
    }

    pub(crate) fn account_no(&self, path: &AccountPath) -> Option<u64> {
        self.by_path.get(path).copied()
    }

    /// The head of an account, about to be changed.
    pub(crate) fn head_mut(&mut self, no: u64) -> Option<&mut Head> {
        let entry = self.accounts.get_mut(&no)?;
        self.group.undo.push(Undo::Head(no, Arc::clone(&entry.head)));
        self.group.changed_accounts.insert(no);
        Some(Arc::make_mut(&mut entry.head))
    }

    pub(crate) fn push_row(&mut self, row: Row) -> u64 {
        let seq = self.next_seq();
        self.group.rows.push(row);
        seq
    }

    /// A row of this group or one that was read for it.
    pub(crate) fn row(&self, seq: u64) -> Option<&Row> {
        match seq.checked_sub(self.log.last_seq + 1) {
            Some(place) => self.group.rows.get(usize::try_from(place).ok()?),
            None => self.group.stored.get(&seq).map(|stored| &stored.row),
        }
    }

    /// Record time of a row, given the time of this group.
    pub(crate) fn row_at(&self, seq: u64, now: i64) -> i64 {
        self.group.stored.get(&seq).map_or(now, |stored| stored.at)
    }

    /// All rows of the transaction that begins at `first`.
    pub(crate) fn legs(&self, first: u64) -> Vec<&LegRow> {
        let Some(Row::Leg(leg)) = self.row(first) else { return Vec::new() };
        let count = leg.head.as_ref().map_or(1, |head| u64::from(head.legs));
        let leg_at = |seq| match self.row(seq) {
            Some(Row::Leg(leg)) => Some(&**leg),
            _ => None,
        };
        (first..first + count).filter_map(leg_at).collect()
    }

    pub(crate) fn open(&mut self, facts: AccountFacts, head: Head) {
        let no = facts.no;
        self.by_path.insert(facts.path.clone(), no);
        self.accounts.insert(no, Entry { facts: Arc::new(facts), head: Arc::new(head) });
        self.group.new_accounts.push(no);
        self.group.undo.push(Undo::Opened(no));
    }

    pub(crate) fn next_account(&self) -> u64 {
        self.log.last_account + 1 + self.group.new_accounts.len() as u64
    }

    pub(crate) fn take_id(&mut self, id: u128, seq: u64) {
        self.group.known.insert(id, seq);
        self.group.new_ids.push((id, seq));
        self.group.undo.push(Undo::Known(id));
    }

    pub(crate) fn take_scope(&mut self, key: [u8; 16], entry: ScopeEntry) {
        self.group.scopes.insert(key, entry);
        self.group.new_scopes.push((key, entry));
        self.group.undo.push(Undo::Scope(key));
    }

    pub(crate) fn take_reference(&mut self, space: Space, reference: &str, by: String, seq: u64) {
        self.group.references.insert((space, reference.to_owned()), by);
        self.group.new_references.push((space, reference.to_owned(), seq));
        self.group.undo.push(Undo::Reference(space, reference.to_owned()));
    }

    pub(crate) fn set_hold(&mut self, seq: u64, hold: Hold) {
        let before = self.group.holds.insert(seq, hold);
        match before {
            None => self.group.new_holds.insert(seq),
            Some(_) => self.group.changed_holds.insert(seq),
        };
        self.group.undo.push(Undo::Hold(seq, before));
    }

    pub(crate) fn set_scheduled(&mut self, seq: u64, scheduled: Scheduled) {
        let before = self.group.scheduled.insert(seq, scheduled);
        match before {
            None => self.group.new_scheduled.insert(seq),
            Some(_) => self.group.changed_scheduled.insert(seq),
        };
        self.group.undo.push(Undo::Scheduled(seq, before));
    }

    pub(crate) fn set_reversed(&mut self, first: u64, by: u128) {
        self.group.reversed.insert(first, by);
        self.group.new_reversals.push((first, by));
        self.group.undo.push(Undo::Reversed(first));
    }

    pub(crate) fn set_metadata(&mut self, seq: u64, entry: MetadataEntry) {
        self.group.metadata.insert(seq, entry);
        self.group.new_metadata.push(seq);
        self.group.undo.push(Undo::Metadata(seq));
    }

    pub(crate) fn declare(&mut self, code: &str, scale: u8, seq: u64) {
        self.assets.insert(code.to_owned(), scale);
        self.group.new_assets.push((code.to_owned(), scale, seq));
        self.group.undo.push(Undo::Asset(code.to_owned()));
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark { undo: self.group.undo.len(), rows: self.group.rows.len() }
    }

    /// Undoes everything after the savepoint, newest change first.
    pub(crate) fn take_back(&mut self, mark: Mark) {
        while self.group.undo.len() > mark.undo {
            let Some(undo) = self.group.undo.pop() else { break };
            self.take_back_one(undo);
        }
        self.group.rows.truncate(mark.rows);
    }

    fn take_back_one(&mut self, undo: Undo) {
        let group = &mut self.group;
        match undo {
            Undo::Head(no, head) => {
                if let Some(entry) = self.accounts.get_mut(&no) {
                    entry.head = head;
                }
            }
            Undo::Opened(no) => {
                if let Some(entry) = self.accounts.remove(&no) {
                    self.by_path.remove(&entry.facts.path);
                }
                group.new_accounts.pop();
                group.changed_accounts.remove(&no);
                group.rewritten.remove(&no);
                group.reindexed.remove(&no);
            }
            Undo::Known(id) => {
                group.known.remove(&id);
                group.new_ids.pop();
            }
            Undo::Scope(key) => {
                group.scopes.remove(&key);
                group.new_scopes.pop();
            }
            Undo::Reference(space, reference) => {
                group.references.remove(&(space, reference));
                group.new_references.pop();
            }
            Undo::Hold(seq, None) => {
                group.holds.remove(&seq);
                group.new_holds.remove(&seq);
                group.changed_holds.remove(&seq);
            }
            Undo::Hold(seq, Some(hold)) => {
                group.holds.insert(seq, hold);
            }
            Undo::Scheduled(seq, None) => {
                group.scheduled.remove(&seq);
                group.new_scheduled.remove(&seq);
                group.changed_scheduled.remove(&seq);
            }
            Undo::Scheduled(seq, Some(scheduled)) => {
                group.scheduled.insert(seq, scheduled);
            }
            Undo::Reversed(first) => {
                group.reversed.remove(&first);
                group.new_reversals.pop();
            }
            Undo::Metadata(seq) => {
                group.metadata.remove(&seq);
                group.new_metadata.pop();
            }
            Undo::Asset(code) => {
                self.assets.remove(&code);
                group.new_assets.pop();
            }
        }
    }
}
