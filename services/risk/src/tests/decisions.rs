//! Decisions: kept, explained, made again, found after a crash.

use kernel::{Clock, IdMaker};
use risk_api::*;
use testkit::{FakeClock, for_each_engine};

use super::harness::{cold, ctx, decide, live_rules, on_store, rule, subject};
use crate::decide::{Facts, answer, ask};
use crate::explain::watched;
use crate::rules::compile;
use crate::store::{decisions, rule_sets};
use crate::{Settings, warm};

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_says_everything_that_it_was_made_from() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        live_rules(
            &own,
            vec![
                rule("large", "amount > 100.0", Action::Review),
                rule("fast", "card_speed_kmh > 10.0", Action::Decline),
                rule("odd", "amount / card_declines_1h > 1.0", Action::Score(10)),
            ],
        )
        .await;
        let by = ctx(&own, "ann");
        let list = PutEntries {
            list: ListName::Watch,
            entities: vec![Entity { kind: EntityKind::Merchant, id: "m1".parse().unwrap() }],
            reason: "odd receipts".to_owned(),
            expires_at: None,
        };
        own.service.put_entries(&by, list).await.unwrap();
        let made = decide(&own.service, &by, subject("a", "c1", 20_000, own.time.now())).await;
        let told = own.service.decision(&by, made.id.clone()).await.unwrap();
        assert_eq!(told.assessment, made);
        assert_eq!((made.outcome, made.reasons[0].text.as_str()), (Outcome::Review, "the rule large"));
        let results: Vec<_> =
            told.rules.iter().map(|rule| (rule.rule.as_str(), rule.hit, rule.skipped.as_deref())).collect();
        assert_eq!(
            results,
            [
                ("large", true, None),
                ("fast", false, Some("missing card_speed_kmh")),
                ("odd", false, Some("division_by_zero")),
            ]
        );
        assert!(told.features.iter().any(|feature| feature.name == "card_count_1h" && feature.value == 1.0));
        assert_eq!(told.lists.iter().map(|listed| listed.reason.as_str()).collect::<Vec<_>>(), ["odd receipts"]);
        let case = own.service.case(&by, told.case.unwrap()).await.unwrap();
        assert_eq!((case.subject, case.state, case.outcome), (made.id, CaseState::Open, Outcome::Review));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_decision_made_again_is_the_same() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let by = ctx(&own, "ann");
        for number in 0..40 {
            let minor = 100 + number * 997;
            decide(&own.service, &by, subject(&format!("s{number}"), "c1", minor, own.time.now())).await;
            own.time.advance_millis(10_000);
        }
        own.settle().await;
        let tx = own.inner().db.read().await.unwrap();
        for stored in decisions::after(&tx, 0, 100).await.unwrap() {
            let set = rule_sets::by_id(&tx, stored.detail.rule_set.unwrap()).await.unwrap().unwrap();
            let (book, listed) = (compile(&set.rules).unwrap(), watched(&stored));
            let facts = Facts { assess: &stored.subject, row: &stored.row, listed: &listed };
            let asked = ask(set.id, &book, &facts);
            let again = answer(&facts, Some((&book, &asked)), None, own.inner().engine.config().thresholds);
            assert_eq!(
                (again.score, again.outcome, again.reasons),
                (stored.score, stored.outcome, stored.detail.reasons)
            );
        }
    })
    .await;
}

