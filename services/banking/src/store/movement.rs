//! Movements, and the statements that told them.

mod columns;

use banking_api::{Code, Status, TransactionId};
use kernel::Currency;
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

pub(crate) use columns::{add, change};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    MOVEMENT_LAST,
    MOVEMENT_OF_ID,
    MOVEMENT_OF_SEQ,
    MOVEMENTS_OPEN,
    MOVEMENTS_OF_BANK,
    MOVEMENTS_BETWEEN,
    MOVEMENTS_PAGE,
    MOVEMENTS_TOLD_FIRST,
    MOVEMENTS_TOLD_AGAIN,
    MOVEMENTS_STALE,
    MOVEMENT_STATE,
];

#[cfg(test)]
pub(crate) const SETS: &[&RowSet] = &[&columns::MOVEMENT_ADD, &columns::MOVEMENT_CHANGE, &MOVEMENT_MATCH];

/// Found by their keys.
static MOVEMENT_MATCH: RowSet = RowSet::new("movement", COLUMNS);

const COLUMNS: &[(&str, &str)] = &[
    ("match_key", "bigint"),
    ("seq", "bigint"),
    ("id", "bytea"),
    ("account", "bigint"),
    ("day", "bigint"),
    ("valued", "bigint"),
    ("minor", "bigint"),
    ("currency", "text"),
    ("status", "smallint"),
    ("code", "text"),
    ("category", "text"),
    ("chosen", "smallint"),
    ("print", "bigint"),
    ("bank_key", "bigint"),
    ("end_key", "bigint"),
    ("source", "smallint"),
    ("statement", "bigint"),
    ("told_at", "bigint"),
    ("twin", "bigint"),
    ("decided", "smallint"),
    ("removed", "smallint"),
    ("was", "bigint"),
    ("sealed", "bytea"),
];

const MOVEMENT_LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from movement";

macro_rules! movements {
    ($rest:literal) => {
        concat!(
            "
select match_key, seq, id, account, day, valued, minor, currency, status, code, category, chosen, print, bank_key,
    end_key, source, statement, told_at, twin, decided, removed, was, sealed
from movement
",
            $rest
        )
    };
}

const MOVEMENT_OF_ID: &str = movements!("where id = $1");

const MOVEMENT_OF_SEQ: &str = movements!("where seq = $1");

/// Pending ones and possible duplicates.
const MOVEMENTS_OPEN: &str = movements!(
    "where account = $1
    and status < 2
order by seq
limit 10000"
);

const MOVEMENTS_OF_BANK: &str = movements!(
    "where account = $1
    and bank_key = $2"
);

const MOVEMENTS_BETWEEN: &str = movements!(
    "where account = $1
    and day >= $2
    and day <= $3
    and seq > $4
order by seq
limit 1000"
);

/// The newest day first; `$4` and `$5` are the last row of the page before.
const MOVEMENTS_PAGE: &str = movements!(
    "where account = $1
    and day >= $2
    and day <= $3
    and (day < $4 or (day = $4 and seq < $5))
    and (status = $6 or ($6 < 0 and status < 5))
order by day desc, seq desc
limit $7"
);

const MOVEMENTS_TOLD_FIRST: &str = movements!(
    "where seq > $1
    and seq <= $2
    and statement = $3
order by seq
limit $4"
);

const MOVEMENTS_TOLD_AGAIN: &str = movements!(
    "where seq in (
    select movement
    from telling
    where statement = $1
        and movement > $2
    order by movement
    limit $3
)
order by seq"
);

/// Pending ones that no report has told for a while.
const MOVEMENTS_STALE: &str = movements!(
    "where status = 0
    and told_at < $1
order by seq
limit $2"
);

const MOVEMENT_STATE: &str = "
update movement
set status = $2, twin = $3, decided = $4, removed = $5, was = $6, category = $7, chosen = $8
where seq = $1";

/// Why a movement does not count any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::FromRepr)]
#[repr(u8)]
pub(crate) enum Removed {
    No,
    /// A pending one that is not told any more.
    Gone,
    ByBank,
    /// A possible duplicate that a full report refuted.
    Refuted,
    /// A person merged it into its twin.
    Merged,
    Withdrawn,
}

#[derive(Debug, Clone)]
pub(crate) struct Movement {
    pub(crate) match_key: i64,
    pub(crate) seq: i64,
    pub(crate) id: TransactionId,
    pub(crate) account: i64,
    pub(crate) day: i64,
    pub(crate) valued: Option<i64>,
    pub(crate) minor: i64,
    pub(crate) currency: Currency,
    pub(crate) status: Status,
    pub(crate) code: Code,
    pub(crate) category: String,
    pub(crate) chosen: bool,
    pub(crate) print: i64,
    pub(crate) bank: Option<i64>,
    pub(crate) end_to_end: Option<i64>,
    pub(crate) source: i64,
    /// The first one that told it.
    pub(crate) statement: i64,
    pub(crate) told_at: i64,
    pub(crate) twin: Option<i64>,
    /// A person kept or merged it.
    pub(crate) decided: bool,
    pub(crate) removed: Removed,
    /// Of a withdrawn one: its status before.
    pub(crate) was: Option<i64>,
    pub(crate) sealed: Vec<u8>,
}

