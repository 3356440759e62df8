//! Whom a client expects at the browser: an id token of ours says it, expired or not (OpenID Connect Core, 3.1.2.1).
//!
//! Invariant: where a hint names somebody, no code is given for anybody else.

use identity_api::{Authorize, AuthorizeReply, IdentityError, OAuthError};
use platform::db::Tx;

use super::asked::Asked;
use super::authorize::log_in;
use super::claims::{ID_TOKEN_TYPE, IdClaims};
use super::person::Person;
use crate::IdentityService;
use crate::clients::ClientRow;

pub(super) enum Expected {
    Anybody,
    /// The person of this subject.
    Person(String),
    /// Somebody, but the hint is not ours or too old to be told from one that is not.
    Unknown,
}

impl Expected {
    /// Whom nobody can name is whoever has just logged in.
    pub(super) fn is(&self, person: &Person, logged_in: bool) -> bool {
        match self {
            Expected::Anybody => true,
            Expected::Person(subject) => *subject == person.subject,
            Expected::Unknown => logged_in,
        }
    }
}

impl IdentityService {
    pub(super) async fn expected(
        &self,
        tx: &Tx,
        command: &Authorize,
        client: &ClientRow,
    ) -> Result<Expected, IdentityError> {
        let Some(hint) = &command.id_token_hint else { return Ok(Expected::Anybody) };
        let claims = self.signed_by_us::<IdClaims>(tx, hint.expose(), ID_TOKEN_TYPE).await?;
        let ours = claims.filter(|claims| claims.iss == self.config.issuer && claims.aud == client.id);
        Ok(ours.map_or(Expected::Unknown, |claims| Expected::Person(claims.sub)))
    }
}

/// Not `again`, which is for the same person. Whoever logged in as somebody else all the same is not asked for ever.
pub(super) fn somebody_else(asked: &Asked, logged_in: bool) -> AuthorizeReply {
    if logged_in {
        return asked.back.error(OAuthError::LoginRequired, "somebody else logged in than was expected");
    }
    log_in(asked, false)
}
