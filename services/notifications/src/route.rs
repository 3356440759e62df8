//! Routing: a message becomes deliveries, once.
//!
//! A message to a person is routed by what is known of them now. One to a user of identity whose contact is still asked
//! for waits; one to a role becomes a message to each of its people.

use std::collections::BTreeMap;

use identity_api::UserQuery;
use jiff::tz::TimeZone;
use kernel::{Ctx, Deadline, Timestamp};
use notifications_api::{Channel, DeliveryId, DeliveryState, MessageState, Preferences, limits};
use platform::crypto::Place;
use platform::db::{DbError, Tx};
use platform::room::OpenError;

use crate::contact::Personal;
use crate::decision::{Facts, Fate, plan};
use crate::keys::KeyError;
use crate::kinds;
use crate::send::NewMessage;
use crate::service::Inner;
use crate::store::delivery::{self, Delivery};
use crate::store::message::{self, Message, Target};
use crate::store::{contact as row, inbox};

/// Messages that are routed in one transaction.
const AT_ONCE: usize = 100;
const ASK_MS: u64 = 5_000;
const PEOPLE_PER_PAGE: usize = 200;

/// A keyed digest of an address, and the address.
pub(crate) type Addressed = (Vec<u8>, String);

/// What is known of the recipient of a message.
pub(crate) struct Known {
    pub(crate) subject: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) locale: String,
    pub(crate) zone: String,
    pub(crate) preferences: Preferences,
    /// Of channels that are in use. For push they are the devices below.
    pub(crate) addresses: BTreeMap<Channel, String>,
    pub(crate) devices: Vec<Addressed>,
}

impl Known {
    pub(crate) fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }
}

impl Inner {
    /// A person as a recipient.
    pub(crate) async fn known(&self, tx: &Tx, subject: &str) -> Result<Known, KeyError> {
        let preferences = row::preferences(tx, subject).await?.unwrap_or_default();
        let found = row::find(tx, subject).await?;
        let personal = match &found {
            Some(contact) => self.personal(contact).await?,
            None => Personal::default(),
        };
        let (locale, zone) = match found {
            Some(contact) => (contact.locale, contact.zone),
            None => (self.settings.locale.clone(), self.settings.zone.clone()),
        };
        let mut addresses = BTreeMap::from([(Channel::Inbox, subject.to_owned())]);
        addresses.extend(personal.email.map(|email| (Channel::Email, email)));
        addresses.extend(personal.phone.map(|phone| (Channel::Sms, phone)));
        let devices = self.device_addresses(tx, subject).await?;
        addresses.extend(devices.first().map(|_| (Channel::Push, String::new())));
        addresses.retain(|channel, _| *channel == Channel::Inbox || self.ordinary.contains_key(channel));
        let subject = Some(subject.to_owned());
        Ok(Known { subject, name: personal.name, locale, zone, preferences, addresses, devices })
    }

    /// The owner of a bare address.
    fn stranger(&self, channel: Channel, address: Option<String>) -> Known {
        let (locale, zone) = (self.settings.locale.clone(), self.settings.zone.clone());
        let address = address.filter(|_| self.ordinary.contains_key(&channel));
        let addresses = address.into_iter().map(|address| (channel, address)).collect();
        let (preferences, devices) = (Preferences::default(), Vec::new());
        Known { subject: None, name: None, locale, zone, preferences, addresses, devices }
    }

    pub(crate) async fn recipient(&self, tx: &Tx, message: &Message) -> Result<Known, KeyError> {
        match (message.target, message.subject.as_deref()) {
            (Target::Email | Target::Phone, _) => {
                let channel = if message.target == Target::Email { Channel::Email } else { Channel::Sms };
                Ok(self.stranger(channel, self.content(message).await?.address))
            }
            (_, Some(subject)) => self.known(tx, subject).await,
            (_, None) => Ok(self.stranger(Channel::Inbox, None)),
        }
    }

