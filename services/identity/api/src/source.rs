//! Identity as the source of the terms by which every process checks tokens.

use std::sync::Arc;

use access::{Since, Source, Standing};
use kernel::{Clock, Ctx, Deadline, Principal, Secret};

use crate::{ClientAuth, Grant, Identity, Origin, TokenRequest};

/// A request waits for changes, and its reply needs time to arrive.
const ASK_MS: u64 = 10_000;

/// Asks identity, in this process or another.
#[derive(Clone)]
pub struct TermsOf {
    identity: Arc<dyn Identity>,
    clock: Arc<dyn Clock>,
}

impl TermsOf {
    pub fn new(identity: Arc<dyn Identity>, clock: Arc<dyn Clock>) -> TermsOf {
        TermsOf { identity, clock }
    }
}

/// Longest wait for a room's own token: the one before is still valid for minutes.
const TOKEN_MS: u64 = 2_000;

/// A token of a room's client for itself, valid at one other room, and for how many seconds it is valid.
///
/// # Errors
/// A sentence for the log.
pub async fn own_token(
    identity: Arc<dyn Identity>,
    clock: Arc<dyn Clock>,
    id: String,
    secret: Secret,
    room: String,
) -> Result<(Secret, u64), String> {
    let deadline = Deadline::after_millis(&*clock, TOKEN_MS);
    let ctx = Ctx { principal: Principal::nobody(), deadline, request_id: "florin".into(), idempotency_key: None };
    let client = ClientAuth { id: Some(id), secret: Some(secret), basic: true };
    let request = TokenRequest { client, grant: Grant::AtRoom { room }, origin: Origin::default() };
    let reply = identity.token(&ctx, request).await.map_err(|error| error.to_string())?;
    Ok((reply.access_token, reply.expires_in.unsigned_abs()))
}

impl Source for TermsOf {
    /// It needs no permission.
    async fn standing(&self, since: Since) -> Result<Standing, String> {
        let deadline = Deadline::after_millis(&*self.clock, ASK_MS);
        let ctx = Ctx { principal: Principal::nobody(), deadline, request_id: "florin".into(), idempotency_key: None };
        self.identity.standing(&ctx, since).await.map_err(|error| error.to_string())
    }
}
