//! A treasury room on a stage, with people who use it.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, Ctx, Currency, Deadline, Money, Permission, Principal, PrincipalKind};
use platform::db::Db;
use platform::feed::{Event, Feed, FeedSignal, OutboxFeed, Pull, Running};
use platform::room::Opened;
use testkit::{FakeClock, Stage, for_each_engine};
use treasury::*;

use crate::shelf::{BankFeed, Shelf};

pub(crate) const CHASE: &str = "bacc_01kppyzd5gfmra2qsx5rkvr8w1";
pub(crate) const CITI: &str = "bacc_01kppyzd5gfmra2qsx5rkvr8w2";

pub(crate) struct Desk {
    pub(crate) face: Arc<dyn Treasury>,
    pub(crate) opened: Opened<dyn Treasury>,
    pub(crate) db: Db,
    pub(crate) time: FakeClock,
    pub(crate) shelf: Shelf,
    _following: Vec<Running>,
}

pub(crate) async fn open(stage: &Stage<'_>) -> Desk {
    open_on(stage, Shelf::new(stage.time.clone())).await
}

/// As if the process had been started again.
pub(crate) async fn open_on(stage: &Stage<'_>, shelf: Shelf) -> Desk {
    let site = stage.site(&ROOM, &[]).await;
    let (db, clock) = (site.db.clone(), Arc::clone(&site.clock));
    let calls = ((shelf.books(&clock), shelf.banking(&clock)), Arc::new(BankFeed(shelf.clone())) as Arc<dyn Feed>);
    let opened = treasury::open(site, calls).await.unwrap();
    let following = opened.consumers.iter().map(|consumer| consumer.start()).collect();
    let (face, time) = (Arc::clone(&opened.face), stage.time.clone());
    Desk { face, opened, db, time, shelf, _following: following }
}

pub(crate) async fn on_a_desk(body: impl AsyncFn(&Desk)) {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        body(&open(&stage).await).await;
    })
    .await;
}

pub(crate) fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, Currency::iso(code).unwrap())
}

pub(crate) fn usd(minor: i64) -> Money {
    money(minor, "USD")
}

pub(crate) fn code<T: std::fmt::Debug>(found: Result<T, TreasuryError>) -> &'static str {
    found.unwrap_err().code()
}

pub(crate) fn terms(name: &str) -> AccountTerms {
    AccountTerms {
        name: name.to_owned(),
        bank: None,
        floor: None,
        credit_limit: None,
        credit_rate: None,
        debit_rate: None,
        basis: DayBasis::Actual360,
    }
}

impl Desk {
    pub(crate) fn ctx(&self) -> Ctx {
        // Longer than any test advances its clock.
        let deadline = Deadline::after_millis(&self.time, 1_000 * 86_400_000);
        Ctx { principal: Principal::operator(), deadline, request_id: "req-1".into(), idempotency_key: None }
    }

    /// Another one with every permission.
    pub(crate) fn second(&self) -> Ctx {
        let principal = Principal::new(PrincipalKind::Service, "second", [Permission::everything()]);
        Ctx { principal, ..self.ctx() }
    }

    pub(crate) async fn entity(&self, name: &str, currency: &str) {
        let terms = EntityTerms {
            title: "Acme".to_owned(),
            currency: Currency::iso(currency).unwrap(),
            calendar: HolidayCalendar::Weekdays,
        };
        self.face.put_entity(&self.ctx(), PutEntity { name: name.to_owned(), terms }).await.unwrap();
    }

    pub(crate) async fn link(&self, entity: &str, source: Source) -> AccountId {
        let add = AddAccount { entity: entity.to_owned(), source, terms: terms("Operating") };
        self.face.add_account(&self.ctx(), add).await.unwrap().id
    }

    /// An account of the ledger with a balance.
    pub(crate) async fn cash(&self, path: &str, minor: i64) -> AccountId {
        self.shelf.open(path, "USD");
        if minor != 0 {
            self.shelf.pay(path, minor);
        }
        self.link("acme", Source::Ledger(path.to_owned())).await
    }

    pub(crate) fn pass_days(&self, days: u64) {
        self.time.advance_millis(days * 86_400_000);
    }

    /// Until everything that was told was applied, and what it made stale was read.
    pub(crate) async fn caught_up(&self) {
        for consumer in &self.opened.consumers {
            let mut tries = 0;
            while consumer.cursor().await.unwrap() < self.last_event(consumer.feed()) {
                tries += 1;
                assert!(tries < 1_000, "{} is not followed", consumer.feed());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        self.work("treasury_refresh").await;
    }

    fn last_event(&self, feed: &str) -> u64 {
        if feed == "banking" { self.shelf.bank_rows() } else { self.shelf.last_ledger_event() }
    }

    /// One round of periodic work.
    pub(crate) async fn work(&self, name: &str) {
        let periodic = self.opened.periodic.iter().find(|periodic| periodic.name == name).unwrap();
        (periodic.work)().await.unwrap();
    }

    pub(crate) async fn positions(&self, group: &[GroupBy]) -> Positions {
        let query = PositionQuery { group: group.to_vec(), ..PositionQuery::default() };
        self.face.positions(&self.ctx(), query).await.unwrap()
    }

    pub(crate) async fn events(&self) -> Vec<Event> {
        let clock: Arc<dyn Clock> = Arc::new(self.time.clone());
        let feed = OutboxFeed::new(self.db.clone(), FeedSignal::default(), clock);
        feed.events_after(Pull { after: 0, max: 1_000, wait_ms: 0, consumer: None }).await.unwrap()
    }

    pub(crate) async fn kinds(&self, prefix: &str) -> Vec<String> {
        let all = self.events().await.into_iter().map(|event| event.event.kind);
        all.filter(|kind| kind.starts_with(prefix)).collect()
    }
}
