//! Without a part: the model fails under load, the store is away, the process ends.

use kernel::Clock;
use platform::error::Failure;
use risk_api::*;
use testkit::{FakeClock, for_each_engine};

use super::harness::{ctx, decide, live_rules, on_store, rule, subject};
use crate::Settings;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_told_and_what_was_promised_is_written() {
    for_each_engine(async |store| {
        let settings = Settings { queue_max: 100, ..Settings::default() };
        let own = on_store(store, FakeClock::default(), settings).await;
        let by = ctx(&own, "ann");
        let subjects = (0..150).map(|number| subject(&format!("s{number}"), "c1", 100, own.time.now())).collect();
        let decided = own.service.decide(&by, Decide { subjects }).await.unwrap();
        let is_overloaded =
            |one: &&Decided| matches!(one, Decided::Failed { error, .. } if *error == Failure::Overloaded.into());
        assert_eq!(decided.iter().filter(is_overloaded).count(), 50);
        own.settle().await;
        let tx = own.inner().db.read().await.unwrap();
        assert_eq!(crate::store::decisions::after(&tx, 0, 1_000).await.unwrap().len(), 100);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_subject_spoils_no_other() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let good = subject("good", "c1", 100, own.time.now());
        let bad = Assess { zone: Some("Nowhere/Town".to_owned()), ..subject("bad", "c1", 100, own.time.now()) };
        let decided = own.service.decide(&ctx(&own, "ann"), Decide { subjects: vec![bad, good] }).await.unwrap();
        assert!(matches!(&decided[0], Decided::Failed { error, .. } if error.code() == "field_invalid"));
        assert!(matches!(&decided[1], Decided::Assessed(assessment) if assessment.outcome == Outcome::Approve));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_needs_its_permission() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let mut by = ctx(&own, "eve");
        by.principal =
            kernel::Principal::new(kernel::PrincipalKind::Employee, "eve", ["risk:read:all".parse().unwrap()]);
        let forbidden = Err(Failure::Forbidden.into());
        assert_eq!(own.service.decide(&by, Decide { subjects: Vec::new() }).await, forbidden);
        let change = ChangeRuleSet { id: kernel::Id::from_bits(1), change: RuleSetChange::Approve };
        assert_eq!(own.service.change_rule_set(&by, change).await, Err(Failure::Forbidden.into()));
        assert!(own.service.rule_sets(&by, RuleSetQuery::default()).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_decision_tells_the_world_once() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        live_rules(&own, vec![rule("large", "amount > 100.0", Action::DeclineReview)]).await;
        let by = ctx(&own, "ann");
        for minor in [500, 50_000] {
            decide(&own.service, &by, subject(&format!("s{minor}"), "c1", minor, own.time.now())).await;
        }
        own.settle().await;
        let feed =
            platform::feed::OutboxFeed::new(own.inner().db.clone(), Default::default(), own.inner().clock.clone());
        let pull = platform::feed::Pull { after: 0, max: 100, wait_ms: 0, consumer: None };
        let events = platform::feed::Feed::events_after(&feed, pull).await.unwrap();
        let kinds: Vec<_> = events.iter().map(|event| event.event.kind.as_str()).collect();
        assert_eq!(
            kinds,
            [
                "risk.rule_set.promoted",
                "risk.decision.made",
                "fraud.detected",
                "risk.decision.made",
                "risk.case.opened",
            ]
        );
    })
    .await;
}

/// A model that is missing, slow and failing, one after the other under load: rules decide, and every answer says what is missing.
/// `FLORIN_TEST_RISK_SECONDS` of each.
#[tokio::test(flavor = "multi_thread")]
async fn rules_decide_while_the_model_is_away() {
    let seconds = testkit::size("FLORIN_TEST_RISK_SECONDS", 1);
    let store = testkit::TestStore::sqlite();
    let own = on_store(&store, FakeClock::default(), Settings { queue_max: 1_000_000, ..Settings::default() }).await;
    live_rules(&own, vec![rule("large", "amount > 100.0", Action::Decline)]).await;
    for (fault, why) in [
        (None, Degraded::ModelMissing),
        (Some(Away::Slow), Degraded::ModelSlow),
        (Some(Away::Failing), Degraded::ModelFailed),
    ] {
        away(&own, fault);
        let clock = kernel::SystemClock;
        let (until, mut number) = (clock.monotonic().plus_millis(seconds * 1_000), 0);
        while clock.monotonic() < until {
            number += 1;
            let id = format!("{}-{number}", why.name());
            let by = ctx(&own, "ann");
            let made =
                decide(&own.service, &by, subject(&id, &format!("c{}", number % 100), 20_000, own.time.now())).await;
            assert_eq!((made.outcome, made.degraded), (Outcome::Decline, vec![why]));
            if number % 500 == 0 {
                own.time.advance_millis(1_500);
                own.settle().await;
            }
        }
        assert!(number > 100, "{number}");
    }
}

#[derive(Debug, Clone, Copy)]
enum Away {
    Slow,
    Failing,
}

#[derive(Debug)]
struct Bad(Away, FakeClock);

impl crate::model::Scorer for Bad {
    fn score(&self, _: &crate::features::Row) -> crate::model::Scored {
        let probability = match self.0 {
            Away::Slow => {
                self.1.advance_millis(3);
                0.0
            }
            Away::Failing => f64::NAN,
        };
        crate::model::Scored { probability, contributions: Vec::new() }
    }
}

fn away(own: &super::harness::Own, fault: Option<Away>) {
    use crate::engine::{Guarded, LiveModel};
    let mut live = (*own.inner().engine.live()).clone();
    let forest = crate::model::forest::Forest { places: Vec::new(), base: 0.0, trees: Vec::new() };
    let model = fault.map(|fault| LiveModel {
        id: kernel::Id::from_bits(9),
        guarded: Guarded::new(std::sync::Arc::new(Bad(fault, own.time.clone())), 2_000),
        thresholds: crate::decide::Thresholds { review_from: 500, decline_from: 800 },
        file: std::sync::Arc::new(crate::model::file::ModelFile { forest, baseline: Default::default() }),
    });
    live.of_mut(SubjectKind::CardAuthorization).unwrap().champion = model.map(std::sync::Arc::new);
    own.inner().engine.set_live(live);
}
