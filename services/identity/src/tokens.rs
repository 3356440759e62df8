//! OAuth 2.1 and OpenID Connect: how programs get tokens, for themselves or for users, and how those end.
//!
//! Invariants: a code and a refresh token work once, and a second use ends everything from the same authorization;
//! nothing is sent to a URL that the client has not registered exactly; PKCE with S256 is required from everybody;
//! everything invalid gets one answer, whatever the reason. Start reading at `authorize`, then `code`, then `refresh`.

mod alive;
mod asked;
mod authorize;
mod back;
mod claims;
mod code;
mod consent;
mod credentials;
pub(crate) mod ending;
mod expected;
mod family;
mod introspect;
mod issue;
mod issued;
mod logout;
mod person;
mod refresh;
mod revoke;
pub(crate) mod scopes;
mod session;
mod user_info;

use async_trait::async_trait;
use identity_api::{
    Authorize, AuthorizeReply, Consent, Discovery, EndSession, EndSessionReply, Grant, IdentityError, Introspect,
    Introspection, OAuthError, Refusal, RevokeToken, TokenReply, TokenRequest, Tokens, UserInfo,
};
use kernel::{Ctx, Secret};

use crate::IdentityService;
pub(crate) use issued::Issued;

#[async_trait]
impl Tokens for IdentityService {
    async fn authorize(&self, ctx: &Ctx, command: Authorize) -> Result<AuthorizeReply, IdentityError> {
        self.in_time(ctx, self.ask_for_code(&command)).await
    }

    async fn consent(&self, ctx: &Ctx, command: Consent) -> Result<AuthorizeReply, IdentityError> {
        self.in_time(ctx, self.take_consent(&command)).await
    }

    async fn token(&self, ctx: &Ctx, command: TokenRequest) -> Result<TokenReply, IdentityError> {
        crate::count::grant(self.in_time(ctx, self.grant(ctx, command)).await)
    }

    async fn introspect(&self, ctx: &Ctx, command: Introspect) -> Result<Introspection, IdentityError> {
        self.in_time(ctx, self.look_into(&command.client, &command.token)).await
    }

    async fn revoke(&self, ctx: &Ctx, command: RevokeToken) -> Result<(), IdentityError> {
        self.in_time(ctx, self.revoke_token(&command)).await
    }

    async fn user_info(&self, ctx: &Ctx, token: Secret) -> Result<UserInfo, IdentityError> {
        self.in_time(ctx, self.about_person(&token)).await
    }

    async fn end_session(&self, ctx: &Ctx, command: EndSession) -> Result<EndSessionReply, IdentityError> {
        self.in_time(ctx, self.log_out_for_client(&command)).await
    }

    async fn discovery(&self, ctx: &Ctx) -> Result<Discovery, IdentityError> {
        self.in_time(ctx, self.discover()).await
    }
}

impl IdentityService {
    async fn grant(&self, ctx: &Ctx, command: TokenRequest) -> Result<TokenReply, IdentityError> {
        self.keep_keys_or_warn().await;
        let (auth, origin) = (&command.client, &command.origin);
        match command.grant {
            Grant::AuthorizationCode { code, redirect_uri, code_verifier } => {
                self.redeem_code(auth, &code, redirect_uri.as_deref(), code_verifier.as_ref(), origin).await
            }
            Grant::RefreshToken { refresh_token, scope } => {
                self.refresh(auth, &refresh_token, scope.as_deref(), origin).await
            }
            Grant::ClientCredentials { scope } => {
                self.client_credentials(ctx, auth, scope.as_deref(), None, origin).await
            }
            Grant::AtRoom { room } => self.client_credentials(ctx, auth, None, Some(&room), origin).await,
            Grant::Other(_) => Err(refused(OAuthError::UnsupportedGrantType, "this grant is not offered here")),
        }
    }

    async fn discover(&self) -> Result<Discovery, IdentityError> {
        self.keep_keys_or_warn().await;
        let look = async { crate::keys::published(&self.db.read().await?).await };
        let keys = look.await?;
        let scopes = scopes::OF_PEOPLE.map(str::to_owned).to_vec();
        Ok(Discovery { issuer: self.config.issuer.clone(), keys, scopes })
    }
}

fn refused(error: OAuthError, description: &str) -> IdentityError {
    Refusal::oauth(error, description).into()
}

/// One answer for codes and refresh tokens that are unknown, used, expired, another client's, or from something that
/// ended.
fn invalid_grant() -> IdentityError {
    refused(OAuthError::InvalidGrant, "the grant is not valid, or no longer valid")
}

/// Every statement: a test prepares each one on both engines.
#[cfg(test)]
pub(crate) const SQL: &[&str] = &{
    let parts: [&[&str]; 9] = [
        person::SQL,
        session::SQL,
        family::SQL,
        code::SQL,
        refresh::SQL,
        ending::SQL,
        consent::SQL,
        alive::SQL,
        revoke::SQL,
    ];
    let mut all = [""; 64];
    let (mut part, mut count) = (0, 0);
    while part < parts.len() {
        let mut place = 0;
        while place < parts[part].len() {
            all[count] = parts[part][place];
            place += 1;
            count += 1;
        }
        part += 1;
    }
    all
};

#[cfg(test)]
pub(crate) mod tests;
