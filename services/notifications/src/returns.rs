//! What comes back from outside after a provider took a message: receipts of SMS, returned mails, complaints, STOP, and
//! links that unsubscribe. None has a token; a signature, a secret or a signed name proves that it may.
//!
//! It may come late, twice, out of order, or before the provider's own answer was stored. A delivery that has ended stays
//! as it is; what is said about its address still counts.

pub(crate) mod link;
mod report;
mod sms;

use kernel::{Ctx, Timestamp};
use notifications_api::{
    Channel, DeliveryId, DeliveryState, NotificationsError, Refusal, ReturnedMail, SmsForm, Unsubscribe,
};
use platform::crypto::same;
use platform::db::DbError;

use crate::service::Inner;
use crate::store::delivery::{self, Delivery};
use crate::store::{contact, message, suppression};
use link::Link;
use report::{Report, Says};
use sms::Wish;

pub(crate) use sms::DELIVERY;

/// What was heard of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The provider has it.
    Taken,
    Delivered,
    /// The address does not exist.
    Address(String),
    Refused(String),
    /// The person has told the provider that they want nothing from us.
    Stopped,
    Complained,
}

impl Heard {
    /// Why the address gets nothing any more.
    fn suppresses(&self) -> Option<&'static str> {
        match self {
            Heard::Address(_) => Some("bounced"),
            Heard::Stopped => Some("stopped"),
            Heard::Complained => Some("complained"),
            Heard::Taken | Heard::Delivered | Heard::Refused(_) => None,
        }
    }
}

/// The delivery after that; none if it stays as it is. What no provider was given cannot have come back.
fn after(row: Delivery, heard: &Heard, now: Timestamp) -> Option<Delivery> {
    if row.state.is_final() || row.attempts == 0 {
        return None;
    }
    let (state, reason) = match heard {
        Heard::Taken if row.state == DeliveryState::Unknown => {
            return Some(Delivery { state: DeliveryState::Sent, reason: None, sent_at: Some(now), ..row });
        }
        Heard::Taken => return None,
        Heard::Delivered => (DeliveryState::Delivered, None),
        Heard::Address(detail) => (DeliveryState::Bounced, Some(detail.clone())),
        Heard::Refused(detail) => (DeliveryState::Undelivered, Some(detail.clone())),
        Heard::Stopped => (DeliveryState::Suppressed, Some("stopped".to_owned())),
        Heard::Complained => (DeliveryState::Complained, None),
    };
    let sent_at = row.sent_at.or(Some(now));
    Some(Delivery { state, reason, sent_at, ended_at: Some(now), ..row })
}

impl Inner {
    pub(crate) async fn sms_form(&self, _: &Ctx, form: SmsForm) -> Result<(), NotificationsError> {
        let invalid = |detail: &str| Refusal::ProofInvalid { detail: detail.to_owned() };
        let (_, token) = self.settings.twilio().ok_or_else(|| invalid("no SMS provider is in use"))?;
        let base = self.public.as_deref().ok_or_else(|| invalid("notifications.public_url is not set"))?;
        let expected = sms::signature(token.expose(), &format!("{base}{}", form.path), &form.fields);
        if !same(expected.as_bytes(), form.signature.as_bytes()) {
            return Err(invalid("the signature is wrong").into());
        }
        if let Some((id, heard)) = sms::receipt(&form) {
            return Ok(self.hear(id, heard).await?);
        }
        match sms::wish(&form.fields) {
            Some((from, wish)) => Ok(self.obey(from, wish).await?),
            None => Ok(()),
        }
    }

    /// STOP and START of a person, by their own number.
    async fn obey(&self, from: &str, wish: Wish) -> Result<(), DbError> {
        let key = self.keys.address(Channel::Sms, from);
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        match wish {
            Wish::Stop => self.suppress(&tx, Channel::Sms, &key, "stopped").await?,
            Wish::Start => suppression::remove_reason(&tx, &key, "stopped").await?,
        }
        Ok(tx.commit().await?)
    }

    /// A report about a delivery, or a complaint. What is about none of ours is ignored.
    pub(crate) async fn returned_mail(&self, _: &Ctx, mail: ReturnedMail) -> Result<(), NotificationsError> {
        let secret = self.settings.bounce_secret.expose();
        if secret.is_empty() || !same(secret.as_bytes(), mail.secret.expose().as_bytes()) {
            return Err(Refusal::ProofInvalid { detail: "the secret is wrong".to_owned() }.into());
        }
        let Some(Report { to, message_ids, says }) = report::read(&mail.mail) else { return Ok(()) };
        let named = mail.to.iter().chain(&to).find_map(|address| link::of_bounce(&self.keys, address));
        let Some(id) = named.or_else(|| message_ids.iter().find_map(|id| of_message_id(id))) else { return Ok(()) };
        let heard = match says {
            Says::Complaint => Some(Heard::Complained),
            Says::Outcomes(all) => {
                let Some(row) = delivery::find(&self.db.read().await?, id).await? else { return Ok(()) };
                let is_ours = |address: &String| {
                    row.address_key.as_deref() == Some(&self.keys.address(Channel::Email, address)[..])
                };
                // A report may be about others too: with a single one, the address may have been forwarded.
                let ours = all.iter().find(|one| one.addresses.iter().any(is_ours));
                ours.or_else(|| all.first().filter(|_| all.len() == 1)).and_then(report::Outcome::heard)
            }
        };
        match heard {
            Some(heard) => Ok(self.hear(id, heard).await?),
            None => Ok(()),
        }
    }

    /// Ends messages of the link's categories to the person by mail; to a bare address, everything optional.
    pub(crate) async fn unsubscribe(&self, _: &Ctx, link: Unsubscribe) -> Result<(), NotificationsError> {
        let Link { delivery: id, categories } = Link::read(&self.keys, &link.token).ok_or(Refusal::LinkInvalid)?;
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let row = delivery::find(&tx, id).await?.ok_or(Refusal::LinkInvalid)?;
        match (&row.subject, &row.address_key) {
            (Some(subject), _) => {
                let mut preferences = contact::preferences(&tx, subject).await?.unwrap_or_default();
                for category in categories {
                    preferences.categories.entry(category).or_default().channels.insert(row.channel, false);
                }
                contact::put_preferences(&tx, subject, &preferences, self.clock.now()).await?;
            }
            (None, Some(key)) => self.suppress(&tx, row.channel, key, suppression::UNSUBSCRIBED).await?,
            (None, None) => {}
        }
        tx.commit().await?;
        Ok(())
    }

    async fn hear(&self, id: DeliveryId, heard: Heard) -> Result<(), DbError> {
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let Some(row) = delivery::find(&tx, id).await? else { return Ok(()) };
        if let (Some(reason), Some(key)) = (heard.suppresses(), &row.address_key) {
            self.suppress(&tx, row.channel, key, reason).await?;
        }
        let message = message::of_seq(&tx, row.message).await?;
        let event = match after(row, &heard, self.clock.now()) {
            Some(row) => self.put(&tx, &message, &row, "").await?,
            None => None,
        };
        self.commit(tx, event.into_iter().collect()).await?;
        self.work.is_queued();
        Ok(())
    }
}

/// Ours are made of the delivery's id.
fn of_message_id(text: &str) -> Option<DeliveryId> {
    text.trim().trim_start_matches('<').split('@').next()?.parse().ok()
}

#[cfg(test)]
mod tests;
