//! Customers, what they are found by, and who acts for them.

use accounts_api::{CustomerId, CustomerKind, CustomerState, Role, User};
use kernel::{Money, Timestamp};
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

use super::limit;
use crate::keys::DIGEST_BYTES;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    CUSTOMER_LAST,
    CUSTOMER_ADD,
    CUSTOMER_OF_ID,
    CUSTOMER_PAGE,
    CUSTOMER_CHANGE,
    CUSTOMERS_LEFT,
    CUSTOMER_OLDEST,
    CUSTOMER_LEDGER_ERASED,
    KEYS_REMOVE,
    KEY_FIND,
    USER_PUT,
    USER_REMOVE,
    USERS_OF,
    USERS_OF_SUBJECT,
    USERS_REMOVE,
];

#[cfg(test)]
pub(crate) const SETS: &[&RowSet] = &[&CUSTOMER, &KEY_ADD];

static CUSTOMER: RowSet = RowSet::new(
    "customer",
    &[
        ("seq", "bigint"),
        ("id", "bytea"),
        ("kind", "text"),
        ("state", "text"),
        ("sealed", "bytea"),
        ("created_at", "bigint"),
        ("erased_at", "bigint"),
    ],
);

static KEY_ADD: RowSet =
    RowSet::new("customer_key", &[("kind", "smallint"), ("digest", "bytea"), ("customer", "bigint")]);

const CUSTOMER_LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from customer";

const CUSTOMER_ADD: &str = "
insert into customer (seq, id, kind, state, sealed, created_at)
values ($1, $2, $3, $4, $5, $6)";

const CUSTOMER_OF_ID: &str = "
select seq, id, kind, state, sealed, created_at, erased_at
from customer
where id = $1";

const CUSTOMER_PAGE: &str = "
select seq, id, kind, state, sealed, created_at, erased_at
from customer
where seq > $1
order by seq
limit $2";

const CUSTOMER_CHANGE: &str = "
update customer
set state = $2, sealed = $3, erased_at = $4
where seq = $1";

/// Erased here, and not in the ledger yet.
const CUSTOMERS_LEFT: &str = "
select seq, id, kind, state, sealed, created_at, erased_at
from customer
where erased_at is not null
    and ledger_erased_at is null
    and seq > $1
order by seq
limit $2";

const CUSTOMER_OLDEST: &str = "
select min(created_at)
from customer
where erased_at is null";

const CUSTOMER_LEDGER_ERASED: &str = "
update customer
set ledger_erased_at = $2
where seq = $1";

const KEYS_REMOVE: &str = "
delete from customer_key
where customer = $1";

const KEY_FIND: &str = "
select customer
from customer_key
where kind = $1
    and digest = $2
    and customer > $3
order by customer
limit $4";

const USER_PUT: &str = "
insert into customer_user (customer, subject, role, up_to, currency)
values ($1, $2, $3, $4, $5)
on conflict (customer, subject) do update
set role = excluded.role, up_to = excluded.up_to, currency = excluded.currency";

const USER_REMOVE: &str = "
delete from customer_user
where customer = $1
    and subject = $2";

const USERS_REMOVE: &str = "
delete from customer_user
where customer = $1";

const USERS_OF: &str = "
select subject, role, up_to, currency
from customer_user
where customer = $1
order by subject";

const USERS_OF_SUBJECT: &str = "
select customer, role
from customer_user
where subject = $1
order by customer
limit 500";

#[derive(Debug, Clone)]
pub(crate) struct CustomerRow {
    pub(crate) seq: i64,
    pub(crate) id: CustomerId,
    pub(crate) kind: CustomerKind,
    pub(crate) state: CustomerState,
    /// Nothing once the customer was erased.
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) created_at: Timestamp,
    pub(crate) erased_at: Option<Timestamp>,
}

fn read(row: &Row) -> Result<CustomerRow, DbError> {
    Ok(CustomerRow {
        seq: row.int(0)?,
        id: super::id(row, 1)?,
        kind: super::name(row, 2)?,
        state: super::name(row, 3)?,
        sealed: row.bytes_or_null(4)?.map(<[u8]>::to_vec),
        created_at: Timestamp::from_micros(row.int(5)?),
        erased_at: row.int_or_null(6)?.map(Timestamp::from_micros),
    })
}

pub(crate) async fn next(tx: &Tx) -> Result<i64, DbError> {
    Ok(super::number(tx, CUSTOMER_LAST).await? + 1)
}

pub(crate) async fn add(tx: &Tx, customer: &CustomerRow) -> Result<(), DbError> {
    let (kind, state): (&str, &str) = (customer.kind.into(), customer.state.into());
    let values = [
        Value::Int(customer.seq),
        Value::Bytes(&customer.id.to_bytes()),
        Value::Text(kind),
        Value::Text(state),
        customer.sealed.as_deref().map_or(Value::Null, Value::Bytes),
        Value::Int(customer.created_at.micros()),
    ];
    tx.execute(CUSTOMER_ADD, &values).await.map(drop)
}

pub(crate) async fn change(tx: &Tx, customer: &CustomerRow) -> Result<(), DbError> {
    let state: &str = customer.state.into();
    let values = [
        Value::Int(customer.seq),
        Value::Text(state),
        customer.sealed.as_deref().map_or(Value::Null, Value::Bytes),
        customer.erased_at.map_or(Value::Null, |at| Value::Int(at.micros())),
    ];
    tx.execute(CUSTOMER_CHANGE, &values).await.map(drop)
}

