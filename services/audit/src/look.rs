//! Queries: entries, and the state of the log and of its sources.

use std::time::Duration;

use kernel::Ctx;
use platform::access;
use platform::db::{DbError, Fault};
use platform::feed::{CloudEvent, Event, Pull};
use platform::health::Part;
use serde_json::Value as Json;

use crate::entry::Body;
use crate::face::*;
use crate::service::{AuditService, may_read};
use crate::store::entry::{self, Stored, Wanted};
use crate::store::{self, head};

/// The type of the events of the log's own feed.
const RECORDED: &str = "audit.entry.recorded";
/// Between two looks for new entries, for a reader that waits.
const LOOK_EVERY: Duration = Duration::from_millis(100);

impl AuditService {
    pub(crate) async fn list(&self, ctx: &Ctx, query: EntryQuery) -> Result<EntryPage, AuditError> {
        may_read(ctx)?;
        checked(query.limit)?;
        self.reads(ctx, "entries").await?;
        let tx = self.db.read().await?;
        let from = match query.from {
            Some(from) => entry::first_at(&tx, from).await?.unwrap_or(u64::MAX),
            None => 0,
        };
        let to = match query.to {
            Some(to) => entry::first_at(&tx, to).await?,
            None => None,
        };
        let before = query.before.unwrap_or(u64::MAX).min(to.unwrap_or(u64::MAX));
        let wanted = Wanted {
            transaction: query.transaction.as_deref(),
            object: query.object.as_deref(),
            subject: query.subject.as_deref(),
            actor: query.actor.as_deref(),
            kind: query.kind.as_deref(),
            class: query.class,
            risk: query.risk,
            framework: query.framework,
        };
        let found = entry::list(&tx, wanted, (before, from), query.limit + 1).await?;
        self.page(found, query.limit, true).await
    }

    /// People see who had to do with their own data, and not where those were.
    pub(crate) async fn accesses_of(&self, ctx: &Ctx, query: AccessQuery) -> Result<EntryPage, AuditError> {
        access::check(ctx, "audit", "read", Some(&query.subject))?;
        checked(query.limit)?;
        let all = access::owner_term(ctx, "audit", "read")?.is_none();
        self.reads.note(ctx, "accesses").await?;
        let tx = self.db.read().await?;
        let wanted = Wanted { subject: Some(&query.subject), ..Wanted::default() };
        let before = query.before.unwrap_or(u64::MAX);
        let found = entry::list(&tx, wanted, (before, 0), query.limit + 1).await?;
        self.page(found, query.limit, all).await
    }

    async fn page(&self, mut found: Vec<Stored>, limit: usize, opens: bool) -> Result<EntryPage, AuditError> {
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(index, _)| *index);
        let mut items = Vec::with_capacity(found.len());
        for stored in found {
            items.push(self.shown(stored, opens).await?);
        }
        Ok(EntryPage { items, next })
    }

    pub(crate) async fn one(&self, ctx: &Ctx, index: u64) -> Result<Entry, AuditError> {
        self.reads(ctx, "entry").await?;
        let tx = self.db.read().await?;
        let size = store::log(&tx).await?.map_or(0, |log| log.size);
        let found = entry::find(&tx, index).await?.ok_or(Refusal::EntryUnknown { index, size })?;
        self.shown(found, true).await
    }

    async fn shown(&self, (index, bytes): Stored, opens: bool) -> Result<Entry, AuditError> {
        let body = bytes.map(|bytes| read(&bytes)).transpose()?;
        let sealed = body.as_ref().filter(|_| opens).and_then(|body| Some((body, body.sealed.as_ref()?)));
        let personal = match sealed {
            Some((body, sealed)) => self.seals.opened(&body.source, &body.event, sealed).await.map_err(unreadable)?,
            None => None,
        };
        Ok(Entry { index, body, personal })
    }

    pub(crate) async fn status(&self, ctx: &Ctx) -> Result<LogStatus, AuditError> {
        may_read(ctx)?;
        let tx = self.db.read().await?;
        let (log, signed) = (store::log(&tx).await?, head::last(&tx).await?);
        tx.commit().await?;
        let mut sources = Vec::new();
        for consumer in self.sources.all() {
            let facts = consumer.status().await;
            let number = |name: &str| facts.get(name).and_then(Json::as_u64);
            let (cursor, parked) = (number("cursor").unwrap_or(0), number("parked").unwrap_or(0));
            sources.push(Source { name: consumer.feed().to_owned(), cursor, lag: number("lag"), parked });
        }
        Ok(LogStatus {
            origin: log.as_ref().map_or_else(String::new, store::Log::name),
            size: log.map_or(0, |log| log.size),
            signed: signed.as_ref().map_or(0, |head| head.size),
            signed_at: signed.map(|head| head.signed_at),
            sources,
        })
    }

    /// The log is its own outbox: each entry is an event, and nothing is written twice.
    pub(crate) async fn told_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, AuditError> {
        self.reads(ctx, "events").await?;
        let pull = pull.bounded();
        let began = self.clock.monotonic();
        loop {
            let to = pull.after.saturating_add(pull.max as u64);
            let found = entry::range(&self.db.read().await?, pull.after, to).await?;
            let waited_ms = self.clock.monotonic().micros_since(began) / 1_000;
            if !found.is_empty() || waited_ms >= pull.wait_ms.min(ctx.deadline.micros_left(began) / 2_000) {
                let events = found.into_iter().map(told).collect::<Result<_, DbError>>()?;
                return Ok(Pull::fitting(events));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// An entry that was removed after its time keeps its place in the feed.
fn told((index, bytes): Stored) -> Result<Event, DbError> {
    let body = bytes.map(|bytes| read(&bytes)).transpose()?;
    let (at, object) =
        body.as_ref().map_or((kernel::Timestamp::EPOCH, String::new()), |body| (body.at, body.object.clone()));
    let data = serde_json::to_value(&body).map_err(|error| DbError::shape(error.to_string()))?;
    let event = CloudEvent::new("/audit", index.to_string(), RECORDED, object, at, data);
    Ok(Event { cursor: index + 1, event })
}

fn read(bytes: &[u8]) -> Result<Body, DbError> {
    Body::read(bytes).map_err(|error| DbError::caused("read an entry", Fault::Corrupt, error))
}

fn unreadable(error: platform::crypto::SubjectError) -> DbError {
    match error {
        platform::crypto::SubjectError::Store(error) => error,
        other => DbError::caused("open what is sealed of an entry", Fault::Corrupt, other),
    }
}

fn checked(limit: usize) -> Result<(), AuditError> {
    if (1..=limits::PAGE_MAX).contains(&limit) {
        return Ok(());
    }
    Err(Refusal::FieldInvalid { field: "limit".to_owned(), expected: format!("1 to {}", limits::PAGE_MAX) }.into())
}
