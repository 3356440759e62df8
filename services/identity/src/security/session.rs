//! The user's sessions and consents.

use access::RevokedWhat;
use identity_api::{IdentityError, Refusal};
use platform::db::{Tx, Value};
use serde_json::json;

use super::{Actor, Done};
use crate::IdentityService;
use crate::change::Told;
use crate::devices;
use crate::sessions::SessionId;
use crate::tokens::ending::Of;

const CONSENT_REMOVE: &str = "
delete from consent
where person = $1 and client = $2";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[CONSENT_REMOVE];

impl IdentityService {
    pub(super) async fn log_out_here(&self, tx: &Tx, actor: &Actor) -> Result<Done, IdentityError> {
        self.end_one(tx, actor, actor.session.id).await
    }

    pub(super) async fn end_session_of(&self, tx: &Tx, actor: &Actor, id: &str) -> Result<Done, IdentityError> {
        let id: SessionId = id.parse().map_err(|_| Refusal::not_found("session", id))?;
        self.end_one(tx, actor, id).await
    }

    async fn end_one(&self, tx: &Tx, actor: &Actor, id: SessionId) -> Result<Done, IdentityError> {
        let ended = self.session_end(tx, actor.person.id, id).await?;
        let revoked = ended.ok_or_else(|| Refusal::not_found("session", id.to_string()))?;
        if id != actor.session.id {
            // Ending it from elsewhere may mean that the user does not trust that browser.
            devices::forget_one(tx, actor.person.id, id).await?;
        }
        let told = session_ended(Told::nothing(), actor, id).revoked(revoked);
        Ok(Done { told, over: id == actor.session.id, ..Done::default() })
    }

    pub(super) async fn end_other_sessions(&self, tx: &Tx, actor: &Actor) -> Result<Done, IdentityError> {
        let ended = self.sessions_end(tx, actor.person.id, actor.session.id).await?;
        let told = ended.into_iter().fold(Told::nothing(), |told, id| {
            session_ended(told, actor, id).revoked(RevokedWhat::Session { session: id.to_string() })
        });
        Ok(Done { told, ..Done::default() })
    }

    /// Everything issued to the client for this user ends with it, and nothing else.
    pub(super) async fn withdraw_consent(&self, tx: &Tx, actor: &Actor, client: &str) -> Result<Done, IdentityError> {
        let id = actor.person.id.to_bytes();
        let values = [Value::Bytes(&id), Value::Text(client)];
        if tx.execute(CONSENT_REMOVE, &values).await? == 0 {
            return Err(Refusal::not_found("consent", client).into());
        }
        let data = json!({ "client": client });
        let told = Told::nothing().event("identity.consent.withdrawn", actor.person.id.to_string(), data);
        let told = self.end_families(tx, Of::Consent { person: &id, client }, told).await?;
        Ok(Done { told, ..Done::default() })
    }
}

fn session_ended(told: Told, actor: &Actor, id: SessionId) -> Told {
    told.event("identity.session.ended", actor.person.id.to_string(), json!({ "session": id.to_string() }))
}
