//! Which statements told which movements, and ids under which a bank told what it has corrected since.

use platform::db::{Column, DbError, RowSet, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[FORMER_ADD, FORMER_FIND, IS_TOLD_BY_OTHERS];

#[cfg(test)]
pub(crate) const SETS: &[&RowSet] = &[&TELLING_ADD, &TELLING_OF];

static TELLING_ADD: RowSet = RowSet::new("telling", &[("statement", "bigint"), ("movement", "bigint")]);
static TELLING_OF: RowSet = RowSet::new("telling", &[("movement", "bigint"), ("statement", "bigint")]);

const FORMER_ADD: &str = "
insert into former_id (account, bank_key, movement)
values ($1, $2, $3)
on conflict (account, bank_key) do update set movement = excluded.movement";

const FORMER_FIND: &str = "
select movement
from former_id
where account = $1
    and bank_key = $2";

/// A statement of another import, not withdrawn, tells the movement.
const IS_TOLD_BY_OTHERS: &str = "
select 1
from statement
where withdrawn = 0
    and import <> $2
    and seq in (
        select statement from telling where movement = $1
        union
        select statement from movement where seq = $1
    )
limit 1";

/// Statements that told these movements after their first one, as (movement, statement).
pub(crate) async fn of(tx: &Tx, movements: &[i64]) -> Result<Vec<(i64, i64)>, DbError> {
    let rows = tx.select_many(&TELLING_OF, Column::Int(movements)).await?;
    rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
}

/// None of them told by it before.
pub(crate) async fn add(tx: &Tx, statement: i64, movements: &[i64]) -> Result<(), DbError> {
    let statements = vec![statement; movements.len()];
    tx.insert_many(&TELLING_ADD, &[Column::Int(&statements), Column::Int(movements)]).await
}

pub(crate) async fn add_former(tx: &Tx, account: i64, bank: i64, movement: Option<i64>) -> Result<(), DbError> {
    let values = [Value::Int(account), Value::Int(bank), movement.map_or(Value::Null, Value::Int)];
    tx.execute(FORMER_ADD, &values).await.map(drop)
}

pub(crate) async fn former(tx: &Tx, account: i64, bank: i64) -> Result<Option<Option<i64>>, DbError> {
    let rows = tx.query(FORMER_FIND, &[account, bank].map(Value::Int)).await?;
    rows.first().map(|row| row.int_or_null(0)).transpose()
}

pub(crate) async fn is_told_by_others(tx: &Tx, movement: i64, import: i64) -> Result<bool, DbError> {
    Ok(!tx.query(IS_TOLD_BY_OTHERS, &[movement, import].map(Value::Int)).await?.is_empty())
}
