//! Expected flows and what they were matched with.

use std::collections::BTreeMap;

use jiff::civil::Date;
use platform::db::{DbError, Row, Tx, Value};

use super::{body, count, json};
use crate::convert::{date_of, number_of};
use crate::face::{AccountId, Flow, FlowId, FlowState};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    FLOW_PUT,
    FLOW_GET,
    FLOW_OF_ORIGIN,
    FLOW_LIST,
    FLOW_LIST_OF_ACCOUNT,
    FLOW_OPEN,
    FLOW_FIRST_OPEN,
    FLOW_OPEN_TO,
    FLOW_OVERDUE,
    FLOW_REMOVE_AFTER,
    MATCH_ADD,
    MATCH_GET,
];

const FLOW_PUT: &str = "
insert into flow (key, account, open, due, origin, body)
values ($1, $2, $3, $4, $5, $6)
on conflict (key) do update set open = excluded.open, body = excluded.body";

const FLOW_GET: &str = "
select body
from flow
where key = $1";

const FLOW_OF_ORIGIN: &str = "
select body
from flow
where origin = $1";

const FLOW_LIST: &str = "
select body
from flow
where due >= $1
    and due <= $2
    and (due > $3 or (due = $3 and key > $4))
order by due, key
limit $5";

const FLOW_LIST_OF_ACCOUNT: &str = "
select body
from flow
where account = $6
    and due >= $1
    and due <= $2
    and (due > $3 or (due = $3 and key > $4))
order by due, key
limit $5";

const FLOW_OPEN: &str = "
select body
from flow
where account = $1
    and open = 1
order by due, key
limit 10000";

const FLOW_FIRST_OPEN: &str = "
select due
from flow
where account = $1
    and open = 1
order by due
limit 1";

/// Those that are due by a day, and still count.
const FLOW_OPEN_TO: &str = "
select body
from flow
where open = 1
    and due <= $1
order by account, due, key
limit 100000";

const FLOW_OVERDUE: &str = "
select body
from flow
where open = 1
    and due < $1
order by due, key
limit 1000";

const FLOW_REMOVE_AFTER: &str = "
delete from flow
where open = 1
    and due > $1
    and origin >= $2
    and origin < $3";

const MATCH_ADD: &str = "
insert into flow_match (movement, flow, minor)
values ($1, $2, $3)";

const MATCH_GET: &str = "
select flow
from flow_match
where movement = $1";

impl Flow {
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, FlowState::Planned | FlowState::Overdue)
    }

    /// What has not come yet.
    pub(crate) fn rest(&self) -> i64 {
        self.amount.minor().saturating_sub(self.matched.minor())
    }
}

/// `origin`: the recurring flow and the day, so that it is made once.
pub(crate) async fn put(tx: &Tx, flow: &Flow, origin: Option<&str>) -> Result<(), DbError> {
    let (key, account) = (flow.id.to_string(), flow.account.to_string());
    let text = json(flow)?;
    let values = [
        Value::Text(&key),
        Value::Text(&account),
        Value::Int(i64::from(flow.is_open())),
        Value::Int(number_of(flow.due)),
        origin.map_or(Value::Null, Value::Text),
        Value::Text(&text),
    ];
    tx.execute(FLOW_PUT, &values).await.map(drop)
}

pub(crate) async fn get(tx: &Tx, id: FlowId) -> Result<Option<Flow>, DbError> {
    tx.query(FLOW_GET, &[Value::Text(&id.to_string())]).await?.first().map(|row| body(row, 0)).transpose()
}

pub(crate) async fn of_origin(tx: &Tx, origin: &str) -> Result<Option<Flow>, DbError> {
    tx.query(FLOW_OF_ORIGIN, &[Value::Text(origin)]).await?.first().map(|row| body(row, 0)).transpose()
}

/// By day, after one of them.
pub(crate) async fn list(
    tx: &Tx,
    account: Option<AccountId>,
    (from, to): (Date, Date),
    after: Option<(Date, FlowId)>,
    max: usize,
) -> Result<Vec<Flow>, DbError> {
    let (day, key) = after.map_or((i64::MIN, String::new()), |(day, id)| (number_of(day), id.to_string()));
    let account = account.map(|account| account.to_string());
    let values =
        [Value::Int(number_of(from)), Value::Int(number_of(to)), Value::Int(day), Value::Text(&key), count(max)];
    let rows = match &account {
        Some(account) => {
            let [from, to, day, key, max] = values;
            tx.query(FLOW_LIST_OF_ACCOUNT, &[from, to, day, key, max, Value::Text(account)]).await?
        }
        None => tx.query(FLOW_LIST, &values).await?,
    };
    bodies(&rows)
}

fn bodies(rows: &[Row]) -> Result<Vec<Flow>, DbError> {
    rows.iter().map(|row| body(row, 0)).collect()
}

/// Those of an account that still count, the first due first.
pub(crate) async fn open(tx: &Tx, account: &str) -> Result<Vec<Flow>, DbError> {
    bodies(&tx.query(FLOW_OPEN, &[Value::Text(account)]).await?)
}

pub(crate) async fn first_open(tx: &Tx, account: &str) -> Result<Option<Date>, DbError> {
    let rows = tx.query(FLOW_FIRST_OPEN, &[Value::Text(account)]).await?;
    rows.first().map(|row| row.int(0).map(date_of)).transpose()
}

/// What is expected by a day and has not come, by account.
pub(crate) async fn open_by_account(tx: &Tx, day: Date) -> Result<BTreeMap<String, i64>, DbError> {
    let mut sums = BTreeMap::<String, i64>::new();
    for flow in bodies(&tx.query(FLOW_OPEN_TO, &[Value::Int(number_of(day))]).await?)? {
        let sum = sums.entry(flow.account.to_string()).or_default();
        *sum = sum.saturating_add(flow.rest());
    }
    Ok(sums)
}

/// Those that still count and were due before a day.
pub(crate) async fn overdue(tx: &Tx, day: Date) -> Result<Vec<Flow>, DbError> {
    bodies(&tx.query(FLOW_OVERDUE, &[Value::Int(number_of(day))]).await?)
}

/// What a recurring flow made for days after this one.
pub(crate) async fn remove_after(tx: &Tx, recurring: &str, day: Date) -> Result<(), DbError> {
    // The day follows the slash; `0` is the character after it.
    let (first, end) = (format!("{recurring}/"), format!("{recurring}0"));
    let values = [Value::Int(number_of(day)), Value::Text(&first), Value::Text(&end)];
    tx.execute(FLOW_REMOVE_AFTER, &values).await.map(drop)
}

pub(crate) async fn is_matched(tx: &Tx, movement: &str) -> Result<bool, DbError> {
    Ok(!tx.query(MATCH_GET, &[Value::Text(movement)]).await?.is_empty())
}

pub(crate) async fn add_match(tx: &Tx, movement: &str, flow: FlowId, minor: i64) -> Result<(), DbError> {
    let flow = flow.to_string();
    tx.execute(MATCH_ADD, &[Value::Text(movement), Value::Text(&flow), Value::Int(minor)]).await.map(drop)
}
