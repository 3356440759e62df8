//! The service: what all its parts share, and the traits, one line a method.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use async_trait::async_trait;
use identity_api::Identity;
use kernel::{Clock, Ctx, IdMaker};
use notifications_api::*;
use platform::access::{self, Denied};
use platform::db::{CommitError, Db, DbError, Tx};
use platform::deadline::in_time;
use platform::feed::{FeedSignal, Outbox};
use platform::frame::ActsAs;
use platform::once::Once;
use platform::outbound::Outbound;
use tokio::sync::{Mutex, MutexGuard, Notify, OwnedMutexGuard};

use crate::channel;
use crate::config::Settings;
use crate::keys::Keys;
use crate::template::Templates;

#[derive(Clone)]
pub(crate) struct NotificationsService {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdMaker,
    pub(crate) outbox: Outbox,
    pub(crate) signal: FeedSignal,
    pub(crate) once: Once<Refusal>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) templates: Templates,
    pub(crate) identity: Arc<dyn Identity>,
    /// The room itself, for what it asks identity.
    pub(crate) own: Arc<dyn ActsAs>,
    /// Channels outside of the house that are in use, for each lane its own.
    pub(crate) urgent: Outside,
    pub(crate) ordinary: Outside,
    /// For webhooks.
    pub(crate) outbound: Outbound,
    /// Where people read kept mails; empty if this process is not the edge.
    pub(crate) address: String,
    /// Where providers and people reach the edge from outside, without a slash at its end.
    pub(crate) public: Option<String>,
    /// By which browsers know us, if web push is used.
    pub(crate) push_key: Option<String>,
    pub(crate) work: Work,
    pub(crate) one_writer: OneWriter,
    /// One look for work at a time, so that a room at rest keeps one connection for all of them.
    pub(crate) looking: Mutex<()>,
}

/// Writes of this process one after another. Keys of people are in a store of their own that shares our connections: if
/// writers that wait for each other had all of these, none would be left for the one that needs a key.
#[derive(Clone)]
pub(crate) struct OneWriter {
    db: Db,
    writing: Arc<Mutex<()>>,
}

pub(crate) struct Writer {
    pub(crate) tx: Tx,
    _one: OwnedMutexGuard<()>,
}

impl OneWriter {
    pub(crate) fn of(db: &Db) -> OneWriter {
        OneWriter { db: db.clone(), writing: Arc::default() }
    }

    pub(crate) async fn begin(&self) -> Result<Writer, DbError> {
        let one = Arc::clone(&self.writing).lock_owned().await;
        Ok(Writer { tx: self.db.begin().await?, _one: one })
    }
}

impl Writer {
    pub(crate) async fn commit(self) -> Result<(), CommitError> {
        self.tx.commit().await
    }
}

impl Deref for Writer {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.tx
    }
}

/// Ends when it is dropped.
pub(crate) struct Glance<'a> {
    pub(crate) tx: Tx,
    _one: MutexGuard<'a, ()>,
}

/// Channels by name.
pub(crate) type Outside = BTreeMap<Channel, Arc<dyn channel::Channel>>;

/// There is something to do.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) messages: Notify,
    pub(crate) urgent: Notify,
    pub(crate) ordinary: Notify,
    pub(crate) people: Notify,
    pub(crate) posts: Notify,
}

impl Work {
    /// Deliveries may be due in both lanes.
    pub(crate) fn is_queued(&self) {
        self.urgent.notify_one();
        self.ordinary.notify_one();
    }
}

impl Inner {
    pub(crate) fn outside(&self, urgent: bool) -> &Outside {
        if urgent { &self.urgent } else { &self.ordinary }
    }

    /// A short look at the store, after those of others in this process.
    pub(crate) async fn glance(&self) -> Result<Glance<'_>, DbError> {
        let one = self.looking.lock().await;
        Ok(Glance { tx: self.db.read().await?, _one: one })
    }

    /// Whether mails are kept here instead of being sent.
    pub(crate) fn keeps_mails(&self) -> bool {
        self.ordinary.get(&Channel::Email).is_some_and(|email| email.keeps())
    }
}

