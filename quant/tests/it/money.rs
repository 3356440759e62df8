//! Returns of money, goals, recurring payments and the ranking of advice.

use jiff::civil::{Date, date};
use proptest::prelude::*;
use quant::QuantError;
use quant::goal::{Borders, Claim, GoalState, Saving, fund, months_until, needed_monthly, progress};
use quant::paths::Work;
use quant::plan::Returns;
use quant::ranking::{Answered, Ranking, by_effect};
use quant::recurring::{Payment, recurring};
use quant::returns::{DatedFlow, MoneyWeighted, Valuation, money_weighted, time_weighted};

use super::plans::calm;
use super::tools::{close, noise, usd};

fn flows(all: &[(Date, i64)]) -> Vec<DatedFlow> {
    all.iter().map(|(date, minor)| DatedFlow { date: *date, amount: usd(*minor) }).collect()
}

#[test]
fn a_rate_of_return_by_hand() {
    let found = money_weighted(&flows(&[(date(2023, 1, 1), -100_000), (date(2024, 1, 1), 110_000)])).unwrap();
    let MoneyWeighted::One(rate) = found else { panic!("{found:?}") };
    close(rate, 0.1, 1e-9);
    // Half in, half a year later: 100 r + 100 r^(184 / 365) = 210 over 365 and 184 days.
    let late =
        money_weighted(&flows(&[(date(2023, 1, 1), -10_000), (date(2023, 7, 1), -10_000), (date(2024, 1, 1), 21_000)]));
    let MoneyWeighted::One(rate) = late.unwrap() else { panic!() };
    close(100.0 * (1.0 + rate) + 100.0 * (1.0 + rate).powf(184.0 / 365.0), 210.0, 1e-6);
}

#[test]
fn no_and_several_rates_are_answers() {
    let none = money_weighted(&flows(&[(date(2023, 1, 1), 100), (date(2024, 1, 1), 100)]));
    assert_eq!(none, Ok(MoneyWeighted::None));
    // -100, +230, -132: zero at 10 % and at 20 %.
    let turns = [(date(2023, 1, 1), -10_000), (date(2024, 1, 1), 23_000), (date(2024, 12, 31), -13_200)];
    let Ok(MoneyWeighted::Several(rates)) = money_weighted(&flows(&turns)) else { panic!() };
    close(rates[0], 0.1, 1e-6);
    close(rates[1], 0.2, 1e-6);
    assert!(matches!(money_weighted(&flows(&[(date(2023, 1, 1), 1)])), Err(QuantError::TooFew { .. })));
}

/// -100, +220.0001, -121: it touches zero near 10 %, on both sides within a tenth of a point.
#[test]
fn two_rates_beside_each_other_are_both_found() {
    let near =
        [(date(2023, 1, 1), -1_000_000_000), (date(2024, 1, 1), 2_200_001_000), (date(2024, 12, 31), -1_210_000_000)];
    let Ok(MoneyWeighted::Several(rates)) = money_weighted(&flows(&near)) else { panic!() };
    assert!(rates[0] < 0.1 && rates[1] > 0.1 && rates[1] - rates[0] < 0.003, "{rates:?}");
}

/// 100 became 110, another 110 came, 220 became 198: 10 % and -10 %.
#[test]
fn time_weighted_returns_do_not_see_flows() {
    let at = |date, before, flow| Valuation { date, before: usd(before), flow: usd(flow) };
    let found = time_weighted(&[
        at(date(2023, 1, 1), 0, 10_000),
        at(date(2023, 6, 1), 11_000, 11_000),
        at(date(2024, 1, 1), 19_800, 0),
    ])
    .unwrap();
    close(found.total, 1.1 * 0.9 - 1.0, 1e-12);
    close(found.yearly.unwrap(), -0.01, 1e-12);
    let short = time_weighted(&[at(date(2023, 1, 1), 0, 10_000), at(date(2023, 2, 1), 10_100, 0)]).unwrap();
    assert_eq!(short.yearly, None);
    let empty = time_weighted(&[at(date(2023, 1, 1), 0, 0), at(date(2023, 2, 1), 100, 0)]);
    assert_eq!(empty, Err(QuantError::NothingInvested(date(2023, 1, 1))));
    let twice = time_weighted(&[at(date(2023, 1, 1), 0, 5), at(date(2023, 1, 1), 5, 0)]);
    assert!(matches!(twice, Err(QuantError::DuplicateDate { .. })));
}

#[test]
fn what_is_needed_a_month_by_hand() {
    assert_eq!(needed_monthly(usd(0), usd(120_000), 12, 0.0), Ok(usd(10_000)));
    assert_eq!(needed_monthly(usd(200_000), usd(120_000), 12, 0.0), Ok(usd(0)));
    // At 6 % a year, 120 months of one unit come to 162.4745 or so.
    let needed = needed_monthly(usd(0), usd(1_000_000), 120, 0.06).unwrap().minor();
    let rate = 1.06_f64.powf(1.0 / 12.0);
    let sum: f64 = (0..120).map(|month| rate.powi(month)).sum();
    close(needed as f64, 1_000_000.0 / sum, 1.0);
    assert!(matches!(needed_monthly(usd(0), usd(1), 0, 0.0), Err(QuantError::OutOfRange { field: "months", .. })));
    assert!(matches!(needed_monthly(usd(0), usd(1), 1, f64::NAN), Err(QuantError::OutOfRange { field: "yearly", .. })));
}

