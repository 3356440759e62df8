//! A notifications room on a stage, next to an identity and a ledger that only have people and events.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use identity_api::{IdentityError, User, UserPage, UserStatus};
use kernel::{Clock, Ctx, Deadline, Id, Permission, Principal, PrincipalKind, Timestamp};
use ledger_api::LedgerError;
use notifications_api::*;
use platform::db::Db;
use platform::error::Failure;
use platform::feed::{CloudEvent, Consumer, Event, Feed, FeedError, FeedSignal, OutboxFeed, Pull, Running};
use platform::outbound::{Outbound, OutboundConfig};
use platform::room::{Face, Opened};
use platform::rpc::{Methods, RpcClient, Served};
use serde_json::{Value, json};
use testkit::{AsSaid, FakeClock, InProcess, Stage};

/// What the other rooms know and tell.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) people: Mutex<Vec<User>>,
    ledger: Mutex<Vec<CloudEvent>>,
    identity: Mutex<Vec<CloudEvent>>,
    pub(crate) identity_is_away: std::sync::atomic::AtomicBool,
}

struct Told(Arc<World>);

#[async_trait]
impl Feed for Told {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        Ok(after(&self.0.identity, pull.after, pull.max))
    }
}

fn after(events: &Mutex<Vec<CloudEvent>>, after: u64, max: usize) -> Vec<Event> {
    let events = events.lock().unwrap();
    let all = (1..).zip(events.iter().cloned()).map(|(cursor, event)| Event { cursor, event });
    all.filter(|event| event.cursor > after).take(max).collect()
}

fn remote<S: ?Sized>(face: &Face<S>, methods: Methods, clock: &Arc<dyn Clock>) -> Arc<S> {
    let served = Served::new([methods], Arc::new(AsSaid), Arc::clone(clock)).unwrap();
    (face.remote)(RpcClient::new(face.name, Arc::new(InProcess(served)), Arc::clone(clock)))
}

fn identity(world: &Arc<World>) -> Methods {
    let (one, all) = (Arc::clone(world), Arc::clone(world));
    Methods::new(identity_api::SERVICE)
        .on("user", move |_: Ctx, id: identity_api::UserId| {
            let away = one.identity_is_away.load(std::sync::atomic::Ordering::SeqCst);
            let found = one.people.lock().unwrap().iter().find(|user| user.id == id).cloned();
            async move {
                if away {
                    return Err(IdentityError::Failed(Failure::Unavailable));
                }
                found.ok_or(IdentityError::Failed(Failure::NotFound))
            }
        })
        .on("users", move |_: Ctx, query: identity_api::UserQuery| {
            let people = all.people.lock().unwrap().clone();
            async move {
                let has = |user: &User| query.role.as_ref().is_none_or(|role| user.roles.contains(role));
                let is_later = |user: &User| query.after.is_none_or(|after| user.id > after);
                let mut users: Vec<User> = people.into_iter().filter(|user| has(user) && is_later(user)).collect();
                let max = query.limit.unwrap_or(50);
                let more = users.len() > max;
                users.truncate(max);
                Ok::<_, IdentityError>(UserPage { users, more })
            }
        })
}

fn ledger(world: &Arc<World>) -> Methods {
    let world = Arc::clone(world);
    Methods::new(ledger_api::SERVICE).on("events_after", move |_: Ctx, asked: Value| {
        let pull: Pull = serde_json::from_value(asked["command"].clone()).unwrap();
        let events = after(&world.ledger, pull.after, pull.max);
        async move { Ok::<_, LedgerError>(events) }
    })
}

pub(crate) struct Desk {
    pub(crate) face: Arc<dyn Notifications>,
    pub(crate) opened: Opened<dyn Notifications>,
    pub(crate) db: Db,
    pub(crate) time: FakeClock,
    pub(crate) world: Arc<World>,
    clock: Arc<dyn Clock>,
}

/// With mails kept, as a demo keeps them.
pub(crate) async fn open(stage: &Stage<'_>) -> Desk {
    open_with(stage, true, &[]).await
}

