//! A planning room on a stage, with people who use it.

use std::sync::Arc;

use kernel::{Clock, Ctx, Currency, Deadline, Money, Principal, PrincipalKind};
use planning::simulation::{Settings, SimulationService};
use planning_api::*;
use platform::db::Db;
use platform::feed::{Event, Feed, FeedSignal, OutboxFeed, Pull};
use platform::room::Opened;
use testkit::{FakeClock, Stage, for_each_engine};

use crate::shelf::Shelf;

pub(crate) struct Desk {
    pub(crate) face: Arc<dyn Planning>,
    pub(crate) opened: Opened<dyn Planning>,
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) time: FakeClock,
    pub(crate) shelf: Shelf,
}

pub(crate) const SETTINGS: &[(&str, &str)] = &[("goal_paths", "1000")];

pub(crate) async fn open(stage: &Stage<'_>) -> Desk {
    let site = stage.site(&planning::ROOM, SETTINGS).await;
    let (db, clock, shelf) = (site.db.clone(), Arc::clone(&site.clock), Shelf::default());
    let simulation: Arc<dyn Simulation> = Arc::new(SimulationService::new(&Settings::default(), Arc::clone(&clock)));
    let calls = ((shelf.books(&clock), shelf.banking(&clock)), simulation);
    let opened = planning::open(site, calls).await.unwrap();
    Desk { face: Arc::clone(&opened.face), opened, db, clock, time: stage.time.clone(), shelf }
}

pub(crate) async fn on_a_desk(body: impl AsyncFn(&Desk)) {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        body(&open(&stage).await).await;
    })
    .await;
}

pub(crate) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::iso("USD").unwrap())
}

pub(crate) fn person(name: &str, born: &str) -> Person {
    Person { name: name.to_owned(), born: born.parse().unwrap(), retires_at: None, until_age: None, subject: None }
}

pub(crate) fn code<T: std::fmt::Debug>(found: Result<T, PlanningError>) -> &'static str {
    found.unwrap_err().code()
}

impl Desk {
    /// A customer with what the role of customers may do.
    pub(crate) fn customer(&self, subject: &str) -> Ctx {
        let actions = ["read", "create", "change", "join"].map(|action| format!("households:{action}:own"));
        let others = ["household-assets", "goals", "plans", "accounts", "bank-accounts"];
        let others = others.map(|word| format!("{word}:*:own"));
        let words = actions.into_iter().chain(others).map(|word| word.parse().unwrap());
        // Longer than any test advances its clock.
        let deadline = Deadline::after_millis(&*self.clock, 100 * 86_400_000);
        let principal = Principal::new(PrincipalKind::Customer, subject, words);
        Ctx { principal, deadline, request_id: "req-1".into(), idempotency_key: None }
    }

    pub(crate) fn operator(&self) -> Ctx {
        Ctx { principal: Principal::operator(), ..self.customer("operator") }
    }

    /// Ann's household, with Ann.
    pub(crate) async fn household(&self) -> (Ctx, HouseholdId) {
        let ann = self.customer("cust_ann");
        let command = CreateHousehold {
            name: "Ann and Bob".to_owned(),
            currency: Currency::iso("USD").unwrap(),
            persons: vec![person("Ann", "1985-04")],
            owner: None,
        };
        let id = self.face.create_household(&ann, command).await.unwrap().id;
        (ann, id)
    }

    /// Somebody who has accepted an invitation.
    pub(crate) async fn joined(&self, owner: &Ctx, household: HouseholdId, subject: &str, role: Role) -> Ctx {
        let invite = Invite { household, subject: subject.to_owned(), role };
        self.face.invite(owner, invite).await.unwrap();
        let member = self.customer(subject);
        self.face.accept(&member, household).await.unwrap();
        member
    }

    pub(crate) async fn asset(&self, ctx: &Ctx, class: AssetClass, values: &[(&str, i64)]) -> AssetId {
        let value = |(on, minor): &(&str, i64)| DatedValue { on: on.parse().unwrap(), amount: usd(*minor) };
        let command = AddAsset {
            household: None,
            name: "something".to_owned(),
            class,
            wrapper: Wrapper::Free,
            source: Source::ByHand { currency: Currency::iso("USD").unwrap() },
            values: values.iter().map(value).collect(),
        };
        self.face.add_asset(ctx, command).await.unwrap().id
    }

    pub(crate) async fn total(&self, ctx: &Ctx, day: &str) -> i64 {
        let day = Some(day.parse().unwrap());
        let query = WorthQuery { household: None, from: day, to: day };
        self.face.net_worth(ctx, query).await.unwrap().days[0].total.minor()
    }

    pub(crate) async fn events(&self) -> Vec<Event> {
        let feed = OutboxFeed::new(self.db.clone(), FeedSignal::default(), Arc::clone(&self.clock));
        feed.events_after(Pull { after: 0, max: 1_000, wait_ms: 0, consumer: None }).await.unwrap()
    }

    /// One round of the daily work.
    pub(crate) async fn daily(&self) {
        for periodic in &self.opened.periodic {
            (periodic.work)().await.unwrap();
        }
    }
}
