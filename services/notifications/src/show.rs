//! Messages as callers see them, and the end of those that have not left yet.

use kernel::Ctx;
use notifications_api::*;
use platform::access;
use platform::db::Tx;

use crate::channel::kept;
use crate::event;
use crate::keys::KeyError;
use crate::kinds::{self, KINDS, Kind as Row};
use crate::service::{Inner, check, page};
use crate::store::{delivery, kept as mails, message as row};

fn unknown(id: MessageId) -> Refusal {
    Refusal::MessageUnknown { id: id.to_string() }
}

impl Inner {
    pub(crate) async fn message(&self, ctx: &Ctx, id: MessageId) -> Result<Message, NotificationsError> {
        let tx = self.db.read().await?;
        let message = self.reached(ctx, &tx, "read", id).await?;
        self.shown(&tx, message).await
    }

    async fn reached(
        &self,
        ctx: &Ctx,
        tx: &Tx,
        action: &str,
        id: MessageId,
    ) -> Result<row::Message, NotificationsError> {
        let found = row::find(tx, id).await?;
        let owner = found.as_ref().and_then(|message| message.subject.as_deref());
        check(ctx, ("messages", action), owner, unknown(id))?;
        found.ok_or_else(|| unknown(id).into())
    }

    pub(crate) async fn messages(&self, ctx: &Ctx, query: MessageQuery) -> Result<MessagePage, NotificationsError> {
        let owner = access::owner_term(ctx, "messages", "read")?;
        let limit = page(query.limit)?;
        let subject = owner.map(|own| own.to_string()).or(query.subject);
        let tx = self.db.read().await?;
        let before = match query.before {
            Some(id) => row::find(&tx, id).await?.map_or(0, |message| message.seq),
            None => i64::MAX,
        };
        let mut rows = row::list(&tx, subject.as_deref(), before, limit + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let mut items = Vec::with_capacity(rows.len());
        for message in rows {
            items.push(self.shown(&tx, message).await?);
        }
        Ok(MessagePage { items, more })
    }

    pub(crate) async fn cancel(&self, ctx: &Ctx, id: MessageId) -> Result<Message, NotificationsError> {
        let turn = self.once.begin(ctx, "cancel_message", &id).await?;
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let message = self.reached(ctx, &tx, "send", id).await?;
        if turn.again::<MessageId>(&tx).await?.is_some() {
            return self.shown(&tx, message).await;
        }
        let waited = delivery::cancel(&tx, message.seq, self.clock.now()).await?;
        let was_open = row::set_state(&tx, message.seq, MessageState::Cancelled, None).await?;
        if waited == 0 && !was_open {
            return Err(turn.refused(tx.tx, Refusal::MessageUnderWay { id: id.to_string() }.into()).await);
        }
        self.wipe(&tx, &message).await?;
        turn.made(&tx, &id).await?;
        let message = row::of_seq(&tx, message.seq).await?;
        let shown = self.shown(&tx, message).await?;
        tx.commit().await?;
        Ok(shown)
    }

    pub(crate) async fn kept_mail(&self, ctx: &Ctx, id: MessageId) -> Result<KeptMail, NotificationsError> {
        let tx = self.db.read().await?;
        let message = self.reached(ctx, &tx, "read", id).await?;
        let found = mails::find(&tx, message.seq).await?;
        let found = found.ok_or_else(|| Refusal::MailNotKept { id: id.to_string() })?;
        let kept::Letter { to, subject, text, html, raw } = kept::read(&self.keys, message.seq, found).await?;
        Ok(KeptMail { to, subject, text, html, raw })
    }

    pub(crate) fn kinds(&self, ctx: &Ctx) -> Result<KindList, NotificationsError> {
        access::owner_term(ctx, "templates", "read")?;
        Ok(KindList { items: KINDS.iter().map(Row::shown).collect() })
    }

    pub(crate) async fn shown(&self, tx: &Tx, message: row::Message) -> Result<Message, NotificationsError> {
        let mut deliveries = Vec::new();
        for row in delivery::of_message(tx, message.seq).await? {
            deliveries.push(self.shown_delivery(tx, &row).await?);
        }
        let has_mail = deliveries.iter().any(|delivery| delivery.channel == Channel::Email);
        let kind = kinds::find(&message.kind)?;
        Ok(Message {
            id: message.id,
            category: kind.category,
            kind: message.kind,
            subject: message.subject,
            state: message.state,
            created_at: message.created_at,
            expires_at: message.expires_at,
            deliveries,
            mail_at: (has_mail && self.keeps_mails())
                .then(|| format!("{}/v1/notifications/messages/{}/mail", self.address, message.id)),
        })
    }

    pub(crate) async fn shown_delivery(
        &self,
        tx: &Tx,
        row: &delivery::Delivery,
    ) -> Result<Delivery, NotificationsError> {
        let address = match self.address_of(row).await {
            Ok(address) => address,
            Err(KeyError::Erased(_)) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(event::shown(row, address.as_deref(), delivery::attempts_of(tx, row.seq).await?))
    }
}
