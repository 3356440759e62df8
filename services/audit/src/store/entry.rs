//! The entries, and how they are found.

use kernel::Timestamp;
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

use super::number;
use crate::catalogue::{Class, Framework, Risk};
use crate::entry::Body;

pub(crate) static ENTRY: RowSet = RowSet::new(
    "entry",
    &[
        ("index_at", "bigint"),
        ("recorded_at", "bigint"),
        ("kind", "text"),
        ("class", "text"),
        ("risk", "text"),
        ("frameworks", "smallint"),
        ("actor", "text"),
        ("object", "text"),
        ("subject", "text"),
        ("txn", "text"),
        ("body", "bytea"),
    ],
);

const ENTRY_FIND: &str = "
select index_at, body
from entry
where index_at = $1";

const ENTRY_RANGE: &str = "
select index_at, body
from entry
where index_at >= $1 and index_at < $2
order by index_at";

const ENTRY_FIRST_AT: &str = "
select index_at
from entry
where recorded_at >= $1
order by recorded_at, index_at
limit 1";

const ENTRY_RECORDED: &str = "
select recorded_at
from entry
where index_at = $1";

const ENTRY_OLDEST: &str = "
select recorded_at
from entry
where body is not null
order by index_at
limit 1";

const ENTRY_COUNT_OF: &str = "
select count(*)
from entry
where subject = $1";

/// The hash stays in the tree; what the entry was found by goes too.
const ENTRY_REMOVE: &str = "
update entry
set body = null, kind = '', object = '', actor = null, subject = null, txn = null
where index_at >= $1 and index_at < $2";

/// The newest first, by one index; the conditions that have no parameter do not count.
macro_rules! by {
    ($index:literal) => {
        concat!(
            "
select index_at, body
from entry
where index_at < $1 and index_at >= $2
    and ",
            $index,
            "
    and (cast($3 as text) is null or txn = $3)
    and (cast($4 as text) is null or object = $4)
    and (cast($5 as text) is null or subject = $5)
    and (cast($6 as text) is null or actor = $6)
    and (cast($7 as text) is null or kind = $7)
    and (cast($8 as text) is null or class = $8)
    and (cast($9 as text) is null or risk = $9)
    and (cast($10 as bigint) is null or (frameworks & cast($10 as bigint)) <> 0)
order by index_at desc
limit $11"
        )
    };
}

/// By the filter that leaves the fewest, in this order.
const BY: [&str; 7] = [
    by!("txn = $3"),
    by!("object = $4"),
    by!("subject = $5"),
    by!("actor = $6"),
    by!("kind = $7"),
    by!("class = $8"),
    by!("risk = $9"),
];
const BY_NONE: &str = by!("1 = 1");

#[cfg(test)]
pub(super) const SQL: &[&str] = &[
    ENTRY_FIND,
    ENTRY_RANGE,
    ENTRY_FIRST_AT,
    ENTRY_RECORDED,
    ENTRY_OLDEST,
    ENTRY_COUNT_OF,
    ENTRY_REMOVE,
    BY[0],
    BY[1],
    BY[2],
    BY[3],
    BY[4],
    BY[5],
    BY[6],
    BY_NONE,
];

/// Rows to be inserted together.
#[derive(Default)]
pub(crate) struct Rows {
    indices: Vec<i64>,
    recorded_at: Vec<i64>,
    kinds: Vec<String>,
    classes: Vec<String>,
    risks: Vec<String>,
    frameworks: Vec<i64>,
    actors: Vec<Option<String>>,
    objects: Vec<String>,
    subjects: Vec<Option<String>>,
    transactions: Vec<Option<String>>,
    bodies: Vec<Vec<u8>>,
}

impl Rows {
    pub(crate) fn push(&mut self, body: &Body, bytes: Vec<u8>) {
        let name = |text: &'static str| text.to_owned();
        self.indices.push(body.index.cast_signed());
        self.recorded_at.push(body.recorded_at.micros());
        self.kinds.push(body.kind.clone());
        self.classes.push(name(body.class.into()));
        self.risks.push(name(body.risk.into()));
        self.frameworks.push(body.frameworks.iter().map(|framework| framework.bit()).sum());
        self.actors.push(body.actor.clone());
        self.objects.push(body.object.clone());
        self.subjects.push(body.subject.clone());
        self.transactions.push(body.transaction.clone());
        self.bodies.push(bytes);
    }

