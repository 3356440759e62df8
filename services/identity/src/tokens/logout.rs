//! A client sends the person here to log out. What proves that it is about this person is an id token of ours, expired or not;
//! without one, or where it does not fit, the person is asked by our page.

use identity_api::{EndSession, EndSessionReply, IdentityError};
use kernel::Secret;
use platform::db::Tx;
use serde_json::json;

use super::back::with_query;
use super::claims::{ID_TOKEN_TYPE, IdClaims};
use super::ending::Of;
use super::session;
use crate::IdentityService;
use crate::change::Told;
use crate::clients::{self, ClientRow};
use crate::errors::store_error;

struct Hint {
    session: [u8; 16],
    subject: String,
    client: ClientRow,
}

impl IdentityService {
    pub(super) async fn log_out(&self, command: &EndSession) -> Result<EndSessionReply, IdentityError> {
        let tx = self.begin().await?;
        let present = self.session_of(&tx, command.session.as_ref()).await.map_err(store_error)?;
        let Some(hint) = self.hint(&tx, command.id_token_hint.as_ref()).await? else {
            return Ok(if present.is_some() { EndSessionReply::Ask } else { EndSessionReply::Ended });
        };
        // Somebody else is at the browser now, or the hint is another client's.
        let other_session = present.is_some_and(|present| present.id != hint.session);
        let other_client = command.client_id.as_ref().is_some_and(|id| *id != hint.client.id);
        let Some(reply) = answer(command, &hint.client).filter(|_| !other_session && !other_client) else {
            return Ok(EndSessionReply::Ask);
        };
        if session::end(&tx, &hint.session, self.clock.now()).await.map_err(store_error)? {
            let data = json!({"session": session::sid(hint.session), "client": hint.client.id, "why": "logout"});
            let told = Told::nothing().event("identity.session.ended", hint.subject, data);
            let told = self.end_families(&tx, Of::Session(&hint.session), told).await.map_err(store_error)?;
            self.commit(tx, told).await?;
        }
        Ok(reply)
    }

    /// Its age does not matter: it proves what it is about and lets nobody in.
    async fn hint(&self, tx: &Tx, token: Option<&Secret>) -> Result<Option<Hint>, IdentityError> {
        let Some(token) = token else { return Ok(None) };
        let claims = self.signed_by_us::<IdClaims>(tx, token.expose(), ID_TOKEN_TYPE).await?;
        let Some(claims) = claims.filter(|claims| claims.iss == self.config.issuer) else { return Ok(None) };
        let client = clients::find(tx, &claims.aud).await.map_err(store_error)?;
        let hint = session::id_of(&claims.sid).zip(client.filter(|client| client.enabled));
        Ok(hint.map(|(session, client)| Hint { session, subject: claims.sub, client }))
    }
}

/// None: the client wants the browser back at an address that it has not registered.
fn answer(command: &EndSession, client: &ClientRow) -> Option<EndSessionReply> {
    let Some(uri) = &command.post_logout_redirect_uri else { return Some(EndSessionReply::Ended) };
    if !client.post_logout_redirect_uris.contains(uri) {
        return None;
    }
    let state: Vec<(&str, &str)> = command.state.iter().map(|state| ("state", state.as_str())).collect();
    Some(EndSessionReply::Redirect { to: with_query(uri, &state) })
}
