//! Imports lines into empty books, or into those that an earlier import left incomplete.
//!
//! Invariant: however an import ends, the books hold a whole beginning of the log. Many groups go into one commit, and
//! each commit moves the end of the log from one whole group to another.

use std::io::BufRead;
use std::sync::Arc;

use ledger_api::BookName;
use platform::db::{Db, DbError, Fault, Value};

use super::apply;
use super::error::TransferError;
use super::export::hash_of;
use super::keys;
use super::reader::{Part, ReadGroup, ReadKey, Reader};
use crate::behind::{Behind, Pace};
use crate::format::{Hash, genesis};
use crate::ids::{IdPlan, Runs, Scattered};
use crate::query::Head;
use crate::state::{Group, LogTail, State};
use crate::store::sql as tables;
use crate::store::{Late, SealedGroup, late_rows, store_sealed};
use crate::work::read_tail;

/// Rows in one commit, unless a single group has more.
const COMMIT_ROWS: usize = 10_000;
const KEYS_AT_ONCE: usize = 10_000;
/// Accounts kept in memory from one commit to the next.
const ACCOUNTS_CACHED_MAX: usize = 200_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportProgress {
    /// Bytes of the export that were read.
    pub bytes: u64,
    pub rows: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    pub head: Head,
    /// Rows written now; the others were there from an earlier import.
    pub rows_written: u64,
    /// Digests of idempotency keys in the export.
    pub keys: Option<u64>,
}

/// Nobody else may write these books until it is done.
pub async fn import(
    db: &Db,
    book: &BookName,
    input: impl BufRead + Send,
    progress: impl FnMut(ImportProgress) + Send,
) -> Result<Imported, TransferError> {
    db.migrate(tables::MIGRATIONS).await?;
    let mut import = Import::start(db, book, progress).await?;
    let before = import.state.log.last_seq;
    let outcome = import.read(&mut Reader::new(input, book)).await;
    // What was whole before reading stopped is kept, so that the rest can follow it.
    let stored = import.store().await;
    let keys = outcome?;
    stored?;
    let LogTail { number, last_seq, hash, .. } = import.state.log;
    if let Err(error) = db.checkpoint().await {
        tracing::warn!(%error, "the write-ahead log was left next to the store");
    }
    let head = Head { book: book.clone(), number, last_seq, hash };
    Ok(Imported { head, rows_written: last_seq - before, keys })
}

struct Import<'a, P> {
    db: &'a Db,
    progress: P,
    state: State,
    behind: Behind,
    ids: Scattered,
    runs: Arc<Runs>,
    /// Of the first group, if there is one.
    first_hash: Option<Hash>,
    /// Read and not stored yet.
    waiting: Vec<ReadGroup>,
    waiting_rows: usize,
}

