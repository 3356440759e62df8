//! Whom a call comes from. The token that the caller was established from travels, and is verified again where it arrives:
//! a service trusts what was signed, not the process in front of it.

use kernel::{Ctx, Principal, Secret};
use serde::{Deserialize, Serialize};

use super::TransportError;

/// Whom a call comes from, as it travels.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    Token(Secret),
    /// Somebody who has no token: the calling process itself. It proves nothing.
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

/// Establishes whom a call comes from.
pub trait Trust: Send + Sync {
    /// Answers without waiting for anybody. What nobody can vouch for is [`Principal::nobody`], who may ask for little; a
    /// failure means that it cannot be known now.
    fn principal(&self, caller: Caller) -> Result<Principal, TransportError>;
}
