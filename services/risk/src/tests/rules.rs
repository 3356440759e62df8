//! Versions of the rules: two people, shadows, roll-backs, backtests.

use kernel::Clock;
use risk_api::*;
use testkit::{FakeClock, for_each_engine};

use super::harness::{Own, ctx, decide, live_rules, on_store, rule, subject};
use crate::history::{Past, pack};
use crate::store::history;
use crate::{Settings, live};

async fn change(own: &Own, by: &str, id: RuleSetId, change: RuleSetChange) -> Result<RuleSet, RiskError> {
    own.service.change_rule_set(&ctx(own, by), ChangeRuleSet { id, change }).await
}

async fn draft(own: &Own, by: &str, rules: Vec<Rule>) -> RuleSet {
    let kinds = vec![SubjectKind::CardAuthorization];
    let draft = DraftRuleSet { replaces: None, kinds, note: "a test".to_owned(), rules };
    own.service.draft_rule_set(&ctx(own, by), draft).await.unwrap()
}

async fn outcome(own: &Own, id: &str) -> Outcome {
    decide(&own.service, &ctx(own, "ann"), subject(id, "c1", 1_000, own.time.now())).await.outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn second_person_needed() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let set = draft(&own, "ann", vec![rule("all", "true", Action::Decline)]).await;
        change(&own, "ann", set.id, RuleSetChange::Validate).await.unwrap();
        assert_eq!(change(&own, "bob", set.id, RuleSetChange::Approve).await, Err(Refusal::NotProposed.into()));
        change(&own, "bob", set.id, RuleSetChange::Propose).await.unwrap();
        for author_or_proposer in ["ann", "bob"] {
            let found = change(&own, author_or_proposer, set.id, RuleSetChange::Approve).await;
            assert_eq!(found, Err(Refusal::SecondPersonNeeded.into()));
        }
        assert_eq!(outcome(&own, "before").await, Outcome::Approve);
        change(&own, "cora", set.id, RuleSetChange::Approve).await.unwrap();
        assert_eq!(outcome(&own, "after").await, Outcome::Decline);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roll_back_brings_the_set_before_back_at_once() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        live_rules(&own, vec![rule("review", "true", Action::Review)]).await;
        let bad = live_rules(&own, vec![rule("all", "true", Action::Decline)]).await;
        assert_eq!(outcome(&own, "a").await, Outcome::Decline);
        change(&own, "ann", bad.id, RuleSetChange::RollBack).await.unwrap();
        assert_eq!(outcome(&own, "b").await, Outcome::Review);
        let again = change(&own, "ann", bad.id, RuleSetChange::RollBack).await;
        assert!(matches!(again, Err(platform::error::ServiceError::Refused { .. })), "{again:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_sees_what_is_live() {
    for_each_engine(async |store| {
        let time = FakeClock::default();
        let (one, other) = (
            on_store(store, time.clone(), Settings::default()).await,
            on_store(store, time.clone(), Settings::default()).await,
        );
        let set = live_rules(&one, vec![rule("all", "true", Action::Decline)]).await;
        live::follow(other.inner()).await.unwrap();
        let live = other.inner().engine.live();
        assert_eq!(live.of(SubjectKind::CardAuthorization).rules.as_ref().unwrap().id, set.id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_runs_and_decides_nothing() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let set = draft(&own, "ann", vec![rule("all", "true", Action::Decline)]).await;
        change(&own, "ann", set.id, RuleSetChange::Validate).await.unwrap();
        change(&own, "ann", set.id, RuleSetChange::Shadow).await.unwrap();
        assert_eq!(outcome(&own, "a").await, Outcome::Approve);
        own.settle().await;
        let tx = own.inner().db.read().await.unwrap();
        let stored = crate::store::decisions::by_id(&tx, &"a".parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(stored.detail.shadow, Some((set.id, Outcome::Decline)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_unsound() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let set = draft(&own, "ann", vec![rule("bad", "amount >", Action::Decline)]).await;
        let set = change(&own, "ann", set.id, RuleSetChange::Validate).await.unwrap();
        assert_eq!((set.state, set.problems[0].rule.as_str(), set.problems[0].line), (RuleSetState::Draft, "bad", 1));
        let found = change(&own, "ann", set.id, RuleSetChange::Propose).await;
        assert_eq!(found, Err(Refusal::RulesUnsound { problems: 1 }.into()));
    })
    .await;
}

async fn ended(own: &Own, id: JobId) -> Job {
    for _ in 0..600 {
        let job = own.service.job(&ctx(own, "ann"), id).await.unwrap();
        if job.state != JobState::Running {
            return job;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the job does not end");
}

/// Twelve rows of history: amounts of 10 to 120, every third one fraud, the last ones not labelled.
async fn some_history(own: &Own) {
    let rows: Vec<Past> = (1..=12_i64)
        .map(|number| {
            let at = own.time.now().plus_seconds(-3_600 * (20 - number));
            let assess = subject(&format!("h{number}"), "c1", number * 1_000, at);
            let mut row = crate::features::Row::empty();
            row.set(crate::features::feature_index("amount").unwrap(), number as f64 * 10.0);
            let label = (number < 11).then(|| (number % 3 == 0, at.micros()));
            Past { assess, row, declined: false, label }
        })
        .collect();
    let tx = own.inner().db.begin().await.unwrap();
    history::add(&tx, SubjectKind::CardAuthorization, &pack(&rows)).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backtest_counts_what_would_have_been_stopped() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        some_history(&own).await;
        live_rules(&own, vec![rule("nothing", "false", Action::Decline)]).await;
        let rules =
            vec![rule("large", "amount > 55.0", Action::Decline), rule("odd", "card_speed_kmh > 1.0", Action::Review)];
        let set = draft(&own, "ann", rules).await;
        let order = Backtest {
            rule_set: set.id,
            kind: SubjectKind::CardAuthorization,
            source: Source::History,
            from: None,
            to: None,
        };
        let job = own.service.backtest(&ctx(&own, "ann"), order).await.unwrap();
        let found = ended(&own, job.id).await.backtest.unwrap();
        // 60 to 120: fraud are 60 and 90, not labelled 110 and 120.
        assert_eq!(found.rows, 12);
        let stopped = found.stopped;
        assert_eq!(
            (stopped.count, stopped.fraud, stopped.genuine, stopped.unlabelled, stopped.missed),
            (7, 2, 3, 2, 1)
        );
        assert_eq!(stopped.worth[0].to_string(), "630.00 EUR");
        assert_eq!(stopped.fraud_worth[0].to_string(), "150.00 EUR");
        assert_eq!((found.live.unwrap().count, found.rules[0].hits, found.rules[1].skipped), (0, 7, 12));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_running() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        some_history(&own).await;
        let set = draft(&own, "ann", vec![rule("large", "amount > 55.0", Action::Decline)]).await;
        let begin = async || {
            let kind = SubjectKind::CardAuthorization;
            let order = Backtest { rule_set: set.id, kind, source: Source::History, from: None, to: None };
            own.service.backtest(&ctx(&own, "ann"), order).await
        };
        own.inner().jobs.hold(JobKind::Backtest);
        assert_eq!(begin().await, Err(Refusal::JobRunning.into()));
        own.inner().jobs.hold(JobKind::Training);
        let order = Train {
            kind: SubjectKind::CardAuthorization,
            source: Source::History,
            from: None,
            to: None,
            delay_days: 7,
            test_days: 7,
            seed: 1,
            costs: Costs::default(),
            note: String::new(),
        };
        assert_eq!(own.service.train(&ctx(&own, "ann"), order).await, Err(Refusal::JobRunning.into()));
    })
    .await;
}
