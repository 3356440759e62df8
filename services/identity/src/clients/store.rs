//! Clients as rows; their lists are JSON.

use kernel::Timestamp;
use platform::db::{DbError, Row, Tx, Value};

use super::row::{ClientRow, kind_name, kind_of};
use crate::store::{list_of, list_text};

const CLIENT_FIND: &str = "
select id, name, kind, secret, redirect_uris, post_logout_redirect_uris, scopes, roles, first_party, access_seconds, epoch,
    enabled, put_secret, created_at
from client
where id = $1";

const CLIENT_LIST: &str = "
select id, name, kind, secret, redirect_uris, post_logout_redirect_uris, scopes, roles, first_party, access_seconds, epoch,
    enabled, put_secret, created_at
from client
order by id";

const CLIENT_ADD: &str = "
insert into client (id, name, kind, secret, redirect_uris, post_logout_redirect_uris, scopes, roles, first_party,
    access_seconds, epoch, enabled, put_secret, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
on conflict (id) do nothing";

/// Locks the row, so that two changes follow each other.
const CLIENT_LOCK: &str = "
update client
set epoch = epoch
where id = $1";

const CLIENT_SET: &str = "
update client
set name = $2, kind = $3, secret = $4, redirect_uris = $5, post_logout_redirect_uris = $6, scopes = $7, roles = $8,
    first_party = $9, access_seconds = $10, epoch = $11, enabled = $12, put_secret = $13
where id = $1";

const SUBJECT_TAKEN: &str = "
select 1
from person
where subject = $1";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[CLIENT_FIND, CLIENT_LIST, CLIENT_ADD, CLIENT_LOCK, CLIENT_SET, SUBJECT_TAKEN];

pub(crate) async fn find(tx: &Tx, id: &str) -> Result<Option<ClientRow>, DbError> {
    tx.query(CLIENT_FIND, &[Value::Text(id)]).await?.first().map(client).transpose()
}

/// The same, to be changed in this transaction.
pub(super) async fn find_to_change(tx: &Tx, id: &str) -> Result<Option<ClientRow>, DbError> {
    tx.execute(CLIENT_LOCK, &[Value::Text(id)]).await?;
    find(tx, id).await
}

pub(super) async fn list(tx: &Tx) -> Result<Vec<ClientRow>, DbError> {
    tx.query(CLIENT_LIST, &[]).await?.iter().map(client).collect()
}

/// Whether it was added; false if the id exists.
pub(super) async fn add(tx: &Tx, row: &ClientRow) -> Result<bool, DbError> {
    let lists = Lists::of(row);
    let mut values = lists.values(row).to_vec();
    values.push(Value::Int(row.created_at.micros()));
    Ok(tx.execute(CLIENT_ADD, &values).await? == 1)
}

pub(super) async fn set(tx: &Tx, row: &ClientRow) -> Result<(), DbError> {
    tx.execute(CLIENT_SET, &Lists::of(row).values(row)).await.map(drop)
}

/// Whether a user's objects have this name as their owner.
pub(super) async fn is_subject(tx: &Tx, name: &str) -> Result<bool, DbError> {
    Ok(!tx.query(SUBJECT_TAKEN, &[Value::Text(name)]).await?.is_empty())
}

struct Lists {
    redirect_uris: String,
    post_logout_redirect_uris: String,
    scopes: String,
    roles: String,
}

impl Lists {
    fn of(row: &ClientRow) -> Lists {
        Lists {
            redirect_uris: list_text(&row.redirect_uris),
            post_logout_redirect_uris: list_text(&row.post_logout_redirect_uris),
            scopes: list_text(&row.scopes),
            roles: list_text(&row.roles),
        }
    }

    fn values<'a>(&'a self, row: &'a ClientRow) -> [Value<'a>; 13] {
        [
            Value::Text(&row.id),
            Value::Text(&row.name),
            Value::Text(kind_name(row.kind)),
            row.secret.as_deref().map_or(Value::Null, Value::Bytes),
            Value::Text(&self.redirect_uris),
            Value::Text(&self.post_logout_redirect_uris),
            Value::Text(&self.scopes),
            Value::Text(&self.roles),
            Value::Int(row.first_party.into()),
            Value::Int(row.access_seconds),
            Value::Int(row.epoch.cast_signed()),
            Value::Int(row.enabled.into()),
            row.put_secret.as_deref().map_or(Value::Null, Value::Bytes),
        ]
    }
}

fn client(row: &Row) -> Result<ClientRow, DbError> {
    let kind = kind_of(row.text(2)?).ok_or_else(|| DbError::shape("a client of an unknown kind"))?;
    let bytes = |column| row.bytes(column).map(<[u8]>::to_vec).ok();
    Ok(ClientRow {
        id: row.text(0)?.to_owned(),
        name: row.text(1)?.to_owned(),
        kind,
        secret: bytes(3),
        put_secret: bytes(12),
        redirect_uris: list_of(row, 4)?,
        post_logout_redirect_uris: list_of(row, 5)?,
        scopes: list_of(row, 6)?,
        roles: list_of(row, 7)?,
        first_party: row.int(8)? != 0,
        access_seconds: row.int(9)?,
        epoch: row.int(10)?.unsigned_abs(),
        enabled: row.int(11)? != 0,
        created_at: Timestamp::from_micros(row.int(13)?),
    })
}
