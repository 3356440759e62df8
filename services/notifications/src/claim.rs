//! Claiming: deliveries that are due are judged again, and those that go now are marked as being sent, in one
//! transaction. Nothing has been sent yet when it is committed.

use kernel::Timestamp;
use notifications_api::{Category, Channel, DeliveryState};
use platform::db::{DbError, Tx};

use crate::channel::{Back, Parcel};
use crate::decision::{Facts, Fate, fate, loud, next_channel};
use crate::keys::KeyError;
use crate::kinds::{self, Kind};
use crate::returns::DELIVERY;
use crate::returns::link::{self, Link};
use crate::route::Known;
use crate::service::Inner;
use crate::store::delivery::{self, Delivery};
use crate::store::message::{self, Message};
use crate::store::{device, due, suppression};
use crate::template::{Reader, Told};

/// Deliveries that are claimed together.
const AT_ONCE: usize = 64;
/// Messages in one digest.
const DIGEST_MAX: usize = 100;
/// After this long without a word, a delivery that is being sent counts as lost. Longer than all lines of a mail.
const CLAIM_S: i64 = 900;
const DAY_S: i64 = 86_400;
const HOUR_S: i64 = 3_600;

/// What is sent as one, and its deliveries: several for a digest.
pub(crate) struct Load {
    pub(crate) channel: Channel,
    pub(crate) deliveries: Vec<Delivery>,
    /// A sentence if it cannot be rendered.
    pub(crate) parcel: Result<Parcel, String>,
}

