use kernel::{Currency, Id};
use planning_api::{AssetClass, GoalKind};
use proptest::prelude::*;

use super::*;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::iso("USD").unwrap())
}

fn line(id: u128, minor: i64) -> Line {
    Line {
        asset: Id::from_bits(id),
        class: AssetClass::Cash,
        state: LineState::Current,
        amount: Some(usd(minor)),
        as_of: None,
        source: None,
        base: Some(usd(minor)),
        rate: None,
    }
}

fn terms(due: &str, monthly: i64) -> GoalTerms {
    GoalTerms {
        name: "roof".to_owned(),
        kind: GoalKind::Purchase,
        amount: usd(1_200_000),
        money_of: None,
        due: due.parse().unwrap(),
        priority: 1,
        monthly: Some(usd(monthly)),
        weights: BTreeMap::new(),
    }
}

#[test]
fn without_growth_a_goal_is_a_division() {
    let today: Month = "2026-01".parse().unwrap();
    let found = path(usd(200_000), usd(1_200_000), &terms("2028-01", 50_000), today, 0.0).unwrap();
    assert_eq!(found.needed_monthly, Some(usd(41_667)));
    assert_eq!(found.expected, Some("2027-09".parse().unwrap()));
    assert!((found.progress - 1.0 / 6.0).abs() < 1e-12);
    let never = path(usd(0), usd(1), &terms("2028-01", 0), today, 0.0).unwrap();
    assert_eq!(never.expected, None);
}

/// 12,000 of the money of 2024 are 12,000 x 1.025^2 in 2026.
#[test]
fn an_amount_of_an_earlier_year_is_more_today() {
    let earlier = GoalTerms { money_of: Some(2024), ..terms("2028-01", 0) };
    assert_eq!(in_money_of(&earlier, 2026, 0.025), Some(usd(1_260_750)));
    assert_eq!(in_money_of(&terms("2028-01", 0), 2026, 0.025), Some(usd(1_200_000)));
}

#[test]
fn cash_returns_nothing_after_prices() {
    let invested = Invested::of(&terms("2028-01", 0), &Market::default()).unwrap();
    // ln 1.025 - 0.015^2 / 2 - ln 1.025 + 0.018^2 / 2
    let expected = libm::expm1(0.018 * 0.018 / 2.0 - 0.015 * 0.015 / 2.0);
    assert!((invested.real_return() - expected).abs() < 1e-12, "{}", invested.real_return());
}

#[test]
fn a_track_changes_only_beyond_a_margin() {
    for (chance, before, expected) in [
        (0.9, None, Track::OnTrack),
        (0.79, Some(Track::OnTrack), Track::OnTrack),
        (0.76, Some(Track::OnTrack), Track::AtRisk),
        (0.81, Some(Track::AtRisk), Track::AtRisk),
        (0.49, None, Track::OffTrack),
    ] {
        assert_eq!(track(chance, before).unwrap(), expected, "{chance} {before:?}");
    }
}

proptest! {
    /// Shares of one asset that come to at most 100 % never give more than it is worth.
    #[test]
    fn goals_never_get_more_than_there_is(worth in -1_000_i64..10_i64.pow(12), cuts in prop::collection::vec(1_u64..1_000_000, 0..6)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let mut given = 0;
        let mut before = 0;
        for cut in cuts.into_iter().chain([1_000_000]) {
            let text = crate::store::goal::percent_text(i64::try_from(cut - before).unwrap());
            before = cut;
            if let Ok(percent) = text.parse() {
                let share = Share { asset: Id::from_bits(1), percent };
                given += funded(&[line(1, worth)], &[share], Currency::iso("USD").unwrap()).unwrap().there.minor();
            }
        }
        prop_assert!(given <= worth.max(0), "{} of {}", given, worth);
    }
}
