//! Notifications in another process: the same traits over [`platform::rpc`], and the method table that answers them there.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Ctx;
use platform::room::Face;
use platform::rpc::{Methods, MethodsOf, Repeat, RpcClient};

use crate::*;

/// How notifications are called.
pub static FACE: Face<dyn Notifications> =
    Face { name: SERVICE, serve, remote: |rpc| Arc::new(RemoteNotifications { rpc }) };

type Shared = Arc<dyn Notifications>;

fn serve(room: Shared) -> Methods {
    let methods = MethodsOf::new(SERVICE, room)
        .on("send", |at, ctx, it| async move { at.send(&ctx, it).await })
        .on("message", |at, ctx, it| async move { at.message(&ctx, it).await })
        .on("messages", |at, ctx, it| async move { at.messages(&ctx, it).await })
        .on("cancel", |at, ctx, it| async move { at.cancel(&ctx, it).await })
        .on("kept_mail", |at, ctx, it| async move { at.kept_mail(&ctx, it).await })
        .on("kinds", |at, ctx, ()| async move { at.kinds(&ctx).await })
        .on("preview", |at, ctx, it| async move { at.preview(&ctx, it).await })
        .on("dead", |at, ctx, it| async move { at.dead(&ctx, it).await })
        .on("change_dead", |at, ctx, it| async move { at.change_dead(&ctx, it).await });
    returns(devices(webhooks(suppressions(inbox(people(methods)))))).into()
}

fn people(methods: MethodsOf<dyn Notifications>) -> MethodsOf<dyn Notifications> {
    methods
        .on("contact", |at, ctx, it| async move { at.contact(&ctx, it).await })
        .on("put_contact", |at, ctx, it| async move { at.put_contact(&ctx, it).await })
        .on("verify", |at, ctx, it| async move { at.verify(&ctx, it).await })
        .on("preferences", |at, ctx, it| async move { at.preferences(&ctx, it).await })
        .on("put_preferences", |at, ctx, it| async move { at.put_preferences(&ctx, it).await })
        .on("next", |at, ctx, it| async move { at.next(&ctx, it).await })
}

fn inbox(methods: MethodsOf<dyn Notifications>) -> MethodsOf<dyn Notifications> {
    methods
        .on("inbox", |at, ctx, it| async move { at.inbox(&ctx, it).await })
        .on("unread", |at, ctx, it| async move { at.unread(&ctx, it).await })
        .on("mark", |at, ctx, it| async move { at.mark(&ctx, it).await })
}

fn suppressions(methods: MethodsOf<dyn Notifications>) -> MethodsOf<dyn Notifications> {
    methods
        .on("suppressions", |at, ctx, it| async move { at.suppressions(&ctx, it).await })
        .on("lift", |at, ctx, it| async move { at.lift(&ctx, it).await })
}

fn webhooks(methods: MethodsOf<dyn Notifications>) -> MethodsOf<dyn Notifications> {
    methods
        .on("add_endpoint", |at, ctx, it| async move { at.add_endpoint(&ctx, it).await })
        .on("endpoints", |at, ctx, it| async move { at.endpoints(&ctx, it).await })
        .on("change_endpoint", |at, ctx, it| async move { at.change_endpoint(&ctx, it).await })
        .on("rotate", |at, ctx, it| async move { at.rotate(&ctx, it).await })
        .on("replay", |at, ctx, it| async move { at.replay(&ctx, it).await })
        .on("posts", |at, ctx, it| async move { at.posts(&ctx, it).await })
        .on("resend", |at, ctx, it| async move { at.resend(&ctx, it).await })
}

fn devices(methods: MethodsOf<dyn Notifications>) -> MethodsOf<dyn Notifications> {
    methods
        .on("add_device", |at, ctx, it| async move { at.add_device(&ctx, it).await })
        .on("devices", |at, ctx, it| async move { at.devices(&ctx, it).await })
        .on("remove_device", |at, ctx, it| async move { at.remove_device(&ctx, it).await })
        .on("push_key", |at, ctx, ()| async move { at.push_key(&ctx).await })
}