impl<'a, P: FnMut(ImportProgress) + Send> Import<'a, P> {
    async fn start(db: &'a Db, book: &BookName, progress: P) -> Result<Import<'a, P>, DbError> {
        let tx = db.read().await?;
        let mut state = State { log: read_tail(&tx, &genesis(book)).await?, ..State::default() };
        // A killed service may have left account rows that are older than the log.
        let behind = Behind::resume(&tx, &mut state).await?;
        let runs = Arc::new(Runs::default());
        let mut ids = Scattered::new(Arc::clone(&runs));
        ids.resume(&tx).await?;
        let first_hash = hash_of(&tx, 1).await?;
        Ok(Import { db, progress, state, behind, ids, runs, first_hash, waiting: Vec::new(), waiting_rows: 0 })
    }

    /// The whole export; returns its number of keys.
    async fn read<R: BufRead>(&mut self, reader: &mut Reader<R>) -> Result<Option<u64>, TransferError> {
        let (mut keys, mut count) = (Vec::new(), None);
        while let Some(part) = reader.next()? {
            match part {
                Part::Group(group) => self.take(group).await?,
                Part::Secret(secret) => {
                    self.check_reached(reader)?;
                    self.store().await?;
                    keys::take_secret(self.db, secret).await?;
                    count = Some(0);
                }
                Part::Key(key) => {
                    keys.push(key);
                    count = count.map(|count| count + 1);
                }
                Part::End => self.check_reached(reader)?,
            }
            if keys.len() == KEYS_AT_ONCE {
                self.keys(&mut keys).await?;
            }
            let (bytes, rows) = (reader.offset(), reader.last().stamp.last_seq);
            (self.progress)(ImportProgress { bytes, rows });
        }
        self.keys(&mut keys).await?;
        Ok(count)
    }

    async fn take(&mut self, group: ReadGroup) -> Result<(), TransferError> {
        let (number, last) = (group.stamp.number, &self.state.log);
        let waiting = self.waiting.last().map_or(last.number, |group| group.stamp.number);
        let expected = match number {
            1 => self.first_hash,
            _ if number == last.number => Some(last.hash),
            _ => None,
        };
        if expected.is_some_and(|expected| expected != group.hash) && number <= last.number {
            return Err(TransferError::OtherLog { group: number });
        }
        if number <= waiting {
            return Ok(());
        }
        self.waiting_rows += group.rows.len();
        self.waiting.push(group);
        if self.waiting_rows >= COMMIT_ROWS {
            self.store().await?;
        }
        Ok(())
    }

    /// Books with more groups than the export were not created by it alone.
    fn check_reached<R: BufRead>(&self, reader: &Reader<R>) -> Result<(), TransferError> {
        let (book, file) = (self.state.log.number, reader.last().stamp.number);
        if book > file { Err(TransferError::Behind { book, file }) } else { Ok(()) }
    }

    async fn store(&mut self) -> Result<(), TransferError> {
        let groups = std::mem::take(&mut self.waiting);
        self.waiting_rows = 0;
        let Some(last) = groups.last().map(|group| (group.stamp, group.hash)) else { return Ok(()) };
        let tx = self.db.begin_alone().await?;
        let newest = tx.query(tables::GROUP_NEWEST, &[]).await?.first().map_or(Ok(0), |row| row.int(0))?;
        if newest != self.state.log.number as i64 {
            return Err(DbError::new("import into books that another process writes", Fault::Retry).into());
        }
        apply::load(&tx, &self.runs, &mut self.state, &groups).await?;
        apply::fold(&mut self.state, &groups)?;
        let ids = self.plan_ids(&groups);
        let late: Vec<Late> = groups.iter().flat_map(late_of).collect();
        let sealed: Vec<SealedGroup> = groups.into_iter().map(sealed).collect();
        let plan = self.behind.plan(&self.state, Pace::AtOnce);
        store_sealed(&tx, &self.state, &plan, &ids, &late, &sealed).await?;
        tx.commit().await.map_err(DbError::from)?;
        let (stamp, hash) = last;
        let last_account = self.state.log.last_account + self.state.group.new_accounts.len() as u64;
        self.state.log = LogTail { number: stamp.number, at: stamp.at, last_seq: stamp.last_seq, last_account, hash };
        self.state.group = Group::default();
        if self.state.accounts.len() > ACCOUNTS_CACHED_MAX {
            self.state.accounts.clear();
            self.state.by_path.clear();
        }
        Ok(())
    }

    /// Where ids go depends on the group that they came in, so it is decided group by group, and stored in one go as
    /// long as no run ends in between.
    fn plan_ids(&mut self, groups: &[ReadGroup]) -> Vec<IdPlan> {
        let (mut plans, mut new) = (vec![IdPlan::default()], self.state.group.new_ids.as_slice());
        for group in groups {
            let (own, rest) = new.split_at(new.partition_point(|(_, seq)| *seq <= group.stamp.last_seq));
            new = rest;
            let plan = self.ids.plan(own, group.stamp.at);
            let Some(last) = plans.last_mut() else { break };
            last.in_order.extend(plan.in_order);
            last.open.extend(plan.open);
            if plan.sealed.is_some() {
                // The run has all open ids, of earlier groups too.
                last.open.clear();
                last.sealed = plan.sealed;
                self.ids.committed();
                plans.push(IdPlan::default());
            }
        }
        plans.iter_mut().for_each(|plan| plan.in_order.sort_unstable());
        plans
    }

    async fn keys(&mut self, keys: &mut Vec<ReadKey>) -> Result<(), TransferError> {
        let keys = std::mem::take(keys);
        if !keys.is_empty() {
            keys::take_keys(self.db, &keys).await?;
        }
        Ok(())
    }
}

/// Rows that take effect before they were recorded.
fn late_of(group: &ReadGroup) -> Vec<Late> {
    let rows = (group.stamp.first_seq..).zip(group.rows.iter().map(|read| &read.row));
    late_rows(rows, group.stamp.at)
}

fn sealed(group: ReadGroup) -> SealedGroup {
    let bodies = group.rows.into_iter().map(|row| row.body).collect();
    SealedGroup { stamp: group.stamp, hash: group.hash, bodies }
}

/// The parameter that names the secret.
pub(super) fn secret_name() -> Value<'static> {
    Value::Text(crate::service::IDEMPOTENCY_KEY)
}
