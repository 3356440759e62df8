//! Loads into the state what a set of commands, or a query, refers to.
//!
//! A command's names lead to rows, rows lead to accounts: four rounds, each a few set-based statements, most of them
//! empty in the usual case of new transactions between known accounts.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use ledger_api::{AccountPath, TransactionId};
use platform::db::{Column, DbError, Tx, Value};
use tokio::try_join;

use super::{rows, sql};
use crate::account::{AccountFacts, Head};
use crate::format::Row;
use crate::ids::{self, Runs};
use crate::snapshot::Snapshot;
use crate::state::{Entry, MetadataEntry, ScopeEntry, Space, State, StoredRow};

/// What to load from the store.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub ids: BTreeSet<u128>,
    pub scopes: BTreeSet<[u8; 16]>,
    pub paths: BTreeSet<AccountPath>,
    pub account_references: BTreeSet<String>,
    pub transaction_references: BTreeSet<String>,
    /// Rows known by number: of holds and scheduled transactions that are due.
    pub rows: BTreeSet<u64>,
    /// Accounts whose opening has to be compared, or whose metadata is shown.
    pub openings: BTreeSet<AccountPath>,
}

pub(crate) struct Loader<'a> {
    tx: &'a Tx,
    runs: Arc<Runs>,
    /// Knows heads that the table does not have; the writer has them in its state.
    snapshot: Option<&'a Snapshot>,
    state: &'a mut State,
    accounts: BTreeSet<u64>,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(tx: &'a Tx, runs: &Arc<Runs>, state: &'a mut State) -> Loader<'a> {
        Loader { tx, runs: Arc::clone(runs), snapshot: None, state, accounts: BTreeSet::new() }
    }

    pub(crate) fn of_snapshot(snapshot: &'a Snapshot, state: &'a mut State) -> Loader<'a> {
        Loader { tx: &snapshot.tx, runs: snapshot.runs(), snapshot: Some(snapshot), state, accounts: BTreeSet::new() }
    }

    pub(crate) async fn load(mut self, wanted: &Wanted) -> Result<(), DbError> {
        let mut first_rows = self.names(wanted).await?;
        first_rows.extend(&wanted.rows);
        self.rows(first_rows.clone()).await?;
        let mut found = first_rows.clone();
        found.extend(self.scheduled(&first_rows).await?);
        self.rest_of_transactions(&found, &wanted.rows).await?;
        self.by_reference().await?;
        self.facts_and_heads().await?;
        self.openings(&wanted.openings).await?;
        self.metadata_of(&first_rows).await
    }

    /// Accounts by number only, for lists.
    pub(crate) async fn load_accounts(mut self, numbers: impl IntoIterator<Item = u64>) -> Result<(), DbError> {
        self.accounts.extend(numbers);
        self.facts_and_heads().await?;
        let metadata: BTreeSet<u64> =
            self.state.accounts.values().map(|entry| entry.head.state.metadata_seq).filter(|seq| *seq > 0).collect();
        self.metadata(&metadata).await
    }

    /// Without metadata.
    pub(crate) async fn load_heads(mut self, numbers: impl IntoIterator<Item = u64>) -> Result<(), DbError> {
        self.accounts.extend(numbers);
        self.facts_and_heads().await
    }

    /// Ids, keys, references and paths: everything that a command names itself.
    async fn names(&mut self, wanted: &Wanted) -> Result<BTreeSet<u64>, DbError> {
        let ids: Vec<u128> = wanted.ids.iter().copied().collect();
        let scopes: Vec<[u8; 16]> = wanted.scopes.iter().copied().collect();
        let of_accounts: Vec<String> = wanted.account_references.iter().cloned().collect();
        let of_transactions: Vec<String> = wanted.transaction_references.iter().cloned().collect();
        let unknown = |path: &&AccountPath| self.state.account_no(path).is_none();
        let paths: Vec<String> = wanted.paths.iter().filter(unknown).map(ToString::to_string).collect();
        let (ids, scopes, of_accounts, of_transactions, numbers) = try_join!(
            ids::find(self.tx, &self.runs, &ids),
            self.tx.select_many(&sql::IDEMPOTENCY, Column::Id(&scopes)),
            self.tx.select_many(&sql::ACCOUNT_REFERENCE, Column::Text(&of_accounts)),
            self.tx.select_many(&sql::TRANSACTION_REFERENCE, Column::Text(&of_transactions)),
            self.tx.select_many(&sql::ACCOUNT_NO, Column::Text(&paths)),
        )?;
        let mut first_rows = BTreeSet::new();
        for (id, seq) in ids {
            self.state.group.known.insert(id, seq);
            first_rows.insert(seq);
        }
        for row in &scopes {
            let seq = rows::unsigned(row, 2)?;
            self.state.group.scopes.insert(row.array(0)?, ScopeEntry { command: row.array(1)?, seq });
            first_rows.insert(seq);
        }
        for (space, found) in [(Space::Account, of_accounts), (Space::Transaction, of_transactions)] {
            for row in &found {
                let at = rows::unsigned(row, 1)?.to_string();
                // The name of the reference's holder is filled in once it is loaded.
                self.state.group.references.insert((space, row.text(0)?.to_owned()), at);
                match space {
                    Space::Account => self.accounts.insert(rows::unsigned(row, 1)?),
                    Space::Transaction => first_rows.insert(rows::unsigned(row, 1)?),
                };
            }
        }
        for row in &numbers {
            self.accounts.insert(rows::unsigned(row, 1)?);
        }
        Ok(first_rows)
    }

    async fn rows(&mut self, seqs: BTreeSet<u64>) -> Result<(), DbError> {
        let missing = seqs.into_iter().filter(|seq| !self.state.group.stored.contains_key(seq));
        let seqs: Vec<i64> = missing.map(|seq| seq as i64).collect();
        for row in self.tx.select_many(&sql::LOG, Column::Int(&seqs)).await? {
            let (seq, row) = rows::log_row(&row)?;
            match &row {
                Row::Leg(leg) => self.accounts.extend([leg.debit, leg.credit]),
                Row::Account(account) => {
                    self.accounts.insert(account.account);
                }
                Row::Scheduled(scheduled) => self.accounts.extend(&scheduled.accounts),
                Row::Asset(_) | Row::Refusal(_) | Row::Cancelled(_) | Row::Failed(_) => {}
            }
            self.state.group.stored.insert(seq, StoredRow { row, at: 0 });
        }
        Ok(())
    }

    /// The state of the scheduled transactions among these rows, and the rows that ended them.
    async fn scheduled(&mut self, found: &BTreeSet<u64>) -> Result<BTreeSet<u64>, DbError> {
        let scheduled_by = |seq: &u64| match self.state.group.stored.get(seq).map(|stored| &stored.row) {
            Some(Row::Scheduled(_)) => Some(*seq),
            Some(Row::Cancelled(row)) => Some(row.scheduled),
            _ => None,
        };
        let seqs: BTreeSet<u64> = found.iter().filter_map(scheduled_by).collect();
        if seqs.is_empty() {
            return Ok(seqs);
        }
        self.rows(seqs.clone()).await?;
        let numbers: Vec<i64> = seqs.iter().map(|seq| *seq as i64).collect();
        let mut outcomes = BTreeSet::new();
        for row in self.tx.select_many(&sql::SCHEDULED, Column::Int(&numbers)).await? {
            let (seq, scheduled) = rows::scheduled(&row)?;
            outcomes.extend(Some(scheduled.outcome).filter(|outcome| *outcome > 0));
            self.state.group.scheduled.insert(seq, scheduled);
        }
        Ok(outcomes)
    }

    /// The other rows of multi-posting transactions, their holds, their reversals, and when they were recorded.
    async fn rest_of_transactions(&mut self, found: &BTreeSet<u64>, due: &BTreeSet<u64>) -> Result<(), DbError> {
        if found.is_empty() {
            return Ok(());
        }
        // A due hold may be any posting of its transaction.
        let firsts: BTreeSet<u64> = found.iter().map(|seq| self.first_of(*seq)).collect();
        self.rows(firsts.clone()).await?;
        let legs: BTreeSet<u64> = firsts.iter().flat_map(|first| self.span(*first)).collect();
        self.rows(legs.clone()).await?;
        let targets: Vec<u128> = firsts.iter().filter_map(|first| self.target(*first)).collect();
        let holds: BTreeSet<u64> = legs.iter().filter_map(|seq| self.hold_of(*seq)).collect();
        let holds: Vec<i64> = holds.into_iter().map(|seq| seq as i64).collect();
        let numbers: Vec<i64> = firsts.iter().map(|seq| *seq as i64).collect();
        let (holds, reversals, targets) = try_join!(
            self.tx.select_many(&sql::HOLD, Column::Int(&holds)),
            self.tx.select_many(&sql::REVERSAL, Column::Int(&numbers)),
            ids::find(self.tx, &self.runs, &targets),
        )?;
        for row in &holds {
            let (seq, hold) = rows::hold(row)?;
            self.state.group.holds.insert(seq, hold);
        }
        for row in &reversals {
            let by = u128::from_be_bytes(row.array(1)?);
            self.state.group.reversed.insert(rows::unsigned(row, 0)?, by);
        }
        self.state.group.known.extend(targets);
        // When a due hold was recorded does not matter, and there may be many.
        let due: BTreeSet<u64> = due.iter().map(|seq| self.first_of(*seq)).collect();
        for first in firsts.difference(&due).copied() {
            let at = self.recorded_at(first).await?;
            for seq in self.span(first) {
                if let Some(stored) = self.state.group.stored.get_mut(&seq) {
                    stored.at = at;
                }
            }
        }
        Ok(())
    }

    fn first_of(&self, seq: u64) -> u64 {
        match self.state.group.stored.get(&seq).map(|stored| &stored.row) {
            Some(Row::Leg(leg)) => seq.saturating_sub(u64::from(leg.index)),
            _ => seq,
        }
    }

    fn span(&self, first: u64) -> std::ops::Range<u64> {
        let legs = match self.state.group.stored.get(&first).map(|stored| &stored.row) {
            Some(Row::Leg(leg)) => leg.head.as_ref().map_or(1, |head| u64::from(head.legs)),
            _ => 1,
        };
        first..first.saturating_add(legs)
    }

    fn target(&self, first: u64) -> Option<u128> {
        match self.state.group.stored.get(&first).map(|stored| &stored.row) {
            Some(Row::Leg(leg)) => leg.head.as_ref()?.target,
            _ => None,
        }
    }

    fn hold_of(&self, seq: u64) -> Option<u64> {
        match self.state.group.stored.get(&seq).map(|stored| &stored.row) {
            Some(Row::Leg(leg)) if leg.kind == crate::format::LegKind::Pending => Some(seq),
            Some(Row::Leg(leg)) => leg.hold.map(|hold| hold.seq),
            _ => None,
        }
    }

    async fn recorded_at(&self, seq: u64) -> Result<i64, DbError> {
        let found = self.tx.query(sql::GROUP_OF_ROW, &[Value::Int(seq as i64)]).await?;
        found.first().ok_or_else(|| DbError::shape(format!("row {seq} of the log belongs to no group")))?.int(0)
    }

    /// Replaces the numbers in the reference tables by names.
    async fn by_reference(&mut self) -> Result<(), DbError> {
        let numbers: HashMap<(Space, String), String> = std::mem::take(&mut self.state.group.references);
        for ((space, reference), at) in numbers {
            let Ok(number) = at.parse::<u64>() else { continue };
            let name = match space {
                Space::Transaction => match self.state.group.stored.get(&number).map(|stored| &stored.row) {
                    Some(row) => row.names_id().map(|id| TransactionId::from_bits(id).to_string()),
                    None => None,
                },
                Space::Account => {
                    let facts = self.tx.select_many(&sql::ACCOUNT, Column::Int(&[number as i64])).await?;
                    facts.first().map(|row| row.text(1).map(str::to_owned)).transpose()?
                }
            };
            self.state.group.references.insert((space, reference), name.unwrap_or(at));
        }
        Ok(())
    }

    async fn facts_and_heads(&mut self) -> Result<(), DbError> {
        let unknown = |no: &u64| !self.state.accounts.contains_key(no);
        let numbers: Vec<i64> = self.accounts.iter().copied().filter(unknown).map(|no| no as i64).collect();
        let (facts, mut heads) =
            try_join!(self.tx.select_many(&sql::ACCOUNT, Column::Int(&numbers)), self.heads(&numbers))?;
        for row in &facts {
            let facts: AccountFacts = rows::facts(row)?;
            let head = heads.remove(&facts.no);
            let head = head.ok_or_else(|| DbError::shape(format!("account {} has no head", facts.path)))?;
            self.state.by_path.insert(facts.path.clone(), facts.no);
            self.state.accounts.insert(facts.no, Entry { facts: Arc::new(facts), head: Arc::new(head) });
        }
        Ok(())
    }

    async fn heads(&self, numbers: &[i64]) -> Result<HashMap<u64, Head>, DbError> {
        match self.snapshot {
            Some(snapshot) => {
                let numbers: Vec<u64> = numbers.iter().map(|no| no.unsigned_abs()).collect();
                snapshot.heads(&numbers).await
            }
            None => rows::heads_of(&self.tx.select_many(&sql::ACCOUNT_HEAD, Column::Int(numbers)).await?),
        }
    }

    async fn openings(&mut self, paths: &BTreeSet<AccountPath>) -> Result<(), DbError> {
        let entry = |path| self.state.entry(self.state.account_no(path)?);
        let opened: BTreeSet<u64> = paths.iter().filter_map(entry).map(|entry| entry.facts.opened_seq).collect();
        let metadata = paths.iter().filter_map(entry).map(|entry| entry.head.state.metadata_seq);
        let metadata: BTreeSet<u64> = metadata.chain(opened.iter().copied()).filter(|seq| *seq > 0).collect();
        self.rows(opened).await?;
        self.metadata(&metadata).await
    }

    async fn metadata_of(&mut self, first_rows: &BTreeSet<u64>) -> Result<(), DbError> {
        let wanted = first_rows.iter().map(|seq| match self.state.group.stored.get(seq).map(|stored| &stored.row) {
            Some(Row::Account(account)) => account.state.metadata_seq,
            _ => *seq,
        });
        let wanted = wanted.collect();
        self.metadata(&wanted).await
    }

    async fn metadata(&mut self, seqs: &BTreeSet<u64>) -> Result<(), DbError> {
        let seqs: Vec<i64> = seqs.iter().map(|seq| *seq as i64).collect();
        for row in self.tx.select_many(&sql::METADATA, Column::Int(&seqs)).await? {
            let seq = rows::unsigned(&row, 0)?;
            let body = serde_json::from_str(row.text(2)?)
                .map_err(|_| DbError::shape(format!("the metadata of row {seq} is not a JSON object of strings")))?;
            self.state.group.metadata.insert(seq, MetadataEntry { salt: row.bytes(1)?.to_vec(), body });
        }
        Ok(())
    }
}
