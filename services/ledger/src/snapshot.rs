//! One instant of the books for queries: a read transaction, the last row in it, and every account's head as of that
//! row.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger_api::BookName;
use platform::db::{Column, Db, DbError, Tx};

use crate::account::{AccountFacts, Head};
use crate::format::{LegRow, SideAfter};
use crate::ids::Runs;
use crate::published::PublishedHeads;
use crate::state::State;
use crate::store::{Loader, facts, heads_of, log_row, sql};

/// Accounts whose facts are remembered; when there are more, all are forgotten.
const FACTS_MAX: usize = 100_000;

pub(crate) type FactsByNo = HashMap<u64, Arc<AccountFacts>>;

/// The store and the published heads that queries read.
#[derive(Debug, Clone)]
pub(crate) struct Books {
    pub name: BookName,
    db: Db,
    published: Arc<PublishedHeads>,
    runs: Arc<Runs>,
    /// Read from committed rows, which never change.
    facts: Arc<Mutex<FactsByNo>>,
}

impl Books {
    pub(crate) fn new(name: BookName, db: Db, published: Arc<PublishedHeads>, runs: Arc<Runs>) -> Books {
        Books { name, db, published, runs, facts: Arc::default() }
    }

    pub(crate) async fn snapshot(&self) -> Result<Snapshot, DbError> {
        let tx = self.db.read().await?;
        let last = tx.query(sql::GROUP_LAST_ROW, &[]).await?;
        let last_seq = last.first().map_or(Ok(0), |row| row.int(0))?.unsigned_abs();
        Ok(Snapshot { books: self.clone(), tx, last_seq })
    }

    /// What was set when these accounts were opened, without their heads; unknown accounts are left out.
    pub(crate) async fn facts(&self, tx: &Tx, accounts: &BTreeSet<u64>) -> Result<FactsByNo, DbError> {
        let mut found = self.known_facts(accounts);
        let missing: Vec<i64> = accounts.iter().filter(|no| !found.contains_key(no)).map(|no| *no as i64).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let read = tx.select_many(&sql::ACCOUNT, Column::Int(&missing)).await?;
        let read = read.iter().map(|row| facts(row).map(|facts| (facts.no, Arc::new(facts))));
        let read: FactsByNo = read.collect::<Result<_, _>>()?;
        let mut known = self.remembered_facts();
        if known.len() + read.len() > FACTS_MAX {
            known.clear();
        }
        known.extend(read.iter().map(|(no, facts)| (*no, Arc::clone(facts))));
        drop(known);
        found.extend(read);
        Ok(found)
    }

    fn known_facts(&self, accounts: &BTreeSet<u64>) -> FactsByNo {
        let known = self.remembered_facts();
        accounts.iter().filter_map(|no| Some((*no, Arc::clone(known.get(no)?)))).collect()
    }

    fn remembered_facts(&self) -> MutexGuard<'_, FactsByNo> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(crate) struct Snapshot {
    books: Books,
    pub tx: Tx,
    /// The last log row in it.
    pub last_seq: u64,
}

impl Snapshot {
    /// Fills a state; its heads are those of this snapshot.
    pub(crate) fn loader<'a>(&'a self, state: &'a mut State) -> Loader<'a> {
        Loader::of_snapshot(self, state)
    }

    pub(crate) fn runs(&self) -> Arc<Runs> {
        Arc::clone(&self.books.runs)
    }

    /// Heads by account number; unknown accounts are left out. `holds` may be of a later instant.
    pub(crate) async fn heads(&self, accounts: &[u64]) -> Result<HashMap<u64, Head>, DbError> {
        let mut heads = read_heads(&self.tx, accounts).await?;
        let published = &self.books.published;
        if !published.is_active() || accounts.is_empty() {
            return Ok(heads);
        }
        let found = published.find(accounts, self.last_seq).await?;
        // Written and dropped after this snapshot, so its rows may be old and nothing newer is published.
        let dropped = found.dropped_at > self.last_seq;
        let lost: Vec<u64> = heads.keys().copied().filter(|no| dropped && !found.heads.contains_key(no)).collect();
        let newer = found.heads.into_iter().filter(|(no, _)| heads.contains_key(no)).collect::<HashMap<_, _>>();
        let is_ahead = |head: &Head| head.roots.newest() > self.last_seq;
        let mut later = None;
        if !lost.is_empty() || newer.values().any(|head| is_ahead(head)) {
            later = Some(self.books.db.read_later().await?);
        }
        heads.extend(newer.into_iter().map(|(no, head)| (no, Head::clone(&head))));
        if let Some(later) = &later {
            heads.extend(read_heads(later, &lost).await?);
            for (no, head) in heads.iter_mut().filter(|(_, head)| is_ahead(head)) {
                step_back(later, *no, head, self.last_seq).await?;
            }
        }
        Ok(heads)
    }
}

async fn read_heads(tx: &Tx, accounts: &[u64]) -> Result<HashMap<u64, Head>, DbError> {
    let numbers: Vec<i64> = accounts.iter().map(|no| *no as i64).collect();
    heads_of(&tx.select_many(&sql::ACCOUNT_HEAD, Column::Int(&numbers)).await?)
}

