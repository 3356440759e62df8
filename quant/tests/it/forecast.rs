use jiff::civil::date;
use proptest::prelude::*;
use quant::QuantError;
use quant::calendar::{Calendar, Holidays};
use quant::forecast::{
    Accounted, Fallback, Method, Model, Setting, Trained, by_lead, evaluate, mase, mase_scale, smape, summarise, train,
};

use super::tools::{close, noise};

/// Monthly sales: a trend, a season and some noise.
fn sales(count: usize, seed: u64) -> Vec<f64> {
    let random = noise(count, seed);
    let season = [1.1, 0.9, 0.95, 1.0, 1.05, 1.0, 0.9, 0.8, 1.0, 1.05, 1.1, 1.3];
    let value = |month: usize| (1_000.0 + 5.0 * month as f64) * season[month % 12] * (1.0 + 0.03 * random[month]);
    (0..count).map(value).collect()
}

fn middle(trained: &Trained, values: &[f64]) -> Vec<f64> {
    trained.forecast(values).unwrap().0.iter().map(|one| one.p50).collect()
}

#[test]
fn measures_by_hand() {
    // Steps over a season of 2: 2, 2, 4.
    let scale = mase_scale(&[1.0, 5.0, 3.0, 7.0, 7.0], 2).unwrap();
    close(scale, 8.0 / 3.0, 1e-12);
    close(mase(&[10.0, 20.0], &[8.0, 23.0], scale).unwrap(), 2.5 / scale, 1e-12);
    close(smape(&[100.0, 0.0], &[50.0, 0.0]).unwrap(), 100.0 * 2.0 * 50.0 / 150.0 / 2.0, 1e-12);
    assert_eq!(mase_scale(&[3.0, 3.0, 3.0], 1), None);
    assert_eq!(mase_scale(&[3.0], 1), None);
    assert!(matches!(smape(&[1.0], &[]), Err(QuantError::Length { .. })));
    assert!(matches!(smape(&[], &[]), Err(QuantError::TooFew { .. })));
    assert!(matches!(smape(&[f64::NAN], &[1.0]), Err(QuantError::NotFinite { field: "actual", at: 0 })));
}

#[test]
fn a_trend_with_a_season_is_continued() {
    let values = sales(120, 1);
    let trained = train(&values, &Setting::monthly(12), None).unwrap();
    let expected = sales(132, 1)[120..].to_vec();
    let error = mase(&expected, &middle(&trained, &values), mase_scale(&values, 12).unwrap()).unwrap();
    assert!(error < 0.6, "{error}");
    assert!(trained.baseline.unwrap() > 1.3 * trained.scores[0].mase);
    assert_eq!(trained.scores.len(), 5);
    assert_eq!(trained.fallback, None);
}

#[test]
fn a_trained_model_follows_a_series_that_has_grown() {
    let values = sales(130, 2);
    let trained = train(&values[..120], &Setting::monthly(6), None).unwrap();
    let later = middle(&trained, &values);
    let scale = mase_scale(&values, 12).unwrap();
    assert!(mase(&sales(136, 2)[130..], &later, scale).unwrap() < 0.7);
    assert_ne!(later, middle(&trained, &values[..120]));
}

#[test]
fn a_model_survives_being_stored() {
    let values = sales(90, 3);
    let trained = train(&values, &Setting::monthly(12), None).unwrap();
    let stored = serde_json::to_string(&trained).unwrap();
    let read: Trained = serde_json::from_str(&stored).unwrap();
    for (left, right) in middle(&read, &values).iter().zip(middle(&trained, &values)) {
        close(*left, right, 1e-6);
    }
}

/// A random walk seen through noise: the best smoothing weight is the one it was made with.
#[test]
fn smoothing_parameters_come_back_from_series_made_with_them() {
    let random = noise(3_000, 4);
    for alpha in [0.2, 0.6] {
        let mut level = 500.0;
        let step = |shock: &f64| {
            let value = level + 10.0 * shock;
            level += alpha * 10.0 * shock;
            value
        };
        let values: Vec<f64> = random.iter().map(step).collect();
        let Model::Ets(ets) = fitted(&values, Method::Ets) else { panic!() };
        close(ets.alpha, alpha, 0.05);
        assert_eq!((ets.form.trend, ets.seasonals.len()), (quant::forecast::Trend::None, 0));
    }
}

