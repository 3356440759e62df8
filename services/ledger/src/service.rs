//! The ledger in this process: prepares commands for the lane, and answers questions from the store.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use kernel::{Clock, Ctx, IdMaker};
use ledger_api::{
    Account, AccountChange, AccountPage, AccountPath, AccountQuery, Asset, Batch, BatchReply, ChangeAccount,
    DeclareAsset, FindTransaction, Ledger, LedgerError, LedgerStatus, LineOutcome, OpenAccount, Operation, Override,
    Refusal, RollUp, Submit, Transaction, TransactionTag, limits,
};
use platform::access;
use platform::db::{Db, DbError, Tx, Value};
use platform::feed::{Event, Feed, FeedError, FeedSignal, Pull};
use platform::lane::{Lane, LaneConfig, LaneError};
use rand::RngExt;
use sha2::Sha256;

use crate::command::{Body, Command, Line, Lines, Outcome, Reach, Recorded, Refused, Reply, Scope, Tag};
use crate::store::sql;
use crate::work::{Work, WorkConfig};
use crate::{check, count, events, query, view};

#[derive(Debug, Clone)]
pub struct LedgerConfig {
    /// Transactions in one commit.
    pub batch_max: usize,
    /// Commands that may wait.
    pub queue_max: usize,
    pub clock_behind_max_ms: u64,
    pub rollup_accounts_max: usize,
    pub accounts_cached_max: usize,
    pub idempotency_days: i64,
}

impl Default for LedgerConfig {
    fn default() -> LedgerConfig {
        LedgerConfig {
            batch_max: 1_000,
            queue_max: 8_192,
            clock_behind_max_ms: 1_000,
            rollup_accounts_max: 10_000,
            accounts_cached_max: 200_000,
            idempotency_days: 30,
        }
    }
}

pub struct LedgerService {
    pub(crate) db: Db,
    pub(crate) lane: Lane<Work>,
    pub(crate) config: LedgerConfig,
    clock: Arc<dyn Clock>,
    ids: IdMaker,
    signal: FeedSignal,
    /// Digests of idempotency keys and of the commands under them are made with this key.
    key: [u8; 32],
}

/// Brings the store's schema forward; answers how many steps that took.
pub async fn migrate(db: &Db) -> Result<usize, DbError> {
    db.migrate(sql::MIGRATIONS).await
}

const IDEMPOTENCY_KEY: &str = "idempotency";

/// The operations that an idempotency key may belong to.
#[derive(Clone, Copy)]
pub(crate) enum KeyedOperation {
    Transaction,
    Batch,
    Account,
    Asset,
}

impl LedgerService {
    /// Migrates the store, checks its tail and starts the lane.
    pub async fn start(
        db: Db,
        config: LedgerConfig,
        clock: Arc<dyn Clock>,
        ids: IdMaker,
    ) -> Result<LedgerService, DbError> {
        migrate(&db).await?;
        let key = idempotency_key(&db).await?;
        let signal = FeedSignal::default();
        let work =
            WorkConfig { accounts_cached_max: config.accounts_cached_max, idempotency_days: config.idempotency_days };
        let work = Work::new(work, ids.clone(), signal.clone());
        let lane = LaneConfig {
            name: "ledger",
            batch_max: config.batch_max,
            queue_max: config.queue_max,
            clock_behind_max_ms: config.clock_behind_max_ms,
        };
        let lane = Lane::start(db.clone(), work, lane, Arc::clone(&clock)).await?;
        Ok(LedgerService { db, lane, config, clock, ids, signal, key })
    }

    /// Takes no more commands, finishes those that wait, and says where the hash chain ends.
    pub async fn close(&self) -> Result<String, DbError> {
        self.lane.close().await;
        // A reader may keep the log beside the file for now; the books are whole either way.
        if let Err(error) = self.db.checkpoint().await {
            tracing::warn!(%error, "the write-ahead log was left beside the store");
        }
        query::head(&self.db).await.map(|head| head.to_string())
    }

    /// Whether commands are taken now.
    pub fn is_accepting(&self) -> bool {
        self.lane.state().is_accepting()
    }

    /// Connections to the store in use now, and at most.
    pub fn connections(&self) -> (usize, usize) {
        self.db.connections()
    }

    async fn run(&self, ctx: &Ctx, reach: Reach, body: Body) -> Result<Reply, LedgerError> {
        self.lane.submit(Command { reach, body }, ctx.deadline).await.map_err(lane_error)
    }

    fn tag(&self, id: Option<ledger_api::TransactionId>, scope: Option<Scope>) -> Tag {
        let id = id.unwrap_or_else(|| self.ids.make::<TransactionTag>());
        Tag { id: id.bits(), scope, salt: rand::rng().random() }
    }

