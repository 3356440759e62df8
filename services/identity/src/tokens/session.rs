//! The browser's session, as far as tokens depend on it.

use identity_api::{IdentityError, Refusal};
use kernel::Secret;
use platform::db::{DbError, Tx, Value};

use super::claims::Proved;
use super::person::{self, Person};
use crate::IdentityService;
use crate::sessions::SessionId;

const SESSION_GOES_ON: &str = "
select 1
from session
where id = $1
    and ended_at is null";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[SESSION_GOES_ON];

#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) id: [u8; 16],
    pub(super) person: Person,
    pub(super) proved: Proved,
    /// The id used by session management.
    pub(super) kept: crate::sessions::Session,
}

impl IdentityService {
    /// The session of a browser's cookie, if it is active and its user may still log in.
    pub(super) async fn browsers_session(
        &self,
        tx: &Tx,
        cookie: Option<&Secret>,
    ) -> Result<Option<Session>, IdentityError> {
        let Some(cookie) = cookie else { return Ok(None) };
        let kept = match self.live_session(tx, cookie).await {
            Err(IdentityError::Refused { refusal: Refusal::NotLoggedIn, .. }) => return Ok(None),
            kept => kept?,
        };
        let person = person::find(tx, &kept.person.to_bytes()).await?;
        let proved = Proved {
            sid: kept.id.to_string(),
            auth_time: kept.auth_time,
            amr: kept.amr.clone(),
            second_factor: kept.second_factor,
        };
        Ok(person.map(|person| Session { id: kept.id.to_bytes(), person, proved, kept }))
    }
}

/// Whether it was not ended. An expired one still counts here: offline access outlives it.
pub(super) async fn goes_on(tx: &Tx, id: &[u8; 16]) -> Result<bool, DbError> {
    Ok(!tx.query(SESSION_GOES_ON, &[Value::Bytes(id)]).await?.is_empty())
}

/// The id used in tokens and events.
pub(super) fn sid(id: [u8; 16]) -> String {
    SessionId::from_bytes(id).to_string()
}