fn read(row: &Row) -> Result<Movement, DbError> {
    let small = |column| row.int(column).map(|value| u8::try_from(value).unwrap_or(u8::MAX));
    Ok(Movement {
        match_key: row.int(0)?,
        seq: row.int(1)?,
        id: super::id(row, 2)?,
        account: row.int(3)?,
        day: row.int(4)?,
        valued: row.int_or_null(5)?,
        minor: row.int(6)?,
        currency: super::money_currency(row, 7)?,
        status: super::number(Status::from_repr(small(8)?), 8)?,
        code: super::name(row, 9)?,
        category: row.text(10)?.to_owned(),
        chosen: row.int(11)? != 0,
        print: row.int(12)?,
        bank: row.int_or_null(13)?,
        end_to_end: row.int_or_null(14)?,
        source: row.int(15)?,
        statement: row.int(16)?,
        told_at: row.int(17)?,
        twin: row.int_or_null(18)?,
        decided: row.int(19)? != 0,
        removed: super::number(Removed::from_repr(small(20)?), 20)?,
        was: row.int_or_null(21)?,
        sealed: row.bytes(22)?.to_vec(),
    })
}

async fn query(tx: &Tx, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Movement>, DbError> {
    tx.query(sql, values).await?.iter().map(read).collect()
}

pub(crate) async fn next(tx: &Tx) -> Result<i64, DbError> {
    let rows = tx.query(MOVEMENT_LAST, &[]).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.int(0))? + 1)
}

pub(crate) async fn of_id(tx: &Tx, id: TransactionId) -> Result<Option<Movement>, DbError> {
    Ok(query(tx, MOVEMENT_OF_ID, &[Value::Bytes(&id.to_bytes())]).await?.pop())
}

pub(crate) async fn of_seq(tx: &Tx, seq: i64) -> Result<Option<Movement>, DbError> {
    Ok(query(tx, MOVEMENT_OF_SEQ, &[Value::Int(seq)]).await?.pop())
}

/// All with one of these keys, which must differ.
pub(crate) async fn of_keys(tx: &Tx, keys: &[i64]) -> Result<Vec<Movement>, DbError> {
    tx.select_many(&MOVEMENT_MATCH, Column::Int(keys)).await?.iter().map(read).collect()
}

pub(crate) async fn open(tx: &Tx, account: i64) -> Result<Vec<Movement>, DbError> {
    query(tx, MOVEMENTS_OPEN, &[Value::Int(account)]).await
}

pub(crate) async fn of_bank(tx: &Tx, account: i64, bank: i64) -> Result<Vec<Movement>, DbError> {
    query(tx, MOVEMENTS_OF_BANK, &[account, bank].map(Value::Int)).await
}

/// Up to 1,000 of these days, by number.
pub(crate) async fn between(tx: &Tx, account: i64, days: (i64, i64), after: i64) -> Result<Vec<Movement>, DbError> {
    query(tx, MOVEMENTS_BETWEEN, &[account, days.0, days.1, after].map(Value::Int)).await
}

/// One page of an account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) account: i64,
    pub(crate) days: (i64, i64),
    /// Day and number of the last one of the page before.
    pub(crate) after: (i64, i64),
    pub(crate) status: Option<Status>,
    pub(crate) limit: usize,
}

pub(crate) async fn page(tx: &Tx, wanted: Wanted) -> Result<Vec<Movement>, DbError> {
    let Wanted { account, days, after, status, limit } = wanted;
    let status = status.map_or(-1, |status| status as i64);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [account, days.0, days.1, after.0, after.1, status, limit].map(Value::Int);
    query(tx, MOVEMENTS_PAGE, &values).await
}

/// Those that the statement told first, between two numbers.
pub(crate) async fn told_first(tx: &Tx, statement: i64, seqs: (i64, i64), max: i64) -> Result<Vec<Movement>, DbError> {
    query(tx, MOVEMENTS_TOLD_FIRST, &[seqs.0, seqs.1, statement, max].map(Value::Int)).await
}

pub(crate) async fn told_again(tx: &Tx, statement: i64, after: i64, max: i64) -> Result<Vec<Movement>, DbError> {
    query(tx, MOVEMENTS_TOLD_AGAIN, &[statement, after, max].map(Value::Int)).await
}

pub(crate) async fn stale(tx: &Tx, before: i64, max: i64) -> Result<Vec<Movement>, DbError> {
    query(tx, MOVEMENTS_STALE, &[before, max].map(Value::Int)).await
}

/// Stores what people and reports decide, without the texts.
pub(crate) async fn set_state(tx: &Tx, movement: &Movement) -> Result<(), DbError> {
    let or_null = |value: Option<i64>| value.map_or(Value::Null, Value::Int);
    let values = [
        Value::Int(movement.seq),
        Value::Int(movement.status as i64),
        or_null(movement.twin),
        Value::Int(i64::from(movement.decided)),
        Value::Int(movement.removed as i64),
        or_null(movement.was),
        Value::Text(&movement.category),
        Value::Int(i64::from(movement.chosen)),
    ];
    tx.execute(MOVEMENT_STATE, &values).await.map(drop)
}