pub(crate) async fn open_with(stage: &Stage<'_>, keeps: bool, settings: &[(&str, &str)]) -> Desk {
    open_as(stage, (keeps, None), settings).await
}

async fn open_as(stage: &Stage<'_>, (keeps, outbound): (bool, Option<Outbound>), settings: &[(&str, &str)]) -> Desk {
    let erasures = stage.store.dir().join("erasures").display().to_string();
    let mut all = vec![("erasures_file", erasures.as_str()), ("look_every_ms", "1")];
    all.extend(settings);
    let mut site = stage.site(&notifications::ROOM, &all).await;
    site.demo = keeps;
    site.outbound = outbound.unwrap_or(site.outbound);
    let (db, clock, world) = (site.db.clone(), Arc::clone(&site.clock), Arc::<World>::default());
    let needs = (
        remote(&identity_api::FACE, identity(&world), &clock),
        remote(&ledger_api::FACE, ledger(&world), &clock),
        Arc::new(Told(Arc::clone(&world))) as Arc<dyn Feed>,
    );
    let opened = notifications::open(site, needs).await.unwrap();
    Desk { face: Arc::clone(&opened.face), opened, db, time: stage.time.clone(), world, clock }
}

/// With mails kept, and webhooks to this machine.
pub(crate) async fn open_for_webhooks(stage: &Stage<'_>) -> Desk {
    let outbound = OutboundConfig { allowed: vec!["127.0.0.1/32".parse().unwrap()], ..OutboundConfig::default() };
    let outbound = Outbound::new(&outbound, stage.clock()).unwrap();
    open_as(stage, (true, Some(outbound)), &[("webhook_http", "true")]).await
}

/// With these settings, and providers on this machine.
pub(crate) async fn open_to(stage: &Stage<'_>, settings: &[(&'static str, String)]) -> Desk {
    let outbound = OutboundConfig { allowed: vec!["127.0.0.1/32".parse().unwrap()], ..OutboundConfig::default() };
    let outbound = Outbound::new(&outbound, stage.clock()).unwrap();
    let all: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    open_as(stage, (false, Some(outbound)), &all).await
}

impl Desk {
    pub(crate) fn ctx(&self) -> Ctx {
        let deadline = Deadline::after_millis(&*self.clock, 60_000);
        Ctx { principal: Principal::operator(), deadline, request_id: "req-1".into(), idempotency_key: None }
    }

    pub(crate) fn keyed(&self, key: &str) -> Ctx {
        Ctx { idempotency_key: Some(key.parse().unwrap()), ..self.ctx() }
    }

    /// A customer, with the permissions of one.
    pub(crate) fn customer(&self, name: &str) -> Ctx {
        let grants = notifications::ROOM.grants.iter().find(|(role, _)| *role == "customer").unwrap().1;
        let words = grants.iter().map(|word| word.parse::<Permission>().unwrap());
        Ctx { principal: Principal::new(PrincipalKind::Customer, name, words), ..self.ctx() }
    }

    /// Does everything that is due, in order.
    pub(crate) async fn work(&self) {
        for _ in 0..3 {
            for periodic in &self.opened.periodic {
                (periodic.work)().await.unwrap();
            }
        }
    }

