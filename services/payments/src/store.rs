//! The tables of payments: every SQL text, and the migrations.

mod people;
pub(crate) mod rail;
pub(crate) mod upload;

use kernel::Timestamp;
use platform::db::{Column, DbError, Migration, Row, RowSet, Tx, Value};
use platform::lane::Groups;
use serde::de::DeserializeOwned;

use crate::face::{HistoryStep, PaymentId, PaymentState, Policy, PolicyId};
use crate::record::Record;

pub(crate) use people::{
    Stored, add_payee, add_standing, change_standing, due_standing, payee_of, payees_of, remove_payee, standing_list,
    standing_of,
};

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "payments", sql: include_str!("../migrations/0001_payments.sql") },
    Migration { version: 2, name: "rails", sql: include_str!("../migrations/0002_rails.sql") },
    Migration { version: 3, name: "uploads", sql: include_str!("../migrations/0003_uploads.sql") },
];

pub(crate) static REQUESTS: RowSet =
    RowSet::new("payment_request", &[("key", "bytea"), ("command", "bytea"), ("payment", "bytea")]);

pub(crate) static PAYMENTS: RowSet = RowSet::new(
    "payment",
    &[
        ("id", "bytea"),
        ("account", "bytea"),
        ("owner", "text"),
        ("state", "smallint"),
        ("due_at", "bigint"),
        ("body", "text"),
    ],
);

pub(crate) static PAYMENT_CHANGES: RowSet =
    RowSet::new("payment", &[("id", "bytea"), ("state", "smallint"), ("due_at", "bigint"), ("body", "text")]);

pub(crate) static STEPS: RowSet =
    RowSet::new("payment_step", &[("payment", "bytea"), ("number", "bigint"), ("body", "text")]);

pub(crate) static USE: RowSet = RowSet::adding(
    "payment_use",
    2,
    &[("account", "bytea"), ("day", "bigint"), ("amount", "bigint"), ("count", "bigint")],
);

pub(crate) static POLICIES: RowSet = RowSet::new("policy", &[("id", "bytea"), ("version", "bigint"), ("body", "text")]);

pub(crate) const GROUPS: Groups = Groups {
    last: "
select number, at, fingerprint
from payment_group
order by number desc
limit 1",
    find: "
select fingerprint
from payment_group
where number = $1",
    add: "
insert into payment_group (number, at, fingerprint)
values ($1, $2, $3)",
    remove: "
delete from payment_group
where number < $1",
};

pub(crate) const USE_OF_ACCOUNT: &str = "
select day, amount, count
from payment_use
where account = $1
    and day >= $2
    and day < $3";

const DUE: &str = "
select body
from payment
where due_at is not null
    and due_at <= $1
order by due_at
limit $2";

const STEPS_OF: &str = "
select body
from payment_step
where payment = $1
order by number
limit 500";

const OF_ACCOUNT: &str = "
select body
from payment
where account = $1
    and id < $2
order by id desc
limit $3";

const OF_OWNER: &str = "
select body
from payment
where owner = $1
    and id < $2
order by id desc
limit $3";

const WAITING: &str = "
select body
from payment
where state < 3
    and state = $1
    and id < $2
order by id desc
limit $3";

const ALL: &str = "
select body
from payment
where id < $1
order by id desc
limit $2";

const AFTER: &str = "
select body
from payment
where id > $1
order by id
limit $2";

const POLICY_VERSIONS: &str = "
select id, version
from policy";

const POLICY_LIST: &str = "
select body
from policy
order by id
limit 500";

#[cfg(test)]
const SQL: &[&str] =
    &[USE_OF_ACCOUNT, DUE, STEPS_OF, OF_ACCOUNT, OF_OWNER, WAITING, ALL, AFTER, POLICY_VERSIONS, POLICY_LIST];

/// Which payments are listed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Listed<'a> {
    All,
    /// Of one paying account, by its digest.
    Account([u8; 16]),
    Owner(&'a str),
    /// In a state in which they wait.
    Waiting(PaymentState),
}

/// The newest first.
pub(crate) async fn list(tx: &Tx, listed: Listed<'_>, before: PaymentId, max: usize) -> Result<Vec<Record>, DbError> {
    let (before, max) = (before.to_bytes(), Value::Int(i64::try_from(max).unwrap_or(i64::MAX)));
    let rows = match listed {
        Listed::All => tx.query(ALL, &[Value::Bytes(&before), max]).await?,
        Listed::Account(key) => tx.query(OF_ACCOUNT, &[Value::Bytes(&key), Value::Bytes(&before), max]).await?,
        Listed::Owner(owner) => tx.query(OF_OWNER, &[Value::Text(owner), Value::Bytes(&before), max]).await?,
        Listed::Waiting(state) => {
            let state = Value::Int(crate::state::number(state));
            tx.query(WAITING, &[state, Value::Bytes(&before), max]).await?
        }
    };
    rows.iter().map(|row| body(row, 0)).collect()
}

