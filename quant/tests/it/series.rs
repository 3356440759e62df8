use proptest::prelude::*;
use quant::series::{Factor, GAP_DAYS_MAX, History, Point, ReturnKind};
use quant::{QuantError, QuantileRule};

use super::tools::{close, day, history, points};

#[test]
fn levels_become_returns_of_their_kind() {
    for (kind, expected) in [
        (ReturnKind::Log, [f64::ln(1.1), f64::ln(0.9)]),
        (ReturnKind::Simple, [0.1, -0.1]),
        (ReturnKind::Absolute, [10.0, -11.0]),
    ] {
        let factor = Factor::from_levels("EURUSD", kind, &points(&[100.0, 110.0, 99.0])).unwrap();
        for (point, expected) in factor.returns().iter().zip(expected) {
            close(point.value, expected, 1e-12);
        }
        assert_eq!(factor.returns()[0].date, day(1));
    }
}

#[test]
fn two_levels_for_a_day_are_refused() {
    let mut levels = points(&[1.0, 2.0, 3.0]);
    levels[2].date = levels[1].date;
    let found = Factor::from_levels("x", ReturnKind::Log, &levels);
    assert_eq!(found, Err(QuantError::DuplicateDate { field: "levels", date: day(1) }));
}

#[test]
fn a_gap_of_a_year_is_refused() {
    let levels = [Point { date: day(0), value: 1.0 }, Point { date: day(365), value: 1.0 }];
    let found = Factor::from_levels("x", ReturnKind::Log, &levels);
    assert_eq!(found, Err(QuantError::Gap { field: "levels", date: day(365), days: 365, max: GAP_DAYS_MAX }));
}

#[test]
fn dates_that_go_back_are_refused() {
    let levels = [Point { date: day(3), value: 1.0 }, Point { date: day(1), value: 1.0 }];
    assert!(matches!(Factor::from_levels("x", ReturnKind::Log, &levels), Err(QuantError::Unordered { .. })));
}

#[test]
fn a_level_of_zero_is_refused_where_returns_divide_by_it() {
    let levels = points(&[1.0, 0.0, 1.0]);
    let expected = Err(QuantError::NotPositive { field: "levels", at: 1 });
    assert_eq!(Factor::from_levels("x", ReturnKind::Log, &levels), expected);
    assert_eq!(Factor::from_levels("x", ReturnKind::Simple, &levels), expected);
    assert!(Factor::from_levels("rate", ReturnKind::Absolute, &levels).is_ok());
}

#[test]
fn no_rows_nan_and_losses_of_more_than_all_are_refused() {
    assert!(matches!(Factor::from_levels("x", ReturnKind::Log, &[]), Err(QuantError::TooFew { .. })));
    let found = Factor::from_returns("x", ReturnKind::Log, points(&[0.1, f64::NAN]));
    assert_eq!(found, Err(QuantError::NotFinite { field: "returns", at: 1 }));
    assert!(matches!(
        Factor::from_returns("x", ReturnKind::Simple, points(&[-1.0])),
        Err(QuantError::NotPositive { .. })
    ));
}

#[test]
fn factors_are_lined_up_by_date_and_holes_refused() {
    let long = Factor::from_returns("long", ReturnKind::Log, points(&[0.1, 0.2, 0.3, 0.4])).unwrap();
    let late = Factor::from_returns("late", ReturnKind::Log, points(&[9.0, 0.6, 0.7])[1..].to_vec()).unwrap();
    let both = History::align(&[long.clone(), late]).unwrap();
    assert_eq!(both.rows().map(<[f64]>::to_vec).collect::<Vec<_>>(), [[0.2, 0.6], [0.3, 0.7]]);
    let mut some = points(&[1.0, 1.0, 1.0]);
    some.remove(1);
    let holed = Factor::from_returns("holed", ReturnKind::Log, some).unwrap();
    assert_eq!(
        History::align(&[long.clone(), holed]),
        Err(QuantError::Hole { name: "holed".to_owned(), date: day(1) })
    );
    assert!(matches!(History::align(&[long.clone(), long]), Err(QuantError::Duplicate { .. })));
}

#[test]
fn covariance_divides_by_one_less_than_the_days() {
    let two = history(&[("a", &[1.0, 2.0, 3.0, 4.0]), ("b", &[2.0, 4.0, 6.0, 9.0])]);
    let covariance = two.covariance().unwrap();
    close(covariance.at(0, 0), 5.0 / 3.0, 1e-12);
    close(covariance.at(0, 1), 11.5 / 3.0, 1e-12);
    close(covariance.at(1, 1), 26.75 / 3.0, 1e-12);
}

#[test]
fn the_weighted_variance_begins_with_the_first_square() {
    let one = history(&[("a", &[0.02, -0.01, 0.03])]);
    let expected = 0.94 * (0.94 * 0.0004 + 0.06 * 0.0001) + 0.06 * 0.0009;
    close(one.weighted_covariance(0.94).unwrap().at(0, 0), expected, 1e-15);
    assert!(matches!(one.weighted_covariance(1.0), Err(QuantError::OutOfRange { field: "lambda", .. })));
}

#[test]
fn quantiles_by_rule() {
    let sample = [40.0, 10.0, 30.0, 20.0];
    for (rule, expected) in [(QuantileRule::Linear, 17.5), (QuantileRule::Lower, 10.0), (QuantileRule::Higher, 20.0)] {
        assert_eq!(rule.of(&sample, 0.25), Ok(expected), "{rule:?}");
        assert_eq!(rule.of(&sample, 0.0), Ok(10.0));
        assert_eq!(rule.of(&sample, 1.0), Ok(40.0));
    }
    assert!(matches!(QuantileRule::Linear.of(&sample, 1.1), Err(QuantError::OutOfRange { .. })));
    assert!(matches!(QuantileRule::Linear.of(&sample, f64::NAN), Err(QuantError::OutOfRange { .. })));
    assert!(matches!(QuantileRule::Linear.of(&[], 0.5), Err(QuantError::TooFew { .. })));
}

proptest! {
    #[test]
    fn quantiles_rise_with_the_level_and_rules_are_in_order(sample in prop::collection::vec(-1e6_f64..1e6, 1..60), low in 0.0_f64..1.0, more in 0.0_f64..1.0) {
        let high = low + more * (1.0 - low);
        let at = |rule: QuantileRule, p: f64| rule.of(&sample, p).unwrap();
        prop_assert!(at(QuantileRule::Linear, low) <= at(QuantileRule::Linear, high) + 1e-9);
        prop_assert!(at(QuantileRule::Lower, low) <= at(QuantileRule::Linear, low));
        prop_assert!(at(QuantileRule::Linear, low) <= at(QuantileRule::Higher, low));
    }
}
