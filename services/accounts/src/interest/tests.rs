use jiff::civil::date;
use kernel::{Currency, Money};
use proptest::prelude::*;

use super::*;

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

fn rates(tiers: &[(i64, &str)], overdraft: Option<&str>) -> Rates {
    let tier = |(from, rate): &(i64, &str)| Tier { from: euros(*from), rate: rate.parse().unwrap() };
    let overdraft = overdraft.map(|rate| rate.parse().unwrap());
    Rates { from: date(2027, 1, 1), credit: tiers.iter().map(tier).collect(), overdraft, fees: None }
}

#[test]
fn each_day_count_weighs_its_nights() {
    let of = |count, y, m, d| {
        let Weight { nights, year } = weight(count, date(y, m, d));
        (nights, year)
    };
    assert_eq!(of(DayCount::Act365F, 2028, 2, 29), (1, 365));
    assert_eq!(of(DayCount::Act360, 2027, 3, 1), (1, 360));
    assert_eq!((of(DayCount::ActAct, 2027, 12, 31), of(DayCount::ActAct, 2028, 1, 1)), ((1, 365), (1, 366)));
    for (day, nights) in [
        (date(2027, 1, 30), 0),
        (date(2027, 1, 31), 1),
        (date(2027, 2, 28), 3),
        (date(2028, 2, 28), 1),
        (date(2028, 2, 29), 2),
        (date(2027, 4, 30), 1),
    ] {
        assert_eq!(weight(DayCount::ThirtyE360, day), Weight { nights, year: 360 }, "{day}");
    }
    let year: i64 = date(2027, 1, 1)
        .series(jiff::Span::new().days(1))
        .take(365)
        .map(|day| weight(DayCount::ThirtyE360, day).nights)
        .sum();
    assert_eq!(year, 360);
}

#[test]
fn tiers_count_whole_or_in_slices() {
    let tiers = rates(&[(0, "1"), (100_000, "2")], Some("12"));
    let day = Weight { nights: 1, year: 365 };
    let of = |balance, mode| daily(balance, &tiers, mode, day).unwrap();
    // 1,000.00 at 1 percent: 10.00 a year.
    assert_eq!(of(99_999, TierMode::Whole), 2_739_699);
    assert_eq!(of(100_000, TierMode::Whole), 5_479_452);
    assert_eq!(of(150_000, TierMode::Whole), 8_219_178);
    assert_eq!(of(150_000, TierMode::Slice), 5_479_452);
    assert_eq!((of(0, TierMode::Slice), of(-100_000, TierMode::Slice)), (0, -32_876_712));
    let below = rates(&[(0, "-0.5")], None);
    assert_eq!(daily(100_000, &below, TierMode::Whole, day), Some(-1_369_863));
    assert_eq!(daily(-100_000, &below, TierMode::Whole, day), Some(0));
}

#[test]
fn interest_that_does_not_fit_is_none() {
    let much = rates(&[(0, "1000")], None);
    assert_eq!(daily(i64::MAX, &much, TierMode::Slice, Weight { nights: 3, year: 360 }), None);
}

#[test]
fn halves_are_rounded_to_even() {
    for (sum, whole) in [(5, 0), (15, 2), (25, 2), (-5, 0), (-15, -2), (-25, -2), (26, 3), (-26, -3), (24, 2)] {
        assert_eq!(half_even(sum, 10), whole, "{sum}/10");
    }
    assert_eq!((rounded(2_500_000), rounded(3_500_000), rounded(-500_001)), (2, 4, -1));
    assert_eq!(share(1_001, 250_000), Some(250));
}

#[test]
fn postings_are_due_at_the_end_of_their_period() {
    for (posting, due) in [
        (Posting::Daily, [true, true, true, true]),
        (Posting::Monthly, [false, true, true, true]),
        (Posting::Quarterly, [false, false, true, true]),
        (Posting::Yearly, [false, false, false, true]),
    ] {
        let days = [date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 31), date(2028, 12, 31)];
        assert_eq!(days.map(|day| is_due(posting, day)), due, "{posting:?}");
    }
}

/// A fraction, computed in another way than the code under test: every part on its own, over one large denominator.
#[derive(Debug, Clone, Copy)]
struct Ratio(i128);

/// Divisible by all years of all day counts and by what one part of a rate is.
const OVER: i128 = 100 * 365 * 366 * 360;

/// A balance, or a rate, of a day on.
type Changes = Vec<(usize, i64)>;

fn at(changes: &Changes, day: usize) -> i64 {
    changes.iter().filter(|(from, _)| *from <= day).map(|(_, value)| *value).sum()
}