/// Trained with one method, by making it the champion of a series where nothing beats it.
fn fitted(values: &[f64], method: Method) -> Model {
    let setting = Setting { season: 1, horizon: 3, daily: None };
    let trained = train(values, &setting, Some(method)).unwrap();
    assert_eq!(trained.method, method, "{:?}", trained.scores);
    trained.model
}

#[test]
fn ets_without_trend_and_season_is_simple_smoothing() {
    let random = noise(400, 5);
    let values: Vec<f64> = random.iter().map(|one| 100.0 + one).collect();
    let Model::Ets(ets) = fitted(&values, Method::Ets) else { panic!() };
    let level = values.iter().fold(ets.level, |level, value| level + ets.alpha * (value - level));
    let setting = Setting { season: 1, horizon: 3, daily: None };
    let trained = train(&values, &setting, Some(Method::Ets)).unwrap();
    for one in middle(&trained, &values) {
        close(one, level, 1e-9);
    }
}

#[test]
fn a_challenger_needs_a_clear_lead() {
    let values = sales(120, 6);
    for champion in [Method::Theta, Method::Ets, Method::ThetaEts] {
        let trained = train(&values, &Setting::monthly(12), Some(champion)).unwrap();
        assert_eq!(trained.scores[0].method, champion);
        let lead = 1.0 - trained.scores.iter().map(|one| one.mase).fold(f64::MAX, f64::min) / trained.scores[0].mase;
        assert!(trained.method == champion || lead >= 0.02);
    }
    let beaten = train(&values, &Setting::monthly(12), Some(Method::SeasonalNaive)).unwrap();
    assert_ne!(beaten.method, Method::SeasonalNaive);
}

#[test]
fn short_and_constant_series_fall_back_and_say_so() {
    let ask = |values: &[f64]| train(values, &Setting::monthly(12), None).unwrap();
    let constant = ask(&[7.0; 60]);
    assert_eq!(constant.fallback, Some(Fallback::Constant));
    assert_eq!(constant.forecast(&[7.0; 60]).unwrap().0[11].p90, 7.0);
    let short = ask(&sales(20, 1));
    assert_eq!((short.fallback, short.method), (Some(Fallback::TooShort), Method::SeasonalNaive));
    let tiny = ask(&[1.0, 3.0]);
    assert_eq!((tiny.fallback, tiny.method), (Some(Fallback::TooShort), Method::Mean));
    assert_eq!(middle(&tiny, &[1.0, 3.0]), [2.0; 12]);
    assert_eq!(ask(&[5.0]).fallback, Some(Fallback::Constant));
}

#[test]
fn bad_series_are_refused_by_name() {
    let ask =
        |values: &[f64], season, horizon| train(values, &Setting { season, horizon, daily: None }, None).unwrap_err();
    assert!(matches!(ask(&[], 12, 6), QuantError::TooFew { field: "values", .. }));
    assert_eq!(ask(&[1.0, f64::NAN], 12, 6), QuantError::NotFinite { field: "values", at: 1 });
    assert_eq!(ask(&[1.0, 1e16], 12, 6), QuantError::AmountTooLarge { field: "values" });
    assert!(matches!(ask(&[1.0], 0, 6), QuantError::TooFew { field: "season", .. }));
    assert!(matches!(ask(&[1.0], 12, 0), QuantError::TooFew { field: "horizon", .. }));
    assert!(matches!(ask(&[1.0], 12, 367), QuantError::TooMany { field: "horizon", .. }));
    assert!(matches!(ask(&vec![1.0; 10_001], 12, 6), QuantError::TooMany { field: "values", .. }));
}

