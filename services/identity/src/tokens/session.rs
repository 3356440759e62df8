//! The browser's session, as far as tokens stand on it.

use kernel::{Secret, Timestamp};
use platform::crypto::digest;
use platform::db::{DbError, Tx, Value};

use super::claims::Proved;
use super::person::{self, Person};
use crate::IdentityService;
use crate::store::list_of;

const SESSION_BY_COOKIE: &str = "
select id, person, auth_time, amr, second_factor
from session
where cookie = $1
    and ended_at is null
    and expires_at > $2
    and seen_at > $3";

const SESSION_GOES_ON: &str = "
select 1
from session
where id = $1
    and ended_at is null";

const SESSION_END: &str = "
update session
set ended_at = $2
where id = $1
    and ended_at is null";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[SESSION_BY_COOKIE, SESSION_GOES_ON, SESSION_END];

#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) id: [u8; 16],
    pub(super) person: Person,
    pub(super) proved: Proved,
}

impl IdentityService {
    /// The session behind a browser's cookie, if it is alive and its person may still come in.
    pub(super) async fn session_of(&self, tx: &Tx, cookie: Option<&Secret>) -> Result<Option<Session>, DbError> {
        let Some(cookie) = cookie else { return Ok(None) };
        let now = self.clock.now();
        let idle = now.plus_seconds(-self.config.session_idle_seconds);
        let digest = digest(cookie.expose());
        let values = [Value::Bytes(&digest), Value::Int(now.micros()), Value::Int(idle.micros())];
        let rows = tx.query(SESSION_BY_COOKIE, &values).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let Some(person) = person::find(tx, &row.array(1)?).await? else { return Ok(None) };
        let id = row.array(0)?;
        let proved = Proved {
            sid: sid(id),
            auth_time: Timestamp::from_micros(row.int(2)?),
            amr: list_of(row, 3)?,
            second_factor: row.int(4)? != 0,
        };
        Ok(Some(Session { id, person, proved }))
    }
}

/// Whether nobody has ended it. One that has run out goes on for this: offline access is what outlives it.
pub(super) async fn goes_on(tx: &Tx, id: &[u8; 16]) -> Result<bool, DbError> {
    Ok(!tx.query(SESSION_GOES_ON, &[Value::Bytes(id)]).await?.is_empty())
}

pub(super) async fn end(tx: &Tx, id: &[u8; 16], now: Timestamp) -> Result<bool, DbError> {
    Ok(tx.execute(SESSION_END, &[Value::Bytes(id), Value::Int(now.micros())]).await? > 0)
}

enum SessionKind {}

impl kernel::IdKind for SessionKind {
    const PREFIX: &'static str = "ses";
}

/// As tokens and events name it.
pub(super) fn sid(id: [u8; 16]) -> String {
    kernel::Id::<SessionKind>::from_bytes(id).to_string()
}

pub(super) fn id_of(sid: &str) -> Option<[u8; 16]> {
    sid.parse::<kernel::Id<SessionKind>>().ok().map(kernel::Id::to_bytes)
}
