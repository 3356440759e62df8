//! Identity as the source of the terms by which every process checks tokens.

use std::sync::Arc;

use access::{Since, Source, Standing};
use kernel::{Clock, Ctx, Deadline, Principal};

use crate::Identity;

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

impl Source for TermsOf {
    /// It needs no permission.
    async fn standing(&self, since: Since) -> Result<Standing, String> {
        let deadline = Deadline::after_millis(&*self.clock, ASK_MS);
        let ctx = Ctx { principal: Principal::nobody(), deadline, request_id: "florin".into(), idempotency_key: None };
        self.identity.standing(&ctx, since).await.map_err(|error| error.to_string())
    }
}
