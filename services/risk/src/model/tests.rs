use std::sync::LazyLock;

use risk_api::Costs;

use super::dataset::{Dataset, Meta};
use super::drift::{Baseline, Cut, Seen};
use super::file::{MODEL_BYTES_MAX, ModelFile, Unsound, sha256};
use super::forest::{Forest, Fork, Node};
use super::train::{NotTrained, Order, Trained, split, train, usual_parameters};
use super::*;
use crate::features::{EntityKey, feature_index};

const DAY_US: i64 = 86_400_000_000;

fn judged(rows: &[(f64, bool)]) -> Vec<Judged> {
    let row = |(number, (score, fraud)): (usize, &(f64, bool))| Judged {
        score: *score,
        fraud: *fraud,
        at: 0,
        card: Some(EntityKey(number as u64)),
        amount: 10.0,
    };
    rows.iter().enumerate().map(row).collect()
}

#[test]
fn a_perfect_order_and_a_blind_one() {
    let perfect = judge(&judged(&[(0.9, true), (0.8, true), (0.3, false), (0.1, false)]), 2, true);
    assert_eq!((perfect.auc, perfect.average_precision, perfect.recall, perfect.precision), (1.0, 1.0, 1.0, 1.0));
    let blind = judge(&judged(&[(0.5, true), (0.5, false), (0.5, false), (0.5, false)]), 1, true);
    assert_eq!((blind.auc, blind.average_precision), (0.5, 0.25));
}