pub(crate) async fn of_id(tx: &Tx, id: CustomerId) -> Result<Option<CustomerRow>, DbError> {
    tx.query(CUSTOMER_OF_ID, &[Value::Bytes(&id.to_bytes())]).await?.first().map(read).transpose()
}

/// In order of creation.
/// Those whose metadata is left in the ledger.
pub(crate) async fn left_in_ledger(tx: &Tx, after: i64, count: usize) -> Result<Vec<CustomerRow>, DbError> {
    tx.query(CUSTOMERS_LEFT, &[after, limit(count)].map(Value::Int)).await?.iter().map(read).collect()
}

/// When the oldest one was created who was not erased.
pub(crate) async fn oldest(tx: &Tx) -> Result<Option<Timestamp>, DbError> {
    let found = tx.query(CUSTOMER_OLDEST, &[]).await?;
    Ok(found.first().map_or(Ok(None), |row| row.int_or_null(0))?.map(Timestamp::from_micros))
}

pub(crate) async fn ledger_erased(tx: &Tx, customer: i64, now: Timestamp) -> Result<(), DbError> {
    tx.execute(CUSTOMER_LEDGER_ERASED, &[customer, now.micros()].map(Value::Int)).await.map(drop)
}

pub(crate) async fn of_seqs(tx: &Tx, seqs: &[i64]) -> Result<Vec<CustomerRow>, DbError> {
    let rows = tx.select_many(&CUSTOMER, Column::Int(seqs)).await?;
    let mut found: Vec<CustomerRow> = rows.iter().map(read).collect::<Result<_, _>>()?;
    found.sort_by_key(|customer| customer.seq);
    Ok(found)
}

pub(crate) async fn page(tx: &Tx, after: i64, count: usize) -> Result<Vec<CustomerRow>, DbError> {
    tx.query(CUSTOMER_PAGE, &[Value::Int(after), Value::Int(limit(count))]).await?.iter().map(read).collect()
}

/// What a customer is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Key {
    ExternalId = 0,
    Email = 1,
    Phone = 2,
    TaxId = 3,
    Word = 4,
}

pub(crate) type Found = (Key, [u8; DIGEST_BYTES]);

/// Replaces all of them.
pub(crate) async fn set_keys(tx: &Tx, customer: i64, keys: &[Found]) -> Result<(), DbError> {
    tx.execute(KEYS_REMOVE, &[Value::Int(customer)]).await?;
    let kinds: Vec<i64> = keys.iter().map(|(kind, _)| *kind as i64).collect();
    let digests: Vec<Vec<u8>> = keys.iter().map(|(_, digest)| digest.to_vec()).collect();
    let customers = vec![customer; keys.len()];
    let columns = [Column::Int(&kinds), Column::Bytes(&digests), Column::Int(&customers)];
    tx.insert_many(&KEY_ADD, &columns).await
}

pub(crate) async fn with_key(tx: &Tx, (kind, digest): Found, after: i64, count: usize) -> Result<Vec<i64>, DbError> {
    let values = [Value::Int(kind as i64), Value::Bytes(&digest), Value::Int(after), Value::Int(limit(count))];
    tx.query(KEY_FIND, &values).await?.iter().map(|row| row.int(0)).collect()
}

pub(crate) async fn put_user(tx: &Tx, customer: i64, user: &User) -> Result<(), DbError> {
    let role: &str = user.role.into();
    let currency = user.up_to.map(|up_to| super::currency_text(up_to.currency())).transpose()?;
    let values = [
        Value::Int(customer),
        Value::Text(&user.subject),
        Value::Text(role),
        user.up_to.map_or(Value::Null, |up_to| Value::Int(up_to.minor())),
        currency.as_deref().map_or(Value::Null, Value::Text),
    ];
    tx.execute(USER_PUT, &values).await.map(drop)
}

pub(crate) async fn remove_user(tx: &Tx, customer: i64, subject: &str) -> Result<bool, DbError> {
    Ok(tx.execute(USER_REMOVE, &[Value::Int(customer), Value::Text(subject)]).await? == 1)
}

pub(crate) async fn remove_users(tx: &Tx, customer: i64) -> Result<(), DbError> {
    tx.execute(USERS_REMOVE, &[Value::Int(customer)]).await.map(drop)
}

pub(crate) async fn users(tx: &Tx, customer: i64) -> Result<Vec<User>, DbError> {
    let user = |row: &Row| {
        let up_to = match row.int_or_null(2)? {
            Some(minor) => Some(Money::new(minor, super::currency(row, 3)?)),
            None => None,
        };
        Ok(User { subject: row.text(0)?.to_owned(), role: super::name(row, 1)?, up_to })
    };
    tx.query(USERS_OF, &[Value::Int(customer)]).await?.iter().map(user).collect()
}

/// The customers for whom a subject acts.
pub(crate) async fn of_subject(tx: &Tx, subject: &str) -> Result<Vec<(i64, Role)>, DbError> {
    let each = |row: &Row| Ok((row.int(0)?, super::name(row, 1)?));
    tx.query(USERS_OF_SUBJECT, &[Value::Text(subject)]).await?.iter().map(each).collect()
}