    /// What an idempotency key stands for: the caller, the kind of operation and the key; and the command, so that
    /// another one under the same key is found out.
    pub(crate) fn scope(
        &self,
        ctx: &Ctx,
        operation: KeyedOperation,
        place: usize,
        command: &impl serde::Serialize,
    ) -> Option<Scope> {
        let key = ctx.idempotency_key.as_ref()?;
        let operation = operation as usize;
        let name = format!("{}\0{operation}\0{place}\0{}", ctx.principal.subject, key.as_str());
        // A command is plain data; it always has a JSON form.
        let command = serde_json::to_vec(command).unwrap_or_default();
        Some(Scope { key: self.digest(name.as_bytes()), command: self.digest(&command) })
    }

    fn digest(&self, text: &[u8]) -> [u8; 16] {
        let mut digest = [0; 16];
        // A key of any length is taken.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(text);
        let full = mac.finalize().into_bytes();
        digest.iter_mut().zip(full).for_each(|(place, byte)| *place = byte);
        digest
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
            Reply::Lines(_) | Reply::Account(_) => Err(LedgerError::Internal),
        }
    }

    async fn assets(&self, ctx: &Ctx) -> Result<Vec<Asset>, LedgerError> {
        access::check(ctx, "assets", "read", None).map_err(forbidden)?;
        query::assets(&self.db).await.map_err(store_error)
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
        let account = query::account(&self.db, path).await.map_err(store_error)?.ok_or_else(unknown)?;
        let owner = account.owner.as_ref().map(|owner| owner.as_str());
        match access::check(ctx, "accounts", "read", owner) {
            Ok(()) => Ok(account),
            Err(access::Denied::NotFound) => Err(unknown().into()),
            Err(access::Denied::Forbidden) => Err(LedgerError::Forbidden),
        }
    }

    async fn accounts(&self, ctx: &Ctx, query: AccountQuery) -> Result<AccountPage, LedgerError> {
        let limit = query.limit.unwrap_or(limits::PAGE_DEFAULT);
        if !(1..=limits::PAGE_MAX).contains(&limit) {
            return Err(Refusal::PageSize { given: limit, max: limits::PAGE_MAX }.into());
        }
        let owner = match reach(ctx, "accounts", "read")? {
            Reach::All => query.owner.clone(),
            Reach::Owner(subject) => Some(subject.parse().map_err(|_| LedgerError::Forbidden)?),
        };
        let query = AccountQuery { owner, ..query };
        query::accounts(&self.db, &query, limit).await.map_err(query_error)
    }

    async fn roll_up(&self, ctx: &Ctx, prefix: &AccountPath) -> Result<RollUp, LedgerError> {
        access::check(ctx, "accounts", "read", None).map_err(forbidden)?;
        query::roll_up(&self.db, prefix, self.config.rollup_accounts_max).await.map_err(query_error)
    }

    async fn submit(&self, ctx: &Ctx, command: Submit) -> Result<Transaction, LedgerError> {
        let (kind, dry_run) = (count::kind(&command.operation), command.dry_run);
        let outcome = self.submit_one(ctx, command).await;
        if !dry_run {
            count::one(kind, outcome.as_ref());
        }
        outcome
    }

    async fn submit_batch(&self, ctx: &Ctx, command: Batch) -> Result<BatchReply, LedgerError> {
        let kinds = if command.dry_run { Vec::new() } else { command.lines.iter().map(count::kind).collect() };
        let reply = self.submit_many(ctx, command).await?;
        count::lines(kinds, &reply.lines);
        Ok(reply)
    }

    async fn transaction(&self, ctx: &Ctx, find: FindTransaction) -> Result<Transaction, LedgerError> {
        let reach = reach(ctx, "transactions", "read")?;
        let found = query::transaction(self, ctx, &reach, &find).await.map_err(store_error)?;
        let unknown = || Refusal::NotFound { what: "transaction".to_owned(), name: query::name_of(&find) };
        found.unwrap_or_else(|| Err(unknown().into()))
    }

    async fn events_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, LedgerError> {
        access::check(ctx, "events", "read", None).map_err(forbidden)?;
        // An answer that comes behind the deadline is none.
        let wait_ms = pull.wait_ms.min(ctx.deadline.micros_left(self.clock.monotonic()) / 2_000);
        Feed::events_after(self, Pull { wait_ms, ..pull }).await.map_err(|_| LedgerError::Unavailable)
    }

    async fn status(&self, _ctx: &Ctx) -> Result<LedgerStatus, LedgerError> {
        let head = query::head(&self.db).await.map_err(store_error)?;
        let state = self.lane.state();
        Ok(LedgerStatus {
            book: crate::BOOK.to_owned(),
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
        let failed = |error: DbError| FeedError(error.to_string());
        let found = events::events_after(&self.db, pull).await.map_err(failed)?;
        if !found.is_empty() || pull.wait_ms == 0 {
            return Ok(found);
        }
        self.signal.wait(pull.after, Duration::from_millis(pull.wait_ms)).await;
        events::events_after(&self.db, pull).await.map_err(failed)
    }
}

/// A line that is ready for the lane, or its refusal of form.
type CheckedLine = Result<Line, LedgerError>;

impl LedgerService {
    async fn submit_one(&self, ctx: &Ctx, command: Submit) -> Result<Transaction, LedgerError> {
        let reach = reach(ctx, "transactions", "create")?;
        check_override(ctx, &command.operation)?;
        check::operation(&command.operation)?;
        let scope = self.scope(ctx, KeyedOperation::Transaction, 0, &command);
        if command.operation.id().is_none() && scope.is_none() && !command.dry_run {
            return Err(Refusal::IdempotencyMissing.into());
        }
        let tag = self.tag(command.operation.id(), scope);
        let line = Line { tag, operation: command.operation };
        let lines = Lines { atomic: false, dry_run: command.dry_run, lines: vec![line] };
        let mut outcomes = self.lines(ctx, reach, lines).await?;
        outcomes.pop().ok_or(LedgerError::Internal)?.map(view::transaction).map_err(refused)
    }

    async fn submit_many(&self, ctx: &Ctx, command: Batch) -> Result<BatchReply, LedgerError> {
        let reach = reach(ctx, "transactions", "create")?;
        check::batch(&command)?;
        let digest =
            ctx.idempotency_key.is_some().then(|| self.digest(&serde_json::to_vec(&command).unwrap_or_default()));
        let mut checked = Vec::with_capacity(command.lines.len());
        for (place, operation) in command.lines.into_iter().enumerate() {
            let scope = self.scope(ctx, KeyedOperation::Batch, place, &digest);
            checked.push(self.check_line(ctx, operation, scope, command.dry_run));
        }
        if command.atomic {
            return self.atomic_batch(ctx, reach, checked, command.dry_run).await;
        }
        self.loose_batch(ctx, reach, checked, command.dry_run).await
    }

    async fn account_command(&self, ctx: &Ctx, body: Body, reach: Reach) -> Result<Account, LedgerError> {
        match self.run(ctx, reach, body).await? {
            Reply::Account(outcome) => outcome.map(view::account).map_err(refused),
            Reply::Lines(_) | Reply::Asset(_) => Err(LedgerError::Internal),
        }
    }

    async fn lines(&self, ctx: &Ctx, reach: Reach, lines: Lines) -> Result<Vec<Outcome<Recorded>>, LedgerError> {
        match self.run(ctx, reach, Body::Lines(lines)).await? {
            Reply::Lines(outcomes) => Ok(outcomes),
            Reply::Account(_) | Reply::Asset(_) => Err(LedgerError::Internal),
        }
    }

    fn check_line(&self, ctx: &Ctx, operation: Operation, scope: Option<Scope>, dry_run: bool) -> CheckedLine {
        check_override(ctx, &operation)?;
        check::operation(&operation)?;
        if operation.id().is_none() && scope.is_none() && !dry_run {
            return Err(Refusal::IdempotencyMissing.into());
        }
        let tag = self.tag(operation.id(), scope);
        Ok(Line { tag, operation })
    }

    /// A line whose form is wrong fails an atomic batch before it reaches the books, so nothing is remembered.
    async fn atomic_batch(
        &self,
        ctx: &Ctx,
        reach: Reach,
        checked: Vec<CheckedLine>,
        dry_run: bool,
    ) -> Result<BatchReply, LedgerError> {
        if let Some(failed) = checked.iter().position(Result::is_err) {
            let sibling = || LedgerError::from(Refusal::SiblingFailed { line: failed });
            let outcome = |line: CheckedLine| LineOutcome::Failed(line.err().unwrap_or_else(sibling));
            return Ok(BatchReply { lines: checked.into_iter().map(outcome).collect() });
        }
        let lines = checked.into_iter().flatten().collect();
        let outcomes = self.lines(ctx, reach, Lines { atomic: true, dry_run, lines }).await?;
        Ok(BatchReply { lines: outcomes.into_iter().map(line_outcome).collect() })
    }

    /// Lines that stand alone go to the lane in pieces of a group's size, in order.
    async fn loose_batch(
        &self,
        ctx: &Ctx,
        reach: Reach,
        checked: Vec<CheckedLine>,
        dry_run: bool,
    ) -> Result<BatchReply, LedgerError> {
        let mut answers = Vec::with_capacity(checked.len());
        let mut checked = checked.into_iter().peekable();
        while checked.peek().is_some() {
            let piece: Vec<CheckedLine> = checked.by_ref().take(self.config.batch_max).collect();
            let lines = piece.iter().flatten().cloned().collect();
            // What became of earlier pieces is not lost: a piece without an answer fails line by line.
            let outcomes = self.lines(ctx, reach.clone(), Lines { atomic: false, dry_run, lines }).await;
            let mut outcomes = outcomes.map(Vec::into_iter);
            for line in piece {
                answers.push(match (line, &mut outcomes) {
                    (Err(malformed), _) => LineOutcome::Failed(malformed),
                    (Ok(_), Ok(outcomes)) => {
                        outcomes.next().map_or(LineOutcome::Failed(LedgerError::Internal), line_outcome)
                    }
                    (Ok(_), Err(error)) => LineOutcome::Failed(error.clone()),
                });
            }
        }
        Ok(BatchReply { lines: answers })
    }
}

fn line_outcome(outcome: Outcome<Recorded>) -> LineOutcome {
    match outcome {
        Ok(recorded) => LineOutcome::Done(Box::new(view::transaction(recorded))),
        Err(refused_line) => LineOutcome::Failed(refused(refused_line)),
    }
}

pub(crate) fn refused(Refused { refusal, replayed }: Refused) -> LedgerError {
    LedgerError::Refused { refusal, replayed }
}

/// What a caller may not do at all; foreign objects have been answered as unknown before.
fn forbidden(_: access::Denied) -> LedgerError {
    LedgerError::Forbidden
}

/// Whose accounts the principal may use for this; a foreign one does not exist for it.
pub(crate) fn reach(ctx: &Ctx, resource: &str, action: &str) -> Result<Reach, LedgerError> {
    match access::owner_term(ctx, resource, action) {
        Ok(None) => Ok(Reach::All),
        Ok(Some(subject)) => Ok(Reach::Owner(subject)),
        Err(denied) => Err(forbidden(denied)),
    }
}

fn check_override(ctx: &Ctx, operation: &Operation) -> Result<(), LedgerError> {
    let Operation::Create(create) = operation else { return Ok(()) };
    if create.postings.iter().any(|posting| posting.override_limit == Some(Override::Floor)) {
        access::check(ctx, "ledger", "override-floor", None).map_err(forbidden)?;
    }
    Ok(())
}

fn lane_error(error: LaneError) -> LedgerError {
    match error {
        LaneError::Overloaded => LedgerError::Overloaded,
        LaneError::DeadlineExceeded => LedgerError::DeadlineExceeded,
        LaneError::OutcomeUnknown => LedgerError::OutcomeUnknown,
        LaneError::ClockBehind => LedgerError::ClockBehind,
        LaneError::StorageFull => LedgerError::StorageFull,
        LaneError::Unavailable => LedgerError::Unavailable,
        LaneError::Internal => LedgerError::Internal,
    }
}

/// A question that the store could not answer: logged once, here.
pub(crate) fn store_error(error: DbError) -> LedgerError {
    use platform::db::Fault;
    tracing::error!(%error, cause = ?error.source, "a question to the ledger's store failed");
    match error.fault {
        Fault::Corrupt | Fault::Statement | Fault::Constraint | Fault::Newer | Fault::Older => LedgerError::Internal,
        _ => LedgerError::Unavailable,
    }
}

fn query_error(error: query::QueryError) -> LedgerError {
    match error {
        query::QueryError::Refused(refusal) => refusal.into(),
        query::QueryError::Store(error) => store_error(error),
    }
}

async fn idempotency_key(db: &Db) -> Result<[u8; 32], DbError> {
    let fresh: [u8; 32] = rand::rng().random();
    db.write(move |tx: &Tx| {
        Box::pin(async move {
            let name = Value::Text(IDEMPOTENCY_KEY);
            if let Some(row) = tx.query(sql::SECRET_READ, &[name]).await?.first() {
                return row.array(0);
            }
            tx.execute(sql::SECRET_WRITE, &[name, Value::Bytes(&fresh)]).await?;
            Ok(fresh)
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_lane_says_keeps_its_name() {
        for (said, answered) in [
            (LaneError::Overloaded, "overloaded"),
            (LaneError::DeadlineExceeded, "deadline_exceeded"),
            (LaneError::OutcomeUnknown, "outcome_unknown"),
            (LaneError::ClockBehind, "clock_behind"),
            (LaneError::StorageFull, "storage_full"),
            (LaneError::Unavailable, "unavailable"),
            (LaneError::Internal, "internal"),
        ] {
            let error = lane_error(said);
            assert_eq!(error.code(), answered);
            assert!((500..=507).contains(&error.status()), "{error}");
        }
    }
}
