//! The tables of the log: every SQL text, by table. Nothing here decides anything.

pub(crate) mod entry;
pub(crate) mod head;
pub(crate) mod key;
pub(crate) mod tile;

use kernel::Timestamp;
use platform::db::{DbError, Migration, Tx, Value};

use crate::tree::{Hash, empty_root};

pub(crate) const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "audit", sql: include_str!("../migrations/0001_audit.sql") }];

const LOG_READ: &str = "
select origin, generation, size, root, recorded_at, kept_from
from log
where one = 1";

const LOG_BEGIN: &str = "
insert into log (one, origin, generation, size, root, recorded_at, kept_from)
values (1, $1, $2, 0, $3, 0, 0)";

/// Only forwards: another writer would have been kept out by the lock.
const LOG_GROW: &str = "
update log
set size = $1, root = $2, recorded_at = $3
where one = 1 and size <= $1";

const LOG_CONTINUE: &str = "
update log
set generation = $1
where one = 1";

const LOG_KEEP_FROM: &str = "
update log
set kept_from = $1
where one = 1";

const BOOK_HEAD: &str = "
select head
from book_head
where book = $1";

const BOOK_HEAD_SET: &str = "
insert into book_head (book, head)
values ($1, $2)
on conflict (book) do update set head = excluded.head";

/// A test prepares each statement on both engines.
#[cfg(test)]
pub(crate) fn all_sql() -> impl Iterator<Item = &'static str> {
    let own = [LOG_READ, LOG_BEGIN, LOG_GROW, LOG_CONTINUE, LOG_KEEP_FROM, BOOK_HEAD, BOOK_HEAD_SET];
    own.into_iter().chain([entry::SQL, head::SQL, key::SQL, tile::SQL].into_iter().flatten().copied())
}

/// The log as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) origin: String,
    /// Rises when the store was put back to an older day.
    pub(crate) generation: i64,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) recorded_at: Timestamp,
    /// Entries before it have no body any more.
    pub(crate) kept_from: u64,
}

impl Log {
    pub(crate) fn new(origin: &str) -> Log {
        let origin = origin.to_owned();
        Log { origin, generation: 1, size: 0, root: empty_root(), recorded_at: Timestamp::EPOCH, kept_from: 0 }
    }

    /// Its name in checkpoints: a log that had to go on under another one has a number after it.
    pub(crate) fn name(&self) -> String {
        if self.generation == 1 { self.origin.clone() } else { format!("{}/{}", self.origin, self.generation) }
    }
}

pub(crate) async fn log(tx: &Tx) -> Result<Option<Log>, DbError> {
    let rows = tx.query(LOG_READ, &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Log {
        origin: row.text(0)?.to_owned(),
        generation: row.int(1)?,
        size: row.int(2)?.unsigned_abs(),
        root: row.array(3)?,
        recorded_at: Timestamp::from_micros(row.int(4)?),
        kept_from: row.int(5)?.unsigned_abs(),
    }))
}

pub(crate) async fn log_begin(tx: &Tx, log: &Log) -> Result<(), DbError> {
    let values = [Value::Text(&log.origin), Value::Int(log.generation), Value::Bytes(&log.root)];
    tx.execute(LOG_BEGIN, &values).await.map(drop)
}

pub(crate) async fn log_grow(tx: &Tx, log: &Log) -> Result<(), DbError> {
    let values = [number(log.size), Value::Bytes(&log.root), Value::Int(log.recorded_at.micros())];
    tx.execute(LOG_GROW, &values).await.map(drop)
}

pub(crate) async fn log_continue(tx: &Tx, generation: i64) -> Result<(), DbError> {
    tx.execute(LOG_CONTINUE, &[Value::Int(generation)]).await.map(drop)
}

pub(crate) async fn log_keep_from(tx: &Tx, index: u64) -> Result<(), DbError> {
    tx.execute(LOG_KEEP_FROM, &[number(index)]).await.map(drop)
}

/// The last head of a book that is an entry.
pub(crate) async fn book_head(tx: &Tx, book: &str) -> Result<Option<String>, DbError> {
    let rows = tx.query(BOOK_HEAD, &[Value::Text(book)]).await?;
    rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()
}

pub(crate) async fn set_book_head(tx: &Tx, book: &str, head: &str) -> Result<(), DbError> {
    tx.execute(BOOK_HEAD_SET, &[Value::Text(book), Value::Text(head)]).await.map(drop)
}

pub(crate) fn number(value: u64) -> Value<'static> {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_statement_is_accepted_by_both_engines() {
        testkit::for_each_engine(async |store| {
            let db = store.open().await;
            platform::room::migrate(&crate::ROOM, &db).await.unwrap();
            let tx = db.read().await.unwrap();
            for sql in all_sql() {
                tx.prepare(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            }
            tx.prepare_set(&entry::ENTRY).await.unwrap();
        })
        .await;
    }
}