fn returns(methods: MethodsOf<dyn Notifications>) -> MethodsOf<dyn Notifications> {
    methods
        .on("sms_form", |at, ctx, it| async move { at.sms_form(&ctx, it).await })
        .on("returned_mail", |at, ctx, it| async move { at.returned_mail(&ctx, it).await })
        .on("unsubscribe", |at, ctx, it| async move { at.unsubscribe(&ctx, it).await })
}

/// Notifications in another process.
#[derive(Debug, Clone)]
pub struct RemoteNotifications {
    rpc: RpcClient,
}

#[async_trait]
impl Messages for RemoteNotifications {
    async fn send(&self, ctx: &Ctx, command: SendMessage) -> Result<Message, NotificationsError> {
        self.rpc.call(ctx, "send", &command, Repeat::keyed(ctx)).await
    }

    async fn message(&self, ctx: &Ctx, id: MessageId) -> Result<Message, NotificationsError> {
        self.rpc.call(ctx, "message", &id, Repeat::Question).await
    }

    async fn messages(&self, ctx: &Ctx, query: MessageQuery) -> Result<MessagePage, NotificationsError> {
        self.rpc.call(ctx, "messages", &query, Repeat::Question).await
    }

    async fn cancel(&self, ctx: &Ctx, id: MessageId) -> Result<Message, NotificationsError> {
        self.rpc.call(ctx, "cancel", &id, Repeat::keyed(ctx)).await
    }

    async fn kept_mail(&self, ctx: &Ctx, id: MessageId) -> Result<KeptMail, NotificationsError> {
        self.rpc.call(ctx, "kept_mail", &id, Repeat::Question).await
    }

    async fn kinds(&self, ctx: &Ctx) -> Result<KindList, NotificationsError> {
        self.rpc.call(ctx, "kinds", &(), Repeat::Question).await
    }

    async fn preview(&self, ctx: &Ctx, command: Preview) -> Result<Previewed, NotificationsError> {
        self.rpc.call(ctx, "preview", &command, Repeat::Question).await
    }

    async fn dead(&self, ctx: &Ctx, query: DeadQuery) -> Result<DeadPage, NotificationsError> {
        self.rpc.call(ctx, "dead", &query, Repeat::Question).await
    }

    async fn change_dead(&self, ctx: &Ctx, command: ChangeDead) -> Result<Message, NotificationsError> {
        self.rpc.call(ctx, "change_dead", &command, Repeat::keyed(ctx)).await
    }
}

#[async_trait]
impl People for RemoteNotifications {
    async fn contact(&self, ctx: &Ctx, subject: String) -> Result<Contact, NotificationsError> {
        self.rpc.call(ctx, "contact", &subject, Repeat::Question).await
    }

    async fn put_contact(&self, ctx: &Ctx, command: PutContact) -> Result<Contact, NotificationsError> {
        self.rpc.call(ctx, "put_contact", &command, Repeat::keyed(ctx)).await
    }

    async fn verify(&self, ctx: &Ctx, command: Verify) -> Result<Contact, NotificationsError> {
        self.rpc.call(ctx, "verify", &command, Repeat::keyed(ctx)).await
    }

    async fn preferences(&self, ctx: &Ctx, subject: String) -> Result<Preferences, NotificationsError> {
        self.rpc.call(ctx, "preferences", &subject, Repeat::Question).await
    }

    async fn put_preferences(&self, ctx: &Ctx, command: PutPreferences) -> Result<Preferences, NotificationsError> {
        self.rpc.call(ctx, "put_preferences", &command, Repeat::Harmless).await
    }

    async fn next(&self, ctx: &Ctx, query: AskNext) -> Result<Next, NotificationsError> {
        self.rpc.call(ctx, "next", &query, Repeat::Question).await
    }
}

#[async_trait]
impl Inbox for RemoteNotifications {
    async fn inbox(&self, ctx: &Ctx, query: InboxQuery) -> Result<InboxPage, NotificationsError> {
        self.rpc.call(ctx, "inbox", &query, Repeat::Question).await
    }

    async fn unread(&self, ctx: &Ctx, subject: Option<String>) -> Result<Unread, NotificationsError> {
        self.rpc.call(ctx, "unread", &subject, Repeat::Question).await
    }

