//! A family: everything from one authorization. It has one code, perhaps a line of refresh tokens, and the access
//! tokens of both.

use kernel::Timestamp;
use platform::db::{DbError, Row, Tx, Value};

use super::claims::Proved;
use super::person::{self, Person};
use super::session;
use crate::clients::ClientRow;
use crate::store::{list_of, list_text};

const FAMILY_ADD: &str = "
insert into grant_family (id, client, client_epoch, person, person_epoch, session, scopes, auth_time, amr, second_factor,
    uses, began_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12)";

/// Locks the row: concurrent uses of the same family have to wait.
const FAMILY_USE: &str = "
update grant_family
set uses = uses + 1
where id = $1
returning id, client, client_epoch, person, person_epoch, session, scopes, auth_time, amr, second_factor, ended_at";

const FAMILY_FIND: &str = "
select id, client, client_epoch, person, person_epoch, session, scopes, auth_time, amr, second_factor, ended_at
from grant_family
where id = $1";

const TOKEN_ADD: &str = "
insert into family_token (jti, family, expires_at)
values ($1, $2, $3)";

const TOKEN_CLEAR: &str = "
delete from family_token
where family = $1
    and expires_at <= $2";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[FAMILY_ADD, FAMILY_USE, FAMILY_FIND, TOKEN_ADD, TOKEN_CLEAR];

#[derive(Debug, Clone)]
pub(super) struct Family {
    pub(super) id: [u8; 16],
    pub(super) client: String,
    pub(super) client_epoch: u64,
    pub(super) person: [u8; 16],
    pub(super) person_epoch: u64,
    pub(super) session: [u8; 16],
    pub(super) scopes: Vec<String>,
    pub(super) proved: Proved,
    pub(super) ended: bool,
}

impl Family {
    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }

    /// When its last refresh token expires: counted from the login, however often it was refreshed.
    pub(super) fn refresh_ends_at(&self, refresh_seconds: i64) -> Timestamp {
        self.proved.auth_time.plus_seconds(refresh_seconds)
    }

    /// The user, if everything the family depends on is unchanged: its client, its user and the session.
    pub(super) async fn stands(&self, tx: &Tx, client: &ClientRow) -> Result<Option<Person>, DbError> {
        let same_client = client.id == self.client && client.enabled && client.epoch == self.client_epoch;
        if self.ended || !same_client || !session::goes_on(tx, &self.session).await? {
            return Ok(None);
        }
        let person = person::find(tx, &self.person).await?;
        Ok(person.filter(|person| person.epoch == self.person_epoch))
    }
}

pub(super) async fn add(tx: &Tx, family: &Family, now: Timestamp, expires_at: Timestamp) -> Result<(), DbError> {
    let (scopes, amr) = (list_text(&family.scopes), list_text(&family.proved.amr));
    let values = [
        Value::Bytes(&family.id),
        Value::Text(&family.client),
        Value::Int(family.client_epoch.cast_signed()),
        Value::Bytes(&family.person),
        Value::Int(family.person_epoch.cast_signed()),
        Value::Bytes(&family.session),
        Value::Text(&scopes),
        Value::Int(family.proved.auth_time.micros()),
        Value::Text(&amr),
        Value::Int(family.proved.second_factor.into()),
        Value::Int(now.micros()),
        Value::Int(expires_at.micros()),
    ];
    tx.execute(FAMILY_ADD, &values).await.map(drop)
}

/// Before using something of it: nobody else can until this transaction ends.
pub(super) async fn hold(tx: &Tx, id: &[u8; 16]) -> Result<Family, DbError> {
    let rows = tx.query(FAMILY_USE, &[Value::Bytes(id)]).await?;
    family(rows.first().ok_or_else(|| DbError::shape("a family is missing"))?)
}

pub(super) async fn find(tx: &Tx, id: &[u8; 16]) -> Result<Family, DbError> {
    let rows = tx.query(FAMILY_FIND, &[Value::Bytes(id)]).await?;
    family(rows.first().ok_or_else(|| DbError::shape("a family is missing"))?)
}

/// Records an access token, so that it can end with the family, and forgets expired ones.
pub(super) async fn add_token(
    tx: &Tx,
    family: &[u8; 16],
    jti: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    tx.execute(TOKEN_CLEAR, &[Value::Bytes(family), Value::Int(now.micros())]).await?;
    let values = [Value::Text(jti), Value::Bytes(family), Value::Int(expires_at.micros())];
    tx.execute(TOKEN_ADD, &values).await.map(drop)
}

fn family(row: &Row) -> Result<Family, DbError> {
    let session = row.array(5)?;
    Ok(Family {
        id: row.array(0)?,
        client: row.text(1)?.to_owned(),
        client_epoch: row.int(2)?.unsigned_abs(),
        person: row.array(3)?,
        person_epoch: row.int(4)?.unsigned_abs(),
        session,
        scopes: list_of(row, 6)?,
        proved: Proved {
            sid: session::sid(session),
            auth_time: Timestamp::from_micros(row.int(7)?),
            amr: list_of(row, 8)?,
            second_factor: row.int(9)? != 0,
        },
        ended: row.int_or_null(10)?.is_some(),
    })
}
