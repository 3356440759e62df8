//! Risk as tests open it, and what they ask it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kernel::{Clock, Ctx, Currency, Deadline, IdMaker, Money, Principal, PrincipalKind, SystemClock, Timestamp};
use platform::feed::{FeedSignal, Outbox};
use platform::lease::Standing;
use platform::once::Once;
use risk_api::*;
use testkit::{FakeClock, Stage, TestStore};

use crate::open::{Base, begin};
use crate::service::{Inner, RiskService};
use crate::{ROOM, Settings, warm, writer};

/// Risk, and what belongs to its test.
pub(crate) struct Own {
    pub(crate) service: RiskService,
    pub(crate) time: FakeClock,
}

impl Own {
    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.service.0
    }

    /// Everything that was decided is written.
    pub(crate) async fn settle(&self) {
        writer::round(self.inner()).await;
    }
}

/// Opens risk as `on_each_way` and stories take it: what is decided is written when it is read, or when the test says so.
pub(crate) async fn open(stage: &Stage<'_>) -> (Arc<dyn Risk>, Own) {
    let own = begun(stage.store, stage.time.clone(), Settings::default(), stage.ids.clone()).await;
    (Arc::new(own.service.clone()), own)
}

pub(crate) async fn on_store(store: &TestStore, time: FakeClock, settings: Settings) -> Own {
    // Two processes never make the same ids.
    static SEED: AtomicU64 = AtomicU64::new(1_000);
    let seed = SEED.fetch_add(1, Ordering::Relaxed);
    let ids = IdMaker::seeded(Arc::new(time.clone()), seed);
    begun(store, time, settings, ids).await
}

async fn begun(store: &TestStore, time: FakeClock, settings: Settings, ids: IdMaker) -> Own {
    let own = cold(store, time, settings, ids).await;
    warm::warm(Arc::clone(own.inner())).await;
    own
}

/// A process that has just begun: no entity is in memory yet.
pub(crate) async fn cold(store: &TestStore, time: FakeClock, settings: Settings, ids: IdMaker) -> Own {
    let db = store.open().await;
    platform::room::migrate(&ROOM, &db).await.unwrap();
    let clock: Arc<dyn Clock> = Arc::new(time.clone());
    let (outbox, signal) = (Outbox::new("/risk", Arc::clone(&clock)), FeedSignal::default());
    let once = Once::new(&testkit::master(), Arc::clone(&clock));
    let base = Base { db, settings, once, outbox, signal, clock, ids };
    Own { service: begin(base, Standing::alone()).await.unwrap(), time }
}

/// A caller with all permissions, under a name.
pub(crate) fn who(name: &str) -> Ctx {
    let everything = [kernel::Permission::everything()];
    Ctx {
        principal: Principal::new(PrincipalKind::Employee, name, everything),
        deadline: Deadline::after_millis(&SystemClock, 600_000),
        request_id: "req-1".into(),
        idempotency_key: None,
    }
}

/// A deadline by the clock of the test.
pub(crate) fn ctx(own: &Own, name: &str) -> Ctx {
    Ctx { deadline: Deadline::after_millis(&own.time, 600_000), ..who(name) }
}

pub(crate) fn subject(id: &str, card: &str, minor: i64, at: Timestamp) -> Assess {
    let mut assess = Assess::new(id.parse().unwrap(), SubjectKind::CardAuthorization, at);
    assess.card = Some(card.parse().unwrap());
    assess.merchant = Some("m1".parse().unwrap());
    assess.terminal = Some("t1".parse().unwrap());
    assess.amount = Some(Money::new(minor, Currency::iso("EUR").unwrap()));
    assess
}

pub(crate) fn rule(id: &str, when: &str, action: Action) -> Rule {
    Rule {
        id: id.to_owned(),
        text: format!("the rule {id}"),
        when: when.to_owned(),
        action,
        reason: None,
        kinds: Vec::new(),
        snoozed: Vec::new(),
    }
}

pub(crate) async fn decide(risk: &dyn Risk, ctx: &Ctx, assess: Assess) -> Assessment {
    match risk.decide(ctx, Decide { subjects: vec![assess] }).await.unwrap().remove(0) {
        Decided::Assessed(assessment) => assessment,
        Decided::Failed { error, .. } => panic!("{error}"),
    }
}

/// A set that goes live at once, by the hands of two people.
pub(crate) async fn live_rules(own: &Own, rules: Vec<Rule>) -> RuleSet {
    let risk = &own.service;
    let draft =
        DraftRuleSet { replaces: None, kinds: vec![SubjectKind::CardAuthorization], note: "a test".to_owned(), rules };
    let set = risk.draft_rule_set(&ctx(own, "ann"), draft).await.unwrap();
    for (name, change) in
        [("ann", RuleSetChange::Validate), ("ann", RuleSetChange::Propose), ("bob", RuleSetChange::Approve)]
    {
        risk.change_rule_set(&ctx(own, name), ChangeRuleSet { id: set.id, change }).await.unwrap();
    }
    risk.rule_set(&ctx(own, "ann"), set.id).await.unwrap()
}
