//! The frame's part of a room in another process, and the handlers that answer it there.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Ctx;

use super::{Frame, OutcomeFound, OutcomeOf, ParkedAt, ParkedQuery, Retried};
use crate::error::Failure;
use crate::feed::{ConsumerName, Event, ParkedEvent, Pull, RegisteredConsumer};
use crate::rpc::{Methods, MethodsOf, Outcome, Repeat, RpcClient};

/// Adds the frame's methods to a room's own.
#[must_use]
pub fn serve(methods: Methods, frame: Arc<dyn Frame>) -> Methods {
    MethodsOf::added_to(methods, frame)
        .on("events_after", |at, ctx, it| async move { at.events_after(&ctx, it).await })
        .on("events_end", |at, ctx, ()| async move { at.end(&ctx).await })
        .on("event_consumers", |at, ctx, ()| async move { at.consumers(&ctx).await })
        .on("deregister_event_consumer", |at, ctx, it| async move { at.deregister(&ctx, it).await })
        .on("parked_events", |at, ctx, it| async move { at.parked(&ctx, it).await })
        .on("retry_parked_event", |at, ctx, it| async move { at.retry(&ctx, it).await })
        .on("give_up_parked_event", |at, ctx, it| async move { at.give_up(&ctx, it).await })
        .on("outcome", |at, ctx, it| async move { at.outcome(&ctx, it).await })
        .into()
}

#[derive(Debug, Clone)]
pub struct There {
    rpc: RpcClient,
}

impl There {
    /// Uses the same client as the room's own face.
    pub fn new(rpc: RpcClient) -> There {
        There { rpc }
    }
}

/// A permanent removal is harmless to repeat, but the repeat finds nothing there; so it is not repeated when the reply
/// was lost.
#[async_trait]
impl Frame for There {
    async fn events_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, Failure> {
        self.rpc.call(ctx, "events_after", &pull, Repeat::Question).await
    }

    async fn end(&self, ctx: &Ctx) -> Result<u64, Failure> {
        self.rpc.call(ctx, "events_end", &(), Repeat::Question).await
    }

    async fn consumers(&self, ctx: &Ctx) -> Result<Vec<RegisteredConsumer>, Failure> {
        self.rpc.call(ctx, "event_consumers", &(), Repeat::Question).await
    }

    async fn deregister(&self, ctx: &Ctx, name: ConsumerName) -> Result<(), Failure> {
        self.rpc.call(ctx, "deregister_event_consumer", &name, Repeat::Never).await
    }

    async fn parked(&self, ctx: &Ctx, query: ParkedQuery) -> Result<Vec<ParkedEvent>, Failure> {
        self.rpc.call(ctx, "parked_events", &query, Repeat::Question).await
    }

    async fn retry(&self, ctx: &Ctx, at: ParkedAt) -> Result<Retried, Failure> {
        self.rpc.call(ctx, "retry_parked_event", &at, Repeat::Never).await
    }

    async fn give_up(&self, ctx: &Ctx, at: ParkedAt) -> Result<ParkedEvent, Failure> {
        self.rpc.call(ctx, "give_up_parked_event", &at, Repeat::Never).await
    }

    async fn outcome(&self, ctx: &Ctx, of: OutcomeOf) -> Result<OutcomeFound, Failure> {
        self.rpc.call(ctx, "outcome", &of, Repeat::Question).await
    }
}

impl Outcome for Failure {
    fn is_of_this_attempt(&self) -> bool {
        Failure::is_of_this_attempt(*self)
    }

    fn is_worth_repeating(&self) -> bool {
        *self == Failure::Unavailable
    }
}
