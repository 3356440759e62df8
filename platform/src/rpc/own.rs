//! Tokens by which a room of this process calls other processes as itself.

use async_trait::async_trait;
use kernel::{Ctx, PrincipalKind, Secret};

use super::Caller;

#[async_trait]
pub trait OwnTokens: Send + Sync {
    /// A token of a room's own client for calls to one other room; it is valid nowhere else. `None`: no room of this process
    /// has that client.
    async fn token(&self, client: &str, room: &str) -> Option<Result<Secret, String>>;
}

/// Whose token a call carries: that of its caller or, if a room of this process calls as itself, one of its own.
pub(super) async fn caller(own: Option<&dyn OwnTokens>, ctx: &Ctx, room: &str) -> Result<Caller, String> {
    let principal = &ctx.principal;
    let itself = principal.client.as_deref().filter(|_| is_itself(ctx));
    let (Some(own), Some(client)) = (own, itself) else { return Ok(Caller::of(ctx)) };
    match own.token(client, room).await {
        Some(token) => token.map(Caller::Token),
        None => Ok(Caller::of(ctx)),
    }
}

fn is_itself(ctx: &Ctx) -> bool {
    ctx.principal.kind == PrincipalKind::Service && ctx.principal.token.is_none()
}
