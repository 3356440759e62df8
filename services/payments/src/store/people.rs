//! What people keep: payees and standing orders.

use kernel::Timestamp;
use platform::db::{DbError, Row, Tx, Value};

use super::{body, json};
use crate::face::{Payee, PayeeId, Standing, StandingId};

const PAYEE_ADD: &str = "
insert into payee (id, owner, removed, body)
values ($1, $2, 0, $3)";

const PAYEE_REMOVE: &str = "
update payee
set removed = 1
where id = $1
    and owner = $2
    and removed = 0";

const PAYEES: &str = "
select body
from payee
where owner = $1
    and removed = 0
order by id
limit 500";

const PAYEE_OF: &str = "
select body, removed
from payee
where id = $1
    and owner = $2";

const STANDING_ADD: &str = "
insert into standing_order (id, owner, version, due_at, body)
values ($1, $2, 1, $3, $4)";

const STANDING_CHANGE: &str = "
update standing_order
set version = version + 1, due_at = $3, body = $4
where id = $1
    and version = $2";

const STANDING_LIST: &str = "
select id, owner, version, body
from standing_order
where owner = $1
order by id
limit 500";

const STANDING_OF: &str = "
select id, owner, version, body
from standing_order
where id = $1";

const STANDING_DUE: &str = "
select id, owner, version, body
from standing_order
where due_at is not null
    and due_at <= $1
order by due_at
limit $2";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    PAYEE_ADD,
    PAYEE_REMOVE,
    PAYEES,
    PAYEE_OF,
    STANDING_ADD,
    STANDING_CHANGE,
    STANDING_LIST,
    STANDING_OF,
    STANDING_DUE,
];

pub(crate) async fn add_payee(tx: &Tx, owner: &str, payee: &Payee) -> Result<(), DbError> {
    let (id, text) = (payee.id.to_bytes(), json(payee)?);
    tx.execute(PAYEE_ADD, &[Value::Bytes(&id), Value::Text(owner), Value::Text(&text)]).await.map(drop)
}

pub(crate) async fn remove_payee(tx: &Tx, owner: &str, id: PayeeId) -> Result<bool, DbError> {
    Ok(tx.execute(PAYEE_REMOVE, &[Value::Bytes(&id.to_bytes()), Value::Text(owner)]).await? == 1)
}

pub(crate) async fn payees_of(tx: &Tx, owner: &str) -> Result<Vec<Payee>, DbError> {
    tx.query(PAYEES, &[Value::Text(owner)]).await?.iter().map(|row| body(row, 0)).collect()
}

/// A payee as it is stored: standing orders still pay a removed one.
pub(crate) struct KnownPayee {
    pub(crate) payee: Payee,
    pub(crate) removed: bool,
}

pub(crate) async fn payee_of(tx: &Tx, owner: &str, id: PayeeId) -> Result<Option<KnownPayee>, DbError> {
    let rows = tx.query(PAYEE_OF, &[Value::Bytes(&id.to_bytes()), Value::Text(owner)]).await?;
    rows.first().map(|row| Ok(KnownPayee { payee: body(row, 0)?, removed: row.int(1)? != 0 })).transpose()
}

/// A standing order as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) owner: String,
    pub(crate) version: i64,
    pub(crate) kept: crate::standing::Kept,
}

fn stored(row: &Row) -> Result<Stored, DbError> {
    Ok(Stored { owner: row.text(1)?.to_owned(), version: row.int(2)?, kept: body(row, 3)? })
}

pub(crate) async fn add_standing(
    tx: &Tx,
    owner: &str,
    due_at: Option<Timestamp>,
    kept: &crate::standing::Kept,
) -> Result<(), DbError> {
    let (id, text) = (kept.shown.id.to_bytes(), json(kept)?);
    let due = due_at.map_or(Value::Null, |at| Value::Int(at.micros()));
    tx.execute(STANDING_ADD, &[Value::Bytes(&id), Value::Text(owner), due, Value::Text(&text)]).await.map(drop)
}

/// Whether it was still at this version.
pub(crate) async fn change_standing(
    tx: &Tx,
    version: i64,
    due_at: Option<Timestamp>,
    kept: &crate::standing::Kept,
) -> Result<bool, DbError> {
    let (id, text) = (kept.shown.id.to_bytes(), json(kept)?);
    let due = due_at.map_or(Value::Null, |at| Value::Int(at.micros()));
    let values = [Value::Bytes(&id), Value::Int(version), due, Value::Text(&text)];
    Ok(tx.execute(STANDING_CHANGE, &values).await? == 1)
}

pub(crate) async fn standing_list(tx: &Tx, owner: &str) -> Result<Vec<Standing>, DbError> {
    let rows = tx.query(STANDING_LIST, &[Value::Text(owner)]).await?;
    rows.iter().map(|row| stored(row).map(|stored| stored.kept.shown)).collect()
}

pub(crate) async fn standing_of(tx: &Tx, id: StandingId) -> Result<Option<Stored>, DbError> {
    tx.query(STANDING_OF, &[Value::Bytes(&id.to_bytes())]).await?.first().map(stored).transpose()
}

pub(crate) async fn due_standing(tx: &Tx, now: Timestamp, max: i64) -> Result<Vec<Stored>, DbError> {
    let rows = tx.query(STANDING_DUE, &[Value::Int(now.micros()), Value::Int(max)]).await?;
    rows.iter().map(stored).collect()
}
