//! A browser requests a code: every way to be sent back, to the login, to the consent page, or on with a code.

use identity_api::{Authorize, AuthorizeReply, IdentityError, OAuthError};
use kernel::{Id, IdKind};
use platform::crypto::{digest, random_token};
use platform::db::Tx;
use serde_json::json;

use super::asked::Asked;
use super::expected::somebody_else;
use super::family::{self, Family};
use super::session::Session;
use super::{code, consent, ending};
use crate::IdentityService;
use crate::change::Told;

/// A code is redeemed at once or never.
const CODE_SECONDS: i64 = 60;
const CODE_BYTES: usize = 32;
/// Tolerance for a verifier whose clock is behind.
const SKEW_SECONDS: i64 = 60;

enum FamilyKind {}

impl IdKind for FamilyKind {
    const PREFIX: &'static str = "fam";
}

/// Everything is there, except perhaps the user's consent.
pub(super) struct Ready {
    pub(super) asked: Asked,
    pub(super) session: Session,
    pub(super) consented: bool,
}

impl IdentityService {
    pub(super) async fn ask_for_code(&self, command: &Authorize) -> Result<AuthorizeReply, IdentityError> {
        let ready = match self.ready(command).await? {
            Ok(ready) => ready,
            Err(reply) => return Ok(reply),
        };
        if ready.consented && !ready.asked.prompt.consent {
            let tx = self.begin().await?;
            if consent::holds(&tx, &ready).await? {
                return self.grant_code(tx, &ready, Told::nothing()).await;
            }
        }
        if ready.asked.prompt.none {
            let description = "the user has not consented to this yet";
            return Ok(ready.asked.back.error(OAuthError::ConsentRequired, description));
        }
        Ok(consent::question(command, &ready))
    }

    /// Client, request and login are valid; otherwise the reply is another page.
    pub(super) async fn ready(&self, command: &Authorize) -> Result<Result<Ready, AuthorizeReply>, IdentityError> {
        let tx = self.db.read().await?;
        let asked = match self.asked(&tx, command).await? {
            Ok(asked) => asked,
            Err(reply) => return Ok(Err(reply)),
        };
        let session = self.browsers_session(&tx, command.session.as_ref()).await?;
        let expected = self.expected(&tx, command, &asked.client).await?;
        if session.as_ref().is_some_and(|session| !expected.is(&session.person, command.logged_in)) {
            return Ok(Err(somebody_else(&asked, command.logged_in)));
        }
        let good = |session: &Session| !asked.wants_proof(&session.proved, self.clock.now());
        let again = session.is_some();
        let Some(session) = session.filter(good) else {
            return Ok(Err(log_in(&asked, again)));
        };
        let person = &session.person;
        let consented = consent::is_given(&tx, person, &asked.client, &asked.scopes).await?;
        tx.commit().await?;
        self.session_seen(&session.kept).await;
        Ok(Ok(Ready { asked, session, consented }))
    }

    /// Begins a family and sends its code. `told` adds events to the same transaction.
    pub(super) async fn grant_code(&self, tx: Tx, ready: &Ready, told: Told) -> Result<AuthorizeReply, IdentityError> {
        let code = random_token(CODE_BYTES);
        let family = self.new_family(ready);
        let now = self.clock.now();
        let row = code::NewCode {
            digest: digest(code.expose()),
            family: family.id,
            redirect_uri: &ready.asked.back.redirect_uri,
            challenge: &ready.asked.challenge,
            nonce: ready.asked.nonce.as_deref(),
            expires_at: now.plus_seconds(CODE_SECONDS),
        };
        let tokens_end = now.plus_seconds(CODE_SECONDS + self.config.access_seconds + SKEW_SECONDS);
        let expires_at = family.refresh_ends_at(self.config.refresh_seconds).max(tokens_end);
        let write = async {
            ending::clear(&tx, now).await?;
            family::add(&tx, &family, now, expires_at).await?;
            code::add(&tx, &row).await
        };
        write.await?;
        let data = json!({"client": family.client, "scopes": family.scopes, "session": family.proved.sid});
        let told = told.event("identity.code.issued", ready.session.person.subject.clone(), data);
        self.commit(tx, told).await?;
        Ok(ready.asked.back.code(&code))
    }

    fn new_family(&self, ready: &Ready) -> Family {
        let Ready { asked, session, .. } = ready;
        let id: Id<FamilyKind> = self.ids.make();
        Family {
            id: id.to_bytes(),
            client: asked.client.id.clone(),
            client_epoch: asked.client.epoch,
            person: session.person.id,
            person_epoch: session.person.epoch,
            session: session.id,
            scopes: asked.scopes.clone(),
            proved: session.proved.clone(),
            ended: false,
        }
    }
}

pub(super) fn log_in(asked: &Asked, again: bool) -> AuthorizeReply {
    if asked.prompt.none {
        return asked.back.error(OAuthError::LoginRequired, "the user has to log in first");
    }
    AuthorizeReply::LogIn { again, second_factor: asked.mfa }
}
