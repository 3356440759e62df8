//! The ledger in this process: prepares commands for the lane, and answers queries from the store.

mod book;
mod errors;
mod keys;
mod schedule;
mod submit;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Clock, Ctx, IdMaker};
use ledger_api::{
    Account, AccountChange, AccountPage, AccountPath, AccountQuery, Asset, Batch, BatchReply, BookName, ChangeAccount,
    DeclareAsset, FindTransaction, Ledger, LedgerError, LedgerStatus, OpenAccount, Refusal, Submit, Transaction,
    limits,
};
use platform::access;
use platform::crypto::Erasures;
use platform::db::{Db, DbError, Engine};
use platform::deadline;
use platform::error::Failure;
use platform::feed::{Event, Feed, FeedError, FeedSignal, Pull};
use platform::lane::{Lane, LaneConfig, Runner};
use platform::lease::Standing;

use crate::command::{Body, Command, Reach, Reply};
use crate::format::genesis;
use crate::ids::Runs;
use crate::published::PublishedHeads;
use crate::search::Indexer;
use crate::snapshot::Books;
use crate::store::sql;
use crate::work::{Work, WorkConfig};
use crate::{check, count, events, query, view};

pub(crate) use errors::{forbidden, query_error, refused};
pub(crate) use keys::{IDEMPOTENCY_KEY, KeyedOperation};

#[derive(Debug, Clone)]
pub struct LedgerConfig {
    /// Transactions in one commit.
    pub batch_max: usize,
    /// Commands that may wait.
    pub queue_max: usize,
    pub clock_behind_max_ms: u64,
    pub rollup_accounts_max: usize,
    pub accounts_cached_max: usize,
    /// With more active accounts than this, their rows are written after the commit. SQLite only.
    pub write_behind_accounts: usize,
    pub idempotency_days: i64,
    /// The list to which an erasure is added before it is carried out; the room always has one.
    pub erasures: Option<Erasures>,
    pub runner: Runner,
    /// Whether this process may write, if several share a store.
    pub standing: Standing,
}

impl Default for LedgerConfig {
    fn default() -> LedgerConfig {
        LedgerConfig {
            batch_max: 1_000,
            queue_max: 8_192,
            clock_behind_max_ms: 1_000,
            rollup_accounts_max: 10_000,
            accounts_cached_max: 2_000_000,
            write_behind_accounts: 1_000,
            idempotency_days: 30,
            erasures: None,
            runner: Runner::default(),
            standing: Standing::alone(),
        }
    }
}

/// How often a standby checks for what somebody waits for.
const LOOK_BESIDE_WRITER_MS: u64 = 100;

pub struct LedgerService {
    pub(crate) db: Db,
    pub(crate) books: Books,
    pub(crate) lane: Lane<Work>,
    pub(crate) config: LedgerConfig,
    pub(crate) indexer: Indexer,
    pub(crate) clock: Arc<dyn Clock>,
    ids: IdMaker,
    signal: FeedSignal,
    /// The key of the digests of idempotency keys and of their commands.
    key: [u8; 32],
    recorded: count::Recorded,
}

/// Migrates the store's schema; returns the number of steps.
pub async fn migrate(db: &Db) -> Result<usize, DbError> {
    db.migrate(sql::MIGRATIONS).await
}

impl LedgerService {
    /// The book `main` in a store: [`LedgerService::start_book`].
    pub async fn start(
        db: Db,
        config: LedgerConfig,
        clock: Arc<dyn Clock>,
        ids: IdMaker,
    ) -> Result<LedgerService, DbError> {
        LedgerService::start_book(db, BookName::main(), config, clock, ids).await
    }

    /// Migrates the store, checks its tail and starts the lane.
    pub async fn start_book(
        db: Db,
        book: BookName,
        config: LedgerConfig,
        clock: Arc<dyn Clock>,
        ids: IdMaker,
    ) -> Result<LedgerService, DbError> {
        migrate(&db).await?;
        let key = keys::idempotency_key(&db).await?;
        let signal = FeedSignal::default();
        let work = WorkConfig {
            accounts_cached_max: config.accounts_cached_max,
            // On PostgreSQL other processes answer from the tables.
            write_behind_accounts: (db.engine() == Engine::Sqlite).then_some(config.write_behind_accounts),
            idempotency_days: config.idempotency_days,
            genesis: genesis(&book),
        };
        let (heads, runs) = (Arc::new(PublishedHeads::default()), Arc::new(Runs::default()));
        let work = Work::new(work, ids.clone(), signal.clone(), Arc::clone(&heads), Arc::clone(&runs));
        let lane = LaneConfig {
            name: "ledger",
            batch_max: config.batch_max,
            queue_max: config.queue_max,
            clock_behind_max_ms: config.clock_behind_max_ms,
            runner: config.runner,
        };
        let standing = config.standing.clone();
        let lane = Lane::start_under(standing.clone(), db.clone(), work, lane, Arc::clone(&clock)).await?;
        let books = Books::new(book, db.clone(), heads, runs);
        let indexer = Indexer::start(db.clone(), signal.clone(), standing);
        Ok(LedgerService {
            db,
            books,
            lane,
            config,
            indexer,
            clock,
            ids,
            signal,
            key,
            recorded: count::Recorded::default(),
        })
    }

