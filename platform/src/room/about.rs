//! The status of a room in another process: what it reports under `/status`, by a method that every room has.
//!
//! A room that is away does not make this process unready: a restart would not bring it back. Its callers get the
//! error.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ctx, Deadline, Principal};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::Failure;
use crate::health::{Facts, Part, facts};
use crate::rpc::{Breaker, CallError, Methods, Outcome, Repeat, RpcClient};

/// The method of every room.
pub const ABOUT: &str = "about";
/// Shorter than the time that a health check gives each part.
const ASK_MS: u64 = 800;

/// Adds the status method to a room's methods.
#[must_use]
pub fn told(methods: Methods, part: Arc<dyn Part>) -> Methods {
    methods.on(ABOUT, move |_: Ctx, (): ()| {
        let part = Arc::clone(&part);
        async move { Ok::<Facts, Away>(part.status().await) }
    })
}

/// A room in other processes, as a part of this one.
pub struct Elsewhere {
    name: &'static str,
    rpc: RpcClient,
    clock: Arc<dyn Clock>,
    breaker: Option<Arc<Breaker>>,
}

impl Elsewhere {
    /// `breaker` is that of calls to the room, if they have one.
    pub fn new(name: &'static str, rpc: RpcClient, clock: Arc<dyn Clock>, breaker: Option<Arc<Breaker>>) -> Elsewhere {
        Elsewhere { name, rpc, clock, breaker }
    }
}

#[async_trait]
impl Part for Elsewhere {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    async fn status(&self) -> Facts {
        let deadline = Deadline::after_millis(&*self.clock, ASK_MS);
        let ctx = Ctx { principal: Principal::nobody(), deadline, request_id: "florin".into(), idempotency_key: None };
        let asked: Result<Facts, Away> = self.rpc.call(&ctx, ABOUT, &(), Repeat::Question).await;
        let mut told = asked.unwrap_or_else(|Away(failure)| facts([("error", json!(failure.code()))]));
        told.extend(self.breaker.iter().map(|breaker| ("circuit".to_owned(), json!(breaker.state().name()))));
        told
    }
}

/// Why there is no status.
#[derive(Debug, Serialize, Deserialize)]
struct Away(Failure);

impl From<CallError> for Away {
    fn from(error: CallError) -> Away {
        Away(Failure::from(error))
    }
}

impl Outcome for Away {
    fn is_of_this_attempt(&self) -> bool {
        true
    }
}
