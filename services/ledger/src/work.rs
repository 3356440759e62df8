//! The ledger's part of the lane: which rows a group needs, the pure step over them, and the state kept between groups.

use std::sync::Arc;

use kernel::{IdMaker, Timestamp};
use ledger_api::{Operation, Reference, TransactionTag};
use platform::db::{DbError, Fault, Tx, Value};
use platform::feed::FeedSignal;
use platform::lane::{LaneWork, Tail};

use crate::behind::{Behind, Pace};
use crate::command::{Body, Command, Reply, Tag};
use crate::decide;
use crate::due::Agenda;
use crate::format::{GroupStamp, Hash, RowsHash, group_hash};
use crate::ids::{Runs, Scattered};
use crate::published::PublishedHeads;
use crate::state::{Group, LogTail, State};
use crate::store::{Loader, Stored, Wanted, sql, store_group, store_heads};

const MICROS_PER_DAY: i64 = 86_400_000_000;

#[derive(Debug, Clone, Copy)]
pub(crate) struct WorkConfig {
    /// Accounts kept in memory between groups.
    pub accounts_cached_max: usize,
    /// With more active accounts than this, their rows are written after the commit; never if `None`.
    pub write_behind_accounts: Option<usize>,
    pub idempotency_days: i64,
    /// What the first group follows.
    pub genesis: Hash,
}

pub(crate) struct Work {
    config: WorkConfig,
    /// For what the ledger does by itself.
    ids: IdMaker,
    state: State,
    behind: Behind,
    heads: Arc<PublishedHeads>,
    ids_known: Scattered,
    runs: Arc<Runs>,
    agenda: Agenda,
    /// The day up to which old idempotency keys have been removed.
    purged_day: i64,
    stored: Option<Stored>,
    signal: FeedSignal,
}

impl Work {
    pub(crate) fn new(
        config: WorkConfig,
        ids: IdMaker,
        signal: FeedSignal,
        heads: Arc<PublishedHeads>,
        runs: Arc<Runs>,
    ) -> Work {
        Work {
            config,
            ids,
            state: State::default(),
            behind: Behind::default(),
            heads,
            ids_known: Scattered::new(Arc::clone(&runs)),
            runs,
            agenda: Agenda::default(),
            purged_day: 0,
            stored: None,
            signal,
        }
    }

    fn pace(&self) -> Pace {
        let many = self.config.write_behind_accounts.is_some_and(|max| self.state.accounts.len() > max);
        // Once rows are deferred, they stay so: a smaller number of known accounts says nothing about waiting ones.
        if !many && !self.heads.is_active() {
            return Pace::AtOnce;
        }
        self.heads.activate();
        Pace::Behind
    }

    /// Drops all accounts from memory whose rows do not wait to be written.
    fn shed_accounts(&mut self) {
        let State { accounts, by_path, log, .. } = &mut self.state;
        accounts.retain(|no, entry| {
            let kept = self.behind.waits(no);
            if !kept {
                by_path.remove(&entry.facts.path);
            }
            kept
        });
        self.heads.keep(|no| accounts.contains_key(&no), log.last_seq);
    }

    /// What the commands of a group name.
    fn wanted(&self, commands: &[&Command]) -> Wanted {
        let mut wanted = Wanted::default();
        for command in commands {
            match &command.body {
                Body::Lines(lines) => {
                    for line in &lines.lines {
                        self.want_tag(&mut wanted, &line.tag);
                        self.want_operation(&mut wanted, &line.operation);
                    }
                }
                Body::Open(open, tag) => {
                    self.want_tag(&mut wanted, tag);
                    wanted.paths.insert(open.path.clone());
                    wanted.openings.insert(open.path.clone());
                    wanted.account_references.extend(open.reference.as_ref().map(Reference::to_string));
                }
                Body::Change(change, tag) => {
                    self.want_tag(&mut wanted, tag);
                    wanted.paths.insert(change.path.clone());
                    wanted.openings.insert(change.path.clone());
                }
                Body::Declare(_, tag) => self.want_tag(&mut wanted, tag),
            }
        }
        // Nearly all ids are new, and known to be without querying the store.
        wanted.ids.extend(self.ids_known.maybe_known(&tags(commands)));
        wanted
    }

    fn want_tag(&self, wanted: &mut Wanted, tag: &Tag) {
        wanted.scopes.extend(tag.scope.map(|scope| scope.key));
    }

