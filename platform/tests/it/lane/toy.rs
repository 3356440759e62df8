//! The smallest service that a lane can run: each command writes one row, so a lost or doubled effect shows.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kernel::{Clock, Deadline, Timestamp};
use platform::db::{Column, Db, DbError, Fault, Migration, RowSet, Tx, Value};
use platform::lane::{Lane, LaneConfig, LaneError, LaneWork, Runner, Tail};
use testkit::TestStore;

const MIGRATIONS: [Migration; 1] = [Migration {
    version: 1,
    name: "toy",
    sql: "
create table lane_group (number SEQ, at BIGINT not null);
create table effect (
    seq SEQ,
    command BIGINT not null,
    amount BIGINT not null check (amount >= 0),
    number BIGINT not null,
    at BIGINT not null
)",
}];
static EFFECTS: RowSet = RowSet::new(
    "effect",
    &[("seq", "bigint"), ("command", "bigint"), ("amount", "bigint"), ("number", "bigint"), ("at", "bigint")],
);
const LAST_GROUP: &str = "select number, at from lane_group order by number desc limit 1";
const LAST_EFFECT: &str = "select coalesce(max(seq), 0) from effect";
const COUNT_DUE: &str = "select count(*) from effect where command = $1";
const GROUP_AT: &str = "select at from lane_group where number = $1";
const GROUP_INSERT: &str = "insert into lane_group (number, at) values ($1, $2)";
const ALL_EFFECTS: &str = "select seq, command, number, at from effect order by seq";
const ALL_GROUPS: &str = "select number, at from lane_group order by number";

/// The command that the toy gives itself when `due` comes.
pub(crate) const DUE: i64 = -1;

#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    Note,
    /// Takes this long to decide.
    Sleep(u64),
    Panic,
    /// Violates a constraint of the schema.
    Spoil,
    /// Does not fit the column on PostgreSQL, and violates its constraint on SQLite.
    Refused,
}

#[derive(Debug)]
pub(crate) struct Command(pub(crate) i64, pub(crate) What);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) seq: i64,
    pub(crate) command: i64,
    pub(crate) number: i64,
    pub(crate) at: i64,
}

/// What a test can observe about the running toy.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    pub(crate) loads: AtomicUsize,
    pub(crate) groups: Mutex<Vec<usize>>,
    /// How often the lane asked when something is due: a busy loop asks all the time.
    pub(crate) asked: AtomicUsize,
}

#[derive(Debug, Default)]
pub(crate) struct Toy {
    due: Option<Timestamp>,
    /// What is due panics, until the toy is told that it runs alone.
    due_panics: bool,
    breaks: bool,
    probe: Arc<Probe>,
    /// Absent while the toy has forgotten its state.
    head: Option<Head>,
    new: Vec<(Effect, i64)>,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    tail: Tail,
    seq: i64,
    due_done: bool,
}

impl Toy {
    pub(crate) fn watched(probe: &Arc<Probe>) -> Toy {
        Toy { probe: Arc::clone(probe), ..Toy::default() }
    }

    pub(crate) fn due(self, due: Timestamp) -> Toy {
        Toy { due: Some(due), ..self }
    }

    /// Its thread ends with its first commit.
    pub(crate) fn breaking() -> Toy {
        Toy { breaks: true, ..Toy::default() }
    }

    pub(crate) fn panicking(self) -> Toy {
        Toy { due_panics: true, ..self }
    }

    fn add(&mut self, now: Timestamp, command: i64, amount: i64) -> Effect {
        let head = self.head.expect("a lane resumes forgotten state before it decides");
        let seq = head.seq + 1 + self.new.len() as i64;
        let effect = Effect { seq, command, number: head.tail.number + 1, at: now.micros() };
        self.new.push((effect, amount));
        effect
    }
}

impl LaneWork for Toy {
    type Command = Command;
    type Reply = Effect;

    fn weight(_: &Command) -> usize {
        1
    }

    async fn load(&mut self, tx: &Tx, _: Timestamp, commands: &[&Command]) -> Result<(), DbError> {
        self.probe.loads.fetch_add(1, Ordering::SeqCst);
        self.probe.groups.lock().unwrap().push(commands.len());
        let head = self.head.expect("a lane resumes forgotten state before it loads");
        if last_group(tx).await? != head.tail {
            return Err(DbError::new("compare the tail", Fault::Retry));
        }
        Ok(())
    }

    fn begin(&mut self, now: Timestamp) {
        if self.next_due().is_some_and(|due| due <= now) {
            assert!(!self.due_panics, "the toy was told to panic when it is due");
            self.add(now, DUE, 0);
        }
    }

    fn decide(&mut self, now: Timestamp, command: &Command) -> Effect {
        let amount = match command.1 {
            What::Note => 0,
            What::Sleep(millis) => {
                std::thread::sleep(Duration::from_millis(millis));
                0
            }
            What::Panic => panic!("the toy was told to panic"),
            What::Spoil => -1,
            What::Refused => i64::MIN,
        };
        self.add(now, command.0, amount)
    }

    async fn store(&mut self, tx: &Tx, now: Timestamp) -> Result<Tail, DbError> {
        let tail = self.head.expect("state is loaded").tail;
        if self.new.is_empty() {
            return Ok(tail);
        }
        let column = |value: fn(&(Effect, i64)) -> i64| self.new.iter().map(value).collect::<Vec<i64>>();
        let (seqs, commands) = (column(|row| row.0.seq), column(|row| row.0.command));
        let (amounts, numbers) = (column(|row| row.1), column(|row| row.0.number));
        let times = column(|row| row.0.at);
        let columns = [&seqs, &commands, &amounts, &numbers, &times].map(|values| Column::Int(values));
        tx.insert_many(&EFFECTS, &columns).await?;
        let next = Tail { number: tail.number + 1, at: now, fingerprint: 0 };
        tx.execute(GROUP_INSERT, &[Value::Int(next.number), Value::Int(now.micros())]).await?;
        Ok(next)
    }