    /// Reads the events of the other rooms to their end.
    pub(crate) async fn read(&self) {
        let running: Vec<Running> = self.opened.consumers.iter().map(Consumer::start).collect();
        for consumer in &self.opened.consumers {
            let feed = if consumer.feed() == "ledger" { &self.world.ledger } else { &self.world.identity };
            let end = feed.lock().unwrap().len() as u64;
            while consumer.cursor().await.unwrap() < end {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        for one in &running {
            one.close().await;
        }
    }

    pub(crate) fn tell_ledger(&self, id: &str, kind: &str, subject: &str, data: Value) {
        let event = CloudEvent::new("/ledger/main", id.to_owned(), kind, subject.to_owned(), self.clock.now(), data);
        self.world.ledger.lock().unwrap().push(event);
    }

    pub(crate) fn tell_identity(&self, id: &str, kind: &str, subject: &str, data: Value) {
        let event = CloudEvent::new("/identity", id.to_owned(), kind, subject.to_owned(), self.clock.now(), data);
        self.world.identity.lock().unwrap().push(event);
    }

    pub(crate) fn user(&self, number: u128, subject: &str, email: Option<&str>, roles: &[&str]) -> User {
        User {
            id: Id::from_bits(number),
            username: subject.to_owned(),
            name: Some(format!("{subject} Smith")),
            email: email.map(str::to_owned),
            phone: None,
            subject: subject.to_owned(),
            kind: "customer".to_owned(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            status: UserStatus::Active,
            second_factor: false,
            created_at: Timestamp::EPOCH,
            last_login_at: None,
        }
    }

    /// 25 dollars from Bob.
    pub(crate) async fn send(&self, to: Recipient) -> Result<Message, NotificationsError> {
        self.face.send(&self.ctx(), received(to)).await
    }

    pub(crate) async fn message(&self, id: MessageId) -> Message {
        self.face.message(&self.ctx(), id).await.unwrap()
    }

    /// All of them, oldest first.
    pub(crate) async fn messages(&self) -> Vec<Message> {
        let query = MessageQuery { limit: 500, ..MessageQuery::default() };
        let mut items = self.face.messages(&self.ctx(), query).await.unwrap().items;
        items.reverse();
        items
    }

    pub(crate) async fn inbox(&self, subject: &str) -> Vec<Entry> {
        let query = InboxQuery { subject: Some(subject.to_owned()), limit: 50, ..InboxQuery::default() };
        self.face.inbox(&self.ctx(), query).await.unwrap().items
    }

    pub(crate) async fn mail(&self, id: MessageId) -> KeptMail {
        self.face.kept_mail(&self.ctx(), id).await.unwrap()
    }

    /// The code in the newest mail of this kind.
    pub(crate) async fn code(&self) -> String {
        let all = self.messages().await;
        let last = all.iter().rev().find(|message| message.kind == "security.address_code").unwrap();
        let text = self.mail(last.id).await.text;
        text.split_whitespace().find(|word| word.len() == 6 && word.parse::<u32>().is_ok()).unwrap().to_owned()
    }

    pub(crate) async fn events(&self) -> Vec<CloudEvent> {
        let feed = OutboxFeed::new(self.db.clone(), FeedSignal::default(), Arc::clone(&self.clock));
        let pull = Pull { after: 0, max: 1_000, wait_ms: 0, consumer: None };
        feed.events_after(pull).await.unwrap().into_iter().map(|event| event.event).collect()
    }

    /// What no API does: a delivery that was given up.
    pub(crate) async fn make_dead(&self, channel: &str) {
        let tx = self.db.begin().await.unwrap();
        let sql = format!("update delivery set state = 'dead' where channel = '{channel}' and state = 'sent'");
        tx.batch(&sql).await.unwrap();
        tx.commit().await.unwrap();
    }
}

pub(crate) fn received(to: Recipient) -> SendMessage {
    let data = json!({ "amount": { "amount": "25.00", "currency": "USD" }, "from": "Bob" });
    let Value::Object(data) = data else { panic!("an object") };
    SendMessage { kind: "account.money_received".to_owned(), to, data, expires_at: None }
}

pub(crate) fn ann() -> Recipient {
    Recipient::Subject("cust_ann".to_owned())
}

/// Channel and state of each delivery.
pub(crate) fn states(message: &Message) -> Vec<(Channel, DeliveryState)> {
    message.deliveries.iter().map(|delivery| (delivery.channel, delivery.state)).collect()
}

/// One posting of money, as the ledger tells of it.
pub(crate) fn posting(debit: &str, credit: &str, amount: &str) -> Value {
    json!({ "debit": debit, "credit": credit, "amount": { "amount": amount, "currency": "USD" } })
}
