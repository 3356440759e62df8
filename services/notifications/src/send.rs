//! Accepting a message: over the API, and from a trigger. Nothing is sent here.

use kernel::{Ctx, Timestamp};
use notifications_api::*;
use platform::access;
use platform::crypto::Place;
use platform::db::{DbError, Tx};
use serde::{Deserialize, Serialize};

use crate::channel::mail::is_address;
use crate::keys::KeyError;
use crate::kinds::{self, Kind};
use crate::service::Inner;
use crate::store::{self, message as row};
use crate::template::Told;

/// What is sealed of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) data: Data,
    /// A bare address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<String>,
}

/// A message before it is stored.
#[derive(Debug)]
pub(crate) struct NewMessage<'a> {
    pub(crate) kind: &'a Kind,
    pub(crate) target: row::Target,
    pub(crate) recipient: Option<String>,
    /// Whose key seals it.
    pub(crate) holder: Option<String>,
    pub(crate) content: Content,
    pub(crate) expires_at: Option<Timestamp>,
    /// A digest of what it is told of: the same again is not told again.
    pub(crate) told: Option<[u8; 32]>,
}

impl Inner {
    pub(crate) async fn send(&self, ctx: &Ctx, command: SendMessage) -> Result<Message, NotificationsError> {
        access::check(ctx, "messages", "send", None)?;
        form(&command)?;
        let turn = self.once.begin(ctx, "send_message", &command).await?;
        let tx = self.one_writer.begin().await?;
        if let Some(id) = turn.again::<MessageId>(&tx).await? {
            let known = row::find(&tx, id).await?.ok_or_else(|| Refusal::MessageUnknown { id: id.to_string() })?;
            return self.shown(&tx, known).await;
        }
        match self.accepted(&tx, command).await {
            Ok(message) => {
                turn.made(&tx, &message.id).await?;
                let shown = self.shown(&tx, message).await?;
                tx.commit().await?;
                self.work.messages.notify_one();
                self.work.is_queued();
                Ok(shown)
            }
            Err(error) => Err(turn.refused(tx.tx, error).await),
        }
    }

    async fn accepted(&self, tx: &Tx, command: SendMessage) -> Result<row::Message, NotificationsError> {
        let kind = kinds::find(&command.kind)?;
        Told(&command.data).check(kind)?;
        tx.one_at_a_time().await?;
        let SendMessage { to, data, expires_at, .. } = command;
        let (target, recipient, holder, address) = match to {
            Recipient::Subject(subject) => (row::Target::Subject, Some(subject.clone()), Some(subject), None),
            Recipient::Role(role) => (row::Target::Role, Some(role), None, None),
            Recipient::Email(address) => (row::Target::Email, None, None, Some(address)),
            Recipient::Phone(number) => (row::Target::Phone, None, None, Some(number)),
        };
        let content = Content { data, address };
        let new = NewMessage { kind, target, recipient, holder, content, expires_at, told: None };
        let message = self.add_message(tx, new).await?;
        if target == row::Target::Role {
            return Ok(message);
        }
        let deliveries = self.route(tx, &message).await?;
        if deliveries == 0 {
            let because = "there is no address that this kind could use".to_owned();
            return Err(Refusal::RecipientUnreachable { kind: kind.name.to_owned(), because }.into());
        }
        Ok(row::of_seq(tx, message.seq).await?)
    }

    /// Stores a message whose deliveries are still to be decided. The caller holds the lock of the store's writers.
    pub(crate) async fn add_message(&self, tx: &Tx, new: NewMessage<'_>) -> Result<row::Message, KeyError> {
        let NewMessage { kind, target, recipient, holder, content, expires_at, told } = new;
        let (id, now): (MessageId, _) = (self.ids.make(), self.clock.now());
        let life = now.plus_seconds(if kind.life_s == kinds::DAY_S { self.settings.life_s } else { kind.life_s });
        let plain = store::json_text(&content)?;
        let sealed = self.keys.seal(holder.as_deref(), place(&id.to_bytes()), plain.as_bytes()).await?;
        let subject = recipient.clone().filter(|_| target == row::Target::Subject);
        let message = row::Message {
            seq: row::next(tx).await?,
            id,
            kind: kind.name.to_owned(),
            state: MessageState::Accepted,
            target,
            recipient,
            subject,
            holder,
            sealed,
            created_at: now,
            expires_at: expires_at.map_or(life, |at| at.min(life)),
        };
        row::add(tx, &message, told.as_ref()).await?;
        crate::count::accepted(kind);
        Ok(message)
    }

    pub(crate) async fn content(&self, message: &row::Message) -> Result<Content, KeyError> {
        let place = message.id.to_bytes();
        let plain = self.keys.unseal(message.holder.as_deref(), self::place(&place), &message.sealed).await?;
        Ok(serde_json::from_slice(&plain).map_err(|error| DbError::shape(error.to_string()))?)
    }

    /// Removes the data of a message whose data is secret, once nothing of it waits.
    pub(crate) async fn wipe(&self, tx: &Tx, message: &row::Message) -> Result<(), KeyError> {
        let is_secret = kinds::find(&message.kind).is_ok_and(Kind::is_secret);
        if !is_secret || row::open_of(tx, message.seq).await? > 0 {
            return Ok(());
        }
        let mut content = self.content(message).await?;
        content.data.clear();
        let plain = store::json_text(&content)?;
        let sealed = self.keys.seal(message.holder.as_deref(), place(&message.id.to_bytes()), plain.as_bytes()).await?;
        Ok(row::reseal(tx, message.seq, &sealed).await?)
    }
}

fn place(id: &[u8; 16]) -> Place<'_> {
    Place::new("message", "sealed", id)
}

/// What can be wrong with a request by itself.
fn form(command: &SendMessage) -> Result<(), Refusal> {
    let (field, is_right, expected) = match &command.to {
        Recipient::Subject(subject) => ("to.subject", is_name(subject), "expected 1 to 128 visible ASCII characters"),
        Recipient::Role(role) => ("to.role", is_name(role), "expected 1 to 128 visible ASCII characters"),
        Recipient::Email(address) => ("to.email", is_address(address), "expected an e-mail address"),
        Recipient::Phone(number) => ("to.phone", is_number(number), "expected a number such as +4930123456"),
    };
    if !is_right {
        return Err(Refusal::field_invalid(field, expected));
    }
    let bytes = serde_json::to_string(&command.data).map_or(usize::MAX, |text| text.len());
    let max = limits::DATA_BYTES_MAX;
    if bytes > max { Err(Refusal::field_invalid("data", format!("expected at most {max} bytes"))) } else { Ok(()) }
}

pub(crate) fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// E.164: a plus and 7 to 15 digits.
pub(crate) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
}
