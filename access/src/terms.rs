//! The terms made ready for use: parsed keys, roles by name, compiled rules.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::{Clock, Permission, Principal, PrincipalKind, Proof, RulesInForce, Secret, Timestamp, TokenScope};

use crate::keys::{KeyError, Keys};
use crate::rules::{RuleError, RuleSet};
use crate::{ACR_MFA, Claims, Terms, TokenRefusal, Vocabulary};

pub(crate) struct Ready {
    pub(crate) version: u64,
    /// Different for every set of terms adopted, whatever the version.
    pub(crate) generation: u64,
    pub(crate) keys: Keys,
    issuer: String,
    audience: String,
    roles: HashMap<String, Vec<Permission>>,
    rules: RulesInForce,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum TermsError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Rule(#[from] RuleError),
}

impl Ready {
    pub(crate) fn of(
        terms: Terms,
        version: u64,
        generation: u64,
        words: &Vocabulary,
        clock: Arc<dyn Clock>,
    ) -> Result<Ready, TermsError> {
        let rules = RuleSet::compile(&terms.policies, &terms.zone, words, clock)?;
        Ok(Ready {
            version,
            generation,
            keys: Keys::of(&terms.keys)?,
            issuer: terms.issuer,
            audience: terms.audience,
            roles: terms.roles.into_iter().map(|role| (role.name, role.permissions)).collect(),
            rules: RulesInForce(Arc::new(rules)),
        })
    }

    /// Whether the claims are meant for us, and the principal under these terms.
    pub(crate) fn principal(&self, claims: &Claims, token: &Arc<Secret>) -> Result<Principal, TokenRefusal> {
        if claims.iss != self.issuer {
            return Err(TokenRefusal::WrongIssuer);
        }
        if claims.aud != self.audience && self.room_of(&claims.aud).is_none() {
            return Err(TokenRefusal::WrongAudience);
        }
        let kind = PrincipalKind::of_token(&claims.kind).ok_or(TokenRefusal::WrongClaims)?;
        if claims.sub.is_empty() || claims.client_id.is_empty() || claims.jti.is_empty() {
            return Err(TokenRefusal::WrongClaims);
        }
        let mut principal = Principal::new(kind, &claims.sub, self.permissions(&claims.roles));
        principal.roles = claims.roles.iter().map(|role| role.as_str().into()).collect();
        principal.scopes = Some(scopes(&claims.scope));
        principal.client = Some(claims.client_id.as_str().into());
        principal.session = claims.sid.as_deref().map(Into::into);
        principal.proof = claims.auth_time.map(|at| proof(at, claims.acr.as_deref()));
        principal.token = Some(Arc::clone(token));
        principal.rules = Some(self.rules.clone());
        Ok(principal)
    }

    /// Whether a token with this audience is valid where `service` is called, or at the edge. A room's token for another room
    /// names that room, and is valid nowhere else; parts of a room are served under its name and a dash.
    pub(crate) fn is_for(&self, audience: &str, service: Option<&str>) -> bool {
        if audience == self.audience {
            return true;
        }
        let (Some(room), Some(service)) = (self.room_of(audience), service) else { return false };
        service.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    fn room_of<'a>(&self, audience: &'a str) -> Option<&'a str> {
        audience.strip_prefix(&self.audience)?.strip_prefix('/').filter(|room| !room.is_empty())
    }

    /// A service without a token: it is in this process.
    pub(crate) fn service(&self, id: &str) -> Principal {
        // The second one is the room's own, if it has one.
        let roles = [PrincipalKind::Service.name().to_owned(), id.to_owned()];
        let mut principal = Principal::new(PrincipalKind::Service, id, self.permissions(&roles));
        principal.roles =
            roles.iter().filter(|role| self.roles.contains_key(*role)).map(|role| role.as_str().into()).collect();
        principal.client = Some(id.into());
        principal.rules = Some(self.rules.clone());
        principal
    }

    /// A removed role grants nothing.
    fn permissions<'a>(&'a self, roles: &'a [String]) -> impl Iterator<Item = Permission> + 'a {
        roles.iter().filter_map(|role| self.roles.get(role)).flatten().cloned()
    }
}

/// OpenID Connect scopes control what a client learns about a user, and grant no access here.
fn scopes(scope: &str) -> Arc<[TokenScope]> {
    scope.split(' ').filter_map(|word| word.parse().ok()).collect()
}

/// Which factors count is decided where the token is made; `amr` also mentions a mailbox that opened the account.
fn proof(at: i64, acr: Option<&str>) -> Proof {
    Proof { at: Timestamp::EPOCH.plus_seconds(at), second_factor: acr == Some(ACR_MFA) }
}