    /// Makes the deliveries of a message whose person is known; returns their number.
    pub(crate) async fn route(&self, tx: &Tx, message: &Message) -> Result<usize, KeyError> {
        let kind = kinds::find(&message.kind).map_err(|refusal| DbError::shape(refusal.to_string()))?;
        let (known, now) = (self.recipient(tx, message).await?, self.clock.now());
        let zone = known.time_zone();
        let facts = Facts { addresses: &known.addresses, preferences: &known.preferences, zone: &zone };
        let mut made = 0;
        for (channel, fate) in plan(kind, facts, now) {
            let (state, reason, due_at) = match fate {
                Fate::Goes => (DeliveryState::Queued, None, now),
                Fate::Held(at) => (DeliveryState::Held, Some(fate.because()), at),
                Fate::Collected(at) => (DeliveryState::Collected, Some(fate.because()), at),
                Fate::OptedOut => (DeliveryState::Suppressed, Some(fate.because()), now),
                Fate::NoAddress => continue,
            };
            made += self.add_deliveries(tx, message, (channel, &known), (state, reason, due_at)).await?;
        }
        message::set_state(tx, message.seq, MessageState::Routed, message.subject.as_deref()).await?;
        Ok(made)
    }

    /// Deliveries on one channel, one for each address; returns their number.
    pub(crate) async fn add_deliveries(
        &self,
        tx: &Tx,
        message: &Message,
        (channel, known): (Channel, &Known),
        fate: (DeliveryState, Option<&str>, Timestamp),
    ) -> Result<usize, KeyError> {
        let places = match (channel, known.addresses.get(&channel)) {
            (Channel::Inbox, _) | (_, None) => vec![None],
            (Channel::Push, _) => known.devices.iter().cloned().map(Some).collect(),
            (_, Some(address)) => vec![Some((self.keys.address(channel, address).to_vec(), address.clone()))],
        };
        let count = places.len();
        for place in places {
            self.add_delivery(tx, message, (channel, known.subject.as_deref(), place), fate).await?;
        }
        Ok(count)
    }

    /// A delivery to one address; in the inbox it arrives at once.
    async fn add_delivery(
        &self,
        tx: &Tx,
        message: &Message,
        (channel, subject, place): (Channel, Option<&str>, Option<Addressed>),
        (state, reason, due_at): (DeliveryState, Option<&str>, Timestamp),
    ) -> Result<(), KeyError> {
        let kind = kinds::find(&message.kind).map_err(|refusal| DbError::shape(refusal.to_string()))?;
        let (id, now): (DeliveryId, _) = (self.ids.make(), self.clock.now());
        let sealed = match &place {
            Some((_, address)) => {
                let row = id.to_bytes();
                let place = Place::new("delivery", "sealed", &row);
                Some(self.keys.seal(message.holder.as_deref(), place, address.as_bytes()).await?)
            }
            None => None,
        };
        let arrives = channel == Channel::Inbox && state == DeliveryState::Queued;
        let state = if arrives { DeliveryState::Delivered } else { state };
        let delivery = Delivery {
            seq: delivery::next(tx).await?,
            id,
            message: message.seq,
            subject: subject.map(str::to_owned),
            channel,
            state,
            reason: reason.map(str::to_owned),
            urgent: kind.urgent,
            optional: !kind.is_mandatory(),
            due_at,
            attempts: 0,
            address_key: place.map(|(key, _)| key),
            holder: message.holder.clone(),
            sealed,
            expires_at: message.expires_at,
            sent_at: None,
            ended_at: state.is_final().then_some(now),
        };
        delivery::add(tx, &delivery).await?;
        if arrives {
            inbox::add(tx, delivery.seq, subject.unwrap_or_default(), message.seq, now).await?;
        }
        crate::count::changed(&delivery, "");
        Ok(())
    }

