//! The inbox: messages that a person reads here, rendered in their language when they look.

use kernel::Ctx;
use notifications_api::*;
use platform::access;
use platform::db::Tx;
use platform::error::Failure;

use crate::keys::KeyError;
use crate::kinds;
use crate::route::Known;
use crate::service::{Inner, check, page};
use crate::store::{inbox as row, message};
use crate::template::{Reader, Told};

impl Inner {
    pub(crate) async fn inbox(&self, ctx: &Ctx, query: InboxQuery) -> Result<InboxPage, NotificationsError> {
        let subject = whose(ctx, "read", query.subject)?;
        let limit = page(query.limit)?;
        let tx = self.db.read().await?;
        let before = match query.before {
            Some(id) => row::find(&tx, id).await?.map_or(0, |entry| entry.seq),
            None => i64::MAX,
        };
        let mut rows = row::list(&tx, &subject, query.state, (before, limit + 1)).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let mut items = Vec::with_capacity(rows.len());
        if !rows.is_empty() {
            match self.known(&tx, &subject).await {
                Ok(known) => {
                    for entry in rows {
                        items.push(self.entry(&tx, entry, &known).await?);
                    }
                }
                // Nothing of it can be read any more.
                Err(KeyError::Erased(_)) => return Ok(InboxPage { items, more: false }),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(InboxPage { items, more })
    }

    pub(crate) async fn unread(&self, ctx: &Ctx, subject: Option<String>) -> Result<Unread, NotificationsError> {
        let subject = whose(ctx, "read", subject)?;
        let unread = row::unread(&self.db.read().await?, &subject).await?;
        Ok(Unread { unread: unread.unsigned_abs() })
    }

    pub(crate) async fn mark(&self, ctx: &Ctx, command: MarkEntry) -> Result<Entry, NotificationsError> {
        let unknown = || Refusal::EntryUnknown { id: command.id.to_string() };
        let tx = self.one_writer.begin().await?;
        let found = row::find(&tx, command.id).await?;
        check(ctx, ("inbox", "change"), found.as_ref().map(|entry| entry.subject.as_str()), unknown())?;
        let entry = found.ok_or_else(unknown)?;
        row::mark(&tx, entry.seq, command.state).await?;
        let known = self.known(&tx, &entry.subject).await?;
        let shown = self.entry(&tx, row::Entry { state: command.state, ..entry }, &known).await?;
        tx.commit().await?;
        Ok(shown)
    }

    async fn entry(&self, tx: &Tx, entry: row::Entry, known: &Known) -> Result<Entry, NotificationsError> {
        let message = message::of_seq(tx, entry.message).await?;
        let content = self.content(&message).await?;
        let kind = kinds::find(&message.kind)?;
        let reader =
            Reader { name: known.name.as_deref(), locale: &known.locale, zone: &known.zone, unsubscribe: None };
        let rendered = self.templates.message(kind, &Told(&content.data), reader).map_err(|error| {
            tracing::error!(%error, kind = kind.name, "a message could not be rendered");
            NotificationsError::Failed(Failure::Internal)
        })?;
        Ok(Entry {
            id: entry.id,
            message: message.id,
            kind: message.kind,
            category: kind.category,
            state: entry.state,
            title: rendered.subject,
            text: rendered.body,
            at: entry.at,
        })
    }
}

/// Whose inbox is meant: the caller's own, unless another is named.
fn whose(ctx: &Ctx, action: &str, subject: Option<String>) -> Result<String, NotificationsError> {
    let owner = access::owner_term(ctx, "inbox", action)?;
    match (owner, subject) {
        (_, None) => Ok(ctx.principal.subject.to_string()),
        // Another person's inbox looks like an empty one.
        (Some(own), Some(_)) => Ok(own.to_string()),
        (None, Some(subject)) => Ok(subject),
    }
}
