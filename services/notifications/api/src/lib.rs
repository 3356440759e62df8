//! The interface of notifications: its traits, commands, answers and refusals.
//!
//! Other rooms depend on this crate and never on notifications itself. It contains plain data that can travel between
//! processes, and no rule. Start reading at [`Notifications`], then [`SendMessage`] and [`Delivery`].

mod inbox;
mod message;
mod person;
mod push;
mod refusal;
mod remote;
mod returns;
mod suppression;
mod template;
mod webhook;

use async_trait::async_trait;
use kernel::Ctx;
use platform::error::ServiceError;

pub use inbox::{Entry, EntryState, InboxPage, InboxQuery, MarkEntry, Unread};
pub use message::{
    Attempt, Category, ChangeDead, Channel, Data, DeadChange, DeadLetter, DeadPage, DeadQuery, Delivery, DeliveryId,
    DeliveryState, DeliveryTag, KeptMail, Kind, KindList, Message, MessageId, MessagePage, MessageQuery, MessageState,
    MessageTag, Recipient, SendMessage, Shape, Variable,
};
pub use person::{
    AskNext, Choice, ClockTime, Contact, ContactField, Digest, Next, NextOn, Preferences, PutContact, PutPreferences,
    QuietHours, Reach, Rhythm, Thresholds, Verify, Weekday,
};
pub use push::{
    AddDevice, Device, DeviceAddress, DeviceId, DeviceKind, DeviceList, DeviceTag, FcmRegistration, PushKey, WebKeys,
    WebSubscription,
};
pub use refusal::Refusal;
pub use remote::{FACE, RemoteNotifications};
pub use returns::{ReturnedMail, SmsForm, Unsubscribe};
pub use suppression::{Lift, Suppression, SuppressionId, SuppressionPage, SuppressionQuery, SuppressionTag};
pub use template::{Preview, Previewed};
pub use webhook::{
    AddEndpoint, ChangeEndpoint, Endpoint, EndpointChange, EndpointId, EndpointPage, EndpointQuery, EndpointState,
    EndpointTag, NewEndpoint, Post, PostId, PostPage, PostQuery, PostState, PostTag, Replay, Replayed,
};

/// The name of the room.
pub const SERVICE: &str = "notifications";

/// Why a call to notifications has no result.
pub type NotificationsError = ServiceError<Refusal>;

/// Bounds of one call; each has its refusal.
pub mod limits {
    /// Items of one page.
    pub const PAGE_MAX: usize = 500;
    /// Bytes of a message's data.
    pub const DATA_BYTES_MAX: usize = 8_192;
    /// Characters of a person's name.
    pub const NAME_CHARS_MAX: usize = 128;
    /// Bytes of an e-mail address (RFC 5321: 64 before the sign, 255 after it).
    pub const EMAIL_BYTES_MAX: usize = 254;
    /// People with a role who get one message.
    pub const ROLE_PEOPLE_MAX: usize = 10_000;
    /// Devices of one person.
    pub const DEVICES_MAX: usize = 20;
    /// Digits of a code that verifies an address.
    pub const CODE_DIGITS: usize = 6;
}

/// Messages, their deliveries, and what happened to them.
#[async_trait]
pub trait Messages: Send + Sync {
    /// Accepts a message. It is delivered afterwards.
    async fn send(&self, ctx: &Ctx, command: SendMessage) -> Result<Message, NotificationsError>;

    async fn message(&self, ctx: &Ctx, id: MessageId) -> Result<Message, NotificationsError>;

    async fn messages(&self, ctx: &Ctx, query: MessageQuery) -> Result<MessagePage, NotificationsError>;

    /// Ends all deliveries that no provider has been given yet.
    async fn cancel(&self, ctx: &Ctx, id: MessageId) -> Result<Message, NotificationsError>;

    /// The mail of a message, where mails are kept instead of being sent.
    async fn kept_mail(&self, ctx: &Ctx, id: MessageId) -> Result<KeptMail, NotificationsError>;

    async fn kinds(&self, ctx: &Ctx) -> Result<KindList, NotificationsError>;

    /// Renders a kind with example data.
    async fn preview(&self, ctx: &Ctx, command: Preview) -> Result<Previewed, NotificationsError>;

    /// Deliveries that were given up.
    async fn dead(&self, ctx: &Ctx, query: DeadQuery) -> Result<DeadPage, NotificationsError>;

