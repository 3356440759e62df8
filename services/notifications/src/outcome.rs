//! What a provider's answer makes of a delivery. The decision is pure; the rows are written in one transaction.

use kernel::Timestamp;
use notifications_api::DeliveryState;
use platform::db::{DbError, Tx, WriteError};
use platform::feed::NewEvent;

use crate::channel::Outcome;
use crate::event;
use crate::kinds;
use crate::service::{Inner, Writer};
use crate::store::delivery::{self, Delivery};
use crate::store::due;
use crate::store::message::{self, Message};

/// Seconds until the next attempt, by the number of attempts so far; after the last one the delivery is dead.
const PAUSES_S: [i64; 8] = [5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000];
/// A pause is up to this many thousandths shorter or longer, so that not everybody comes back at once.
const SPREAD: i64 = 200;
const LOST_AT_ONCE: usize = 500;

/// The delivery after an answer.
pub(crate) fn after(row: Delivery, outcome: &Outcome, doubles: bool, now: Timestamp) -> Delivery {
    let end = |row: Delivery, state, reason: &str| Delivery {
        state,
        reason: Some(reason.to_owned()),
        ended_at: Some(now),
        ..row
    };
    match outcome {
        Outcome::Taken { .. } => Delivery { state: DeliveryState::Sent, reason: None, sent_at: Some(now), ..row },
        Outcome::Passing { retry_after_s, .. } => again(row, *retry_after_s, now),
        Outcome::Address { detail } => end(row, DeliveryState::Bounced, detail),
        Outcome::Refused { detail } => end(row, DeliveryState::Undelivered, detail),
        Outcome::Stopped { .. } => end(row, DeliveryState::Suppressed, "stopped"),
        Outcome::Ours { detail } => end(row, DeliveryState::Dead, detail),
        Outcome::Unknown { .. } if doubles => again(row, None, now),
        Outcome::Unknown { detail } => Delivery { state: DeliveryState::Unknown, reason: Some(detail.clone()), ..row },
    }
}

/// The next attempt; none after the last pause.
fn again(row: Delivery, retry_after_s: Option<u32>, now: Timestamp) -> Delivery {
    let Some(pause_us) = pause(row.attempts, row.id.bits()) else {
        let (state, reason) = (DeliveryState::Dead, Some("attempts_over".to_owned()));
        return Delivery { state, reason, ended_at: Some(now), ..row };
    };
    let least_us = i64::from(retry_after_s.unwrap_or_default()) * 1_000_000;
    let due_at = now.plus_micros(pause_us.max(least_us));
    Delivery { state: DeliveryState::Queued, reason: Some("retry".to_owned()), due_at, ..row }
}

/// Microseconds until the attempt after these; none after the last pause. The id is random, and each attempt takes other
/// bits of it.
pub(crate) fn pause(attempts: i64, id: u128) -> Option<i64> {
    let place = usize::try_from(attempts - 1).ok()?;
    let pause_s = PAUSES_S.get(place)?;
    let random = (id >> (7 * (place % 8))) as i64 & i64::from(u16::MAX);
    let spread = random % (2 * SPREAD + 1) - SPREAD;
    Some(pause_s * 1_000 * (1_000 + spread))
}

impl Inner {
    /// Stores the answers of providers.
    pub(crate) async fn settle(&self, answers: Vec<(Vec<Delivery>, String, Outcome)>) -> Result<(), DbError> {
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let mut events = Vec::new();
        for (rows, provider, outcome) in answers {
            for row in rows {
                delivery::attempt_end(&tx, &row, (&provider, outcome.name(), Some(outcome.detail()))).await?;
                crate::count::answered(&row, &outcome, self.clock.now());
                events.extend(self.settle_one(&tx, row, (&provider, &outcome)).await?);
            }
        }
        Ok(self.commit(tx, events).await?)
    }

    /// Commits a change and its events.
    pub(crate) async fn commit(&self, tx: Writer, events: Vec<NewEvent>) -> Result<(), WriteError> {
        let cursor = if events.is_empty() { None } else { Some(self.outbox.add(&tx, events).await?) };
        tx.commit().await?;
        cursor.into_iter().for_each(|cursor| self.signal.committed(cursor));
        Ok(())
    }

    async fn settle_one(
        &self,
        tx: &Tx,
        row: Delivery,
        (provider, outcome): (&str, &Outcome),
    ) -> Result<Option<NewEvent>, DbError> {
        let reason = match outcome {
            Outcome::Address { .. } => Some("bounced"),
            Outcome::Stopped { .. } => Some("stopped"),
            _ => None,
        };
        if let (Some(reason), Some(key)) = (reason, &row.address_key) {
            self.suppress(tx, row.channel, key, reason).await?;
        }
        // A receipt may have come before the answer that it is about.
        let current = delivery::find(tx, row.id).await?;
        let is_asked = |row: &Delivery| matches!(row.state, DeliveryState::Sending | DeliveryState::Unknown);
        let Some(current) = current.filter(|now| is_asked(now) && now.attempts == row.attempts) else {
            return Ok(None);
        };
        let message = message::of_seq(tx, row.message).await?;
        let doubles = kinds::find(&message.kind).is_ok_and(|kind| kind.doubles);
        let row = after(current, outcome, doubles, self.clock.now());
        self.put(tx, &message, &row, provider).await
    }

    /// Stores what became of a delivery, and what follows from it.
    pub(crate) async fn put(
        &self,
        tx: &Tx,
        message: &Message,
        row: &Delivery,
        provider: &str,
    ) -> Result<Option<NewEvent>, DbError> {
        delivery::set(tx, row).await?;
        crate::count::changed(row, provider);
        self.ended(tx, message, row).await?;
        Ok(event::delivery(message, row))
    }

    /// Deliveries whose process ended while they were being sent: it is not known whether a provider took them. And those
    /// of which nothing was heard until their life was over.
    pub(crate) async fn sweep(&self) -> Result<(), DbError> {
        let now = self.clock.now();
        let lost = due::lost(&self.glance().await?.tx, now, LOST_AT_ONCE).await?;
        if !lost.is_empty() {
            let detail = "the process ended".to_owned();
            let answer = |row: Delivery| (vec![row], String::new(), Outcome::Unknown { detail: detail.clone() });
            self.settle(lost.into_iter().map(answer).collect()).await?;
            self.work.is_queued();
        }
        let over = due::unknown_over(&self.glance().await?.tx, now, LOST_AT_ONCE).await?;
        if !over.is_empty() {
            self.end_unknown(over, now).await?;
        }
        self.gauge().await
    }

    async fn end_unknown(&self, over: Vec<Delivery>, now: Timestamp) -> Result<(), DbError> {
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let mut events = Vec::new();
        for row in over {
            let message = message::of_seq(&tx, row.message).await?;
            let (state, reason) = (DeliveryState::Undelivered, Some("outcome_unknown".to_owned()));
            let row = Delivery { state, reason, ended_at: Some(now), ..row };
            events.extend(self.put(&tx, &message, &row, "").await?);
        }
        Ok(self.commit(tx, events).await?)
    }

    async fn gauge(&self) -> Result<(), DbError> {
        let look = self.glance().await?;
        let (urgent, ordinary) = (due::depth(&look.tx, true).await?, due::depth(&look.tx, false).await?);
        let dead = due::dead(&look.tx).await?;
        for (lane, depth) in [("urgent", urgent), ("ordinary", ordinary)] {
            metrics::gauge!("notification_queue_depth", "lane" => lane).set(shown(depth));
        }
        metrics::gauge!("notification_dead").set(shown(dead));
        Ok(())
    }
}

/// A number for a gauge.
fn shown(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
