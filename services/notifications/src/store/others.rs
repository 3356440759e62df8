//! Copies of what other rooms know: owners of accounts, and people whose contact has to be asked for.

use kernel::Timestamp;
use platform::db::{DbError, Tx, Value};

use super::limit;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[OWNER_PUT, OWNER, REFRESH_ADD, REFRESH_DUE, REFRESH_LATER, REFRESH_DONE];

const OWNER_PUT: &str = "
insert into account_owner (path, subject, by_debits)
values ($1, $2, $3)
on conflict (path) do update set subject = excluded.subject, by_debits = excluded.by_debits";

const OWNER: &str = "
select subject, by_debits
from account_owner
where path = $1";

const REFRESH_ADD: &str = "
insert into refresh (person, at)
values ($1, $2)
on conflict (person) do update set at = excluded.at";

const REFRESH_DUE: &str = "
select person, at
from refresh
where at <= $1
order by at
limit $2";

const REFRESH_LATER: &str = "
update refresh
set at = $3
where person = $1
    and at = $2";

/// Unless it was asked for again meanwhile.
const REFRESH_DONE: &str = "
delete from refresh
where person = $1
    and at = $2";

/// Who owns an account, and whether debits are what makes it grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) subject: String,
    pub(crate) grows_by_debits: bool,
}

pub(crate) async fn put_owner(tx: &Tx, path: &str, subject: &str, grows_by_debits: bool) -> Result<(), DbError> {
    let values = [Value::Text(path), Value::Text(subject), Value::Int(i64::from(grows_by_debits))];
    tx.execute(OWNER_PUT, &values).await.map(drop)
}

pub(crate) async fn owner(tx: &Tx, path: &str) -> Result<Option<Owner>, DbError> {
    let rows = tx.query(OWNER, &[Value::Text(path)]).await?;
    let owner =
        |row: &platform::db::Row| Ok(Owner { subject: row.text(0)?.to_owned(), grows_by_debits: row.int(1)? != 0 });
    rows.first().map(owner).transpose()
}

pub(crate) async fn refresh(tx: &Tx, person: &str, at: Timestamp) -> Result<(), DbError> {
    tx.execute(REFRESH_ADD, &[Value::Text(person), Value::Int(at.micros())]).await.map(drop)
}

/// People to ask for, and the instant by which each is known.
pub(crate) async fn to_refresh(tx: &Tx, now: Timestamp, max: usize) -> Result<Vec<(String, Timestamp)>, DbError> {
    let rows = tx.query(REFRESH_DUE, &[Value::Int(now.micros()), limit(max)]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), super::time(row, 1)?))).collect()
}

pub(crate) async fn refresh_later(tx: &Tx, person: &str, at: Timestamp, later: Timestamp) -> Result<(), DbError> {
    let values = [Value::Text(person), Value::Int(at.micros()), Value::Int(later.micros())];
    tx.execute(REFRESH_LATER, &values).await.map(drop)
}

pub(crate) async fn refreshed(tx: &Tx, person: &str, at: Timestamp) -> Result<(), DbError> {
    tx.execute(REFRESH_DONE, &[Value::Text(person), Value::Int(at.micros())]).await.map(drop)
}