    fn want_operation(&self, wanted: &mut Wanted, operation: &Operation) {
        wanted.ids.extend(operation.target().map(|target| target.bits()));
        wanted.transaction_references.extend(operation.reference().map(Reference::to_string));
        let Operation::Create(create) = operation else { return };
        let named = create.postings.iter().flat_map(|posting| {
            let shares = posting.split.iter().map(|share| &share.account);
            posting.debit.iter().chain(&posting.credit).chain(shares)
        });
        let named = named.chain(create.if_version.iter().map(|condition| &condition.account));
        // Most accounts are known from earlier groups.
        let unknown = named.filter(|path| self.state.account_no(path).is_none());
        wanted.paths.extend(unknown.cloned());
    }

    async fn purge_idempotency(&mut self, tx: &Tx, now: Timestamp) -> Result<(), DbError> {
        let oldest = now.micros() / MICROS_PER_DAY - self.config.idempotency_days;
        if self.purged_day >= oldest {
            return Ok(());
        }
        if tx.execute(sql::IDEMPOTENCY_PURGE, &[Value::Int(oldest)]).await? == 0 {
            self.purged_day = oldest;
        }
        Ok(())
    }

    fn publish_all(&self) {
        if !self.behind.is_empty() {
            self.heads.activate();
        }
        let heads = self.state.accounts.iter().filter(|(no, _)| self.behind.waits(*no));
        let heads = heads.map(|(no, entry)| (no, Arc::clone(&entry.head)));
        self.heads.restart(heads, self.state.log.last_seq);
    }

    fn tail(&self) -> Tail {
        tail(&self.state.log)
    }
}

/// The ids of all commands.
fn tags(commands: &[&Command]) -> Vec<u128> {
    let tags = commands.iter().flat_map(|command| match &command.body {
        Body::Lines(lines) => lines.lines.iter().map(|line| line.tag.id).collect(),
        Body::Open(_, tag) | Body::Change(_, tag) | Body::Declare(_, tag) => vec![tag.id],
    });
    tags.collect()
}

/// Refuses to continue from a log that is not as this process left it.
async fn check_tail(tx: &Tx, expected: u64) -> Result<(), DbError> {
    let newest = tx.query(sql::GROUP_NEWEST, &[]).await?;
    if newest.first().map_or(Ok(0), |row| row.int(0))? == expected as i64 {
        return Ok(());
    }
    Err(DbError::new("add to a log that another process has added to", Fault::Retry))
}

fn tail(log: &LogTail) -> Tail {
    Tail { number: log.number as i64, at: Timestamp::from_micros(log.at), fingerprint: fingerprint(&log.hash) }
}