#[test]
fn a_goal_knows_when_it_will_be_reached() {
    assert_eq!(months_until(usd(500), usd(500), usd(0), 0.0), Ok(Some(0)));
    assert_eq!(months_until(usd(0), usd(1_000), usd(300), 0.0), Ok(Some(4)));
    assert_eq!(months_until(usd(0), usd(1_000), usd(0), 0.05), Ok(None));
}

#[test]
fn progress_is_a_share_of_the_target() {
    for (there, target, expected) in [(0, 100, 0.0), (25, 100, 0.25), (150, 100, 1.0), (-5, 100, 0.0), (0, 0, 1.0)] {
        assert_eq!(progress(usd(there), usd(target)), Ok(expected), "{there} of {target}");
    }
    let euros = kernel::Money::new(1, super::tools::currency("EUR"));
    assert!(matches!(progress(euros, usd(1)), Err(QuantError::Currency { field: "goal", .. })));
}

/// Without chance, the needed amount is enough, and a dollar a month less is not.
#[test]
fn a_goal_has_its_chance_by_simulation() {
    let target = usd(1_000_000);
    let needed = needed_monthly(usd(100_000), target, 30, 0.04).unwrap();
    let ask = |saved_monthly, returns: &Returns| {
        let saving = Saving { there: usd(100_000), target, saved_monthly, months: 30, weights: vec![1.0] };
        saving.chance(returns, 2_000, 7, Work::alone()).unwrap().chance
    };
    let calm = Returns::Median(calm(0.04, 0.0));
    assert_eq!((ask(needed, &calm), ask(usd(needed.minor() - 100), &calm)), (1.0, 0.0));
    let mut wild = super::plans::calm(0.04, 0.02);
    wild.classes[0].volatility = 0.15;
    let wild = Returns::Random { assumptions: wild, shocks: quant::risk::Shocks::Normal };
    let (some, more) = (ask(needed, &wild), ask(usd(needed.minor() * 6 / 5), &wild));
    assert!(some > 0.1 && some < more && more < 1.0, "{some} {more}");
    let never = Saving { there: usd(0), target, saved_monthly: usd(1), months: 0, weights: vec![1.0] };
    let found = never.chance(&calm, 10, 7, Work::alone());
    assert!(matches!(found, Err(QuantError::OutOfRange { field: "months", .. })));
}

#[test]
fn a_state_changes_only_beyond_the_margin() {
    let of = |chance, before| GoalState::of(chance, before, Borders::default()).unwrap();
    assert_eq!(
        (of(0.8, None), of(0.79, None), of(0.4, None)),
        (GoalState::OnTrack, GoalState::AtRisk, GoalState::OffTrack)
    );
    assert_eq!(of(0.78, Some(GoalState::OnTrack)), GoalState::OnTrack);
    assert_eq!(of(0.76, Some(GoalState::OnTrack)), GoalState::AtRisk);
    assert_eq!(of(0.82, Some(GoalState::AtRisk)), GoalState::AtRisk);
    assert_eq!(of(0.84, Some(GoalState::AtRisk)), GoalState::OnTrack);
    assert!(GoalState::of(1.1, None, Borders::default()).is_err());
}

#[test]
fn an_asset_gives_no_more_than_all_of_itself() {
    let claim = |goal, asset, percent| Claim { goal, asset, percent };
    let assets = [usd(1_001), usd(500)];
    let claims = [claim(0, 0, 50.0), claim(1, 0, 50.0), claim(1, 1, 100.0)];
    assert_eq!(fund(&assets, 2, &claims), Ok(vec![500, 1_000]));
    let over = [claim(0, 0, 60.0), claim(1, 0, 41.0)];
    assert!(matches!(fund(&assets, 2, &over), Err(QuantError::SharesAboveWhole { .. })));
    assert!(matches!(fund(&assets, 2, &[claim(0, 0, 101.0)]), Err(QuantError::OutOfRange { field: "percent", .. })));
    assert!(matches!(fund(&assets, 1, &[claim(3, 0, 1.0)]), Err(QuantError::Unknown { .. })));
    assert!(matches!(fund(&assets, 1, &[claim(0, 9, 1.0)]), Err(QuantError::Unknown { .. })));
}

fn paid(payee: &str, all: &[(Date, i64)]) -> Vec<Payment> {
    all.iter().map(|(date, minor)| Payment { payee: payee.to_owned(), date: *date, amount: usd(*minor) }).collect()
}

#[test]
fn payments_that_come_again_are_found() {
    let music = [(date(2026, 1, 3), -999), (date(2026, 2, 3), -999), (date(2026, 3, 4), -1_099)];
    let found = recurring(&paid("music", &music)).unwrap();
    assert_eq!((found.len(), found[0].count, found[0].amount), (1, 3, usd(-999)));
    assert_eq!((found[0].interval_days, found[0].next), (30.0, date(2026, 4, 3)));
    close(found[0].change, 0.1, 0.001);
}

