//! Tokens for a user, from a valid family: an access token, and whatever else the scopes request.

use access::{Claims, TOKEN_TYPE};
use identity_api::{ClientAuth, IdentityError, Origin, TokenReply};
use kernel::{Secret, Timestamp};
use platform::db::Tx;
use serde_json::json;

use super::claims::{Holder, ID_TOKEN_TYPE, IdClaims, at_hash};
use super::credentials::{count, reply, told_issued};
use super::ending::Of;
use super::family::{self, Family};
use super::person::{self, Person};
use super::{invalid_grant, refresh, scopes};
use crate::IdentityService;
use crate::change::Told;
use crate::clients::ClientRow;

pub(super) struct Issue {
    pub(super) client: ClientRow,
    pub(super) family: Family,
    pub(super) person: Person,
    /// Of this access token; perhaps fewer than the family's.
    pub(super) scopes: Vec<String>,
    pub(super) nonce: Option<String>,
    /// The refresh token that is being used.
    pub(super) parent: Option<[u8; 32]>,
    pub(super) grant: &'static str,
}

impl IdentityService {
    pub(super) async fn authenticated_now(&self, auth: &ClientAuth) -> Result<ClientRow, IdentityError> {
        let tx = self.db.read().await?;
        let client = self.authenticated(&tx, auth).await?;
        tx.commit().await?;
        Ok(client)
    }

    /// Creates the tokens and ends the transaction: they are valid from its commit on.
    pub(super) async fn issue(&self, tx: Tx, issue: Issue, origin: &Origin) -> Result<TokenReply, IdentityError> {
        let roles = person::roles(&tx, &issue.person).await?;
        let signer = self.signer(&tx).await?;
        let claims = self.access_claims(&issue.client, holder(&issue, roles), &issue.scopes);
        let token = signer.sign(TOKEN_TYPE, &claims)?;
        let id_token = match issue.scopes.iter().any(|scope| scope == scopes::OPENID) {
            true => Some(Secret::new(signer.sign(ID_TOKEN_TYPE, &id_claims(&issue, &claims, &token))?)),
            false => None,
        };
        let now = self.clock.now();
        let expires_at = Timestamp::EPOCH.plus_seconds(claims.exp);
        family::add_token(&tx, &issue.family.id, &claims.jti, now, expires_at).await?;
        let refresh_token = self.refresh_for(&tx, &issue, now).await?;
        let mut told = Told::nothing();
        told.events.push(told_issued(&claims, issue.grant, origin));
        self.commit(tx, told).await?;
        count(issue.grant);
        Ok(TokenReply { refresh_token, id_token, ..reply(token, &claims) })
    }

    async fn refresh_for(&self, tx: &Tx, issue: &Issue, now: Timestamp) -> Result<Option<Secret>, IdentityError> {
        let ends_at = issue.family.refresh_ends_at(self.config.refresh_seconds);
        if !issue.family.has_scope(scopes::OFFLINE) || ends_at <= now {
            return Ok(None);
        }
        let parent = issue.parent.as_ref();
        refresh::add(tx, &issue.family.id, parent, now).await.map(Some).map_err(IdentityError::from)
    }

    /// A code or refresh token was used a second time: one of its two holders is a thief, and neither keeps anything.
    pub(super) async fn stolen(
        &self,
        tx: Tx,
        family: &Family,
        kind: &'static str,
    ) -> Result<IdentityError, IdentityError> {
        tracing::warn!(client = family.client, session = family.proved.sid, kind, "a family of tokens was ended");
        let user = identity_api::UserId::from_bytes(family.person);
        let data = json!({"client": family.client, "session": family.proved.sid, "user": user});
        let told = Told::nothing().event(kind, family.client.clone(), data);
        let told = self.end_families(&tx, Of::Family(&family.id), told).await?;
        self.commit(tx, told).await?;
        Ok(invalid_grant())
    }
}

fn holder(issue: &Issue, roles: Vec<String>) -> Holder<'_> {
    Holder {
        subject: &issue.person.subject,
        kind: &issue.person.kind,
        roles,
        epoch: issue.person.epoch,
        proved: Some(&issue.family.proved),
    }
}

fn id_claims(issue: &Issue, access: &Claims, token: &str) -> IdClaims {
    let proved = &issue.family.proved;
    IdClaims {
        iss: access.iss.clone(),
        sub: access.sub.clone(),
        aud: issue.client.id.clone(),
        exp: access.exp,
        iat: access.iat,
        auth_time: super::claims::seconds(proved.auth_time),
        nonce: issue.nonce.clone(),
        acr: proved.acr().to_owned(),
        amr: proved.amr.clone(),
        at_hash: at_hash(token),
        sid: proved.sid.clone(),
    }
}