impl Inner {
    /// Claims what is due in a lane.
    pub(crate) async fn claim(&self, urgent: bool) -> Result<Vec<Load>, DbError> {
        let now = self.clock.now();
        // Most looks find nothing, and writers wait for each other.
        if due::due(&self.glance().await?.tx, urgent, now, 1).await?.is_empty() {
            return Ok(Vec::new());
        }
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let (mut loads, mut events, mut taken) = (Vec::new(), Vec::new(), Vec::new());
        for row in due::due(&tx, urgent, now, AT_ONCE).await? {
            // It left with a digest.
            if taken.contains(&row.seq) {
                continue;
            }
            let message = message::of_seq(&tx, row.message).await?;
            match self.judged(&tx, &message, row, now).await {
                Ok(Judged::Goes(rows, known)) => {
                    taken.extend(rows.iter().map(|row| row.seq));
                    loads.push(self.load(&tx, rows, &known, now).await?);
                }
                Ok(Judged::Changed(row)) => {
                    events.extend(self.put(&tx, &message, &row, "").await?);
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.commit(tx, events).await?;
        Ok(loads)
    }

    /// Whether it goes now, later or not at all.
    async fn judged(&self, tx: &Tx, message: &Message, row: Delivery, now: Timestamp) -> Result<Judged, KeyError> {
        let end = |row: Delivery, state, reason: &str| {
            Ok(Judged::Changed(Delivery { state, reason: Some(reason.to_owned()), ended_at: Some(now), ..row }))
        };
        if row.expires_at <= now {
            return end(row, DeliveryState::Expired, "life_over");
        }
        let kind = kind_of(message)?;
        if let Some(key) = &row.address_key
            && let Some(suppressed) = suppression::of_address(tx, key).await?
            && (row.optional || suppressed.reason != suppression::UNSUBSCRIBED)
        {
            return end(row, DeliveryState::Suppressed, &suppressed.reason);
        }
        if row.channel == Channel::Push && !is_theirs(tx, &row).await? {
            return end(row, DeliveryState::Suppressed, "device_removed");
        }
        let known = match self.recipient(tx, message).await {
            Ok(known) => known,
            Err(KeyError::Erased(_)) => return end(row, DeliveryState::Suppressed, "erased"),
            Err(error) => return Err(error),
        };
        if row.optional {
            if let Some(held) = self.held(tx, &row, &known, now).await? {
                return Ok(Judged::Changed(held));
            }
            let zone = known.time_zone();
            let facts = Facts { addresses: &known.addresses, preferences: &known.preferences, zone: &zone };
            if fate(kind, row.channel, facts, now) == Fate::OptedOut {
                return end(row, DeliveryState::Suppressed, Fate::OptedOut.because());
            }
        }
        let rows = match row.state {
            DeliveryState::Collected => due::together(tx, &row, now, DIGEST_MAX).await?,
            _ => vec![row],
        };
        Ok(Judged::Goes(rows, Box::new(known)))
    }

    /// An optional delivery that waits for the end of quiet hours or for a limit of its recipient. Zones and preferences
    /// change, so it is judged when it is due.
    async fn held(&self, tx: &Tx, row: &Delivery, known: &Known, now: Timestamp) -> Result<Option<Delivery>, KeyError> {
        let zone = known.time_zone();
        let facts = Facts { addresses: &known.addresses, preferences: &known.preferences, zone: &zone };
        let at = if row.urgent { now } else { loud(now, facts) };
        if at > now {
            let state = if row.state == DeliveryState::Collected { row.state } else { DeliveryState::Held };
            let reason = Some(Fate::Held(at).because().to_owned());
            return Ok(Some(Delivery { state, reason, due_at: at, ..row.clone() }));
        }
        let (max, within_s) = match row.channel {
            Channel::Email => (self.settings.emails_per_day, DAY_S),
            Channel::Sms => (self.settings.sms_per_hour, HOUR_S),
            Channel::Inbox | Channel::Push => return Ok(None),
        };
        let Some(key) = row.address_key.as_deref() else { return Ok(None) };
        let sent = delivery::sent_since(tx, key, now.plus_seconds(-within_s)).await?;
        let Some(oldest) = sent.len().checked_sub(max).and_then(|place| sent.get(place)) else { return Ok(None) };
        let (reason, due_at) = (Some("rate_limit".to_owned()), oldest.plus_seconds(within_s));
        Ok(Some(Delivery { state: DeliveryState::Held, reason, due_at, ..row.clone() }))
    }

    /// Marks deliveries as being sent, and renders what is sent.
    async fn load(&self, tx: &Tx, rows: Vec<Delivery>, known: &Known, now: Timestamp) -> Result<Load, DbError> {
        let until = now.plus_seconds(CLAIM_S);
        let mut deliveries = Vec::with_capacity(rows.len());
        for row in rows {
            let attempts = row.attempts + 1;
            let row = Delivery { state: DeliveryState::Sending, attempts, ..row };
            if due::claim(tx, &row, until).await? {
                delivery::attempt_add(tx, &row, now).await?;
                deliveries.push(row);
            }
        }
        let channel = deliveries.first().map_or(Channel::Email, |row| row.channel);
        let parcel = self.parcel(tx, &deliveries, known, now).await?;
        Ok(Load { channel, deliveries, parcel })
    }

    async fn parcel(
        &self,
        tx: &Tx,
        rows: &[Delivery],
        known: &Known,
        now: Timestamp,
    ) -> Result<Result<Parcel, String>, DbError> {
        let Some(first) = rows.first() else { return Ok(Err("nothing to send".to_owned())) };
        let (mut messages, mut categories) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            let message = message::of_seq(tx, row.message).await?;
            let kind = kind_of(&message)?;
            categories.push(kind.category);
            messages.push((kind, self.content(&message).await?));
        }
        let back = self.back(first, categories);
        let unsubscribe = back.unsubscribe.as_deref();
        let reader = Reader { name: known.name.as_deref(), locale: &known.locale, zone: &known.zone, unsubscribe };
        let rendered =
            messages.iter().map(|(kind, content)| self.templates.message(kind, &Told(&content.data), reader));
        let mut rendered = match rendered.collect::<Result<Vec<_>, _>>() {
            Ok(rendered) => rendered,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let whole = match rendered.pop() {
            Some(only) if rendered.is_empty() => Ok(only),
            Some(last) => {
                rendered.push(last);
                self.templates.digest(&rendered, reader).map_err(|error| error.to_string())
            }
            None => Err("nothing to send".to_owned()),
        };
        let address = self.address_of(first).await?.unwrap_or_default();
        Ok(whole.map(|rendered| Parcel {
            delivery: first.id,
            message: first.message,
            holder: first.holder.clone(),
            name: known.name.clone(),
            address,
            rendered,
            at: now,
            urgent: first.urgent,
            expires_at: first.expires_at,
            back,
        }))
    }

    /// Where to what comes back of a delivery goes.
    fn back(&self, row: &Delivery, categories: Vec<Category>) -> Back {
        let bounces_to = self.settings.bounce_address.as_ref();
        let bounces_to = bounces_to.and_then(|address| link::bounce(&self.keys, address, row.id));
        let Some(public) = &self.public else { return Back { bounces_to, ..Back::default() } };
        let link = Link { delivery: row.id, categories };
        let unsubscribe = row.optional.then(|| format!("{public}/u/{}", link.token(&self.keys)));
        let receipts = format!("{public}/v1/notifications/receipts/twilio?{DELIVERY}={}", row.id);
        Back { bounces_to, unsubscribe, receipts: Some(receipts) }
    }

    /// What follows the end of a delivery: a mandatory message falls to its next channel, and a code is wiped.
    pub(crate) async fn ended(&self, tx: &Tx, message: &Message, row: &Delivery) -> Result<(), DbError> {
        let failed = matches!(
            row.state,
            DeliveryState::Bounced | DeliveryState::Undelivered | DeliveryState::Suppressed | DeliveryState::Dead
        );
        // A code is wiped when it has left: it could not be sent another way.
        let is_gone = row.sent_at.is_some() && kind_of(message)?.is_secret();
        if failed && !row.optional && !is_gone {
            self.fall(tx, message, row.channel).await?;
        }
        match self.wipe(tx, message).await {
            Ok(()) | Err(KeyError::Erased(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// To the next channel, unless another delivery on this one may arrive or has: a person may have several devices.
    async fn fall(&self, tx: &Tx, message: &Message, from: Channel) -> Result<(), DbError> {
        let kind = kind_of(message)?;
        let known = match self.recipient(tx, message).await {
            Ok(known) => known,
            Err(KeyError::Erased(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let all = delivery::of_message(tx, message.seq).await?;
        let may_arrive = |row: &Delivery| !row.state.is_final() || row.state == DeliveryState::Delivered;
        if all.iter().any(|row| row.channel == from && may_arrive(row)) {
            return Ok(());
        }
        let used: Vec<Channel> = all.iter().map(|row| row.channel).collect();
        let Some(channel) = next_channel(kind, &used, &known.addresses) else { return Ok(()) };
        let now = self.clock.now();
        self.add_deliveries(tx, message, (channel, &known), (DeliveryState::Queued, None, now)).await?;
        Ok(())
    }
}

/// A device may have been removed, or another person may use it now.
async fn is_theirs(tx: &Tx, row: &Delivery) -> Result<bool, DbError> {
    let Some(key) = &row.address_key else { return Ok(false) };
    let device = device::of_address(tx, key).await?;
    Ok(device.is_some_and(|device| Some(&device.subject) == row.subject.as_ref()))
}

fn kind_of(message: &Message) -> Result<&'static Kind, DbError> {
    kinds::find(&message.kind).map_err(|refusal| DbError::shape(refusal.to_string()))
}

enum Judged {
    Goes(Vec<Delivery>, Box<Known>),
    /// It waits on, or has ended.
    Changed(Delivery),
}