    /// The second time changes nothing.
    async fn mark(&self, ctx: &Ctx, command: MarkEntry) -> Result<Entry, NotificationsError> {
        self.rpc.call(ctx, "mark", &command, Repeat::Harmless).await
    }
}

#[async_trait]
impl Suppressions for RemoteNotifications {
    async fn suppressions(&self, ctx: &Ctx, query: SuppressionQuery) -> Result<SuppressionPage, NotificationsError> {
        self.rpc.call(ctx, "suppressions", &query, Repeat::Question).await
    }

    async fn lift(&self, ctx: &Ctx, command: Lift) -> Result<(), NotificationsError> {
        self.rpc.call(ctx, "lift", &command, Repeat::keyed(ctx)).await
    }
}

#[async_trait]
impl Webhooks for RemoteNotifications {
    async fn add_endpoint(&self, ctx: &Ctx, command: AddEndpoint) -> Result<NewEndpoint, NotificationsError> {
        self.rpc.call(ctx, "add_endpoint", &command, Repeat::keyed(ctx)).await
    }

    async fn endpoints(&self, ctx: &Ctx, query: EndpointQuery) -> Result<EndpointPage, NotificationsError> {
        self.rpc.call(ctx, "endpoints", &query, Repeat::Question).await
    }

    async fn change_endpoint(&self, ctx: &Ctx, command: ChangeEndpoint) -> Result<Endpoint, NotificationsError> {
        self.rpc.call(ctx, "change_endpoint", &command, Repeat::keyed(ctx)).await
    }

    async fn rotate(&self, ctx: &Ctx, id: EndpointId) -> Result<NewEndpoint, NotificationsError> {
        self.rpc.call(ctx, "rotate", &id, Repeat::keyed(ctx)).await
    }

    async fn replay(&self, ctx: &Ctx, command: Replay) -> Result<Replayed, NotificationsError> {
        self.rpc.call(ctx, "replay", &command, Repeat::keyed(ctx)).await
    }

    async fn posts(&self, ctx: &Ctx, query: PostQuery) -> Result<PostPage, NotificationsError> {
        self.rpc.call(ctx, "posts", &query, Repeat::Question).await
    }

    async fn resend(&self, ctx: &Ctx, id: PostId) -> Result<Post, NotificationsError> {
        self.rpc.call(ctx, "resend", &id, Repeat::keyed(ctx)).await
    }
}

#[async_trait]
impl Devices for RemoteNotifications {
    /// The second time changes nothing.
    async fn add_device(&self, ctx: &Ctx, command: AddDevice) -> Result<Device, NotificationsError> {
        self.rpc.call(ctx, "add_device", &command, Repeat::Harmless).await
    }

    async fn devices(&self, ctx: &Ctx, subject: Option<String>) -> Result<DeviceList, NotificationsError> {
        self.rpc.call(ctx, "devices", &subject, Repeat::Question).await
    }

    async fn remove_device(&self, ctx: &Ctx, id: DeviceId) -> Result<(), NotificationsError> {
        self.rpc.call(ctx, "remove_device", &id, Repeat::keyed(ctx)).await
    }

    async fn push_key(&self, ctx: &Ctx) -> Result<PushKey, NotificationsError> {
        self.rpc.call(ctx, "push_key", &(), Repeat::Question).await
    }
}

/// What was heard twice changes nothing the second time.
#[async_trait]
impl Returns for RemoteNotifications {
    async fn sms_form(&self, ctx: &Ctx, form: SmsForm) -> Result<(), NotificationsError> {
        self.rpc.call(ctx, "sms_form", &form, Repeat::Harmless).await
    }

    async fn returned_mail(&self, ctx: &Ctx, mail: ReturnedMail) -> Result<(), NotificationsError> {
        self.rpc.call(ctx, "returned_mail", &mail, Repeat::Harmless).await
    }

    async fn unsubscribe(&self, ctx: &Ctx, link: Unsubscribe) -> Result<(), NotificationsError> {
        self.rpc.call(ctx, "unsubscribe", &link, Repeat::Harmless).await
    }
}