#[test]
fn too_few_irregular_and_uneven_payments_are_not_recurring() {
    for not in [
        vec![(date(2026, 1, 3), -999), (date(2026, 2, 3), -999)],
        vec![(date(2026, 1, 1), -999), (date(2026, 1, 11), -999), (date(2026, 2, 10), -999)],
        vec![(date(2026, 1, 3), -1_000), (date(2026, 2, 3), -1_000), (date(2026, 3, 3), -1_300)],
    ] {
        assert_eq!(recurring(&paid("shop", &not)).unwrap(), [], "{not:?}");
    }
    // A refund of the same payee does not disturb.
    let mut mixed = paid("gym", &[(date(2026, 1, 1), -50), (date(2026, 2, 1), -50), (date(2026, 3, 1), -50)]);
    mixed.extend(paid("gym", &[(date(2026, 1, 20), 50)]));
    assert_eq!(recurring(&mixed).unwrap().len(), 1);
    assert_eq!(recurring(&[]).unwrap(), []);
}

/// People accept what has much effect, and do not care about the other feature.
#[test]
fn a_ranking_learns_what_people_accept() {
    let (effect, other, luck) = (noise(2_000, 1), noise(2_000, 2), noise(2_000, 3));
    let answer = |place: usize| Answered {
        features: vec![10.0 + 3.0 * effect[place], other[place]],
        accepted: effect[place] + 0.5 * luck[place] > 0.0,
    };
    let answers: Vec<Answered> = (0..2_000).map(answer).collect();
    let names = ["effect".to_owned(), "other".to_owned()];
    let ranking = Ranking::fit(&names, &answers).unwrap().unwrap();
    assert!(ranking.weights[0] > 2.0 && ranking.weights[1].abs() < 0.3, "{ranking:?}");
    let (high, low) = (ranking.rank(&[14.0, 0.0]).unwrap(), ranking.rank(&[6.0, 0.0]).unwrap());
    assert!(high.chance > 0.9 && low.chance < 0.1);
    let odds = (high.chance / (1.0 - high.chance)).ln();
    close(odds, ranking.intercept + high.parts.iter().sum::<f64>(), 1e-6);
    assert_eq!(Ranking::fit(&names, &answers[..199]), Ok(None));
    assert!(matches!(ranking.rank(&[1.0]), Err(QuantError::Length { .. })));
    assert!(matches!(ranking.rank(&[f64::NAN, 1.0]), Err(QuantError::NotFinite { .. })));
}

#[test]
fn before_that_effect_and_ease_order() {
    assert_eq!(by_effect(0.08, 0.5), Ok(0.04));
    assert!(matches!(by_effect(0.08, 1.5), Err(QuantError::OutOfRange { field: "ease", .. })));
    assert!(matches!(by_effect(f64::NAN, 0.5), Err(QuantError::NotFinite { field: "effect", .. })));
}

#[test]
fn separable_answers_and_dead_features_do_not_break_a_ranking() {
    let answer =
        |place: usize| Answered { features: vec![f64::from(u8::from(place >= 150)), 7.0], accepted: place >= 150 };
    let answers: Vec<Answered> = (0..300).map(answer).collect();
    let ranking = Ranking::fit(&["a".to_owned(), "dead".to_owned()], &answers).unwrap().unwrap();
    assert!(ranking.weights.iter().all(|weight| weight.is_finite()) && ranking.weights[1] == 0.0, "{ranking:?}");
}

proptest! {
    #[test]
    fn goals_never_get_more_than_there_is(
        assets in prop::collection::vec(-1_000_i64..1_000_000, 1..6),
        claims in prop::collection::vec((0_usize..5, 0_usize..6, 0.0_f64..60.0), 0..12),
    ) {
        let money: Vec<_> = assets.iter().map(|minor| usd(*minor)).collect();
        let claims: Vec<Claim> = claims.into_iter().map(|(goal, asset, percent)| Claim { goal, asset, percent }).collect();
        if let Ok(funded) = fund(&money, 5, &claims) {
            let there: i64 = assets.iter().map(|minor| *minor.max(&0)).sum();
            prop_assert!(funded.iter().all(|part| *part >= 0) && funded.iter().sum::<i64>() <= there, "{funded:?}");
        }
    }

    #[test]
    fn a_rate_that_was_paid_is_found(rate in -0.5_f64..2.0, years in 1_i16..30, minor in 1_000_000_i64..1_000_000_000) {
        let days = (date(2000 + years, 1, 1) - date(2000, 1, 1)).get_days();
        let end = (minor as f64 * (1.0 + rate).powf(f64::from(days) / 365.0)).round();
        prop_assume!(end < 1e15 && end > 1e4);
        let found = money_weighted(&flows(&[(date(2000, 1, 1), -minor), (date(2000 + years, 1, 1), end as i64)])).unwrap();
        let MoneyWeighted::One(root) = found else { panic!("{found:?}") };
        prop_assert!((root - rate).abs() < 1e-3, "{root} {rate}");
    }
}
