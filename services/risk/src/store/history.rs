//! Imported history in blocks.

use platform::db::{DbError, Tx, Value};
use risk_api::SubjectKind;

const BLOCK_ADD: &str = "
insert into history (number, kind, first_at, last_at, rows, block)
values ($1, $2, $3, $4, $5, $6)";

const BLOCKS_LAST: &str = "
select coalesce(max(number), 0)
from history";

const BLOCKS_AFTER: &str = "
select number, first_at, last_at, rows, block
from history
where kind = $1
    and number > $2
    and last_at >= $3
    and first_at < $4
order by number
limit 1";

const HISTORY_RANGE: &str = "
select min(first_at), max(last_at), cast(coalesce(sum(rows), 0) as bigint)
from history
where kind = $1";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[BLOCK_ADD, BLOCKS_LAST, BLOCKS_AFTER, HISTORY_RANGE];

/// Rows of one kind in order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) first_at: i64,
    pub(crate) last_at: i64,
    pub(crate) rows: i64,
    pub(crate) bytes: Vec<u8>,
}

/// The first and last instant of a kind, and its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) first_at: i64,
    pub(crate) last_at: i64,
    pub(crate) rows: u64,
}

pub(crate) async fn add(tx: &Tx, kind: SubjectKind, block: &Block) -> Result<(), DbError> {
    let number = tx.query(BLOCKS_LAST, &[]).await?.first().map_or(Ok(0), |row| row.int(0))? + 1;
    let values = [
        Value::Int(number),
        Value::Int(kind as i64),
        Value::Int(block.first_at),
        Value::Int(block.last_at),
        Value::Int(block.rows),
        Value::Bytes(&block.bytes),
    ];
    tx.execute(BLOCK_ADD, &values).await?;
    Ok(())
}

/// The next block after `number` that reaches into [from, to), with its number.
pub(crate) async fn next(
    tx: &Tx,
    kind: SubjectKind,
    number: i64,
    from: i64,
    to: i64,
) -> Result<Option<(i64, Block)>, DbError> {
    let values = [Value::Int(kind as i64), Value::Int(number), Value::Int(from), Value::Int(to)];
    let rows = tx.query(BLOCKS_AFTER, &values).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let block = Block { first_at: row.int(1)?, last_at: row.int(2)?, rows: row.int(3)?, bytes: row.bytes(4)?.to_vec() };
    Ok(Some((row.int(0)?, block)))
}

pub(crate) async fn range(tx: &Tx, kind: SubjectKind) -> Result<Option<Range>, DbError> {
    let rows = tx.query(HISTORY_RANGE, &[Value::Int(kind as i64)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (first, last) = (row.int_or_null(0)?, row.int_or_null(1)?);
    let rows = row.int(2)?.unsigned_abs();
    Ok(first.zip(last).map(|(first_at, last_at)| Range { first_at, last_at, rows }))
}
