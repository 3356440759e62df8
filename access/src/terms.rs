//! The terms as they were told, made ready for use: keys that can be asked, roles by name, rules that are compiled.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::{Clock, Permission, Principal, PrincipalKind, Proof, RulesInForce, Secret, Timestamp, TokenScope};

use crate::keys::{KeyError, Keys};
use crate::rules::{RuleError, RuleSet};
use crate::{ACR_MFA, Claims, Terms, TokenRefusal, Vocabulary};

pub(crate) struct Ready {
    pub(crate) version: u64,
    /// Another one for each set of terms that was taken over, whatever their version.
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

    /// Whether what was signed was signed for us, and whom it speaks of under these terms.
    pub(crate) fn principal(&self, claims: &Claims, token: &Arc<Secret>) -> Result<Principal, TokenRefusal> {
        if claims.iss != self.issuer {
            return Err(TokenRefusal::WrongIssuer);
        }
        if claims.aud != self.audience {
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

    /// A role that is gone grants nothing.
    fn permissions<'a>(&'a self, roles: &'a [String]) -> impl Iterator<Item = Permission> + 'a {
        roles.iter().filter_map(|role| self.roles.get(role)).flatten().cloned()
    }
}

/// Scopes of OpenID Connect say what a client learns about a person, and open nothing here.
fn scopes(scope: &str) -> Arc<[TokenScope]> {
    scope.split(' ').filter_map(|word| word.parse().ok()).collect()
}

/// Which factors count, and for what, is decided where the token is made; `amr` also tells of a mailbox that opened the account.
fn proof(at: i64, acr: Option<&str>) -> Proof {
    Proof { at: Timestamp::EPOCH.plus_seconds(at), second_factor: acr == Some(ACR_MFA) }
}