/// An object out of reach is refused like one that does not exist.
pub(crate) fn check(
    ctx: &Ctx,
    (resource, action): (&str, &str),
    owner: Option<&str>,
    unknown: Refusal,
) -> Result<(), NotificationsError> {
    match access::check(ctx, resource, action, owner) {
        Err(Denied::NotFound) => Err(unknown.into()),
        Err(denied) => Err(denied.into()),
        Ok(()) => Ok(()),
    }
}

pub(crate) fn page(limit: usize) -> Result<usize, NotificationsError> {
    let max = limits::PAGE_MAX;
    if (1..=max).contains(&limit) { Ok(limit) } else { Err(Refusal::PageSize { given: limit, max }.into()) }
}

macro_rules! in_time {
    ($self:ident, $ctx:ident, $work:expr) => {
        in_time($ctx, &$self.inner.clock, $work).await
    };
}

#[async_trait]
impl Messages for NotificationsService {
    async fn send(&self, ctx: &Ctx, command: SendMessage) -> Result<Message, NotificationsError> {
        in_time!(self, ctx, self.inner.send(ctx, command))
    }

    async fn message(&self, ctx: &Ctx, id: MessageId) -> Result<Message, NotificationsError> {
        in_time!(self, ctx, self.inner.message(ctx, id))
    }

    async fn messages(&self, ctx: &Ctx, query: MessageQuery) -> Result<MessagePage, NotificationsError> {
        in_time!(self, ctx, self.inner.messages(ctx, query))
    }

    async fn cancel(&self, ctx: &Ctx, id: MessageId) -> Result<Message, NotificationsError> {
        in_time!(self, ctx, self.inner.cancel(ctx, id))
    }

    async fn kept_mail(&self, ctx: &Ctx, id: MessageId) -> Result<KeptMail, NotificationsError> {
        in_time!(self, ctx, self.inner.kept_mail(ctx, id))
    }

    async fn kinds(&self, ctx: &Ctx) -> Result<KindList, NotificationsError> {
        self.inner.kinds(ctx)
    }

    async fn preview(&self, ctx: &Ctx, command: Preview) -> Result<Previewed, NotificationsError> {
        self.inner.preview(ctx, command)
    }

    async fn dead(&self, ctx: &Ctx, query: DeadQuery) -> Result<DeadPage, NotificationsError> {
        in_time!(self, ctx, self.inner.dead(ctx, query))
    }

    async fn change_dead(&self, ctx: &Ctx, command: ChangeDead) -> Result<Message, NotificationsError> {
        in_time!(self, ctx, self.inner.change_dead(ctx, command))
    }
}

#[async_trait]
impl People for NotificationsService {
    async fn contact(&self, ctx: &Ctx, subject: String) -> Result<Contact, NotificationsError> {
        in_time!(self, ctx, self.inner.contact(ctx, subject))
    }

    async fn put_contact(&self, ctx: &Ctx, command: PutContact) -> Result<Contact, NotificationsError> {
        in_time!(self, ctx, self.inner.put_contact(ctx, command))
    }

    async fn verify(&self, ctx: &Ctx, command: Verify) -> Result<Contact, NotificationsError> {
        in_time!(self, ctx, self.inner.verify(ctx, command))
    }

    async fn preferences(&self, ctx: &Ctx, subject: String) -> Result<Preferences, NotificationsError> {
        in_time!(self, ctx, self.inner.preferences(ctx, subject))
    }

    async fn put_preferences(&self, ctx: &Ctx, command: PutPreferences) -> Result<Preferences, NotificationsError> {
        in_time!(self, ctx, self.inner.put_preferences(ctx, command))
    }

    async fn next(&self, ctx: &Ctx, query: AskNext) -> Result<Next, NotificationsError> {
        in_time!(self, ctx, self.inner.next(ctx, query))
    }
}

