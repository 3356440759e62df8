//! Recent failures, and how long the caller has to wait. An attempt counts as failed until it is known to have
//! succeeded, so that a hundred at the same moment do not bypass it.
//!
//! [`super::counted`] defines what is counted, and decision 22 explains why. Names are stored as keyed digests: what
//! strangers type is not stored, and a name that does not exist is counted like one that does.

use identity_api::{IdentityError, Refusal};
use kernel::Timestamp;
use platform::db::{DbError, Tx, Value};

use super::counted::{Count, Counted, LOCK_SECONDS_MAX};
use crate::IdentityService;
use crate::count;

const FAILURE_FIND: &str = "
select failures, last_at, locked_until
from failure
where name = $1";

const FAILURE_SET: &str = "
update failure
set failures = $2, last_at = $3, locked_until = $4
where name = $1";

/// Locks the row, whether or not it exists, so that two attempts at the same moment are counted as two.
const FAILURE_LOCK: &str = "
insert into failure (name, failures, last_at, locked_until, about)
values ($1, 0, $2, 0, $3)
on conflict (name) do update
set name = excluded.name";

const FAILURE_CLEAR: &str = "
delete from failure
where name = $1";

const FAILURE_BACK: &str = "
update failure
set failures = failures - 1, locked_until = 0
where name = $1 and failures > 0";

const FAILURES_ABOUT: &str = "
delete from failure
where about = $1";

const FAILURES_OLD: &str = "
delete from failure
where last_at < $1";

#[cfg(test)]
pub(super) const SQL: &[&str] =
    &[FAILURE_FIND, FAILURE_SET, FAILURE_LOCK, FAILURE_CLEAR, FAILURE_BACK, FAILURES_ABOUT, FAILURES_OLD];

/// How long rows are kept.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// What is attempted with a name.
const WITH_A_NAME: [&str; 2] = ["password", "reset"];

impl IdentityService {
    /// Counts an attempt as failed, or refuses it; returns what was counted, which a success undoes. Part of the
    /// caller's transaction.
    pub(crate) async fn count_try(&self, tx: &Tx, counted: &[Counted]) -> Result<Vec<Counted>, IdentityError> {
        let now = self.clock.now().micros();
        let mut counts = Vec::with_capacity(counted.len());
        for one in counted {
            counts.push(found(tx, one, now).await?);
        }
        // The longest wait of all of them; none is counted if one refuses.
        let longest = counted.iter().zip(&counts).max_by_key(|(_, count)| count.locked_until);
        let (by, locked_until) = longest.map_or(("", 0), |(one, count)| (one.by, count.locked_until));
        if locked_until > now {
            count::locked_out(by);
            let seconds = (locked_until - now).div_euclid(1_000_000) + 1;
            let retry_after_s = u32::try_from(seconds.min(LOCK_SECONDS_MAX)).unwrap_or(u32::MAX);
            return Err(Refusal::TooManyFailures { retry_after_s }.into());
        }
        // A network counts names: the same one is not counted again while it is remembered there.
        let both = || counted.iter().zip(&counts);
        let known_here = both().any(|(one, count)| one.is_name_here() && one.remembers(*count, now));
        let mut done = Vec::with_capacity(counted.len());
        for (one, count) in both().filter(|(one, _)| !(known_here && one.is_place())) {
            store(tx, one, one.next(*count, now)).await?;
            done.push(one.clone());
        }
        Ok(done)
    }

    /// It succeeded.
    pub(crate) async fn forgive(&self, tx: &Tx, counted: &[Counted]) -> Result<(), DbError> {
        for one in counted {
            let sql = if one.is_cleared_by_success() { FAILURE_CLEAR } else { FAILURE_BACK };
            tx.execute(sql, &[Value::Bytes(&one.name)]).await?;
        }
        Ok(())
    }

    /// It was not checked: one failure less.
    pub(super) async fn give_back(&self, tx: &Tx, counted: &[Counted]) -> Result<(), DbError> {
        for one in counted {
            tx.execute(FAILURE_BACK, &[Value::Bytes(&one.name)]).await?;
        }
        Ok(())
    }

    /// Ends all waits of a name, from anywhere and for anything. The rows shared by this name's strangers are locked
    /// first, so that none of them holds another one meanwhile.
    pub(crate) async fn forgive_name(&self, tx: &Tx, username: &str) -> Result<(), DbError> {
        let now = self.clock.now().micros();
        for what in WITH_A_NAME {
            found(tx, &Counted::everywhere(&self.codes_key, what, username), now).await?;
        }
        tx.execute(FAILURES_ABOUT, &[Value::Bytes(&Counted::about(&self.codes_key, username))]).await.map(drop)
    }
}

/// Rows that are no longer needed. Called when a login begins and has no count locked yet: two never wait for each
/// other.
pub(super) async fn clear(tx: &Tx, now: Timestamp) -> Result<(), DbError> {
    tx.execute(FAILURES_OLD, &[Value::Int(now.plus_seconds(-KEPT_SECONDS).micros())]).await.map(drop)
}

async fn found(tx: &Tx, one: &Counted, now: i64) -> Result<Count, DbError> {
    let about = one.about.as_ref().map_or(Value::Null, |about| Value::Bytes(about));
    tx.execute(FAILURE_LOCK, &[Value::Bytes(&one.name), Value::Int(now), about]).await?;
    let rows = tx.query(FAILURE_FIND, &[Value::Bytes(&one.name)]).await?;
    let row = rows.first().ok_or_else(|| DbError::shape("a locked count is missing"))?;
    Ok(Count { failures: row.int(0)?, last_at: row.int(1)?, locked_until: row.int(2)? }.by_now(now))
}

impl Count {
    /// No failure is later than now, and no wait is longer than the maximum: otherwise a clock had jumped ahead.
    fn by_now(self, now: i64) -> Count {
        let possible = self.locked_until <= now + LOCK_SECONDS_MAX * 1_000_000;
        let locked_until = if possible { self.locked_until } else { 0 };
        Count { last_at: self.last_at.min(now), locked_until, ..self }
    }
}

async fn store(tx: &Tx, one: &Counted, count: Count) -> Result<(), DbError> {
    let values = [
        Value::Bytes(&one.name),
        Value::Int(count.failures),
        Value::Int(count.last_at),
        Value::Int(count.locked_until),
    ];
    tx.execute(FAILURE_SET, &values).await.map(drop)
}
