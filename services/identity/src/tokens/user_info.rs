//! What a client may know about the user whose access token it holds.

use identity_api::{IdentityError, OAuthError, UserInfo};
use kernel::Secret;

use super::{refused, scopes};
use crate::IdentityService;

impl IdentityService {
    pub(super) async fn about_person(&self, token: &Secret) -> Result<UserInfo, IdentityError> {
        let tx = self.db.read().await?;
        let invalid = || refused(OAuthError::InvalidToken, "the token is not valid, or no longer valid");
        let alive = self.good_token(&tx, token.expose()).await?.ok_or_else(invalid)?;
        tx.commit().await?;
        let has = |scope: &str| alive.claims.scope.split(' ').any(|own| own == scope);
        let person = alive.person.filter(|_| has(scopes::OPENID));
        let person =
            person.ok_or_else(|| refused(OAuthError::InsufficientScope, "the token lacks the scope openid"))?;
        Ok(UserInfo {
            sub: person.subject,
            name: person.name.filter(|_| has(scopes::PROFILE)),
            preferred_username: Some(person.username).filter(|_| has(scopes::PROFILE)),
            email: person.email.filter(|_| has(scopes::EMAIL)),
            phone_number: person.phone.filter(|_| has(scopes::PHONE)),
        })
    }
}
