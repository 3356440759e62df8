//! Changes of the lists, in the store first and then in memory.

use std::sync::Arc;

use kernel::Ctx;
use risk_api::{ListChanged, ListEntry, ListPage, ListQuery, PutEntries, Refusal, RemoveEntries, RiskError, limits};

use crate::service::Inner;
use crate::store::lists;

pub(crate) async fn put(inner: &Arc<Inner>, ctx: &Ctx, command: PutEntries) -> Result<ListChanged, RiskError> {
    inner.may(ctx, "lists", "change")?;
    bounded(command.entities.len())?;
    if !(1..=limits::NOTE_BYTES_MAX).contains(&command.reason.len()) {
        let expected = format!("1 to {} bytes", limits::NOTE_BYTES_MAX);
        return Err(Refusal::FieldInvalid { field: "reason".to_owned(), expected }.into());
    }
    let room = inner.engine.with_lists(|lists| limits::LIST_ENTRIES_MAX.saturating_sub(lists.len()));
    if command.entities.len() > room {
        return Err(Refusal::ListsFull { max: limits::LIST_ENTRIES_MAX }.into());
    }
    let tx = inner.db.begin().await?;
    for entity in &command.entities {
        let entry = ListEntry {
            entity: entity.clone(),
            reason: command.reason.clone(),
            author: ctx.principal.subject.to_string(),
            added_at: inner.clock.now(),
            expires_at: command.expires_at,
        };
        lists::put(&tx, command.list, &entry).await?;
    }
    tx.commit().await?;
    Ok(inner.engine.with_lists(|lists| {
        let put =
            |entity: &&risk_api::Entity| lists.put(command.list, entity.kind, entity.id.as_str(), command.expires_at);
        let changed = command.entities.iter().filter(put).count() as u64;
        ListChanged { changed, entries: lists.len() as u64 }
    }))
}

pub(crate) async fn remove(inner: &Arc<Inner>, ctx: &Ctx, command: RemoveEntries) -> Result<ListChanged, RiskError> {
    inner.may(ctx, "lists", "change")?;
    bounded(command.entities.len())?;
    let tx = inner.db.begin().await?;
    for entity in &command.entities {
        lists::remove(&tx, command.list, entity).await?;
    }
    tx.commit().await?;
    Ok(inner.engine.with_lists(|lists| {
        let remove = |entity: &&risk_api::Entity| lists.remove(command.list, entity.kind, entity.id.as_str());
        let changed = command.entities.iter().filter(remove).count() as u64;
        ListChanged { changed, entries: lists.len() as u64 }
    }))
}

fn bounded(found: usize) -> Result<(), Refusal> {
    if found > limits::ENTRIES_MAX {
        return Err(Refusal::TooMany { what: "entities".to_owned(), max: limits::ENTRIES_MAX, found });
    }
    Ok(())
}

pub(crate) async fn page(inner: &Arc<Inner>, ctx: &Ctx, query: ListQuery) -> Result<ListPage, RiskError> {
    inner.may(ctx, "risk", "read")?;
    let limit = query.limit.unwrap_or(limits::PAGE_DEFAULT).clamp(1, limits::PAGE_MAX);
    let tx = inner.db.read().await?;
    if let (Some(kind), Some(id)) = (query.kind, &query.id) {
        let entity = risk_api::Entity { kind, id: id.clone() };
        let entries = lists::entry(&tx, query.list, &entity).await?.into_iter().collect();
        return Ok(ListPage { entries, next: None });
    }
    let mut entries = lists::after(&tx, query.list, query.kind, query.after.as_ref(), limit + 1).await?;
    let is_last = entries.len() <= limit;
    entries.truncate(limit);
    let next = if is_last { None } else { entries.last().map(|entry| entry.entity.clone()) };
    Ok(ListPage { entries, next })
}
