//! The readers of an outbox and their cursors: rows stay until all of them have passed.
//!
//! A reader that pulls after a cursor has passed it. The cursor is stored now and then and when the reader has caught
//! up, not with every pull; until it is stored, rows are only kept longer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kernel::{Clock, Monotonic, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ConsumerName;
use crate::db::{Db, DbError, Tx, Value};

/// For the migrations of a service that has an outbox, along with [`OUTBOX_TABLES`](super::OUTBOX_TABLES).
pub const OUTBOX_CONSUMER_TABLE: &str = "
create table if not exists outbox_consumer (
    name TEXT primary key,
    passed BIGINT not null,
    seen_at BIGINT not null
);
";

/// A lower number is accepted too: the consumer was restored to an earlier day, and needs the rows again.
const CONSUMER_PASSED: &str = "
insert into outbox_consumer (name, passed, seen_at)
values ($1, $2, $3)
on conflict (name) do update set passed = excluded.passed, seen_at = excluded.seen_at";

const CONSUMER_LIST: &str = "
select name, passed, seen_at
from outbox_consumer
order by name";

const CONSUMER_REMOVE: &str = "
delete from outbox_consumer
where name = $1";

const CONSUMER_SLOWEST: &str = "
select passed
from outbox_consumer
order by passed
limit 1";

/// How often the cursor of one consumer is stored.
const WRITE_EVERY_MS: u64 = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegisteredConsumer {
    #[schema(value_type = String)]
    pub name: ConsumerName,
    /// Rows up to there are not kept for it.
    pub passed: u64,
    #[schema(value_type = String, format = DateTime)]
    pub seen_at: Timestamp,
}

/// What this process has stored.
#[derive(Debug, Default)]
pub(super) struct Registry {
    known: Mutex<HashMap<ConsumerName, Known>>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    passed: u64,
    at: Monotonic,
    /// The last reply was full: it is catching up.
    full: bool,
}

impl Registry {
    /// `full`: the reply has as many events as requested. A failure only goes to the log.
    pub(super) async fn passed(&self, db: &Db, clock: &dyn Clock, name: &ConsumerName, passed: u64, full: bool) {
        let at = clock.monotonic();
        if !self.is_due(name, passed, full, at) {
            return;
        }
        match write(db, name, passed, clock.now()).await {
            Ok(()) => {
                self.known().insert(name.clone(), Known { passed, at, full });
            }
            Err(error) => tracing::warn!(consumer = %name, %error, "the cursor of a consumer was not stored"),
        }
    }

    fn is_due(&self, name: &ConsumerName, passed: u64, full: bool, now: Monotonic) -> bool {
        let mut known = self.known();
        let Some(known) = known.get_mut(name) else { return true };
        let caught_up = known.full && !full;
        known.full = full;
        let over = now.micros_since(known.at) >= WRITE_EVERY_MS * 1_000;
        passed < known.passed || (passed > known.passed && (caught_up || over))
    }

    pub(super) async fn deregister(&self, db: &Db, name: &ConsumerName) -> Result<bool, DbError> {
        let removed = deregister(db, name).await?;
        self.known().remove(name);
        Ok(removed)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<ConsumerName, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stops keeping rows for this consumer, in a store whose process is stopped or another one. False if there is no
/// consumer of that name.
/// is registered.
///
/// # Errors
/// The store's.
pub async fn deregister(db: &Db, name: &ConsumerName) -> Result<bool, DbError> {
    let tx = db.begin().await?;
    let removed = tx.execute(CONSUMER_REMOVE, &[Value::Text(name.as_str())]).await?;
    tx.commit().await?;
    tracing::warn!(consumer = %name, "a consumer was deregistered; nothing is kept for it");
    Ok(removed > 0)
}

/// All consumers that have pulled under a name.
///
/// # Errors
/// The store's.
pub async fn registered(tx: &Tx) -> Result<Vec<RegisteredConsumer>, DbError> {
    let rows = tx.query(CONSUMER_LIST, &[]).await?;
    let consumer = |row: &crate::db::Row| {
        Ok(RegisteredConsumer {
            name: row.text(0)?.parse().map_err(|_| DbError::shape("a consumer with a malformed name"))?,
            passed: row.int(1)?.unsigned_abs(),
            seen_at: Timestamp::from_micros(row.int(2)?),
        })
    };
    rows.iter().map(consumer).collect()
}

/// The lowest cursor of all consumers; nothing if there are none.
pub(super) async fn passed_by_all(tx: &Tx) -> Result<Option<i64>, DbError> {
    tx.query(CONSUMER_SLOWEST, &[]).await?.first().map(|row| row.int(0)).transpose()
}

async fn write(db: &Db, name: &ConsumerName, passed: u64, now: Timestamp) -> Result<(), DbError> {
    let tx = db.begin().await?;
    let passed = i64::try_from(passed).unwrap_or(i64::MAX);
    tx.execute(CONSUMER_PASSED, &[Value::Text(name.as_str()), Value::Int(passed), Value::Int(now.micros())]).await?;
    Ok(tx.commit().await?)
}