    /// Accepts no more commands, finishes those that wait, and returns the head of the hash chain.
    pub async fn close(&self) -> Result<String, DbError> {
        self.lane.close().await;
        self.indexer.close().await;
        // A reader may hold the write-ahead log until it is done; the books are whole either way.
        if let Err(error) = self.db.checkpoint().await {
            tracing::warn!(%error, "the write-ahead log was left next to the store");
        }
        query::head(&self.books).await.map(|head| head.to_string())
    }

    /// Whether commands are accepted now.
    pub fn is_accepting(&self) -> bool {
        self.lane.state().is_accepting()
    }

    /// Transactions that this process has recorded in it.
    pub(crate) fn recorded(&self) -> u64 {
        self.recorded.count()
    }

    /// Connections to the store in use now, and their maximum.
    pub fn connections(&self) -> (usize, usize) {
        self.db.connections()
    }

    /// Work outside of the lane ends at the caller's deadline, whatever the store does.
    pub(crate) fn in_time<T>(
        &self,
        ctx: &Ctx,
        work: impl Future<Output = Result<T, LedgerError>>,
    ) -> impl Future<Output = Result<T, LedgerError>> {
        deadline::in_time(ctx, &self.clock, work)
    }

    async fn run(&self, ctx: &Ctx, reach: Reach, body: Body) -> Result<Reply, LedgerError> {
        self.lane.submit(Command { reach, body }, ctx.deadline).await.map_err(LedgerError::from)
    }
}

#[async_trait]
impl Ledger for LedgerService {
    async fn declare_asset(&self, ctx: &Ctx, command: DeclareAsset) -> Result<Asset, LedgerError> {
        access::check(ctx, "assets", "declare", None).map_err(forbidden)?;
        check::declare_asset(&command)?;
        let tag = self.tag(None, self.scope(ctx, KeyedOperation::Asset, 0, &command));
        match self.run(ctx, Reach::All, Body::Declare(command, tag)).await? {
            Reply::Asset(outcome) => outcome.map(view::asset).map_err(refused),
            Reply::Lines(_) | Reply::Account(_) => Err(LedgerError::Failed(Failure::Internal)),
        }
    }

    async fn assets(&self, ctx: &Ctx) -> Result<Vec<Asset>, LedgerError> {
        access::check(ctx, "assets", "read", None).map_err(forbidden)?;
        self.in_time(ctx, async { query::assets(&self.books).await.map_err(LedgerError::from) }).await
    }

    async fn open_account(&self, ctx: &Ctx, command: OpenAccount) -> Result<Account, LedgerError> {
        let owner = command.owner.as_ref().map(|owner| owner.as_str());
        access::check(ctx, "accounts", "open", owner).map_err(forbidden)?;
        check::open_account(&command)?;
        let tag = self.tag(None, self.scope(ctx, KeyedOperation::Account, 0, &command));
        self.account_command(ctx, Body::Open(command, tag), Reach::All).await
    }

    async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<Account, LedgerError> {
        let reach = reach(ctx, "accounts", "change")?;
        match &command.change {
            AccountChange::SetLimits(limits) => check::account_limits(limits, None)?,
            AccountChange::SetMetadata(metadata) => check::metadata(metadata)?,
            AccountChange::Freeze | AccountChange::Unfreeze | AccountChange::Close => {}
        }
        let tag = self.tag(None, self.scope(ctx, KeyedOperation::Account, 0, &command));
        self.account_command(ctx, Body::Change(command, tag), reach).await
    }

    async fn account(&self, ctx: &Ctx, path: &AccountPath) -> Result<Account, LedgerError> {
        let unknown = || Refusal::NotFound { what: "account".to_owned(), name: path.to_string() };
        // Before it is looked up: a caller who may read no account must not learn whether one exists.
        reach(ctx, "accounts", "read")?;
        let found = async { query::account(&self.books, path).await.map_err(LedgerError::from) };
        let account = self.in_time(ctx, found).await?.ok_or_else(unknown)?;
        let owner = account.owner.as_ref().map(|owner| owner.as_str());
        match access::check(ctx, "accounts", "read", owner) {
            Ok(()) => Ok(account),
            Err(access::Denied::NotFound) => Err(unknown().into()),
            Err(access::Denied::Forbidden) => Err(LedgerError::Failed(Failure::Forbidden)),
        }
    }

