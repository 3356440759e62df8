//! Jobs as rows of the room's store: when each is due, who runs it, how far it is, and how the last run ended.

use kernel::Timestamp;

use super::{Job, Schedule};
use crate::db::{Db, DbError, Row, Tx, Value};

/// Part of every room's store.
pub const JOB_TABLE: &str = "
create table job (
    name TEXT primary key,
    schedule TEXT not null,
    due BIGINT,
    asked BIGINT,
    holder TEXT not null,
    until BIGINT not null,
    run BIGINT,
    started BIGINT,
    failures BIGINT not null,
    mark TEXT not null,
    done BIGINT not null,
    total BIGINT,
    last_due BIGINT,
    last_started BIGINT,
    last_ended BIGINT,
    last_outcome TEXT not null
);
";

/// A changed schedule takes effect; the run under way goes on.
const JOB_ADD: &str = "
insert into job (name, schedule, due, holder, until, failures, mark, done, last_outcome)
values ($1, $2, $3, '', 0, 0, '', 0, '')
on conflict (name) do update
set schedule = excluded.schedule, due = excluded.due
where job.schedule <> excluded.schedule";

/// Of a process that held the same embedded store, and is gone.
const JOB_FREE_ALL: &str = "
update job
set holder = '', until = 0
where holder <> ''";

/// A run that is under way is continued; else the scheduled one begins, or the one that a person asked for.
const JOB_CLAIM: &str = "
update job
set holder = $2,
    until = $3,
    started = case when run is null then $4 else started end,
    asked = case when run is null then null else asked end,
    run = case when run is not null then run when due <= $4 then due else $4 end
where name = $1
    and until <= $4
    and (run is not null or due <= $4 or asked is not null)";

const JOB_SKIP: &str = "
update job
set due = $3
where name = $1
    and due = $2
    and run is null";

const JOB_STEP: &str = "
update job
set mark = $3, done = $4, total = $5, until = $6
where name = $1
    and holder = $2";

const JOB_RENEW: &str = "
update job
set until = $3
where name = $1
    and holder = $2";

/// The run stays, to be continued from `until` on.
const JOB_FREE: &str = "
update job
set holder = '', until = $3, failures = $4, last_outcome = $5
where name = $1
    and holder = $2";

const JOB_END: &str = "
update job
set holder = '',
    until = 0,
    last_due = run,
    last_started = started,
    run = null,
    started = null,
    failures = 0,
    mark = '',
    done = 0,
    total = null,
    due = $3,
    last_ended = $4,
    last_outcome = $5
where name = $1
    and holder = $2";

const JOB_ASK: &str = "
update job
set asked = $2
where name = $1";

const JOB_LIST: &str = "
select name, schedule, due, asked, holder, until, run, started, failures, mark, done, total,
    last_due, last_started, last_ended, last_outcome
from job
order by name";

/// A job's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    pub name: String,
    pub schedule: String,
    /// `None`: never again.
    pub due: Option<Timestamp>,
    /// When a person asked for a run that has not begun.
    pub asked: Option<Timestamp>,
    /// Names the claim; empty if no process runs it.
    pub holder: String,
    /// No other process claims it before this.
    pub until: Timestamp,
    /// The time for which the run under way stands.
    pub run: Option<Timestamp>,
    pub started: Option<Timestamp>,
    pub failures: i64,
    pub(super) mark: String,
    pub done: i64,
    pub total: Option<i64>,
    pub last_due: Option<Timestamp>,
    pub last_started: Option<Timestamp>,
    pub last_ended: Option<Timestamp>,
    /// `done`, or why the last attempt failed; empty: it has never run.
    pub last_outcome: String,
}

pub(super) async fn add(tx: &Tx, job: &Job, now: Timestamp) -> Result<(), DbError> {
    let schedule = job.schedule.to_string();
    let due = optional(job.schedule.next_after(now));
    tx.execute(JOB_ADD, &[Value::Text(job.name), Value::Text(&schedule), due]).await.map(drop)
}

pub(super) async fn free_all(tx: &Tx) -> Result<(), DbError> {
    tx.execute(JOB_FREE_ALL, &[]).await.map(drop)
}

