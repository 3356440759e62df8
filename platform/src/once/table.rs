//! The outcomes of commands, by key, as rows.

use kernel::{IdempotencyKey, Timestamp};
use serde_json::Value as Json;

use super::Scope;
use crate::db::{DbError, Row, Tx, Value};

/// For the migrations of a room that stores idempotency keys here.
pub const ONCE_TABLES: &str = "
create table once (
    principal TEXT not null,
    operation TEXT not null,
    key TEXT not null,
    command BYTES not null,
    at BIGINT not null,
    state SMALLINT not null,
    answer TEXT not null,
    primary key (principal, operation, key)
) CLUSTERED;

create index once_at on once (at);
";

/// Waits for the transaction of a duplicate in another process to end.
const ONCE_ADD: &str = "
insert into once (principal, operation, key, command, at, state, answer)
values ($1, $2, $3, $4, $5, 0, '')
on conflict (principal, operation, key) do nothing";

const ONCE_FIND: &str = "
select command, at, state, answer
from once
where principal = $1
    and operation = $2
    and key = $3";

const ONCE_ANSWER: &str = "
update once
set state = $4, answer = $5
where principal = $1
    and operation = $2
    and key = $3";

const UNDER_WAY: i64 = 0;
const MADE: i64 = 1;
const REFUSED: i64 = 2;

/// The outcome of a command. A caller with an unknown outcome asks for it by the key.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The small key that the room stored, by which it finds the rows.
    Made { at: Timestamp, key: Json },
    /// The refusal, with its code.
    Refused { at: Timestamp, refusal: Json },
}

pub(super) struct Kept {
    pub(super) command: Vec<u8>,
    pub(super) outcome: Outcome,
}

/// The outcome of the caller's command of that name; `None` if it never arrived, is still in progress, or has expired.
///
/// # Errors
/// The store's.
pub async fn find(tx: &Tx, principal: &str, operation: &str, key: &IdempotencyKey) -> Result<Option<Outcome>, DbError> {
    Ok(kept(tx, principal, operation, key).await?.map(|kept| kept.outcome))
}

/// Whether it is the first with its key.
pub(super) async fn add(tx: &Tx, scope: &Scope, command: &[u8], at: Timestamp) -> Result<bool, DbError> {
    let [principal, operation, key] = names(scope);
    let values = [principal, operation, key, Value::Bytes(command), Value::Int(at.micros())];
    Ok(tx.execute(ONCE_ADD, &values).await? == 1)
}

pub(super) async fn of(tx: &Tx, scope: &Scope) -> Result<Option<Kept>, DbError> {
    kept(tx, &scope.principal, scope.operation, &scope.key).await
}

pub(super) async fn made(tx: &Tx, scope: &Scope, key: &Json) -> Result<(), DbError> {
    answer(tx, scope, MADE, key).await
}

pub(super) async fn refused(tx: &Tx, scope: &Scope, refusal: &Json) -> Result<(), DbError> {
    answer(tx, scope, REFUSED, refusal).await
}

async fn answer(tx: &Tx, scope: &Scope, state: i64, answer: &Json) -> Result<(), DbError> {
    let [principal, operation, key] = names(scope);
    let answer = answer.to_string();
    let values = [principal, operation, key, Value::Int(state), Value::Text(&answer)];
    match tx.execute(ONCE_ANSWER, &values).await? {
        1 => Ok(()),
        _ => Err(DbError::shape("the row of a running command is missing")),
    }
}

async fn kept(tx: &Tx, principal: &str, operation: &str, key: &IdempotencyKey) -> Result<Option<Kept>, DbError> {
    let names = [Value::Text(principal), Value::Text(operation), Value::Text(key.as_str())];
    tx.query(ONCE_FIND, &names).await?.first().map(read).transpose()
}

fn names(scope: &Scope) -> [Value<'_>; 3] {
    [Value::Text(&scope.principal), Value::Text(scope.operation), Value::Text(scope.key.as_str())]
}

fn read(row: &Row) -> Result<Kept, DbError> {
    let at = Timestamp::from_micros(row.int(1)?);
    let answer = || serde_json::from_str(row.text(3)?).map_err(|error| DbError::shape(error.to_string()));
    let outcome = match row.int(2)? {
        MADE => Outcome::Made { at, key: answer()? },
        REFUSED => Outcome::Refused { at, refusal: answer()? },
        UNDER_WAY => return Err(DbError::shape("a command was committed without its answer")),
        state => return Err(DbError::shape(format!("a command in the unknown state {state}"))),
    };
    Ok(Kept { command: row.bytes(0)?.to_vec(), outcome })
}