    async fn accounts(&self, ctx: &Ctx, query: AccountQuery) -> Result<AccountPage, LedgerError> {
        let limit = query.limit.unwrap_or(limits::PAGE_DEFAULT);
        if !(1..=limits::PAGE_MAX).contains(&limit) {
            return Err(Refusal::PageSize { given: limit, max: limits::PAGE_MAX }.into());
        }
        let owner = match reach(ctx, "accounts", "read")? {
            Reach::All => query.owner.clone(),
            Reach::Owner(subject) => Some(subject.parse().map_err(|_| LedgerError::Failed(Failure::Forbidden))?),
        };
        let query = AccountQuery { owner, ..query };
        let page = async { query::accounts(&self.books, &query, limit).await.map_err(query_error) };
        self.in_time(ctx, page).await
    }

    async fn submit(&self, ctx: &Ctx, command: Submit) -> Result<Transaction, LedgerError> {
        let (kind, dry_run) = (count::kind(&command.operation), command.dry_run);
        let outcome = self.submit_one(ctx, command).await;
        if !dry_run {
            self.recorded.one(kind, outcome.as_ref());
        }
        outcome
    }

    async fn submit_batch(&self, ctx: &Ctx, command: Batch) -> Result<BatchReply, LedgerError> {
        let kinds = if command.dry_run { Vec::new() } else { command.lines.iter().map(count::kind).collect() };
        let reply = self.submit_many(ctx, command).await?;
        self.recorded.lines(kinds, &reply.lines);
        Ok(reply)
    }

    async fn transaction(&self, ctx: &Ctx, find: FindTransaction) -> Result<Transaction, LedgerError> {
        let reach = reach(ctx, "transactions", "read")?;
        let found = async { query::transaction(self, ctx, &reach, &find).await.map_err(LedgerError::from) };
        let found = self.in_time(ctx, found).await?;
        let unknown = || Refusal::NotFound { what: "transaction".to_owned(), name: query::name_of(&find) };
        found.unwrap_or_else(|| Err(unknown().into()))
    }

    async fn events_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, LedgerError> {
        access::check(ctx, "events", "read", None).map_err(forbidden)?;
        // A reply after the deadline does not count.
        let wait_ms = pull.wait_ms.min(ctx.deadline.micros_left(self.clock.monotonic()) / 2_000);
        let pull = Pull { wait_ms, ..pull };
        let events = async { Feed::events_after(self, pull).await.map_err(|error| Failure::from(error).into()) };
        self.in_time(ctx, events).await
    }

    async fn status(&self, ctx: &Ctx) -> Result<LedgerStatus, LedgerError> {
        let head = self.in_time(ctx, async { query::head(&self.books).await.map_err(LedgerError::from) }).await?;
        let state = self.lane.state();
        Ok(LedgerStatus {
            book: self.books.name.to_string(),
            head: head.to_string(),
            groups: head.number,
            rows: head.last_seq,
            accepting: state.is_accepting(),
            waiting: state.waiting() as u64,
        })
    }
}

#[async_trait]
impl Feed for LedgerService {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        let pull = pull.bounded();
        let mut left_ms = pull.wait_ms;
        loop {
            let (found, end) = events::events_after(&self.books, &pull).await?;
            if found.is_empty() && pull.after > end {
                return Err(FeedError::Ahead { end });
            }
            #[cfg(feature = "planted")]
            let found = if left_ms < pull.wait_ms && platform::planted::is_planted(platform::planted::Bug::FeedSkips) {
                // Planted: a woken reader is told the newest event, and never what came with it.
                found.into_iter().next_back().into_iter().collect()
            } else {
                found
            };
            if !found.is_empty() || left_ms == 0 {
                return Ok(found);
            }
            // Commits of other processes wake nobody here.
            let wait_ms = if self.config.standing.is_holder() { left_ms } else { left_ms.min(LOOK_BESIDE_WRITER_MS) };
            self.signal.wait(pull.after, Duration::from_millis(wait_ms)).await;
            left_ms -= wait_ms;
        }
    }

    async fn end(&self) -> Result<Option<u64>, FeedError> {
        let head = query::head(&self.books).await;
        head.map(|head| Some(head.last_seq)).map_err(FeedError::from)
    }
}

/// The owner whose accounts the principal may use for this; other owners' accounts do not exist for it.
pub(crate) fn reach(ctx: &Ctx, resource: &str, action: &str) -> Result<Reach, LedgerError> {
    match access::owner_term(ctx, resource, action) {
        Ok(None) => Ok(Reach::All),
        Ok(Some(subject)) => Ok(Reach::Owner(subject)),
        Err(denied) => Err(forbidden(denied)),
    }
}
