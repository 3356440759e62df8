//! The user that a client expects at the browser: named by one of our id tokens, expired or not (OpenID Connect Core,
//! 3.1.2.1).
//!
//! Invariant: if a hint names a user, no code is issued for anybody else.

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
    /// The user with this subject.
    Person(String),
    /// A user, but the hint is not ours, or so old that this can no longer be verified.
    Unknown,
}

impl Expected {
    /// If the expected user is unknown, it is the user who has just logged in.
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

/// Not `again`, which is for the same user. If a different user logs in anyway, they are not asked forever.
pub(super) fn somebody_else(asked: &Asked, logged_in: bool) -> AuthorizeReply {
    if logged_in {
        return asked.back.error(OAuthError::LoginRequired, "a different user than expected logged in");
    }
    log_in(asked, false)
}