    fn committed(&mut self) {
        assert!(!self.breaks || self.new.is_empty(), "the toy was told to break");
        let head = self.head.as_mut().expect("state is loaded");
        if let Some((last, _)) = self.new.last() {
            head.tail = Tail { number: last.number, at: Timestamp::from_micros(last.at), fingerprint: 0 };
            head.seq = last.seq;
            head.due_done |= self.new.iter().any(|(effect, _)| effect.command == DUE);
        }
        self.new.clear();
    }

    fn forget(&mut self) {
        self.head = None;
        self.new.clear();
    }

    async fn resume(&mut self, tx: &Tx) -> Result<Tail, DbError> {
        let tail = last_group(tx).await?;
        let seq = tx.query(LAST_EFFECT, &[]).await?[0].int(0)?;
        let due_done = tx.query(COUNT_DUE, &[Value::Int(DUE)]).await?[0].int(0)? > 0;
        self.head = Some(Head { tail, seq, due_done });
        Ok(tail)
    }

    async fn has(&self, tx: &Tx, group: Tail) -> Result<bool, DbError> {
        let rows = tx.query(GROUP_AT, &[Value::Int(group.number)]).await?;
        let same = |row: &platform::db::Row| row.int(0).map(|at| at == group.at.micros());
        rows.first().map_or(Ok(group.number == 0), same)
    }

    async fn finish(&mut self, _tx: &Tx) -> Result<(), DbError> {
        Ok(())
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.probe.asked.fetch_add(1, Ordering::SeqCst);
        self.due.filter(|_| self.head.is_some_and(|head| !head.due_done))
    }

    fn narrow_due(&mut self, alone: bool) -> bool {
        let to_blame = self.due_panics;
        if to_blame && alone {
            (self.due, self.due_panics) = (None, false);
        }
        to_blame
    }
}

async fn last_group(tx: &Tx) -> Result<Tail, DbError> {
    let rows = tx.query(LAST_GROUP, &[]).await?;
    let Some(row) = rows.first() else { return Ok(Tail { number: 0, at: Timestamp::EPOCH, fingerprint: 0 }) };
    Ok(Tail { number: row.int(0)?, at: Timestamp::from_micros(row.int(1)?), fingerprint: 0 })
}

pub(crate) fn config() -> LaneConfig {
    LaneConfig { name: "toy", batch_max: 100, queue_max: 1_000, clock_behind_max_ms: 1_000, runner: Runner::default() }
}

/// The toy's tables, and others.
pub(crate) async fn migrated(db: &Db, more: &[Migration]) {
    let all: Vec<Migration> = MIGRATIONS.iter().chain(more).copied().collect();
    db.migrate(&all).await.unwrap();
}

/// A lane on the test's store, its tables made.
pub(crate) async fn start(store: &TestStore, clock: impl Clock + Clone, toy: Toy) -> Arc<Lane<Toy>> {
    start_on(store.open().await, config(), clock, toy).await
}

pub(crate) async fn start_on(db: Db, config: LaneConfig, clock: impl Clock + Clone, toy: Toy) -> Arc<Lane<Toy>> {
    db.migrate(&MIGRATIONS).await.unwrap();
    Arc::new(Lane::start(db, toy, config, Arc::new(clock)).await.unwrap())
}

pub(crate) fn soon(clock: &dyn Clock) -> Deadline {
    Deadline::after_millis(clock, 20_000)
}

/// Submits all at once, each from its own task, in this order.
pub(crate) async fn submit_all(
    lane: &Arc<Lane<Toy>>,
    clock: &dyn Clock,
    commands: impl IntoIterator<Item = Command>,
) -> Vec<Result<Effect, LaneError>> {
    let deadline = soon(clock);
    futures_util::future::join_all(commands.into_iter().map(|command| lane.submit(command, deadline))).await
}

pub(crate) async fn effects(store: &TestStore) -> Vec<Effect> {
    let db = store.open().await;
    let rows = db.read().await.unwrap().query(ALL_EFFECTS, &[]).await.unwrap();
    let effect = |row: &platform::db::Row| Effect {
        seq: row.int(0).unwrap(),
        command: row.int(1).unwrap(),
        number: row.int(2).unwrap(),
        at: row.int(3).unwrap(),
    };
    rows.iter().map(effect).collect()
}

/// How often a command took effect.
pub(crate) async fn times(store: &TestStore, command: i64) -> usize {
    effects(store).await.iter().filter(|effect| effect.command == command).count()
}

/// Groups are numbered without gaps and their times rise strictly; each effect has its group's time.
pub(crate) async fn assert_whole(store: &TestStore) {
    let db = store.open().await;
    let tx = db.read().await.unwrap();
    let groups: Vec<(i64, i64)> =
        tx.query(ALL_GROUPS, &[]).await.unwrap().iter().map(|row| (row.int(0).unwrap(), row.int(1).unwrap())).collect();
    for (place, (number, _)) in groups.iter().enumerate() {
        assert_eq!(*number, place as i64 + 1);
    }
    assert!(groups.windows(2).all(|pair| pair[0].1 < pair[1].1), "times do not rise: {groups:?}");
    let effects = effects(store).await;
    for (place, effect) in effects.iter().enumerate() {
        assert_eq!(effect.seq, place as i64 + 1);
        assert!(groups.contains(&(effect.number, effect.at)), "{effect:?}");
    }
}
