//! An audit room on a stage, next to rooms that only tell events.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use audit::*;
use kernel::{Clock, Ctx, Deadline, Permission, Principal, PrincipalKind};
use ledger_api::{Books, LedgerError};
use platform::crypto::SubjectKeys;
use platform::db::Db;
use platform::feed::{CloudEvent, Consumer, Event, Feed, FeedError, Pull, Running};
use platform::health::Part;
use platform::jobs::{self, JobRow, Runner};
use platform::room::Opened;
use platform::rpc::{Methods, RpcClient, Served};
use serde_json::{Value, json};
use testkit::{AsSaid, FakeClock, InProcess, Stage};

const PAUSE: Duration = Duration::from_millis(5);

/// The rooms of the harness, in the order of its feeds.
pub(crate) const ROOMS: [&str; 2] = ["identity", "cards"];

/// Events of one room; those before `first` were removed.
#[derive(Default)]
pub(crate) struct Told {
    events: Mutex<Vec<CloudEvent>>,
    pub(crate) first: Mutex<u64>,
}

impl Told {
    fn after(&self, pull: &Pull) -> Result<Vec<Event>, FeedError> {
        let first = *self.first.lock().unwrap();
        if pull.after + 1 < first {
            return Err(FeedError::Gone { first });
        }
        let events = self.events.lock().unwrap();
        let all = (1..).zip(events.iter().cloned()).map(|(cursor, event)| Event { cursor, event });
        Ok(all.filter(|event| event.cursor > pull.after).take(pull.max).collect())
    }

    fn end(&self) -> u64 {
        self.events.lock().unwrap().len() as u64
    }
}

struct Reader(Arc<Told>);

#[async_trait]
impl Feed for Reader {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        self.0.after(&pull)
    }

    async fn end(&self) -> Result<Option<u64>, FeedError> {
        Ok(Some(self.0.end()))
    }
}

pub(crate) struct Desk {
    pub(crate) face: Arc<dyn Audit>,
    pub(crate) opened: Opened<dyn Audit>,
    pub(crate) db: Db,
    pub(crate) time: FakeClock,
    pub(crate) subjects: SubjectKeys,
    pub(crate) rooms: [Arc<Told>; 2],
    ledger: Arc<Told>,
    /// The ledger's other book, once there is one.
    pub(crate) acme: Arc<Mutex<Option<Arc<Told>>>>,
    clock: Arc<dyn Clock>,
}

pub(crate) async fn open(stage: &Stage<'_>) -> Desk {
    open_beside(stage, "audit-head").await
}

/// With the file of the last head under this name.
pub(crate) async fn open_beside(stage: &Stage<'_>, head_file: &str) -> Desk {
    let file = stage.store.dir().join(head_file).display().to_string();
    let site = stage.site(&audit::ROOM, &[("head_file", &file)]).await;
    let (db, clock, subjects) = (site.db.clone(), Arc::clone(&site.clock), site.subjects().unwrap().clone());
    let ledger: Arc<Told> = Arc::default();
    let told: [Arc<Told>; 2] = Default::default();
    let feeds = ROOMS.into_iter().zip(&told);
    let feeds = feeds.map(|(room, told)| (room, Arc::new(Reader(Arc::clone(told))) as Arc<dyn Feed>)).collect();
    let acme = Arc::default();
    let opened = audit::open(site, (books(&ledger, &acme, &clock), feeds)).await.unwrap();
    let face = Arc::clone(&opened.face);
    Desk { face, opened, db, time: stage.time.clone(), subjects, rooms: told, ledger, acme, clock }
}

fn books(main: &Arc<Told>, acme: &Arc<Mutex<Option<Arc<Told>>>>, clock: &Arc<dyn Clock>) -> Arc<dyn Books> {
    let (main, other, listed) = (Arc::clone(main), Arc::clone(acme), Arc::clone(acme));
    let (of_main, of_acme) = (Arc::clone(&main), Arc::clone(acme));
    let methods = Methods::new(ledger_api::SERVICE)
        .on("events_after", move |_: Ctx, asked: Value| {
            let pull: Pull = serde_json::from_value(asked["command"].clone()).unwrap();
            let acme = other.lock().unwrap().clone().filter(|_| asked["book"] == "acme");
            let events = acme.as_ref().unwrap_or(&main).after(&pull).unwrap();
            async move { Ok::<_, LedgerError>(events) }
        })
        .on("status", move |_: Ctx, asked: Value| {
            let acme = of_acme.lock().unwrap().clone().filter(|_| asked["book"] == "acme");
            let (book, rows) = (asked["book"].clone(), acme.as_ref().unwrap_or(&of_main).end());
            let head = format!("florin-1:{}:{rows}:{rows}:00", asked["book"].as_str().unwrap());
            let status = json!({
                "book": book, "head": head, "groups": rows, "rows": rows, "accepting": true, "waiting": 0
            });
            async move { Ok::<_, LedgerError>(status) }
        })
        .on("books", move |_: Ctx, ()| {
            let acme = listed.lock().unwrap().as_ref().map(|_| "acme");
            let book = |name: &str| json!({ "book": name, "created_at": "2026-01-31T12:00:00Z", "replayed": false });
            let books = ["main"].into_iter().chain(acme).map(book).collect::<Vec<_>>();
            async move { Ok::<_, LedgerError>(books) }
        });
    let served = Served::new([methods], Arc::new(AsSaid), Arc::clone(clock)).unwrap();
    (ledger_api::FACE.remote)(RpcClient::new(ledger_api::FACE.name, Arc::new(InProcess(served)), Arc::clone(clock)))
}

impl Desk {
    pub(crate) fn ctx(&self) -> Ctx {
        let deadline = Deadline::after_millis(&*self.clock, 60_000);
        Ctx { principal: Principal::operator(), deadline, request_id: "req-1".into(), idempotency_key: None }
    }

