//! A program gets a token for itself: client credentials (RFC 6749, 4.4). There is no refresh token; it has its secret.

use access::{Claims, TOKEN_TYPE};
use identity_api::{ClientAuth, ClientKind, IdentityError, OAuthError, Origin, Refusal, TokenReply};
use kernel::{Ctx, PrincipalKind, Secret};
use platform::feed::NewEvent;
use serde_json::json;

use super::claims::Holder;
use super::scopes;
use crate::IdentityService;
use crate::clients::ClientRow;

impl IdentityService {
    pub(super) async fn client_credentials(
        &self,
        ctx: &Ctx,
        auth: &ClientAuth,
        scope: Option<&str>,
        room: Option<&str>,
        origin: &Origin,
    ) -> Result<TokenReply, IdentityError> {
        let tx = self.db.read().await?;
        let client = self.authenticated(&tx, auth).await?;
        if client.kind != ClientKind::Service {
            let description = "this client acts for people and not for itself";
            return Err(Refusal::oauth(OAuthError::UnauthorizedClient, description).into());
        }
        let scopes = scopes::granted(&client.scopes, scope)?;
        let signer = self.signer(&tx).await?;
        tx.commit().await?;
        let mut claims = self.access_claims(&client, itself(&client), &scopes);
        if let Some(room) = room {
            // Nothing but that room accepts it.
            claims.aud = format!("{}/{room}", self.config.audience);
        }
        let token = signer.sign(TOKEN_TYPE, &claims)?;
        self.issued.tell(told_issued(&claims, "client_credentials", origin), &*self.clock, ctx.deadline).await?;
        count("client_credentials");
        Ok(reply(token, &claims))
    }
}

pub(super) fn count(grant: &'static str) {
    metrics::counter!("identity_tokens_issued_total", "grant" => grant).increment(1);
}

fn itself(client: &ClientRow) -> Holder<'_> {
    let (kind, epoch) = (PrincipalKind::Service.name(), client.epoch);
    Holder { subject: &client.id, kind, roles: client.roles.clone(), epoch, proved: None }
}

/// The token itself is told to nobody but its client.
pub(super) fn told_issued(claims: &Claims, grant: &str, origin: &Origin) -> NewEvent {
    let data = json!({
        "client": claims.client_id,
        "subject": claims.sub,
        "grant": grant,
        "jti": claims.jti,
        "scope": claims.scope,
        "expires_at": claims.exp,
        "session": claims.sid,
        "address": origin.address,
    });
    NewEvent::new("identity.token.issued", claims.sub.clone(), data)
}

pub(super) fn reply(token: String, claims: &Claims) -> TokenReply {
    TokenReply {
        access_token: Secret::new(token),
        token_type: "Bearer".to_owned(),
        expires_in: claims.exp - claims.iat,
        scope: claims.scope.clone(),
        refresh_token: None,
        id_token: None,
    }
}
