//! Dead letters: deliveries that were given up, for a person to try again or to end.

use kernel::Ctx;
use notifications_api::*;
use platform::access;

use crate::service::{Inner, check, page};
use crate::store::{delivery as row, message};

/// A delivery that is tried again lives at least this long.
const LIFE_S: i64 = 86_400;

fn unknown(id: DeliveryId) -> Refusal {
    Refusal::DeliveryUnknown { id: id.to_string() }
}

impl Inner {
    pub(crate) async fn dead(&self, ctx: &Ctx, query: DeadQuery) -> Result<DeadPage, NotificationsError> {
        access::check(ctx, "messages", "retry", None)?;
        let limit = page(query.limit)?;
        let tx = self.db.read().await?;
        let after = match query.after {
            Some(id) => row::find(&tx, id).await?.map_or(0, |delivery| delivery.seq),
            None => 0,
        };
        let mut rows = row::dead(&tx, after, limit + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let message = message::of_seq(&tx, row.message).await?;
            let delivery = self.shown_delivery(&tx, &row).await?;
            items.push(DeadLetter { message: message.id, kind: message.kind, subject: message.subject, delivery });
        }
        Ok(DeadPage { items, more })
    }

    pub(crate) async fn change_dead(&self, ctx: &Ctx, command: ChangeDead) -> Result<Message, NotificationsError> {
        let id = command.id;
        check(ctx, ("messages", "retry"), None, unknown(id))?;
        let operation = match command.change {
            DeadChange::Retry => "retry_dead_delivery",
            DeadChange::GiveUp => "give_up_dead_delivery",
        };
        let turn = self.once.begin(ctx, operation, &command).await?;
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let found = row::find(&tx, id).await?;
        if turn.again::<DeliveryId>(&tx).await?.is_some() {
            let delivery = found.ok_or_else(|| unknown(id))?;
            let message = message::of_seq(&tx, delivery.message).await?;
            return self.shown(&tx, message).await;
        }
        let refused = match &found {
            None => Some(unknown(id)),
            Some(delivery) if delivery.state != DeliveryState::Dead => {
                let state: &'static str = delivery.state.into();
                Some(Refusal::DeliveryNotDead { id: id.to_string(), state: state.to_owned() })
            }
            Some(_) => None,
        };
        let Some(delivery) = found.filter(|_| refused.is_none()) else {
            return Err(turn.refused(tx.tx, refused.unwrap_or_else(|| unknown(id)).into()).await);
        };
        let now = self.clock.now();
        let changed = match command.change {
            DeadChange::Retry => row::Delivery {
                state: DeliveryState::Queued,
                reason: None,
                due_at: now,
                attempts: delivery.attempts,
                expires_at: delivery.expires_at.max(now.plus_seconds(LIFE_S)),
                ended_at: None,
                ..delivery
            },
            DeadChange::GiveUp => {
                let reason = Some("given_up".to_owned());
                row::Delivery { state: DeliveryState::Undelivered, reason, ended_at: Some(now), ..delivery }
            }
        };
        row::set(&tx, &changed).await?;
        turn.made(&tx, &id).await?;
        let message = message::of_seq(&tx, changed.message).await?;
        let shown = self.shown(&tx, message).await?;
        tx.commit().await?;
        self.work.is_queued();
        Ok(shown)
    }
}