fn fingerprint(hash: &Hash) -> u64 {
    hash.iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

impl LaneWork for Work {
    type Command = Command;
    type Reply = Reply;

    fn weight(command: &Command) -> usize {
        match &command.body {
            Body::Lines(lines) => lines.lines.len(),
            Body::Open(..) | Body::Change(..) | Body::Declare(..) => 1,
        }
    }

    async fn load<'a>(&'a mut self, tx: &'a Tx, now: Timestamp, commands: &'a [&'a Command]) -> Result<(), DbError> {
        let mut wanted = self.wanted(commands);
        wanted.rows = self.agenda.find(tx, now).await?;
        let number = self.state.log.number;
        // Both at once: on a network, parallel requests cost one wait.
        tokio::try_join!(check_tail(tx, number), Loader::new(tx, &self.runs, &mut self.state).load(&wanted))?;
        self.state.group.due = self.agenda.due(&self.state, || self.ids.make::<TransactionTag>().bits());
        Ok(())
    }

    fn begin(&mut self, now: Timestamp) {
        decide::begin(&mut self.state, now);
    }

    fn decide(&mut self, now: Timestamp, command: &Command) -> Reply {
        decide::decide(&mut self.state, now, command)
    }

    async fn store<'a>(&'a mut self, tx: &'a Tx, now: Timestamp) -> Result<Tail, DbError> {
        self.purge_idempotency(tx, now).await?;
        if self.state.group.rows.is_empty() {
            self.stored = None;
            return Ok(self.tail());
        }
        let pace = self.pace();
        let plan = self.behind.plan(&self.state, pace);
        let ids = self.ids_known.plan(&self.state.group.new_ids, now.micros());
        let stored = store_group(tx, &self.state, &plan, &ids, now.micros()).await?;
        self.stored = Some(stored);
        Ok(tail(&stored.log))
    }

    fn committed(&mut self) {
        if let Some(stored) = self.stored.take() {
            self.state.log = stored.log;
            self.signal.committed(stored.log.last_seq);
            self.ids_known.committed();
            let Group { holds, new_holds, scheduled, new_scheduled, .. } = &self.state.group;
            self.agenda.add(new_holds.iter().filter_map(|seq| holds.get(seq)).map(|hold| hold.expires_at));
            self.agenda.add(new_scheduled.iter().filter_map(|seq| scheduled.get(seq)).map(|one| one.due_at));
        }
        self.agenda.committed();
        let head = |no: &u64| Some((*no, Arc::clone(&self.state.accounts.get(no)?.head)));
        self.heads.publish(self.state.group.changed_accounts.iter().filter_map(head), self.state.log.last_seq);
        self.state.group = Group::default();
        if self.state.accounts.len() > self.config.accounts_cached_max.saturating_add(self.behind.waiting()) {
            self.shed_accounts();
        }
    }

    fn forget(&mut self) {
        self.stored = None;
        // The end of the log is read again by `resume`, but a lane may also continue without one: then it stays as
        // before.
        let log = self.state.log;
        let assets = std::mem::take(&mut self.state.assets);
        self.state = State { log, assets, ..State::default() };
        self.behind = Behind::default();
        self.agenda.look();
    }

    async fn resume<'a>(&'a mut self, tx: &'a Tx) -> Result<Tail, DbError> {
        self.state = State { log: read_tail(tx, &self.config.genesis).await?, ..State::default() };
        for row in tx.query(sql::ASSET_LIST, &[]).await? {
            let scale = u8::try_from(row.int(1)?).map_err(|_| DbError::shape("an asset with a malformed scale"))?;
            self.state.assets.insert(row.text(0)?.to_owned(), scale);
        }
        self.ids_known.resume(tx).await?;
        self.behind = Behind::resume(tx, &mut self.state).await?;
        self.publish_all();
        // The first group checks for due work.
        self.agenda.look();
        Ok(self.tail())
    }

    async fn has<'a>(&'a self, tx: &'a Tx, group: Tail) -> Result<bool, DbError> {
        let rows = tx.query(sql::GROUP_HASH, &[Value::Int(group.number)]).await?;
        match rows.first() {
            Some(row) => Ok(fingerprint(&row.array(0)?) == group.fingerprint),
            // Nothing was written in a ledger without rows.
            None => Ok(group.number == 0),
        }
    }

    async fn finish<'a>(&'a mut self, tx: &'a Tx) -> Result<(), DbError> {
        let plan = self.behind.plan(&self.state, Pace::AtOnce);
        store_heads(tx, &self.state, &plan).await
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.agenda.next()
    }

    fn narrow_due(&mut self, alone: bool) -> bool {
        self.agenda.narrow(alone)
    }
}

/// The end of the log, after a check that its last group is whole.
pub(crate) async fn read_tail(tx: &Tx, genesis: &Hash) -> Result<LogTail, DbError> {
    let groups = tx.query(sql::GROUP_LAST, &[]).await?;
    let last_account = tx.query(sql::ACCOUNT_LAST, &[]).await?.first().map_or(Ok(0), |row| row.int(0))? as u64;
    let Some(last) = groups.first() else {
        return Ok(LogTail { hash: *genesis, ..LogTail::default() });
    };
    let previous: Hash = groups.get(1).map_or(Ok(*genesis), |row| row.array(4))?;
    let stamp = GroupStamp {
        number: last.int(0)? as u64,
        at: last.int(1)?,
        first_seq: last.int(2)? as u64,
        last_seq: last.int(3)? as u64,
    };
    let mut rows = RowsHash::new();
    for row in tx.query(sql::LOG_RANGE, &[Value::Int(last.int(2)?), Value::Int(last.int(3)?)]).await? {
        rows.row(row.bytes(1)?);
    }
    let hash: Hash = last.array(4)?;
    if group_hash(&previous, stamp, &rows.finish()) != hash {
        return Err(DbError::shape(format!(
            "the hash of the last group, number {}, does not match its rows",
            stamp.number
        )));
    }
    Ok(LogTail { number: stamp.number, at: stamp.at, last_seq: stamp.last_seq, last_account, hash })
}
