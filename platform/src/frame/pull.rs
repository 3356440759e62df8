//! The events of a room in another process as a feed: the same consumer code runs in the same process and elsewhere.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ctx, Deadline, Principal};

use super::{Frame, There};
use crate::error::Failure;
use crate::feed::{Event, Feed, FeedError, Pull};
use crate::rpc::RpcClient;

/// Time for the reply itself, in addition to the wait for new events.
const ANSWER_MS: u64 = 5_000;

/// The identity that a process uses for its own calls. A token expires within the hour, so it is requested for each
/// call.
#[async_trait]
pub trait ActsAs: Send + Sync {
    /// # Errors
    /// A sentence for the log: there is no token.
    async fn principal(&self) -> Result<Principal, String>;
}

/// A token that never changes.
#[async_trait]
impl ActsAs for Principal {
    async fn principal(&self) -> Result<Principal, String> {
        Ok(self.clone())
    }
}

/// For a room that acts as itself, with a permission for `events:read`.
#[derive(Clone)]
pub struct RemoteFeed {
    frame: There,
    acts_as: Arc<dyn ActsAs>,
    clock: Arc<dyn Clock>,
}

impl RemoteFeed {
    pub fn new(rpc: RpcClient, acts_as: Arc<dyn ActsAs>, clock: Arc<dyn Clock>) -> RemoteFeed {
        RemoteFeed { frame: There::new(rpc), acts_as, clock }
    }

    async fn ctx(&self, millis: u64) -> Result<Ctx, FeedError> {
        let principal = self.acts_as.principal().await.map_err(FeedError::Unavailable)?;
        let deadline = Deadline::after_millis(&*self.clock, millis);
        Ok(Ctx { principal, deadline, request_id: "feed".into(), idempotency_key: None })
    }
}

#[async_trait]
impl Feed for RemoteFeed {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        let pull = pull.bounded();
        // The other side waits for half of the time that it is given, so that its reply arrives in time.
        let ctx = self.ctx(2 * pull.wait_ms + ANSWER_MS).await?;
        Ok(self.frame.events_after(&ctx, pull).await?)
    }

    async fn end(&self) -> Result<Option<u64>, FeedError> {
        Ok(Some(self.frame.end(&self.ctx(ANSWER_MS).await?).await?))
    }
}

impl From<Failure> for FeedError {
    fn from(failure: Failure) -> FeedError {
        match failure {
            Failure::EventsGone { first } => FeedError::Gone { first },
            Failure::CursorAhead { end } => FeedError::Ahead { end },
            Failure::DeadlineExceeded => FeedError::Late,
            other => FeedError::Unavailable(format!("{}: {other}", other.code())),
        }
    }
}