    /// Tries a dead delivery again, or ends it.
    async fn change_dead(&self, ctx: &Ctx, command: ChangeDead) -> Result<Message, NotificationsError>;
}

/// What people have chosen, and where they are reached.
#[async_trait]
pub trait People: Send + Sync {
    async fn contact(&self, ctx: &Ctx, subject: String) -> Result<Contact, NotificationsError>;

    async fn put_contact(&self, ctx: &Ctx, command: PutContact) -> Result<Contact, NotificationsError>;

    /// Confirms an address with the code that was sent to it.
    async fn verify(&self, ctx: &Ctx, command: Verify) -> Result<Contact, NotificationsError>;

    async fn preferences(&self, ctx: &Ctx, subject: String) -> Result<Preferences, NotificationsError>;

    async fn put_preferences(&self, ctx: &Ctx, command: PutPreferences) -> Result<Preferences, NotificationsError>;

    /// When a message would go, and why.
    async fn next(&self, ctx: &Ctx, query: AskNext) -> Result<Next, NotificationsError>;
}

/// The messages that a person reads here.
#[async_trait]
pub trait Inbox: Send + Sync {
    async fn inbox(&self, ctx: &Ctx, query: InboxQuery) -> Result<InboxPage, NotificationsError>;

    async fn unread(&self, ctx: &Ctx, subject: Option<String>) -> Result<Unread, NotificationsError>;

    async fn mark(&self, ctx: &Ctx, command: MarkEntry) -> Result<Entry, NotificationsError>;
}

/// Addresses that get nothing optional any more.
#[async_trait]
pub trait Suppressions: Send + Sync {
    async fn suppressions(&self, ctx: &Ctx, query: SuppressionQuery) -> Result<SuppressionPage, NotificationsError>;

    async fn lift(&self, ctx: &Ctx, command: Lift) -> Result<(), NotificationsError>;
}

/// Endpoints of owners, to which events are posted.
#[async_trait]
pub trait Webhooks: Send + Sync {
    async fn add_endpoint(&self, ctx: &Ctx, command: AddEndpoint) -> Result<NewEndpoint, NotificationsError>;

    async fn endpoints(&self, ctx: &Ctx, query: EndpointQuery) -> Result<EndpointPage, NotificationsError>;

    async fn change_endpoint(&self, ctx: &Ctx, command: ChangeEndpoint) -> Result<Endpoint, NotificationsError>;

    /// Makes a new secret; the old one still signs for a day.
    async fn rotate(&self, ctx: &Ctx, id: EndpointId) -> Result<NewEndpoint, NotificationsError>;

    async fn replay(&self, ctx: &Ctx, command: Replay) -> Result<Replayed, NotificationsError>;

    async fn posts(&self, ctx: &Ctx, query: PostQuery) -> Result<PostPage, NotificationsError>;

    /// Posts one event again.
    async fn resend(&self, ctx: &Ctx, id: PostId) -> Result<Post, NotificationsError>;
}

/// Devices that get push messages.
#[async_trait]
pub trait Devices: Send + Sync {
    async fn add_device(&self, ctx: &Ctx, command: AddDevice) -> Result<Device, NotificationsError>;

    /// Without a subject: the caller's own.
    async fn devices(&self, ctx: &Ctx, subject: Option<String>) -> Result<DeviceList, NotificationsError>;

    async fn remove_device(&self, ctx: &Ctx, id: DeviceId) -> Result<(), NotificationsError>;

    async fn push_key(&self, ctx: &Ctx) -> Result<PushKey, NotificationsError>;
}

/// What comes back from outside. None of it has a token: a signature or a secret proves that it may.
#[async_trait]
pub trait Returns: Send + Sync {
    /// A receipt of the SMS provider, or a message such as STOP.
    async fn sms_form(&self, ctx: &Ctx, form: SmsForm) -> Result<(), NotificationsError>;

    /// A mail that could not be delivered, or of which a person complained.
    async fn returned_mail(&self, ctx: &Ctx, mail: ReturnedMail) -> Result<(), NotificationsError>;

    async fn unsubscribe(&self, ctx: &Ctx, link: Unsubscribe) -> Result<(), NotificationsError>;
}

pub trait Notifications: Messages + People + Inbox + Suppressions + Webhooks + Devices + Returns {}

impl<T: Messages + People + Inbox + Suppressions + Webhooks + Devices + Returns> Notifications for T {}