/// The process ends at any moment; another one has the same counters, and no id counts twice.
#[tokio::test(flavor = "multi_thread")]
async fn counters_after_a_crash_are_those_before_it() {
    for_each_engine(async |store| {
        let time = FakeClock::default();
        let mut own = on_store(store, time.clone(), Settings::default()).await;
        live_rules(&own, vec![rule("many", "card_count_1h > 12.0", Action::Decline)]).await;
        let by = ctx(&own, "ann");
        let mut declined = 0;
        for number in 0..30 {
            let one = subject(&format!("s{number}"), &format!("c{}", number % 2), 1_000, time.now());
            let made = decide(&own.service, &by, one.clone()).await;
            declined += u32::from(made.outcome == Outcome::Decline);
            if number % 7 == 6 {
                own.settle().await;
                // Killed: nothing is said to anybody.
                own = on_store(store, time.clone(), Settings::default()).await;
                assert_eq!(decide(&own.service, &by, one).await, made);
            }
            time.advance_millis(1_000);
        }
        // Of 15 events of each of the two cards the last three.
        assert_eq!(declined, 6);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_lost_is_made_again_once() {
    for_each_engine(async |store| {
        let time = FakeClock::default();
        let own = on_store(store, time.clone(), Settings::default()).await;
        let (by, one) = (ctx(&own, "ann"), subject("a", "c1", 1_000, time.now()));
        let lost = decide(&own.service, &by, one.clone()).await;
        let own = on_store(store, time.clone(), Settings::default()).await;
        let again = decide(&own.service, &by, one).await;
        assert_eq!((again.id, again.outcome), (lost.id, lost.outcome));
        let known =
            own.service.entity(&by, Entity { kind: EntityKind::Card, id: "c1".parse().unwrap() }).await.unwrap();
        assert!(known.features.iter().any(|feature| feature.name == "card_count_1h" && feature.value == 1.0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_are_fetched_until_all_are_in_memory() {
    for_each_engine(async |store| {
        let time = FakeClock::default();
        let own = on_store(store, time.clone(), Settings::default()).await;
        let by = ctx(&own, "ann");
        for number in 0..5 {
            decide(&own.service, &by, subject(&format!("s{number}"), "c1", 1_000, time.now())).await;
        }
        own.settle().await;
        let own =
            cold(store, time.clone(), Settings::default(), IdMaker::seeded(std::sync::Arc::new(time.clone()), 99))
                .await;
        live_rules(&own, vec![rule("sixth", "card_count_1h == 6.0", Action::Decline)]).await;
        let made = decide(&own.service, &by, subject("s5", "c1", 1_000, time.now())).await;
        assert_eq!(made.outcome, Outcome::Decline);
        warm::warm(std::sync::Arc::clone(own.inner())).await;
        assert!(own.inner().engine.core().is_warm());
        assert_eq!(own.inner().engine.core().entities(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let subjects = vec![subject("a", "c", 1, own.time.now()); 1_001];
        let found = own.service.decide(&ctx(&own, "ann"), Decide { subjects }).await;
        let refusal = Refusal::TooMany { what: "subjects".to_owned(), max: 1_000, found: 1_001 };
        assert_eq!(found, Err(refusal.into()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_full() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        own.inner().engine.with_lists(|lists| lists.count_as(limits::LIST_ENTRIES_MAX));
        let entities = vec![Entity { kind: EntityKind::Card, id: "one-more".parse().unwrap() }];
        let put = PutEntries { list: ListName::Deny, entities, reason: "full".to_owned(), expires_at: None };
        let found = own.service.put_entries(&ctx(&own, "ann"), put).await;
        assert_eq!(found, Err(Refusal::ListsFull { max: limits::LIST_ENTRIES_MAX }.into()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_new_entities_is_bounded_in_the_store_too() {
    for_each_engine(async |store| {
        let settings = Settings { entities_max: 1_000, ..Settings::default() };
        let own = on_store(store, FakeClock::default(), settings).await;
        let by = ctx(&own, "ann");
        for round in 0..4 {
            let one = |number: i32| {
                subject(&format!("s{round}-{number}"), &format!("c{round}-{number}"), 100, own.time.now())
            };
            let subjects = (0..600).map(one).collect();
            own.service.decide(&by, Decide { subjects }).await.unwrap();
            own.settle().await;
        }
        own.settle().await;
        let tx = own.inner().db.read().await.unwrap();
        let stored = crate::store::entities::after(&tx, i64::MIN, 10_000).await.unwrap();
        assert!(stored.len() <= 1_000, "{}", stored.len());
        assert_eq!(own.inner().engine.core().entities(), 1_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_from_a_file_holds_from_the_next_decision_on() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let rows: String = (0..12_000).map(|number| format!("card,c{number}\n")).collect();
        let offline = crate::Offline::of(own.service.clone());
        let added = offline.list(format!("kind,id\n{rows}").as_bytes(), ListName::Deny, "stolen", None).await.unwrap();
        assert_eq!(added, 12_000);
        let made = decide(&own.service, &ctx(&own, "ann"), subject("a", "c11999", 100, own.time.now())).await;
        assert_eq!((made.outcome, made.reasons[0].code.as_str()), (Outcome::Decline, "list.deny"));
        let again = offline.list("kind,id\ncard,c7\n".as_bytes(), ListName::Deny, "stolen", None).await.unwrap();
        assert_eq!(again, 0);
    })
    .await;
}
