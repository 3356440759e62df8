//! Suppressions: listed, looked up by address, and lifted by a person.

use kernel::Ctx;
use notifications_api::*;
use platform::access;
use platform::db::{DbError, Tx};

use crate::service::{Inner, page};
use crate::store::{device, suppression as row};

impl Inner {
    /// The address gets nothing any more; a device is removed.
    pub(crate) async fn suppress(&self, tx: &Tx, channel: Channel, key: &[u8], reason: &str) -> Result<(), DbError> {
        if channel == Channel::Push {
            return device::remove_address(tx, key).await;
        }
        let (id, reason, at) = (self.ids.make(), reason.to_owned(), self.clock.now());
        row::add(tx, key, &Suppression { id, channel, reason, at }).await
    }

    pub(crate) async fn suppressions(
        &self,
        ctx: &Ctx,
        query: SuppressionQuery,
    ) -> Result<SuppressionPage, NotificationsError> {
        access::check(ctx, "suppressions", "read", None)?;
        let limit = page(query.limit)?;
        let tx = self.db.read().await?;
        if let Some(address) = &query.address {
            let channel = if address.contains('@') { Channel::Email } else { Channel::Sms };
            let found = row::of_address(&tx, &self.keys.address(channel, address)).await?;
            return Ok(SuppressionPage { items: found.into_iter().collect(), more: false });
        }
        let after = match query.after {
            Some(id) => row::place(&tx, id).await?,
            None => 0,
        };
        let mut items = row::list(&tx, after, limit + 1).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        Ok(SuppressionPage { items, more })
    }

    pub(crate) async fn lift(&self, ctx: &Ctx, command: Lift) -> Result<(), NotificationsError> {
        access::check(ctx, "suppressions", "lift", None)?;
        let turn = self.once.begin(ctx, "lift_suppression", &command).await?;
        let tx = self.one_writer.begin().await?;
        if turn.again::<i64>(&tx).await?.is_some() {
            return Ok(());
        }
        if !row::remove(&tx, command.id).await? {
            let unknown = Refusal::SuppressionUnknown { id: command.id.to_string() };
            return Err(turn.refused(tx.tx, unknown.into()).await);
        }
        turn.made(&tx, &0).await?;
        tx.commit().await?;
        Ok(())
    }
}
