//! The frame's part of a room, in the process that has its store.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ctx};

use super::{Frame, Offers, OutcomeFound, OutcomeOf, ParkedAt, ParkedQuery, Retried};
use crate::access::check;
use crate::db::Db;
use crate::deadline::in_time;
use crate::error::Failure;
use crate::feed::{
    self, Consumer, ConsumerName, Event, Feed, FeedError, OutboxFeed, ParkedError, ParkedEvent, Pull,
    RegisteredConsumer,
};
use crate::once::{self, Outcome};

const PAGE_MAX: usize = 500;

/// What it is made of.
pub struct Parts {
    pub offers: Offers,
    pub db: Db,
    /// For a room with an outbox.
    pub outbox: Option<OutboxFeed>,
    /// For a room that consumes feeds.
    pub consumers: Vec<Arc<Consumer>>,
    pub clock: Arc<dyn Clock>,
}

pub struct Here(Parts);

impl Here {
    pub fn new(parts: Parts) -> Here {
        Here(parts)
    }

    fn outbox(&self) -> Result<&OutboxFeed, Failure> {
        self.0.outbox.as_ref().ok_or(Failure::NotFound)
    }

    fn consumer(&self, feed: &str) -> Option<&Arc<Consumer>> {
        self.0.consumers.iter().find(|consumer| consumer.feed() == feed)
    }

    async fn in_time<T>(&self, ctx: &Ctx, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        in_time(ctx, &self.0.clock, work).await
    }
}

fn may(ctx: &Ctx, action: &str) -> Result<(), Failure> {
    check(ctx, "events", action, None).map_err(|_| Failure::Forbidden)
}

#[async_trait]
impl Frame for Here {
    async fn events_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, Failure> {
        may(ctx, "read")?;
        let outbox = self.outbox()?;
        // A reply after the deadline is useless.
        let wait_ms = pull.wait_ms.min(ctx.deadline.micros_left(self.0.clock.monotonic()) / 2_000);
        let pull = Pull { wait_ms, ..pull };
        self.in_time(ctx, async { Ok(outbox.events_after(pull).await?) }).await
    }

    async fn end(&self, ctx: &Ctx) -> Result<u64, Failure> {
        may(ctx, "read")?;
        let outbox = self.outbox()?;
        self.in_time(ctx, async { Ok(outbox.end().await?.unwrap_or_default()) }).await
    }

    async fn consumers(&self, ctx: &Ctx) -> Result<Vec<RegisteredConsumer>, Failure> {
        may(ctx, "read")?;
        let outbox = self.outbox()?;
        self.in_time(ctx, async { Ok(outbox.consumers().await?) }).await
    }

    async fn deregister(&self, ctx: &Ctx, name: ConsumerName) -> Result<(), Failure> {
        may(ctx, "change")?;
        let outbox = self.outbox()?;
        let known = self.in_time(ctx, async { Ok(outbox.deregister(&name).await?) }).await?;
        if known { Ok(()) } else { Err(Failure::NotFound) }
    }

    async fn parked(&self, ctx: &Ctx, query: ParkedQuery) -> Result<Vec<ParkedEvent>, Failure> {
        may(ctx, "read")?;
        let limit = query.limit.clamp(1, PAGE_MAX);
        let after = query.after.unwrap_or(ParkedAt { feed: String::new(), cursor: 0 });
        let look = async { feed::parked_after(&self.0.db.read().await?, &after.feed, after.cursor, limit).await };
        self.in_time(ctx, async { Ok(look.await?) }).await
    }

    async fn retry(&self, ctx: &Ctx, at: ParkedAt) -> Result<Retried, Failure> {
        may(ctx, "change")?;
        // Without a consumer there is no effect to try.
        let consumer = self.consumer(&at.feed).ok_or(Failure::NotFound)?;
        let trying = async {
            match consumer.retry(at.cursor).await {
                Ok(()) => Ok(Retried { happened: true, reason: None }),
                Err(ParkedError::FailedAgain(reason)) => Ok(Retried { happened: false, reason: Some(reason) }),
                Err(ParkedError::NotParked(_)) => Err(Failure::NotFound),
                Err(ParkedError::Store(error)) => Err(error.into()),
            }
        };
        self.in_time(ctx, trying).await
    }

    async fn give_up(&self, ctx: &Ctx, at: ParkedAt) -> Result<ParkedEvent, Failure> {
        may(ctx, "change")?;
        let who = &ctx.principal.subject;
        let giving_up = async {
            match self.consumer(&at.feed) {
                Some(consumer) => consumer.give_up(at.cursor, who).await.map_err(|error| match error {
                    ParkedError::Store(error) => error.into(),
                    ParkedError::NotParked(_) | ParkedError::FailedAgain(_) => Failure::NotFound,
                }),
                // A feed that an earlier version consumed.
                None => feed::give_up(&self.0.db, &at.feed, at.cursor, who).await?.ok_or(Failure::NotFound),
            }
        };
        self.in_time(ctx, giving_up).await
    }

    /// Everyone may look up the outcome of their own commands.
    async fn outcome(&self, ctx: &Ctx, of: OutcomeOf) -> Result<OutcomeFound, Failure> {
        if !self.0.offers.once {
            return Err(Failure::NotFound);
        }
        let OutcomeOf { operation, key } = of;
        let look = async {
            let tx = self.0.db.read().await?;
            once::find(&tx, &ctx.principal.subject, &operation, &key).await
        };
        match self.in_time(ctx, async { Ok(look.await?) }).await?.ok_or(Failure::NotFound)? {
            Outcome::Made { at, key } => Ok(OutcomeFound { at, made: Some(key), refused: None }),
            Outcome::Refused { at, refusal } => Ok(OutcomeFound { at, made: None, refused: Some(refusal) }),
        }
    }
}

impl From<FeedError> for Failure {
    fn from(error: FeedError) -> Failure {
        match error {
            FeedError::Gone { first } => Failure::EventsGone { first },
            FeedError::Ahead { end } => Failure::CursorAhead { end },
            FeedError::Late => Failure::DeadlineExceeded,
            FeedError::Unavailable(error) => {
                tracing::error!(%error, "a room's events could not be read");
                Failure::Unavailable
            }
        }
    }
}