/// A value on every tenth day or so.
#[test]
fn intermittent_series_are_forecast_at_their_rate() {
    let random = noise(300, 8);
    let values: Vec<f64> = random.iter().map(|one| if *one > 1.28 { 500.0 + 10.0 * one } else { 0.0 }).collect();
    let setting = Setting { season: 1, horizon: 5, daily: None };
    let trained = train(&values, &setting, None).unwrap();
    assert!(matches!(trained.method, Method::Tsb | Method::Mean));
    let rate = values.iter().sum::<f64>() / 300.0;
    close(middle(&trained, &values)[0] / rate, 1.0, 0.5);
}

/// Nothing on weekends, much on Mondays, salaries on the last business day.
#[test]
fn a_daily_profile_knows_weekdays_and_month_ends() {
    let calendar = Calendar::new(&[Holidays::Target], vec![]).unwrap();
    let first = date(2024, 1, 1);
    let random = noise(800, 9);
    let value = |offset: usize| {
        let day = first.checked_add(jiff::Span::new().days(offset as i64)).unwrap();
        let Some((_, from_end)) = calendar.place_in_month(day).unwrap() else { return 0.0 };
        let monday = if day.weekday() == jiff::civil::Weekday::Monday { 400.0 } else { 0.0 };
        let salaries = if from_end == 1 { -5_000.0 } else { 0.0 };
        1_000.0 + monday + salaries + 30.0 * random[offset]
    };
    let all: Vec<f64> = (0..800).map(value).collect();
    let values = &all[..760];
    let trained = train(values, &Setting::daily(first, calendar, 40), None).unwrap();
    assert_eq!(trained.method, Method::Daily);
    let said = middle(&trained, values);
    for (said, came) in said.iter().zip(&all[760..]) {
        close(*said, *came, 350.0);
    }
}

#[test]
fn bands_hold_about_four_fifths_of_what_comes() {
    let found: Vec<_> = (0..60).map(|seed| evaluate(&sales(120, 100 + seed), &Setting::monthly(12)).unwrap()).collect();
    let summary = summarise(&found).unwrap();
    assert!((0.72..=0.9).contains(&summary.coverage), "{summary:?}");
    assert!(summary.mase < 0.85 * summary.baseline_mase, "{summary:?}");
    assert!(summary.smape < summary.baseline_smape);
    assert!(matches!(summarise(&[]), Err(QuantError::TooFew { field: "series", .. })));
}

#[test]
fn forecasts_are_held_against_what_came_by_lead() {
    let pair = |lead, actual| Accounted { lead, p10: 90.0, p50: 100.0, p90: 110.0, actual };
    let found = by_lead(&[pair(2, 120.0), pair(1, 95.0), pair(1, 105.0), pair(2, 100.0)]).unwrap();
    let rows: Vec<_> =
        found.iter().map(|one| (one.lead, one.count, one.bias, one.mean_absolute_error, one.coverage)).collect();
    assert_eq!(rows, [(1, 2, 0.0, 5.0, 1.0), (2, 2, 10.0, 10.0, 0.5)]);
    assert_eq!(by_lead(&[]), Ok(vec![]));
    assert!(matches!(by_lead(&[pair(1, f64::NAN)]), Err(QuantError::NotFinite { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_value_ever_leaves_the_guards(
        values in prop::collection::vec(prop_oneof![-1e3_f64..1e3, Just(0.0), -1e14_f64..1e14], 1..90), season in 1_usize..14,
    ) {
        let setting = Setting { season, horizon: 10, daily: None };
        let trained = train(&values, &setting, None).unwrap();
        let (predicted, _) = trained.forecast(&values).unwrap();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let room = 3.0 * (high - low) * (1.0 + 1e-12);
        prop_assert_eq!(predicted.len(), 10);
        for one in predicted {
            prop_assert!(one.p10 <= one.p50 && one.p50 <= one.p90, "{:?}", one);
            prop_assert!(one.p10 >= low - room && one.p90 <= high + room, "{:?} {} {}", one, low, high);
        }
    }
}
