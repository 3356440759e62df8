//! The registry: candidates, challengers, two people, roll-backs, and a whole life from import to decisions.

use kernel::{Clock, Timestamp};
use risk_api::*;
use testkit::{FakeClock, for_each_engine};

use super::harness::{Own, ctx, decide, on_store, subject};
use crate::Settings;
use crate::features::feature_index;
use crate::model::drift::{Baseline, Cut};
use crate::model::file::ModelFile;
use crate::model::forest::{Forest, Fork, Node};
use crate::store::models;

/// Fraud from an amount of 100 on: a model of one tree.
fn stump() -> ModelFile {
    let fork = Some(Fork { feature: 0, threshold: 100.0, left: 1, right: 2, missing: 1 });
    let tree = vec![Node { weight: 0.0, fork }, Node { weight: -4.0, fork: None }, Node { weight: 4.0, fork: None }];
    let cut = Cut::of(&[1.0, 50.0, 200.0]);
    ModelFile {
        forest: Forest { places: vec![feature_index("amount").unwrap()], base: 0.0, trees: vec![tree] },
        baseline: Baseline { score: cut.clone(), features: vec![cut] },
    }
}

pub(crate) async fn candidate(own: &Own, author: &str, average_precision: f64, damage: bool) -> Model {
    let (mut bytes, model_sha256) = stump().write().unwrap();
    if damage {
        bytes.truncate(100);
    }
    let tx = own.inner().db.begin().await.unwrap();
    let kind = SubjectKind::CardAuthorization;
    let version = models::last_version(&tx, kind).await.unwrap() + 1;
    let metrics = Metrics { average_precision, rows: 1_000, fraud: 10, ..Metrics::default() };
    let at = Timestamp::EPOCH;
    let model = Model {
        summary: ModelSummary {
            id: own.inner().ids.make(),
            kind,
            version,
            state: ModelState::Candidate,
            author: author.to_owned(),
            created_at: own.time.now(),
            note: String::new(),
            metrics,
            review_from: 400,
            decline_from: 800,
            champion_since: None,
        },
        parameters: crate::model::train::usual_parameters(),
        rows_sha256: "0".repeat(64),
        features_sha256: "0".repeat(64),
        model_sha256,
        model_bytes: bytes.len() as u64,
        seed: 1,
        train_from: at,
        train_to: at,
        delay_days: 7,
        test_from: at,
        test_to: at,
        train_rows: 1_000,
        train_fraud: 10,
        test_rows: 1_000,
        test_fraud: 10,
        best_rule: metrics,
        best_rule_text: "amount >= 100.0000".to_owned(),
        logistic: metrics,
        nothing: metrics,
        thresholds: Vec::new(),
        curve: Vec::new(),
        importance: vec![("amount".to_owned(), 1.0)],
        proposed_by: None,
        approved_by: None,
        despite: None,
        after: None,
    };
    models::add(&tx, &model, &bytes, models::last_change(&tx).await.unwrap() + 1).await.unwrap();
    tx.commit().await.unwrap();
    model
}

async fn change(own: &Own, by: &str, id: ModelId, change: ModelChange) -> Result<Model, RiskError> {
    own.service.change_model(&ctx(own, by), ChangeModel { id, change }).await
}

