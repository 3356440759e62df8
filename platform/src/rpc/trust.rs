//! The principal of a call. The token from which the caller was authenticated is sent along, and verified again where
//! it arrives: a service trusts what was signed, not the process that calls.

use std::sync::Arc;

use kernel::{Ctx, Principal, PrincipalKind, Secret};
use serde::{Deserialize, Serialize};

use super::TransportError;

/// The caller, as sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    Token(Secret),
    /// No token: the calling process itself. It proves nothing.
    Said(Principal),
}

impl Caller {
    pub(super) fn of(ctx: &Ctx) -> Caller {
        match &ctx.principal.token {
            Some(token) => Caller::Token((**token).clone()),
            None => Caller::Said(ctx.principal.clone()),
        }
    }
}

/// Authenticates the caller.
pub trait Trust: Send + Sync {
    /// Answers without waiting. `service` is the name under which it was called: a token for another room is not valid here. A
    /// caller without valid credentials is [`Principal::nobody`], which may do little; an error means that it cannot be
    /// determined now.
    fn principal(&self, caller: Caller, service: &str) -> Result<Principal, TransportError>;
}

/// Longer ones are no subjects.
const SUBJECT_LETTERS_MAX: usize = 128;

/// A service may say for whom it calls; from others, and from services that say nonsense, it means nothing.
pub(super) fn for_somebody(principal: Principal, somebody: Option<Arc<str>>) -> Principal {
    let is_subject = |subject: &Arc<str>| {
        (1..=SUBJECT_LETTERS_MAX).contains(&subject.len()) && subject.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let on_behalf_of = somebody.filter(|_| principal.kind == PrincipalKind::Service).filter(is_subject);
    Principal { on_behalf_of, ..principal }
}