/// The oldest first, after this one.
pub(crate) async fn after(tx: &Tx, after: Option<PaymentId>, max: usize) -> Result<Vec<Record>, DbError> {
    let after = after.unwrap_or(PaymentId::from_bits(0)).to_bytes();
    let max = Value::Int(i64::try_from(max).unwrap_or(i64::MAX));
    tx.query(AFTER, &[Value::Bytes(&after), max]).await?.iter().map(|row| body(row, 0)).collect()
}

/// What is due at this time, the oldest first.
pub(crate) async fn due(tx: &Tx, now: Timestamp, max: i64) -> Result<Vec<Record>, DbError> {
    let rows = tx.query(DUE, &[Value::Int(now.micros()), Value::Int(max)]).await?;
    rows.iter().map(|row| body(row, 0)).collect()
}

pub(crate) async fn records(tx: &Tx, ids: &[PaymentId]) -> Result<Vec<Record>, DbError> {
    let ids: Vec<[u8; 16]> = ids.iter().map(|id| id.to_bytes()).collect();
    tx.select_many(&PAYMENT_CHANGES, Column::Id(&ids)).await?.iter().map(|row| body(row, 3)).collect()
}

pub(crate) async fn record(tx: &Tx, id: PaymentId) -> Result<Option<Record>, DbError> {
    Ok(records(tx, &[id]).await?.pop())
}

pub(crate) async fn steps_of(tx: &Tx, id: PaymentId) -> Result<Vec<HistoryStep>, DbError> {
    tx.query(STEPS_OF, &[Value::Bytes(&id.to_bytes())]).await?.iter().map(|row| body(row, 0)).collect()
}

/// Brings the known policies up to date; only changed ones are read.
pub(crate) async fn bring_up_to_date(tx: &Tx, known: &mut Vec<(i64, Policy)>) -> Result<(), DbError> {
    let mut changed = Vec::new();
    for row in tx.query(POLICY_VERSIONS, &[]).await? {
        let (id, version) = (PolicyId::from_bytes(row.array(0)?), row.int(1)?);
        if !known.iter().any(|(at, policy)| policy.id == id && *at == version) {
            changed.push(id.to_bytes());
        }
    }
    for row in tx.select_many(&POLICIES, Column::Id(&changed)).await? {
        let policy: Policy = body(&row, 2)?;
        known.retain(|(_, one)| one.id != policy.id);
        known.push((row.int(1)?, policy));
    }
    Ok(())
}

pub(crate) async fn policies(tx: &Tx) -> Result<Vec<Policy>, DbError> {
    tx.query(POLICY_LIST, &[]).await?.iter().map(|row| body(row, 0)).collect()
}

/// With its version.
pub(crate) async fn policy_of(tx: &Tx, id: PolicyId) -> Result<Option<(i64, Policy)>, DbError> {
    let rows = tx.select_many(&POLICIES, Column::Id(&[id.to_bytes()])).await?;
    rows.first().map(|row| Ok((row.int(1)?, body(row, 2)?))).transpose()
}

/// A new policy has version 1.
pub(crate) async fn put_policy(tx: &Tx, version: i64, policy: &Policy) -> Result<(), DbError> {
    let (ids, versions, bodies) = ([policy.id.to_bytes()], [version], [json(policy)?]);
    let columns = [Column::Id(&ids), Column::Int(&versions), Column::Text(&bodies)];
    if version == 1 { tx.insert_many(&POLICIES, &columns).await } else { tx.update_many(&POLICIES, &columns).await }
}

pub(crate) fn body<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, DbError> {
    serde_json::from_str(row.text(column)?).map_err(|error| DbError::shape(format!("a row's body: {error}")))
}

pub(crate) fn json(value: &impl serde::Serialize) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::shape(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_statement_is_valid_on_both_engines() {
        testkit::for_each_engine(async |store| {
            let db = store.open().await;
            platform::room::migrate(&crate::ROOM, &db).await.unwrap();
            let tx = db.read().await.unwrap();
            for sql in SQL.iter().chain(people::SQL).chain(rail::SQL).chain(upload::SQL).chain(&GROUPS.statements()) {
                tx.prepare(sql).await.unwrap();
            }
            for set in [
                &REQUESTS,
                &PAYMENTS,
                &PAYMENT_CHANGES,
                &STEPS,
                &USE,
                &POLICIES,
                &rail::ORDERS,
                &rail::MOVES,
                &upload::LINES,
                &upload::LINE_CHANGES,
            ] {
                tx.prepare_set(set).await.unwrap();
            }
        })
        .await;
    }
}