/// Whether the claim succeeded.
pub(super) async fn claim(
    db: &Db,
    name: &str,
    holder: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, DbError> {
    let values = [Value::Text(name), Value::Text(holder), Value::Int(until.micros()), Value::Int(now.micros())];
    Ok(one(db, JOB_CLAIM, &values).await? == 1)
}

/// Moves a job past a run that is too late.
pub(super) async fn skip(db: &Db, name: &str, due: Timestamp, next: Option<Timestamp>) -> Result<bool, DbError> {
    Ok(one(db, JOB_SKIP, &[Value::Text(name), Value::Int(due.micros()), optional(next)]).await? == 1)
}

/// How far a run is; false if it is not this holder's any more.
pub(super) async fn step(
    tx: &Tx,
    [name, holder, mark]: [&str; 3],
    done: i64,
    total: Option<i64>,
    until: Timestamp,
) -> Result<bool, DbError> {
    let total = total.map_or(Value::Null, Value::Int);
    let until = Value::Int(until.micros());
    let values = [Value::Text(name), Value::Text(holder), Value::Text(mark), Value::Int(done), total, until];
    Ok(tx.execute(JOB_STEP, &values).await? == 1)
}

pub(super) async fn renew(db: &Db, name: &str, holder: &str, until: Timestamp) -> Result<bool, DbError> {
    Ok(one(db, JOB_RENEW, &[Value::Text(name), Value::Text(holder), Value::Int(until.micros())]).await? == 1)
}

/// Gives a run back before its end.
pub(super) async fn free(
    db: &Db,
    [name, holder]: [&str; 2],
    until: Timestamp,
    failures: i64,
    outcome: &str,
) -> Result<bool, DbError> {
    let until = Value::Int(until.micros());
    let values = [Value::Text(name), Value::Text(holder), until, Value::Int(failures), Value::Text(outcome)];
    Ok(one(db, JOB_FREE, &values).await? == 1)
}

/// Ends a run; false if it is not this holder's any more.
pub(super) async fn end(
    db: &Db,
    [name, holder]: [&str; 2],
    due: Option<Timestamp>,
    now: Timestamp,
    outcome: &str,
) -> Result<bool, DbError> {
    let values =
        [Value::Text(name), Value::Text(holder), optional(due), Value::Int(now.micros()), Value::Text(outcome)];
    Ok(one(db, JOB_END, &values).await? == 1)
}

/// Whether there is such a job.
pub(super) async fn ask(db: &Db, name: &str, now: Timestamp) -> Result<bool, DbError> {
    Ok(one(db, JOB_ASK, &[Value::Text(name), Value::Int(now.micros())]).await? == 1)
}

pub(super) async fn all(tx: &Tx) -> Result<Vec<JobRow>, DbError> {
    tx.query(JOB_LIST, &[]).await?.iter().map(read).collect()
}

/// One statement in its own transaction.
async fn one(db: &Db, sql: &'static str, values: &[Value<'_>]) -> Result<u64, DbError> {
    let tx = db.begin().await?;
    let changed = tx.execute(sql, values).await?;
    tx.commit().await?;
    Ok(changed)
}

fn optional(at: Option<Timestamp>) -> Value<'static> {
    at.map_or(Value::Null, |at| Value::Int(at.micros()))
}

fn read(row: &Row) -> Result<JobRow, DbError> {
    let at = |column| Ok::<_, DbError>(row.int_or_null(column)?.map(Timestamp::from_micros));
    Ok(JobRow {
        name: row.text(0)?.to_owned(),
        schedule: row.text(1)?.to_owned(),
        due: at(2)?,
        asked: at(3)?,
        holder: row.text(4)?.to_owned(),
        until: Timestamp::from_micros(row.int(5)?),
        run: at(6)?,
        started: at(7)?,
        failures: row.int(8)?,
        mark: row.text(9)?.to_owned(),
        done: row.int(10)?,
        total: row.int_or_null(11)?,
        last_due: at(12)?,
        last_started: at(13)?,
        last_ended: at(14)?,
        last_outcome: row.text(15)?.to_owned(),
    })
}

impl JobRow {
    /// Whether a run may be claimed now.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        let due = self.run.is_some() || self.asked.is_some() || self.due.is_some_and(|due| due <= now);
        due && self.until <= now
    }

    /// When the job is due after the run under way has ended.
    pub(super) fn due_next(&self, job: &Job, now: Timestamp) -> Option<Timestamp> {
        match (self.run, self.due) {
            (Some(run), Some(due)) if run >= due => job.missed.next(&job.schedule, due, now),
            (_, due) => due,
        }
    }

    /// The schedule as it is stored.
    pub fn is_of(&self, schedule: &Schedule) -> bool {
        self.schedule == schedule.to_string()
    }
}