#[test]
fn figures_equal_those_worked_out_by_hand() {
    // In order: hit, miss, hit, miss, miss.
    let rows = judged(&[(0.9, true), (0.7, false), (0.6, true), (0.2, false), (0.1, false)]);
    let metrics = judge(&rows, 3, true);
    assert!((metrics.average_precision - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
    assert!((metrics.auc - 5.0 / 6.0).abs() < 1e-12);
    assert_eq!((metrics.recall, metrics.precision, metrics.false_per_fraud), (1.0, 2.0 / 3.0, 0.5));
}

#[test]
fn flagging_nothing_looks_accurate_and_finds_nothing() {
    let rows: Vec<_> = (0..1_000).map(|row| (0.0, row < 5)).collect();
    let metrics = judge(&judged(&rows), 0, true);
    assert_eq!((metrics.accuracy, metrics.recall, metrics.auc), (0.995, 0.0, 0.5));
}

#[test]
fn a_card_is_found_on_one_day_only() {
    let row = |day: i64, card: u64, score: f64, fraud: bool| Judged {
        score,
        fraud,
        at: day * DAY_US,
        card: Some(EntityKey(card)),
        amount: 1.0,
    };
    let rows = [row(0, 1, 0.9, true), row(0, 2, 0.1, false), row(1, 1, 0.9, true), row(1, 3, 0.8, true)];
    let metrics = judge(&rows, 1, true);
    assert_eq!((metrics.card_precision_100, metrics.card_precision_100_oracle), (0.01, 0.01));
}

/// One tree: amounts of 100 and more are fraud, and so are missing ones.
fn stump() -> ModelFile {
    let fork = Some(Fork { feature: 0, threshold: 100.0, left: 1, right: 2, missing: 2 });
    let tree = vec![Node { weight: 0.0, fork }, Node { weight: -2.0, fork: None }, Node { weight: 2.0, fork: None }];
    let places = vec![feature_index("amount").unwrap()];
    let cut = Cut::of(&[1.0, 2.0, 3.0]);
    let baseline = Baseline { score: cut.clone(), features: vec![cut] };
    ModelFile { forest: Forest { places, base: -1.0, trees: vec![tree] }, baseline }
}

#[test]
fn a_score_is_the_sum_of_its_parts() {
    let model = stump();
    let mut row = Row::empty();
    let scored = model.forest.score(&row);
    assert!((scored.probability - 1.0 / (1.0 + (-1.0_f64).exp())).abs() < 1e-12);
    row.set(model.forest.places[0], 99.0);
    let scored = model.forest.score(&row);
    assert!((scored.probability - 1.0 / (1.0 + 3.0_f64.exp())).abs() < 1e-12);
    assert_eq!(scored.contributions, [(model.forest.places[0], -2.0)]);
}

#[test]
fn a_model_survives_its_bytes() {
    let (bytes, checksum) = stump().write().unwrap();
    assert_eq!(ModelFile::read(&bytes, &checksum), Ok(stump()));
}

#[test]
fn damaged_and_foreign_models_are_refused() {
    let (bytes, checksum) = stump().write().unwrap();
    let changed = |from: &str, to: &str| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        let bytes = text.replacen(from, to, 1).into_bytes();
        ModelFile::read(&bytes, &sha256(&bytes))
    };
    assert_eq!(ModelFile::read(&bytes[1..], &checksum), Err(Unsound::Checksum));
    assert_eq!(ModelFile::read(&vec![b' '; MODEL_BYTES_MAX + 1], ""), Err(Unsound::TooLarge(MODEL_BYTES_MAX + 1)));
    assert_eq!(changed("\"amount\"", "\"weather\""), Err(Unsound::OtherFeatures));
    assert_eq!(changed("\"format\":1", "\"format\":2"), Err(Unsound::OtherFeatures));
    // To itself, to nowhere, of no feature, not a number.
    for (from, to) in
        [("100.0,1,2,2", "100.0,0,2,2"), ("100.0,1,2,2", "100.0,1,9,2"), ("[0,100.0", "[7,100.0"), ("-1.0", "1e999")]
    {
        assert!(matches!(changed(from, to), Err(Unsound::Damaged(_))), "{to}");
    }
}

#[test]
fn drift_is_seen_and_sameness_is_none() {
    let then: Vec<f64> = (0..2_000).map(f64::from).collect();
    let cut = Cut::of(&then);
    let psi = |shift: f64| {
        let mut seen = Seen::default();
        then.iter().for_each(|value| seen.add(&cut, value + shift));
        cut.psi(&seen).unwrap()
    };
    assert!(psi(0.0) < 0.001 && psi(300.0) > 0.1 && psi(1_500.0) > 0.2);
    assert_eq!(cut.psi(&Seen::default()), None);
}

/// Fraud is a high amount at night or a low one at noon, and now and then anything.
fn odd_hours(rows: usize) -> Dataset {
    let places = ["amount", "night", "hour"].map(|name| feature_index(name).unwrap());
    let mut data = Dataset::new(places.to_vec());
    let mut state = 7_u64;
    let mut chance = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    for number in 0..rows {
        let (amount, hour) = (200.0 * chance(), (24.0 * chance()).floor());
        let odd = (amount > 170.0 && hour < 6.0) || (amount < 20.0 && (11.0..16.0).contains(&hour));
        let fraud = (odd && chance() < 0.9) || chance() < 0.002;
        let mut row = Row::empty();
        for (place, value) in places.iter().zip([amount, f64::from(u8::from(hour < 6.0)), hour]) {
            row.set(*place, value);
        }
        let at = number as i64 * 21 * DAY_US / rows as i64;
        data.push(&row, Meta { at, card: Some(EntityKey(number as u64)), amount, label: Some((fraud, at + DAY_US)) });
    }
    data
}

fn order(seed: u64) -> Order {
    let parameters = Some(risk_api::Parameters { trees: 30, depth: 3, ..usual_parameters() });
    Order { split: split(0, 21 * DAY_US, 7, 7), seed, costs: Costs::default(), parameters }
}

static TRAINED: LazyLock<Trained> = LazyLock::new(|| train(&odd_hours(9_000), &order(1), &|_, _, _| true).unwrap());

#[test]
fn trees_find_what_one_condition_and_a_line_do_not() {
    let trained = &*TRAINED;
    assert!(trained.metrics.average_precision > 0.75, "{:?}", trained.metrics);
    assert!(trained.metrics.average_precision > trained.logistic.average_precision + 0.02, "{:?}", trained.logistic);
    assert!(trained.metrics.average_precision > trained.best_rule.average_precision + 0.2, "{:?}", trained.best_rule);
    assert!(trained.logistic.auc > 0.6, "{:?}", trained.logistic);
    assert_eq!(trained.nothing.recall, 0.0);
    assert_eq!(trained.thresholds.iter().filter(|line| line.chosen).count(), 1);
}

#[test]
fn the_same_rows_and_seed_make_the_same_bytes() {
    let again = train(&odd_hours(9_000), &order(1), &|_, _, _| true).unwrap();
    assert_eq!(again.file.write().unwrap(), TRAINED.file.write().unwrap());
    assert_eq!(again.rows_sha256, TRAINED.rows_sha256);
    let other = train(&odd_hours(9_000), &order(2), &|_, _, _| true).unwrap();
    assert_ne!(other.file.write().unwrap().1, TRAINED.file.write().unwrap().1);
}

#[test]
fn training_on_one_class_is_refused() {
    let mut data = odd_hours(9_000);
    data.metas.iter_mut().for_each(|meta| meta.label = meta.label.map(|(_, known_at)| (false, known_at)));
    let found = train(&data, &order(1), &|_, _, _| true).unwrap_err();
    assert!(matches!(found, NotTrained::TooFew { part: "training", fraud: 0, .. }), "{found}");
}

#[test]
fn a_label_that_came_later_is_not_learned_from() {
    let mut data = odd_hours(9_000);
    data.metas.iter_mut().for_each(|meta| meta.label = meta.label.map(|(fraud, _)| (fraud, meta.at + 15 * DAY_US)));
    let found = train(&data, &order(1), &|_, _, _| true).unwrap_err();
    assert!(matches!(found, NotTrained::TooFew { part: "training", rows: 0, .. }), "{found}");
}

#[test]
fn training_ends_when_it_is_cancelled() {
    let found = train(&odd_hours(9_000), &Order { parameters: None, ..order(1) }, &|_, _, _| false);
    assert_eq!(found.unwrap_err(), NotTrained::Cancelled);
}

#[test]
fn known_cards_are_left_out() {
    let mut data = Dataset::new(Vec::new());
    let meta = |at: i64, label| Meta { at, card: Some(EntityKey(1)), amount: 1.0, label };
    for (at, label) in [(1, Some((true, 5))), (4, Some((true, 9))), (6, Some((true, 9)))] {
        data.push(&Row::empty(), meta(at, label));
    }
    assert_eq!(data.without_known_cards(vec![0, 1, 2]), [0, 1]);
}
