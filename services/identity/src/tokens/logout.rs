//! A client sends the user here to log out. One of our id tokens, expired or not, proves that it is about this user;
//! without one, or if it does not match, our page asks the user.

use identity_api::{EndSession, EndSessionReply, IdentityError, UserId};
use kernel::Secret;
use platform::db::Tx;
use serde_json::json;

use super::back::with_query;
use super::claims::{ID_TOKEN_TYPE, IdClaims};
use super::person;
use crate::IdentityService;
use crate::change::Told;
use crate::clients::{self, ClientRow};
use crate::sessions::SessionId;

struct Hint {
    session: SessionId,
    person: UserId,
    client: ClientRow,
}

impl IdentityService {
    pub(super) async fn log_out_for_client(&self, command: &EndSession) -> Result<EndSessionReply, IdentityError> {
        let tx = self.db.read().await?;
        let present = self.browsers_session(&tx, command.session.as_ref()).await?;
        let Some(hint) = self.hint(&tx, command.id_token_hint.as_ref()).await? else {
            return Ok(if present.is_some() { EndSessionReply::Ask } else { EndSessionReply::Ended });
        };
        // A different user is at the browser now, or the hint is another client's.
        let other_session = present.is_some_and(|present| present.kept.id != hint.session);
        let other_client = command.client_id.as_ref().is_some_and(|id| *id != hint.client.id);
        let Some(reply) = answer(command, &hint.client).filter(|_| !other_session && !other_client) else {
            return Ok(EndSessionReply::Ask);
        };
        tx.commit().await?;
        self.end_hinted(&hint).await?;
        Ok(reply)
    }

    async fn end_hinted(&self, hint: &Hint) -> Result<(), IdentityError> {
        let tx = self.begin().await?;
        let ended = self.session_end(&tx, hint.person, hint.session).await?;
        if let Some(revoked) = ended {
            let data = json!({"session": hint.session.to_string(), "client": hint.client.id});
            let told = Told::nothing().event("identity.session.ended", hint.person.to_string(), data);
            self.commit(tx, told.revoked(revoked)).await?;
        }
        Ok(())
    }

    /// Its age does not matter: it only identifies the session and grants nothing.
    async fn hint(&self, tx: &Tx, token: Option<&Secret>) -> Result<Option<Hint>, IdentityError> {
        let Some(token) = token else { return Ok(None) };
        let claims = self.signed_by_us::<IdClaims>(tx, token.expose(), ID_TOKEN_TYPE).await?;
        let Some(claims) = claims.filter(|claims| claims.iss == self.config.issuer) else { return Ok(None) };
        let client = clients::find(tx, &claims.aud).await?;
        let person = person::by_subject(tx, &claims.sub).await?;
        let (Ok(session), Some(client), Some(person)) = (claims.sid.parse(), client, person) else { return Ok(None) };
        Ok(Some(Hint { session, person: UserId::from_bytes(person.id), client }).filter(|hint| hint.client.enabled))
    }
}

/// `None`: the client has not registered the URL for afterwards.
fn answer(command: &EndSession, client: &ClientRow) -> Option<EndSessionReply> {
    let Some(uri) = &command.post_logout_redirect_uri else { return Some(EndSessionReply::Ended) };
    if !client.post_logout_redirect_uris.contains(uri) {
        return None;
    }
    let state: Vec<(&str, &str)> = command.state.iter().map(|state| ("state", state.as_str())).collect();
    Some(EndSessionReply::Redirect { to: with_query(uri, &state) })
}
