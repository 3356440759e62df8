//! Sweeps.

use platform::db::{DbError, Tx, Value};

use super::{body, count, json};
use crate::face::{Sweep, SweepId, SweepState};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[SWEEP_PUT, SWEEP_GET, SWEEP_LIST, SWEEP_IN_STATE];

const SWEEP_PUT: &str = "
insert into sweep (key, state, body)
values ($1, $2, $3)
on conflict (key) do update set state = excluded.state, body = excluded.body";

const SWEEP_GET: &str = "
select body
from sweep
where key = $1";

const SWEEP_LIST: &str = "
select body
from sweep
where key < $1
order by key desc
limit $2";

const SWEEP_IN_STATE: &str = "
select body
from sweep
where state < 2
    and state = $1
order by key
limit 500";

/// Sorts after every id.
const LAST: &str = "~";

fn number(state: SweepState) -> i64 {
    match state {
        SweepState::Proposed => 0,
        SweepState::Executing => 1,
        _ => 2,
    }
}

pub(crate) async fn put(tx: &Tx, sweep: &Sweep) -> Result<(), DbError> {
    let (key, text) = (sweep.id.to_string(), json(sweep)?);
    tx.execute(SWEEP_PUT, &[Value::Text(&key), Value::Int(number(sweep.state)), Value::Text(&text)]).await.map(drop)
}

pub(crate) async fn get(tx: &Tx, id: SweepId) -> Result<Option<Sweep>, DbError> {
    tx.query(SWEEP_GET, &[Value::Text(&id.to_string())]).await?.first().map(|row| body(row, 0)).transpose()
}

/// The newest first.
pub(crate) async fn list(tx: &Tx, before: Option<SweepId>, max: usize) -> Result<Vec<Sweep>, DbError> {
    let before = before.map_or(LAST.to_owned(), |before| before.to_string());
    tx.query(SWEEP_LIST, &[Value::Text(&before), count(max)]).await?.iter().map(|row| body(row, 0)).collect()
}

/// The oldest first.
pub(crate) async fn in_state(tx: &Tx, state: SweepState) -> Result<Vec<Sweep>, DbError> {
    tx.query(SWEEP_IN_STATE, &[Value::Int(number(state))]).await?.iter().map(|row| body(row, 0)).collect()
}