async fn promote(own: &Own, model: &Model) -> Result<Model, RiskError> {
    change(own, "ann", model.summary.id, ModelChange::Propose).await?;
    change(own, "bob", model.summary.id, ModelChange::Approve { despite: None }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_champion_decides_and_a_roll_back_ends_that_at_once() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let by = ctx(&own, "ann");
        let (first, second) = (candidate(&own, "ann", 0.5, false).await, candidate(&own, "ann", 0.6, false).await);
        promote(&own, &first).await.unwrap();
        let second = promote(&own, &second).await.unwrap();
        let large = decide(&own.service, &by, subject("a", "c1", 20_000, own.time.now())).await;
        assert_eq!((large.outcome, large.model), (Outcome::DeclineReview, Some(second.summary.id)));
        assert_eq!((large.score, large.reasons[0].code.as_str()), (982, "model.amount"));
        let small = decide(&own.service, &by, subject("b", "c1", 500, own.time.now())).await;
        assert_eq!((small.outcome, small.degraded), (Outcome::Approve, vec![]));
        change(&own, "ann", second.summary.id, ModelChange::RollBack).await.unwrap();
        let after = decide(&own.service, &by, subject("c", "c1", 20_000, own.time.now())).await;
        assert_eq!(after.model, Some(first.summary.id));
        let found = change(&own, "ann", first.summary.id, ModelChange::RollBack).await;
        assert_eq!(found, Err(Refusal::NothingBefore.into()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn challenger_worse() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let (good, worse) = (candidate(&own, "ann", 0.7, false).await, candidate(&own, "ann", 0.6, false).await);
        promote(&own, &good).await.unwrap();
        let found = promote(&own, &worse).await.unwrap_err();
        assert_eq!(found.code(), "challenger_worse", "{found}");
        let despite = Some("the other one sees a trade that we left".to_owned());
        let model =
            change(&own, "bob", worse.summary.id, ModelChange::Approve { despite: despite.clone() }).await.unwrap();
        assert_eq!((model.summary.state, model.despite), (ModelState::Champion, despite));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn model_unsound() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let model = candidate(&own, "ann", 0.7, true).await;
        let found = change(&own, "ann", model.summary.id, ModelChange::Propose).await.unwrap_err();
        assert_eq!(found, Refusal::ModelUnsound { why: "its checksum differs".to_owned() }.into());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn challengers_full() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let mut found = Vec::new();
        for _ in 0..3 {
            let model = candidate(&own, "ann", 0.7, false).await;
            found.push(change(&own, "ann", model.summary.id, ModelChange::Challenge).await);
        }
        assert!(found[0].is_ok() && found[1].is_ok());
        assert_eq!(found[2], Err(Refusal::ChallengersFull { max: 2 }.into()));
        decide(&own.service, &ctx(&own, "ann"), subject("a", "c1", 20_000, own.time.now())).await;
        own.settle().await;
        let tx = own.inner().db.read().await.unwrap();
        let stored = crate::store::decisions::by_id(&tx, &"a".parse().unwrap()).await.unwrap().unwrap();
        let gave: Vec<_> = stored.detail.challengers.iter().map(|(_, probability)| *probability > 0.9).collect();
        assert_eq!((gave, stored.outcome), (vec![true, true], Outcome::Approve));
    })
    .await;
}

/// Three weeks of payments; one in thirty is large, by night and fraud, each on a card of its own.
fn payments(start: Timestamp) -> String {
    let row = |number: i64| {
        let fraud = number % 30 == 7;
        let at = start.plus_seconds(number * 500 + if fraud { 0 } else { 43_200 });
        let (card, label) = if fraud { (number, "fraud") } else { (number % 50, "genuine") };
        let amount = if fraud { 700 + number % 90 } else { 10 + number % 700 };
        let known_at = at.plus_seconds(86_400);
        format!("p{number},{at},card-{card},shop-{},term-1,{amount}.00,EUR,{label},{known_at}\n", number % 9)
    };
    let rows: String = (0..3_600).map(row).collect();
    format!("id,at,card,merchant,terminal,amount,currency,label,known_at\n{rows}")
}

/// History is imported; a model is trained on it, promoted, and decides.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_from_its_data_to_its_decisions() {
    for_each_engine(async |store| {
        let time = FakeClock::default();
        let own = on_store(store, time.clone(), Settings::default()).await;
        let file = payments(Timestamp::from_micros(time.now().micros() - 24 * 86_400_000_000));
        let offline = crate::Offline::of(own.service.clone());
        let imported = offline.import(file.as_bytes(), |_| {}).await.unwrap();
        assert_eq!((imported.rows, imported.fraud), (3_600, 120));
        let order = Train {
            kind: SubjectKind::CardAuthorization,
            source: Source::History,
            from: None,
            to: None,
            delay_days: 3,
            test_days: 10,
            seed: 1,
            costs: Costs::default(),
            note: "first".to_owned(),
        };
        let model = match offline.train(order, "ann").await {
            Ok(model) => model,
            Err(error) => panic!("{error}"),
        };
        assert!(model.summary.metrics.auc > 0.6 && model.nothing.recall == 0.0, "{:?}", model.summary.metrics);
        assert_eq!(model.thresholds.iter().filter(|line| line.chosen).count(), 1);
        let mut scores = Vec::new();
        let rows = offline.score(file.as_bytes(), &mut scores, Some(&model)).await.unwrap();
        assert_eq!(rows, imported.rows);
        promote(&own, &model).await.unwrap();
        let made = decide(&own.service, &ctx(&own, "ann"), subject("a", "c1", 75_000, time.now())).await;
        assert_eq!(made.model, Some(model.summary.id));
        assert!(made.reasons.iter().any(|reason| reason.code.starts_with("model.")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_late_by_more_than_a_week_is_refused_by_line() {
    for_each_engine(async |store| {
        let own = on_store(store, FakeClock::default(), Settings::default()).await;
        let offline = crate::Offline::of(own.service.clone());
        let file = "id,at\na,2026-02-08T00:00:00Z\nb,2026-02-01T00:00:00Z\nc,2026-01-31T23:59:59Z\n";
        let wrong = offline.import(file.as_bytes(), |_| {}).await.unwrap_err();
        assert!(wrong.to_string().starts_with("line 4: at: expected rows in order of time"), "{wrong}");
    })
    .await;
}
