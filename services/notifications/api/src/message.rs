//! Messages, their deliveries and attempts, and the kinds of messages.

use kernel::{Id, IdKind, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy)]
pub struct MessageTag;

impl IdKind for MessageTag {
    const PREFIX: &'static str = "ntf";
}

pub type MessageId = Id<MessageTag>;

#[derive(Debug, Clone, Copy)]
pub struct DeliveryTag;

impl IdKind for DeliveryTag {
    const PREFIX: &'static str = "dlv";
}

pub type DeliveryId = Id<DeliveryTag>;

/// A way to a person.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Channel {
    /// The list of messages that the person reads here.
    Inbox,
    Email,
    Sms,
    Push,
}

/// What a kind of message is about. Security and legal messages cannot be switched off.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    EnumString,
    IntoStaticStr,
    EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Category {
    Security,
    Legal,
    Account,
    Payment,
    Card,
    Risk,
    Treasury,
    Product,
    Marketing,
}

impl Category {
    pub fn is_mandatory(self) -> bool {
        matches!(self, Category::Security | Category::Legal)
    }
}

/// Who gets a message: exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// A person, by the owner id of their accounts.
    Subject(String),
    /// Everybody with this role.
    Role(String),
    /// A bare address.
    Email(String),
    /// A bare number in the international form.
    Phone(String),
}

/// The values of a kind's variables.
pub type Data = serde_json::Map<String, serde_json::Value>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    #[schema(example = "account.money_received")]
    pub kind: String,
    pub to: Recipient,
    /// The values of the kind's variables.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub data: Data,
    /// Not delivered after this; the kind's own life is the longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MessageState {
    /// Its deliveries are still to be decided.
    Accepted,
    /// Its deliveries say how far it is.
    Routed,
    Cancelled,
}

/// One kind to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    #[schema(value_type = String)]
    pub id: MessageId,
    pub kind: String,
    pub category: Category,
    /// The person; absent for a role or a bare address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    pub state: MessageState,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    pub deliveries: Vec<Delivery>,
    /// Where its mail can be read, if mails are kept instead of being sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_at: Option<String>,
}

/// How far a delivery is. The last eight are final.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr, EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeliveryState {
    Queued,
    /// Waiting for the end of quiet hours, or for a limit of messages per recipient.
    Held,
    /// Waiting for the next digest.
    Collected,
    /// A provider is being asked to take it.
    Sending,
    /// A provider may or may not have taken it.
    Unknown,
    /// Taken by a provider.
    Sent,
    Delivered,
    /// The address does not exist.
    Bounced,
    /// Refused for another reason.
    Undelivered,
    Complained,
    /// Not sent: see the reason.
    Suppressed,
    Expired,
    Cancelled,
    /// Given up after all attempts; a person may retry it.
    Dead,
}

impl DeliveryState {
    /// Nothing happens to it by itself any more.
    pub fn is_final(self) -> bool {
        use DeliveryState::*;
        matches!(self, Delivered | Bounced | Undelivered | Complained | Suppressed | Expired | Cancelled | Dead)
    }

    /// No provider has been asked, or each of them has asked to come back later.
    pub fn waits(self) -> bool {
        matches!(self, DeliveryState::Queued | DeliveryState::Held | DeliveryState::Collected)
    }
}

/// A message on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    #[schema(value_type = String)]
    pub id: DeliveryId,
    pub channel: Channel,
    pub state: DeliveryState,
    /// Why it waits, or ended like this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Enough of the address to recognise it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The earliest time of the next attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    pub attempts: Vec<Attempt>,
}

/// One attempt at one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    pub number: u32,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub provider: String,
    /// `taken`, `passing`, `address`, `refused`, `stopped`, `ours`, `unknown`; `begun` while it runs.
    pub outcome: String,
    /// What the provider said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Messages before `before`, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<MessageId>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagePage {
    pub items: Vec<Message>,
    pub more: bool,
}

/// A mail that was kept instead of being sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeptMail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The whole mail as it would have been sent.
    pub raw: String,
}

/// The form of a variable's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    Text,
    /// `{"amount": "25.00", "currency": "USD"}`
    Money,
    Number,
    /// An instant in RFC 3339.
    Time,
    /// A text that is wiped when the message is done.
    Code,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Variable {
    pub name: String,
    pub shape: Shape,
    /// It may be left out.
    pub optional: bool,
}

/// A kind of message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Kind {
    pub name: String,
    pub category: Category,
    /// It cannot be switched off.
    pub mandatory: bool,
    /// It ignores quiet hours and uses the fast lane.
    pub urgent: bool,
    /// In the order in which they are tried.
    pub channels: Vec<Channel>,
    /// Seconds after which it is not delivered any more.
    pub life_s: i64,
    pub variables: Vec<Variable>,
    /// Types of the events that cause it.
    pub events: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KindList {
    pub items: Vec<Kind>,
}

/// Dead deliveries after one of them, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<DeliveryId>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetter {
    #[schema(value_type = String)]
    pub message: MessageId,
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    pub delivery: Delivery,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadPage {
    pub items: Vec<DeadLetter>,
    pub more: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadChange {
    Retry,
    GiveUp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeDead {
    pub id: DeliveryId,
    pub change: DeadChange,
}