fn slow(balance: i64, tiers: &[(i64, i64)], whole: bool, overdraft: i64, weight: Weight) -> Ratio {
    let mut sum = 0_i128;
    let unit = OVER / (100 * i128::from(weight.year)) * i128::from(weight.nights);
    if balance <= 0 {
        sum += i128::from(balance) * i128::from(overdraft) * unit;
    } else if whole {
        let reached = tiers.iter().rfind(|(from, _)| *from <= balance).map_or(0, |(_, rate)| *rate);
        sum += i128::from(balance) * i128::from(reached) * unit;
    } else {
        for (place, (from, rate)) in tiers.iter().enumerate() {
            let end = tiers.get(place + 1).map_or(balance, |(next, _)| balance.min(*next));
            if end > *from {
                sum += i128::from(end - from) * i128::from(*rate) * unit;
            }
        }
    }
    Ratio(sum)
}

fn count() -> impl Strategy<Value = DayCount> {
    prop_oneof![Just(DayCount::Act365F), Just(DayCount::Act360), Just(DayCount::ActAct), Just(DayCount::ThirtyE360)]
}

fn posting() -> impl Strategy<Value = Posting> {
    prop_oneof![Just(Posting::Daily), Just(Posting::Monthly), Just(Posting::Quarterly), Just(Posting::Yearly)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Two years of one account: movements, some told late, rates that change, some for days that are over. What was
    /// posted and what is carried is the sum of all days in rationals, up to half a millionth for each computed day.
    #[test]
    fn interest_equals_a_slow_recomputation_in_rationals(
        count in count(),
        posting in posting(),
        whole in any::<bool>(),
        steps in prop::collection::vec((1_i64..1_000_000, -2_000_000..2_000_000_i64), 1..4),
        overdraft in 0_i64..20_000_000,
        movements in prop::collection::vec((0_usize..730, 0_usize..40, -5_000_000_i64..5_000_000), 0..30),
        raises in prop::collection::vec((0_usize..730, 0_usize..40, -500_000_i64..500_000), 0..4),
    ) {
        let first = date(2027, 1, 1);
        let mut from = 0;
        let tiers: Vec<(i64, i64)> = steps.iter().map(|(width, rate)| { let tier = (from, *rate); from += width; tier }).collect();
        let rates_of = |raise: i64| {
            let tier = |(from, rate): &(i64, i64)| Tier { from: euros(*from), rate: Rate::of_parts(rate + raise) };
            Rates { from: first, credit: tiers.iter().map(tier).collect(), overdraft: Some(Rate::of_parts(overdraft)), fees: None }
        };
        let mode = if whole { TierMode::Whole } else { TierMode::Slice };
        // What is known at the end of a day: each is told some days after it took effect.
        let known = |all: &[(usize, usize, i64)], day: usize| -> Changes {
            all.iter().filter(|(from, late, _)| from + late <= day).map(|(from, _, by)| (*from, *by)).collect()
        };
        let days: Vec<Date> = first.series(jiff::Span::new().days(1)).take(731).collect();
        let (mut state, mut booked) = (Accrued::default(), [0_i64; 2]);
        let mut told = vec![0_i64; days.len()];
        let mut computed = 0_i128;
        for (today, day) in days.iter().enumerate() {
            let (moved, raised) = (known(&movements, today), known(&raises, today));
            let news = |all: &[(usize, usize, i64)]| all.iter().filter(|(from, late, _)| from + late == today).map(|(from, ..)| *from).min();
            let since = news(&movements).into_iter().chain(news(&raises)).min().unwrap_or(today).min(today);
            for (of, of_day) in days.iter().enumerate().take(today + 1).skip(since) {
                let now = daily(at(&moved, of), &rates_of(at(&raised, of)), mode, weight(count, *of_day)).unwrap();
                state = state.changed(told[of], now).unwrap();
                told[of] = now;
                computed += 1;
            }
            if is_due(posting, *day) {
                for (place, micros) in [(0, state.earned), (1, state.owed)] {
                    let minor = rounded(micros).max(0);
                    booked[place] += minor;
                    let less = Accrued { earned: minor * MICROS, owed: 0 };
                    let less = if place == 0 { less } else { Accrued { earned: 0, owed: minor * MICROS } };
                    state = state.minus(less).unwrap();
                }
            }
        }
        let (moved, raised) = (known(&movements, 730), known(&raises, 730));
        let mut exact = 0_i128;
        for (of, day) in days.iter().enumerate() {
            let raise = at(&raised, of);
            let raised: Vec<(i64, i64)> = tiers.iter().map(|(from, rate)| (*from, rate + raise)).collect();
            exact += slow(at(&moved, of), &raised, whole, overdraft, weight(count, *day)).0;
        }
        let kept = i128::from(booked[0] - booked[1]) * i128::from(MICROS) + i128::from(state.earned - state.owed);
        let difference = (kept * OVER - exact).abs();
        prop_assert!(difference * 2 <= OVER * days.len() as i128, "{kept} and {exact}/{OVER}, after {computed} days");
        // Nothing that is carried reaches half a unit, unless it is owed the other way round.
        if posting == Posting::Daily {
            prop_assert!(state.earned.max(0) <= MICROS / 2 && state.owed.max(0) <= MICROS / 2);
        }
    }
}