/// Undoes the newest rows of a head, until the newest one left is `last_seq` or before it.
async fn step_back(tx: &Tx, no: u64, head: &mut Head, last_seq: u64) -> Result<(), DbError> {
    let mut side = side_of(tx, no, head.roots.newest()).await?;
    while head.roots.newest() > last_seq {
        let before = if side.prev == 0 { SideAfter::default() } else { side_of(tx, no, side.prev).await? };
        head.roots.take_back(side.prev, before.jump);
        side = before;
    }
    head.sums = side.sums;
    head.late = side.late;
    head.version = side.version;
    Ok(())
}

/// What a log row says about one of its two accounts.
async fn side_of(tx: &Tx, no: u64, seq: u64) -> Result<SideAfter, DbError> {
    let malformed = || DbError::shape(format!("row {seq} of the log is no posting of account {no}"));
    let rows = tx.select_many(&sql::LOG, Column::Int(&[seq as i64])).await?;
    let (_, row) = log_row(rows.first().ok_or_else(malformed)?)?;
    let side = |leg: &LegRow| leg.side_of(no).copied();
    row.leg().and_then(side).ok_or_else(malformed)
}

#[cfg(test)]
mod tests {
    use kernel::{Clock, Ctx, Deadline, IdMaker, Principal};
    use ledger_api::{Batch, Ledger, Limits, LineOutcome, NewTransaction, OpenAccount, Operation, Posting, Side};
    use testkit::{FakeClock, for_each_engine};

    use super::*;
    use crate::{LedgerConfig, LedgerService};

    const NAMES: [&str; 3] = ["ann", "bob", "carl"];

    fn posting(debit: &str, credit: &str) -> Posting {
        Posting {
            debit: Some(debit.parse().unwrap()),
            credit: Some(credit.parse().unwrap()),
            amount: kernel::Money::new(7, "USD".parse().unwrap()),
            up_to_available: false,
            split: Vec::new(),
            override_limit: None,
            book: None,
        }
    }

    async fn pay(service: &LedgerService, ctx: &Ctx, first: usize, count: usize) {
        let line = |place: usize| {
            let (debit, credit) = (NAMES[place % 3], NAMES[(place + 1 + place % 2) % 3]);
            let id = Some(ledger_api::TransactionId::from_bits(place as u128 + 1));
            Operation::Create(NewTransaction {
                id,
                postings: vec![posting(debit, credit)],
                ..NewTransaction::default()
            })
        };
        for place in first..first + count {
            let lines = vec![line(place)];
            let reply = service.submit_batch(ctx, Batch { atomic: false, dry_run: false, lines }).await.unwrap();
            assert!(matches!(reply.lines[0], LineOutcome::Done(_)));
        }
    }

    /// However much is written after a snapshot, it answers as at first; also if the writer dropped the heads.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_snapshot_keeps_its_heads_while_the_ledger_writes() {
        for_each_engine(async |store| {
            let clock: Arc<dyn Clock> = Arc::new(FakeClock::default());
            let config = LedgerConfig { write_behind_accounts: 0, ..LedgerConfig::default() };
            let ids = IdMaker::seeded(clock.clone(), 1);
            let service = LedgerService::start(store.open().await, config, clock.clone(), ids).await.unwrap();
            let deadline = Deadline::after_millis(&*clock, 1_000_000);
            let ctx = Ctx { principal: Principal::operator(), deadline, request_id: "r".into(), idempotency_key: None };
            for name in NAMES {
                let limits = Limits { may_go_negative: true, ..Limits::default() };
                let (path, currency) = (name.parse().unwrap(), "USD".parse().unwrap());
                let open = OpenAccount {
                    path,
                    currency,
                    normal: Side::Credit,
                    limits,
                    owner: None,
                    reference: None,
                    metadata: Default::default(),
                };
                service.open_account(&ctx, open).await.unwrap();
            }
            pay(&service, &ctx, 0, 20).await;
            let snapshot = service.books.snapshot().await.unwrap();
            // As many as there are readers, so that none is left for a second read.
            let mut others = Vec::new();
            for _ in 0..3 {
                others.push(service.books.snapshot().await.unwrap());
            }
            let before = snapshot.heads(&[1, 2, 3, 4]).await.unwrap();
            assert_eq!(before.len(), 3);
            pay(&service, &ctx, 20, 33).await;
            let after = snapshot.heads(&[1, 2, 3, 4]).await.unwrap();
            let shown = |heads: &HashMap<u64, Head>, no| {
                let head: &Head = &heads[&no];
                (head.sums, head.version, head.roots.clone())
            };
            for no in 1..=3 {
                assert_eq!(shown(&after, no), shown(&before, no), "account {no} on {:?}", store.engine());
            }
            for other in &others {
                let after = other.heads(&[1, 2, 3]).await.unwrap();
                assert!((1..=3).all(|no| shown(&after, no) == shown(&before, no)));
            }
            drop(others);
            let now = service.books.snapshot().await.unwrap().heads(&[1, 2, 3]).await.unwrap();
            assert!((1..=3).all(|no| now[&no].version > before[&no].version));
            // Whatever is no longer published is in the table by then.
            service.close().await.unwrap();
            service.books.published.keep(|_| false, u64::MAX);
            let after = snapshot.heads(&[1, 2, 3]).await.unwrap();
            assert!((1..=3).all(|no| shown(&after, no) == shown(&before, no)));
        })
        .await;
    }
}