#[async_trait]
impl Inbox for NotificationsService {
    async fn inbox(&self, ctx: &Ctx, query: InboxQuery) -> Result<InboxPage, NotificationsError> {
        in_time!(self, ctx, self.inner.inbox(ctx, query))
    }

    async fn unread(&self, ctx: &Ctx, subject: Option<String>) -> Result<Unread, NotificationsError> {
        in_time!(self, ctx, self.inner.unread(ctx, subject))
    }

    async fn mark(&self, ctx: &Ctx, command: MarkEntry) -> Result<Entry, NotificationsError> {
        in_time!(self, ctx, self.inner.mark(ctx, command))
    }
}

#[async_trait]
impl Suppressions for NotificationsService {
    async fn suppressions(&self, ctx: &Ctx, query: SuppressionQuery) -> Result<SuppressionPage, NotificationsError> {
        in_time!(self, ctx, self.inner.suppressions(ctx, query))
    }

    async fn lift(&self, ctx: &Ctx, command: Lift) -> Result<(), NotificationsError> {
        in_time!(self, ctx, self.inner.lift(ctx, command))
    }
}

#[async_trait]
impl Webhooks for NotificationsService {
    async fn add_endpoint(&self, ctx: &Ctx, command: AddEndpoint) -> Result<NewEndpoint, NotificationsError> {
        in_time!(self, ctx, self.inner.add_endpoint(ctx, command))
    }

    async fn endpoints(&self, ctx: &Ctx, query: EndpointQuery) -> Result<EndpointPage, NotificationsError> {
        in_time!(self, ctx, self.inner.endpoints(ctx, query))
    }

    async fn change_endpoint(&self, ctx: &Ctx, command: ChangeEndpoint) -> Result<Endpoint, NotificationsError> {
        in_time!(self, ctx, self.inner.change_endpoint(ctx, command))
    }

    async fn rotate(&self, ctx: &Ctx, id: EndpointId) -> Result<NewEndpoint, NotificationsError> {
        in_time!(self, ctx, self.inner.rotate(ctx, id))
    }

    async fn replay(&self, ctx: &Ctx, command: Replay) -> Result<Replayed, NotificationsError> {
        in_time!(self, ctx, self.inner.replay(ctx, command))
    }

    async fn posts(&self, ctx: &Ctx, query: PostQuery) -> Result<PostPage, NotificationsError> {
        in_time!(self, ctx, self.inner.posts(ctx, query))
    }

    async fn resend(&self, ctx: &Ctx, id: PostId) -> Result<Post, NotificationsError> {
        in_time!(self, ctx, self.inner.resend(ctx, id))
    }
}

#[async_trait]
impl Devices for NotificationsService {
    async fn add_device(&self, ctx: &Ctx, command: AddDevice) -> Result<Device, NotificationsError> {
        in_time!(self, ctx, self.inner.add_device(ctx, command))
    }

    async fn devices(&self, ctx: &Ctx, subject: Option<String>) -> Result<DeviceList, NotificationsError> {
        in_time!(self, ctx, self.inner.devices(ctx, subject))
    }

    async fn remove_device(&self, ctx: &Ctx, id: DeviceId) -> Result<(), NotificationsError> {
        in_time!(self, ctx, self.inner.remove_device(ctx, id))
    }

    async fn push_key(&self, ctx: &Ctx) -> Result<PushKey, NotificationsError> {
        self.inner.push_key(ctx)
    }
}

#[async_trait]
impl Returns for NotificationsService {
    async fn sms_form(&self, ctx: &Ctx, form: SmsForm) -> Result<(), NotificationsError> {
        in_time!(self, ctx, self.inner.sms_form(ctx, form))
    }

    async fn returned_mail(&self, ctx: &Ctx, mail: ReturnedMail) -> Result<(), NotificationsError> {
        in_time!(self, ctx, self.inner.returned_mail(ctx, mail))
    }

    async fn unsubscribe(&self, ctx: &Ctx, link: Unsubscribe) -> Result<(), NotificationsError> {
        in_time!(self, ctx, self.inner.unsubscribe(ctx, link))
    }
}
