//! Whether a returned access token is valid: everything that a verifier checks, and what only the rows can tell.

use access::{Claims, RevokedWhat, TOKEN_TYPE};
use identity_api::IdentityError;
use kernel::PrincipalKind;
use platform::db::{DbError, Tx, Value};

use super::claims::seconds;
use super::person::{self, Person};
use super::session;
use crate::IdentityService;
use crate::clients::{self, ClientRow};
use crate::sessions::SessionId;

const REVOKED: &str = "
select 1
from revocation
where what = $1
    and until_at > $2
limit 1";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[REVOKED];

pub(super) struct Alive {
    pub(super) claims: Claims,
    /// `None`: the client acts for itself.
    pub(super) person: Option<Person>,
}

impl IdentityService {
    pub(super) async fn good_token(&self, tx: &Tx, token: &str) -> Result<Option<Alive>, IdentityError> {
        match self.signed_by_us::<Claims>(tx, token, TOKEN_TYPE).await? {
            Some(claims) if self.is_in_time(&claims) => self.stands(tx, claims).await.map_err(IdentityError::from),
            _ => Ok(None),
        }
    }

    fn is_in_time(&self, claims: &Claims) -> bool {
        let now = seconds(self.clock.now());
        let of_room = claims.aud.strip_prefix(&self.config.audience).is_some_and(|rest| rest.starts_with('/'));
        let ours = claims.iss == self.config.issuer && (claims.aud == self.config.audience || of_room);
        ours && claims.nbf <= now && now < claims.exp
    }

    async fn stands(&self, tx: &Tx, claims: Claims) -> Result<Option<Alive>, DbError> {
        let client = clients::find(tx, &claims.client_id).await?;
        let same = |client: &ClientRow| client.enabled && client.epoch == claims.client_epoch;
        if !client.is_some_and(|client| same(&client)) {
            return Ok(None);
        }
        if self.is_revoked(tx, &claims.jti).await? {
            return Ok(None);
        }
        let person = match (&claims.sid, claims.kind == PrincipalKind::Service.name()) {
            (None, true) => None,
            (Some(sid), false) => match person_of(tx, &claims, sid).await? {
                Some(person) => Some(person),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(Alive { claims, person }))
    }

    pub(super) async fn is_revoked(&self, tx: &Tx, jti: &str) -> Result<bool, DbError> {
        let what = RevokedWhat::Token { jti: jti.to_owned() };
        let what = serde_json::to_string(&what).map_err(|error| DbError::shape(error.to_string()))?;
        let values = [Value::Text(&what), Value::Int(self.clock.now().micros())];
        Ok(!tx.query(REVOKED, &values).await?.is_empty())
    }
}

async fn person_of(tx: &Tx, claims: &Claims, sid: &str) -> Result<Option<Person>, DbError> {
    let Ok(id) = sid.parse::<SessionId>() else { return Ok(None) };
    if !session::goes_on(tx, &id.to_bytes()).await? {
        return Ok(None);
    }
    let person = person::by_subject(tx, &claims.sub).await?;
    Ok(person.filter(|person| person.epoch == claims.epoch))
}