    /// A customer, with the permissions of one.
    pub(crate) fn customer(&self, name: &str) -> Ctx {
        let grants = audit::ROOM.grants.iter().find(|(role, _)| *role == "customer").unwrap().1;
        let words = grants.iter().map(|word| word.parse::<Permission>().unwrap());
        Ctx { principal: Principal::new(PrincipalKind::Customer, name, words), ..self.ctx() }
    }

    fn event(&self, source: &str, told: &Told, kind: &str, subject: &str, data: Value) -> CloudEvent {
        let id = (told.end() + 1).to_string();
        let event = CloudEvent::new(source, id, kind, subject.to_owned(), self.clock.now(), data);
        let text = |text: &str| Some(text.to_owned());
        CloudEvent {
            actor: text("user_eva"),
            actorkind: text("employee"),
            client: text("console"),
            session: text("ses_1"),
            requestid: text("req_1"),
            ..event
        }
    }

    fn tell(&self, room: usize, kind: &str, subject: &str, data: Value) {
        let told = &self.rooms[room];
        let event = self.event(&format!("/{}", ROOMS[room]), told, kind, subject, data);
        told.events.lock().unwrap().push(event);
    }

    pub(crate) fn tell_identity(&self, kind: &str, subject: &str, data: Value) {
        self.tell(0, kind, subject, data);
    }

    pub(crate) fn tell_cards(&self, kind: &str, subject: &str, data: Value) {
        self.tell(1, kind, subject, data);
    }

    pub(crate) fn tell_ledger(&self, id: &str) {
        self.ledger.events.lock().unwrap().push(self.posted("main", id));
    }

    /// The ledger has another book, with one transaction.
    pub(crate) fn make_acme(&self, id: &str) {
        let told = Told { events: Mutex::new(vec![self.posted("acme", id)]), first: Mutex::default() };
        *self.acme.lock().unwrap() = Some(Arc::new(told));
    }

    /// Without an actor, as the ledger's events are.
    fn posted(&self, book: &str, id: &str) -> CloudEvent {
        let (kind, data) = ("ledger.transaction.posted", json!({ "id": id }));
        CloudEvent::new(&format!("/ledger/{book}"), id.to_owned(), kind, id.to_owned(), self.clock.now(), data)
    }

    /// Looks for new books of the ledger, and for their heads.
    pub(crate) async fn look_at_books(&self) {
        (self.opened.periodic[2].work)().await.unwrap();
    }

    /// Reads all feeds to their end, one after another.
    pub(crate) async fn read(&self) {
        for (place, consumer) in self.opened.consumers.iter().enumerate() {
            let end = place.checked_sub(1).map_or(&self.ledger, |room| &self.rooms[room]).end();
            let running: Running = Consumer::start(consumer);
            while consumer.cursor().await.unwrap() < end || consumer.status().await["lag"] != 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            running.close().await;
        }
    }

    /// Signs what there is.
    pub(crate) async fn sign(&self) {
        (self.opened.periodic[0].work)().await.unwrap();
    }

    /// Five events of three rooms, read and signed: entries 1 to 5, after the one with which the log begins.
    pub(crate) async fn some(&self) {
        self.tell_ledger("txn_1");
        self.tell_identity("identity.user.roles_changed", "user_ann", json!({ "roles": ["employee"] }));
        self.tell_identity("identity.login.failed", "user_ann", json!({ "stage": "password" }));
        self.tell_cards("cards.card.issued", "card_1", json!({ "owner": "cust_ann" }));
        self.tell_cards("cards.authorization.declined", "auth_1", json!({ "owner": "cust_ann", "reason": "funds" }));
        self.read().await;
        self.sign().await;
    }

    /// All of them but those about reading, oldest first.
    pub(crate) async fn entries(&self) -> Vec<Entry> {
        let query = EntryQuery { limit: 500, ..EntryQuery::default() };
        let mut items = self.face.entries(&self.ctx(), query).await.unwrap().items;
        items.retain(|entry| entry.body.as_ref().is_none_or(|body| body.kind != "audit.log.read"));
        items.reverse();
        items
    }

    pub(crate) async fn size(&self) -> u64 {
        self.face.log(&self.ctx()).await.unwrap().size
    }

    pub(crate) async fn verifying(&self) -> Vec<VerifyingKey> {
        let keys = self.face.keys(&self.ctx()).await.unwrap().items;
        keys.iter().map(|key| VerifyingKey::read(&key.key).unwrap()).collect()
    }

    pub(crate) async fn head(&self) -> SignedHead {
        self.face.checkpoint(&self.ctx(), None).await.unwrap()
    }
}

pub(crate) fn code<T: std::fmt::Debug>(found: Result<T, AuditError>) -> &'static str {
    found.unwrap_err().code()
}

/// As `florin jobs run` does it.
pub(crate) async fn run_by_hand(desk: &mut Desk, name: &str) {
    let (clock, jobs) = (Arc::new(desk.time.clone()), std::mem::take(&mut desk.opened.jobs));
    let runner = Runner::start(desk.db.clone(), audit::SERVICE, Arc::clone(&clock) as Arc<dyn Clock>, jobs);
    while row(desk, name).await.is_none() {
        tokio::time::sleep(PAUSE).await;
    }
    jobs::ask(&desk.db, name, clock.now()).await.unwrap();
    while row(desk, name).await.unwrap().last_outcome != "done" {
        tokio::time::sleep(PAUSE).await;
    }
    runner.close().await;
}

async fn row(desk: &Desk, name: &str) -> Option<JobRow> {
    jobs::list(&desk.db).await.unwrap().into_iter().find(|row| row.name == name)
}
