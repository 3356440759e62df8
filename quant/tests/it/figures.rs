use proptest::prelude::*;
use quant::risk::{Book, Drift, Exposure, Figure, Question, historical, normal, weighted};
use quant::series::History;
use quant::{QuantError, QuantileRule};

use super::tools::{book, close, currency, history, noise, usd};

/// Twenty days on which a factor moved -10 % to +9 %, and $1,000.00 exposed to it.
fn twenty() -> (History, Book) {
    let returns: Vec<f64> = (0..20).map(|day| f64::from((day * 7) % 20 - 10) / 100.0).collect();
    let history = history(&[("EURUSD", &returns)]);
    let book = book(&history, &[("EURUSD", 100_000)]);
    (history, book)
}

fn total(figure: &Figure) -> (i64, i64) {
    let sum = |pick: fn(&quant::risk::Contribution) -> i64| figure.contributions.iter().map(pick).sum::<i64>();
    (sum(|one| one.value_at_risk.minor()), sum(|one| one.expected_shortfall.minor()))
}

/// The worst days are -10 % and -9 %: position (20 - 1) 0.05 + 1 = 1.95 lies between them.
#[test]
fn historical_value_at_risk_by_hand() {
    let (history, book) = twenty();
    let ask = |rule| historical(&book, &history, Question { rule, ..Question::one_day(0.95) }).unwrap();
    let linear = ask(QuantileRule::Linear);
    assert_eq!(linear.value_at_risk, usd(9_050));
    assert_eq!(linear.expected_shortfall, usd(10_000));
    assert_eq!(ask(QuantileRule::Lower).value_at_risk, usd(10_000));
    assert_eq!(ask(QuantileRule::Higher).value_at_risk, usd(9_000));
    assert_eq!(ask(QuantileRule::Higher).expected_shortfall, usd(9_500));
}

/// The sample's deviation is sqrt(35) %, its mean -0.5 %.
#[test]
fn normal_value_at_risk_by_hand() {
    let (history, book) = twenty();
    let plain = normal(&book, &history, Question::one_day(0.95)).unwrap();
    assert_eq!(plain.value_at_risk, usd(9_731));
    close(plain.expected_shortfall.minor() as f64, 100_000.0 * 0.059_161 * 2.062_713, 2.0);
    let question = Question { drift: Drift::Sample, horizon_days: 4, ..Question::one_day(0.95) };
    assert_eq!(normal(&book, &history, question).unwrap().value_at_risk, usd(2 * 9_731 + 4 * 500));
}

#[test]
fn weighted_value_at_risk_by_hand() {
    let returns: Vec<f64> = (0..20).map(|day| if day == 19 { 0.05 } else { 0.01 }).collect();
    let history = history(&[("a", &returns)]);
    let found = weighted(&book(&history, &[("a", 100_000)]), &history, 0.94, Question::one_day(0.95)).unwrap();
    // sqrt(0.94 * 0.0001 + 0.06 * 0.0025) * 1.644854 * 1,000.00
    assert_eq!(found.value_at_risk, usd(2_569));
}

/// Two factors that move as one: each carries its share, and a hedge takes away.
#[test]
fn contributions_follow_the_weights_where_factors_move_together() {
    let returns = noise(100, 1).iter().map(|one| one / 100.0).collect::<Vec<_>>();
    let history = history(&[("a", &returns), ("b", &returns)]);
    let book = book(&history, &[("a", 300_000), ("b", -100_000)]);
    for figure in [
        normal(&book, &history, Question::one_day(0.99)).unwrap(),
        historical(&book, &history, Question::one_day(0.95)).unwrap(),
    ] {
        let parts: Vec<f64> = figure.contributions.iter().map(|one| one.value_at_risk.minor() as f64).collect();
        close(parts[0] / parts[1], -3.0, 0.01);
        assert_eq!(total(&figure), (figure.value_at_risk.minor(), figure.expected_shortfall.minor()));
    }
}

#[test]
fn an_empty_book_loses_nothing() {
    let (history, _) = twenty();
    let empty = book(&history, &[]);
    for found in
        [historical(&empty, &history, Question::one_day(0.95)), normal(&empty, &history, Question::one_day(0.95))]
    {
        let found = found.unwrap();
        assert_eq!((found.value_at_risk, total(&found)), (usd(0), (0, 0)));
    }
}

#[test]
fn confidence_and_horizon_have_bounds() {
    let (history, book) = twenty();
    for confidence in [0.0, 0.3, 1.0, f64::NAN, -1.0] {
        let found = historical(&book, &history, Question::one_day(confidence));
        assert!(matches!(found, Err(QuantError::OutOfRange { field: "confidence", .. })), "{confidence}");
    }
    for horizon_days in [0, 253] {
        let found = normal(&book, &history, Question { horizon_days, ..Question::one_day(0.95) });
        assert!(matches!(found, Err(QuantError::OutOfRange { field: "horizon_days", .. })), "{horizon_days}");
    }
}

#[test]
fn three_rows_are_no_history() {
    let three = history(&[("a", &[0.1, 0.2, 0.3])]);
    let found = historical(&book(&three, &[("a", 1)]), &three, Question::one_day(0.5));
    assert_eq!(found, Err(QuantError::TooFew { field: "history", min: 20, found: 3 }));
}

#[test]
fn a_level_outside_of_the_sample_is_refused() {
    let (history, book) = twenty();
    let found = historical(&book, &history, Question::one_day(0.99));
    assert!(matches!(found, Err(QuantError::LevelOutsideSample { rows: 20, .. })));
}

#[test]
fn exposures_to_unknown_factors_and_of_huge_size_are_refused() {
    let (history, _) = twenty();
    let ask = |factor: &str, minor| {
        Book::new(currency("USD"), &[Exposure { factor: factor.to_owned(), amount: usd(minor) }], history.names())
    };
    assert!(matches!(ask("GBPUSD", 1), Err(QuantError::Unknown { field: "exposures", .. })));
    assert_eq!(ask("EURUSD", 10_i64.pow(18)), Err(QuantError::AmountTooLarge { field: "exposures" }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn value_at_risk_rises_with_confidence_and_shortfall_is_not_less(
        returns in prop::collection::vec(-0.2_f64..0.2, 60..120), low in 0.5_f64..0.98, more in 0.0_f64..1.0,
        amount in -10_i64.pow(9)..10_i64.pow(9),
    ) {
        let history = history(&[("a", &returns)]);
        let book = book(&history, &[("a", amount)]);
        let high = low + more * (0.98 - low);
        for ask in [historical, normal] {
            let (low, high) = (ask(&book, &history, Question::one_day(low)).unwrap(), ask(&book, &history, Question::one_day(high)).unwrap());
            prop_assert!(low.value_at_risk.minor() <= high.value_at_risk.minor());
            prop_assert!(low.expected_shortfall.minor() >= low.value_at_risk.minor() - 1);
            prop_assert_eq!(total(&high), (high.value_at_risk.minor(), high.expected_shortfall.minor()));
        }
    }
}