    pub(crate) async fn address_of(&self, delivery: &Delivery) -> Result<Option<String>, KeyError> {
        let Some(sealed) = &delivery.sealed else { return Ok(None) };
        let row = delivery.id.to_bytes();
        let place = Place::new("delivery", "sealed", &row);
        let plain = self.keys.unseal(delivery.holder.as_deref(), place, sealed).await?;
        Ok(Some(String::from_utf8_lossy(&plain).into_owned()))
    }

    /// Routes everything that waits; what cannot be decided yet stays.
    pub(crate) async fn route_waiting(&self) -> Result<(), OpenError> {
        let mut after = 0;
        loop {
            let waiting = message::waiting(&self.glance().await?.tx, after, AT_ONCE).await?;
            let Some(last) = waiting.last() else { return Ok(()) };
            after = last.seq;
            let (roles, people): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|message| message.target == Target::Role);
            if !people.is_empty() {
                self.route_people(&people).await?;
            }
            for message in roles {
                self.expand(&message).await?;
            }
        }
    }

    async fn route_people(&self, waiting: &[Message]) -> Result<(), OpenError> {
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        for message in waiting {
            let mut message = message::of_seq(&tx, message.seq).await?;
            if message.state != MessageState::Accepted {
                continue;
            }
            if message.target == Target::Person && message.subject.is_none() {
                let person = message.recipient.as_deref().unwrap_or_default();
                message.subject = row::subject_of(&tx, person).await?;
            }
            if message.target == Target::Person && message.subject.is_none() {
                if message.expires_at <= self.clock.now() {
                    message::set_state(&tx, message.seq, MessageState::Cancelled, None).await?;
                }
                continue;
            }
            match self.route(&tx, &message).await {
                Ok(_) => {}
                // An erased person is told nothing.
                Err(KeyError::Erased(_)) => {
                    message::set_state(&tx, message.seq, MessageState::Cancelled, None).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        tx.commit().await?;
        self.work.is_queued();
        Ok(())
    }

    /// A message to each person with the role. A repeat after a crash finds those that were made.
    async fn expand(&self, message: &Message) -> Result<(), OpenError> {
        let kind = kinds::find(&message.kind)?;
        let role = message.recipient.clone().unwrap_or_default();
        let content = self.content(message).await?;
        let mut query = UserQuery { role: Some(role), limit: Some(PEOPLE_PER_PAGE), ..UserQuery::default() };
        let mut people = 0;
        loop {
            let page = self.identity.users(&self.ask().await?, query.clone()).await?;
            let tx = self.one_writer.begin().await?;
            tx.one_at_a_time().await?;
            for user in &page.users {
                let told = self.keys.digest(&["role", &message.id.to_string(), kind.name, &user.subject]);
                if message::is_told(&tx, &told).await? {
                    continue;
                }
                let new = NewMessage {
                    kind,
                    target: Target::Subject,
                    recipient: Some(user.subject.clone()),
                    holder: Some(user.subject.clone()),
                    content: content.clone(),
                    expires_at: Some(message.expires_at),
                    told: Some(told),
                };
                match self.add_message(&tx, new).await {
                    Ok(_) | Err(KeyError::Erased(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            people += page.users.len();
            let is_last = !page.more || people >= limits::ROLE_PEOPLE_MAX;
            if is_last {
                message::set_state(&tx, message.seq, MessageState::Routed, None).await?;
            }
            tx.commit().await?;
            query.after = page.users.last().map(|user| user.id);
            if is_last {
                self.work.messages.notify_one();
                return Ok(());
            }
        }
    }

    /// For what the room asks identity, as itself.
    pub(crate) async fn ask(&self) -> Result<Ctx, OpenError> {
        let (principal, deadline) = (self.own.principal().await?, Deadline::after_millis(&*self.clock, ASK_MS));
        Ok(Ctx { principal, deadline, request_id: "notifications".into(), idempotency_key: None })
    }
}