    pub(crate) async fn insert(&self, tx: &Tx) -> Result<(), DbError> {
        let columns = [
            Column::Int(&self.indices),
            Column::Int(&self.recorded_at),
            Column::Text(&self.kinds),
            Column::Text(&self.classes),
            Column::Text(&self.risks),
            Column::Int(&self.frameworks),
            Column::TextOrNull(&self.actors),
            Column::Text(&self.objects),
            Column::TextOrNull(&self.subjects),
            Column::TextOrNull(&self.transactions),
            Column::Bytes(&self.bodies),
        ];
        if self.indices.is_empty() { Ok(()) } else { tx.insert_many(&ENTRY, &columns).await }
    }
}

/// An entry's place and bytes; none if they were removed after the time for which they are kept.
pub(crate) type Stored = (u64, Option<Vec<u8>>);

pub(crate) async fn find(tx: &Tx, index: u64) -> Result<Option<Stored>, DbError> {
    tx.query(ENTRY_FIND, &[number(index)]).await?.first().map(stored).transpose()
}

/// In order, from the first index up to and without the second.
pub(crate) async fn range(tx: &Tx, from: u64, to: u64) -> Result<Vec<Stored>, DbError> {
    tx.query(ENTRY_RANGE, &[number(from), number(to)]).await?.iter().map(stored).collect()
}

/// The first entry that was recorded at this time or later.
pub(crate) async fn first_at(tx: &Tx, at: Timestamp) -> Result<Option<u64>, DbError> {
    let rows = tx.query(ENTRY_FIRST_AT, &[Value::Int(at.micros())]).await?;
    rows.first().map(|row| row.int(0).map(i64::unsigned_abs)).transpose()
}

/// When an entry was recorded.
pub(crate) async fn recorded(tx: &Tx, index: u64) -> Result<Option<Timestamp>, DbError> {
    time(&tx.query(ENTRY_RECORDED, &[number(index)]).await?)
}

/// When the oldest entry that has its body was recorded.
pub(crate) async fn oldest(tx: &Tx) -> Result<Option<Timestamp>, DbError> {
    time(&tx.query(ENTRY_OLDEST, &[]).await?)
}

fn time(rows: &[Row]) -> Result<Option<Timestamp>, DbError> {
    rows.first().map(|row| row.int(0).map(Timestamp::from_micros)).transpose()
}

pub(crate) async fn count_of(tx: &Tx, subject: &str) -> Result<u64, DbError> {
    let rows = tx.query(ENTRY_COUNT_OF, &[Value::Text(subject)]).await?;
    rows.first().map_or(Ok(0), |row| row.int(0).map(i64::unsigned_abs))
}

/// Of entries that are older than they are kept.
pub(crate) async fn remove_bodies(tx: &Tx, from: u64, to: u64) -> Result<(), DbError> {
    tx.execute(ENTRY_REMOVE, &[number(from), number(to)]).await.map(drop)
}

/// What entries are filtered by.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) transaction: Option<&'a str>,
    pub(crate) object: Option<&'a str>,
    pub(crate) subject: Option<&'a str>,
    pub(crate) actor: Option<&'a str>,
    pub(crate) kind: Option<&'a str>,
    pub(crate) class: Option<Class>,
    pub(crate) risk: Option<Risk>,
    pub(crate) framework: Option<Framework>,
}

/// The newest first: below `before`, and not below `from`.
pub(crate) async fn list(
    tx: &Tx,
    wanted: Wanted<'_>,
    (before, from): (u64, u64),
    limit: usize,
) -> Result<Vec<Stored>, DbError> {
    let (class, risk) = (wanted.class.map(<&str>::from), wanted.risk.map(<&str>::from));
    let texts = [wanted.transaction, wanted.object, wanted.subject, wanted.actor, wanted.kind, class, risk];
    let by = texts.iter().zip(BY).find(|(text, _)| text.is_some()).map_or(BY_NONE, |(_, sql)| sql);
    let [a, b, c, d, e, f, g] = texts.map(text);
    let bits = wanted.framework.map_or(Value::Null, |framework| Value::Int(framework.bit()));
    let values = [number(before), number(from), a, b, c, d, e, f, g, bits, number(limit as u64)];
    tx.query(by, &values).await?.iter().map(stored).collect()
}

fn text(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null, Value::Text)
}

fn stored(row: &Row) -> Result<Stored, DbError> {
    Ok((row.int(0)?.unsigned_abs(), row.bytes_or_null(1)?.map(<[u8]>::to_vec)))
}
