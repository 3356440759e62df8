//! Plans by chance and through histories.

use jiff::civil::date;
use proptest::prelude::*;
use quant::QuantError;
use quant::matrix::Symmetric;
use quant::paths::Work;
use quant::plan::{
    Assumptions, Class, ClassSeries, Frequency, LifeTable, Lifespan, MarketHistory, MeanKind, Measure, Outcome,
    Overlay, Person, Plan, Policy, Returns, RunSettings, Target, Timing, historical, historical_rate, simulate,
};
use quant::risk::Shocks;
use quant::series::Point;
use statrs::distribution::{ContinuousCDF, Gamma};

use super::plans::{calm, sum};
use super::tools::{close, noise, threads, usd};

pub(crate) fn stocks_and_bonds() -> Assumptions {
    let class = |name: &str, mean, volatility| Class { name: name.to_owned(), mean, volatility };
    Assumptions {
        means: MeanKind::Arithmetic,
        classes: vec![class("stocks", 0.07, 0.16), class("bonds", 0.03, 0.06)],
        inflation: class("prices", 0.025, 0.015),
        correlation: Symmetric::correlation(3, vec![1.0, 0.1, -0.1, 0.1, 1.0, -0.2, -0.1, -0.2, 1.0]).unwrap(),
    }
}

pub(crate) fn random() -> Returns {
    Returns::Random { assumptions: stocks_and_bonds(), shocks: Shocks::Normal }
}

pub(crate) fn plan(rate: f64) -> Plan {
    Plan {
        allocation: quant::plan::Allocation {
            glide: vec![(0, vec![0.6, 0.4])],
            ..sum(1, 1, Policy::guardrails(0.1)).allocation
        },
        ..sum(1_000_000, 30, Policy::constant_real(rate))
    }
}

pub(crate) fn run(plan: &Plan, returns: &Returns, paths: usize) -> Outcome {
    simulate(plan, returns, &RunSettings::new(paths, 7), Work::alone()).unwrap().outcome
}

/// Spending 5 a year forever out of 100 with a drift of 7 % and a volatility of 20 % is ruined with the gamma
/// distribution's chance at 0.05; longer horizons and smaller steps come closer to it.
#[test]
fn eternal_spending_is_ruined_with_the_gamma_distributions_chance() {
    let (drift, volatility, rate) = (0.07_f64, 0.2_f64, 0.05);
    let mut assumptions = calm(drift.exp_m1(), 0.0);
    assumptions.means = MeanKind::Arithmetic;
    assumptions.classes[0].volatility = volatility;
    let returns = Returns::Random { assumptions, shocks: Shocks::Normal };
    let shape = 2.0 * drift / (volatility * volatility) - 1.0;
    let exact = Gamma::new(shape, 2.0 / (volatility * volatility)).unwrap().cdf(rate);
    let ruin = |years, steps| {
        let plan = Plan::of_sum(usd(100_000_000), years, steps, vec![1.0], Policy::constant_real(rate));
        1.0 - run(&plan, &returns, 4_000).success
    };
    let (short, long, fine) =
        (ruin(30, Frequency::Yearly), ruin(120, Frequency::Yearly), ruin(120, Frequency::Monthly));
    let off = |found: f64| (found - exact).abs();
    assert!(off(short) > off(long) && off(long) > off(fine), "{short} {long} {fine} {exact}");
    assert!(off(fine) < 0.03, "{fine} {exact}");
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let plan = plan(0.045);
    for shocks in [Shocks::Normal, Shocks::StudentT(5.0)] {
        let returns = Returns::Random { assumptions: stocks_and_bonds(), shocks };
        let ask = |work| simulate(&plan, &returns, &RunSettings::new(3_500, 7), work).unwrap();
        let alone = ask(Work::alone());
        assert_eq!(ask(threads(2)), alone);
        assert_eq!(ask(threads(5)), alone);
    }
}

#[test]
fn a_paths_numbers_do_not_depend_on_how_many_there_are() {
    let ask = |paths| simulate(&plan(0.045), &random(), &RunSettings::new(paths, 7), Work::alone()).unwrap();
    let (some, more) = (ask(700), ask(2_100));
    assert!((0..700).all(|path| some.succeeded(path) == more.succeeded(path)));
}

#[test]
fn means_are_arithmetic_or_geometric_as_said() {
    let end = |means| {
        let assumptions = Assumptions { means, ..stocks_and_bonds() };
        let plan = Plan { years: 1, ..plan(0.0) };
        let mut only_stocks = plan;
        only_stocks.allocation.glide = vec![(0, vec![1.0, 0.0])];
        let returns = Returns::Random { assumptions, shocks: Shocks::Normal };
        run(&only_stocks, &returns, 20_000).fan[0].nominal[2].minor() as f64 / 1e8
    };
    close(end(MeanKind::Geometric), 1.07, 0.004);
    close(end(MeanKind::Arithmetic), 1.07 * (-0.0128_f64).exp(), 0.004);
}

#[test]
fn fat_tails_fail_more_often() {
    let fat = Returns::Random { assumptions: stocks_and_bonds(), shocks: Shocks::StudentT(2.5) };
    assert!(run(&plan(0.03), &fat, 8_000).success != run(&plan(0.03), &random(), 8_000).success);
}

#[test]
fn the_standard_error_is_that_of_a_share() {
    let found = run(&plan(0.045), &random(), 5_000);
    close(found.standard_error, (found.success * (1.0 - found.success) / 5_000.0).sqrt(), 1e-12);
    assert_eq!(found.failures.iter().sum::<u32>() as usize, found.paths - found.successes);
    assert!(found.fan.iter().all(|year| year.real.is_sorted_by_key(|one| one.minor())));
}

#[test]
fn a_target_is_reached_on_a_share_of_paths() {
    let target = Some(Target { step: 0, amount: usd(100_000_000) });
    let settings = RunSettings { target, ..RunSettings::new(4_000, 7) };
    let found = simulate(&plan(0.0), &random(), &settings, Work::alone()).unwrap().outcome;
    // Real growth above nothing: a little more often than not.
    assert!((0.55..0.75).contains(&found.reached.unwrap()), "{:?}", found.reached);
}

/// Values for months from January 2000.
fn monthly(name: &str, measure: Measure, values: &[f64]) -> ClassSeries {
    let date = |month: usize| date(2000 + (month / 12) as i16, (month % 12 + 1) as i8, 15);
    let values = values.iter().enumerate().map(|(month, value)| Point { date: date(month), value: *value }).collect();
    ClassSeries { name: name.to_owned(), measure, values }
}

fn history(count: usize, seed: u64) -> MarketHistory {
    let (one, two, three) = (noise(count, seed), noise(count, seed + 1), noise(count, seed + 2));
    let of = |numbers: &[f64], mean: f64, deviation: f64| {
        numbers.iter().map(|one| mean + deviation * one).collect::<Vec<_>>()
    };
    let classes = [
        monthly("stocks", Measure::Returns, &of(&one, 0.006, 0.04)),
        monthly("bonds", Measure::Returns, &of(&two, 0.003, 0.015)),
    ];
    MarketHistory::new(Frequency::Monthly, &classes, &monthly("cpi", Measure::Returns, &of(&three, 0.002, 0.003)))
        .unwrap()
}

#[test]
fn levels_lack_the_first_or_the_last_change() {
    let prices = monthly("cpi", Measure::LevelsAtEnd, &[100.0, 101.0, 102.01, 103.0]);
    let ask = |measure| {
        MarketHistory::new(Frequency::Monthly, &[monthly("a", measure, &[10.0, 11.0, 12.1, 13.0])], &prices).unwrap()
    };
    let (end, start) = (ask(Measure::LevelsAtEnd), ask(Measure::LevelsAtStart));
    assert_eq!((end.periods(), end.date(0)), (3, date(2000, 2, 1)));
    // February's and March's changes are known on both sides.
    assert_eq!((start.periods(), start.date(0)), (2, date(2000, 2, 1)));
}

#[test]
fn histories_with_faults_are_refused_by_name() {
    let good = || monthly("cpi", Measure::Returns, &[0.0; 6]);
    let ask = |classes: &[ClassSeries], prices: &ClassSeries| {
        MarketHistory::new(Frequency::Monthly, classes, prices).unwrap_err()
    };
    let twice = [good(), good()];
    assert_eq!(ask(&twice, &good()), QuantError::Spliced { name: "cpi".to_owned() });
    let mut hole = monthly("a", Measure::Returns, &[0.1; 6]);
    hole.values.remove(3);
    assert_eq!(ask(&[hole], &good()), QuantError::Hole { name: "a".to_owned(), date: date(2000, 4, 1) });
    let mut double = monthly("a", Measure::Returns, &[0.1; 6]);
    double.values[3].date = date(2000, 3, 20);
    assert!(matches!(ask(&[double], &good()), QuantError::DuplicateDate { .. }));
    let mut back = monthly("a", Measure::Returns, &[0.1; 6]);
    back.values.swap(1, 2);
    assert!(matches!(ask(&[back], &good()), QuantError::Hole { .. } | QuantError::Unordered { .. }));
    let zero = monthly("cpi", Measure::LevelsAtEnd, &[100.0, 0.0, 3.0]);
    assert_eq!(
        ask(&[monthly("a", Measure::Returns, &[0.1; 6])], &zero),
        QuantError::NotPositive { field: "levels", at: 1 }
    );
    let total = monthly("a", Measure::Returns, &[0.1, -1.0]);
    assert!(matches!(ask(&[total], &good()), QuantError::NotPositive { field: "1 + returns", at: 1 }));
    let nan = monthly("a", Measure::Returns, &[0.1, f64::NAN]);
    assert!(matches!(ask(&[nan], &good()), QuantError::NotFinite { .. }));
    assert!(matches!(ask(&[], &good()), QuantError::TooFew { field: "classes", .. }));
}

/// Every window is used up by its own rate, and by no lower one.
#[test]
fn the_closed_form_agrees_with_the_windows_step_by_step() {
    let history = history(200, 21);
    for (steps, timing) in [
        (Frequency::Monthly, Timing::Start),
        (Frequency::Monthly, Timing::End),
        (Frequency::Yearly, Timing::Start),
        (Frequency::Yearly, Timing::End),
    ] {
        let rates = historical_rate(&history, &[0.6, 0.4], 5, steps, timing).unwrap();
        let windows = 200 - 60 + 1;
        assert_eq!(rates.by_start.len(), windows);
        let ask = |rate: f64| {
            let plan = Plan {
                timing,
                ..Plan::of_sum(usd(100_000_000), 5, steps, vec![0.6, 0.4], Policy::constant_real(rate))
            };
            historical(&plan, &history, &RunSettings::new(1, 1), Work::alone()).unwrap()
        };
        let safe = ask(rates.highest * 0.999_999);
        assert_eq!((safe.outcome.success, safe.outcome.paths, safe.tails.len()), (1.0, windows, windows));
        assert_eq!(safe.worst_start, rates.worst_start);
        let beyond = ask(rates.highest * 1.000_001);
        assert_eq!((beyond.outcome.successes, beyond.worst_start), (windows - 1, rates.worst_start));
    }
}

/// Growth of 1 % and prices of 0 every month: 1 / sum of 1.01^-k.
#[test]
fn the_highest_rate_by_hand() {
    let series = monthly("a", Measure::Returns, &[0.01; 24]);
    let history =
        MarketHistory::new(Frequency::Monthly, &[series], &monthly("cpi", Measure::Returns, &[0.0; 24])).unwrap();
    let sum: f64 = (0..12).map(|month| 1.01_f64.powi(-month)).sum();
    let found = historical_rate(&history, &[1.0], 1, Frequency::Monthly, Timing::Start).unwrap();
    close(found.highest, 12.0 / sum, 1e-12);
    let end = historical_rate(&history, &[1.0], 1, Frequency::Monthly, Timing::End).unwrap();
    close(end.highest, 12.0 / sum * 1.01, 1e-12);
    assert!(matches!(
        historical_rate(&history, &[1.0], 3, Frequency::Monthly, Timing::Start),
        Err(QuantError::TooFew { .. })
    ));
    assert!(matches!(
        historical_rate(&history, &[0.9], 1, Frequency::Monthly, Timing::Start),
        Err(QuantError::WeightsSum { .. })
    ));
}

#[test]
fn blocks_keep_what_belongs_together() {
    // A period's class and prices are the same number: real wealth never moves.
    let numbers: Vec<f64> = noise(120, 3).iter().map(|one| one * 0.02).collect();
    let history = MarketHistory::new(
        Frequency::Monthly,
        &[monthly("a", Measure::Returns, &numbers)],
        &monthly("cpi", Measure::Returns, &numbers),
    )
    .unwrap();
    for steps in [Frequency::Monthly, Frequency::Yearly] {
        let plan = Plan::of_sum(usd(100_000_000), 10, steps, vec![1.0], Policy::constant_real(0.05));
        for returns in [
            Returns::Blocks { history: history.clone(), periods: 12 },
            Returns::StationaryBlocks { history: history.clone(), periods: 6 },
        ] {
            let found = run(&plan, &returns, 500);
            assert_eq!((found.median_end, found.fan[9].real[0]), (usd(50_000_000), usd(50_000_000)));
        }
    }
    let too_long = Returns::Blocks { history, periods: 121 };
    let plan = Plan::of_sum(usd(1), 1, Frequency::Monthly, vec![1.0], Policy::constant_real(0.05));
    let found = simulate(&plan, &too_long, &RunSettings::new(1, 1), Work::alone());
    assert!(matches!(found, Err(QuantError::TooMany { field: "block", .. })));
}

/// A coin that decides every year whether one lives on: half of the paths end in the first year.
#[test]
fn people_die_by_their_table() {
    let table = LifeTable::new(&[(60, 0.5), (61, 0.5), (62, 1.0)]).unwrap();
    let person = Person { lifespan: Lifespan::Table { table: table.clone(), age: 60 } };
    let plan = Plan { people: vec![person], ..sum(1_000, 5, Policy::constant_real(0.01)) };
    let found = run(&plan, &Returns::Median(calm(0.0, 0.0)), 20_000);
    let alive: Vec<f64> = found.fan.iter().map(|year| f64::from(year.paths) / 20_000.0).collect();
    // A year that was begun is lived.
    assert_eq!(alive[0], 1.0);
    close(alive[1], 0.5, 0.01);
    close(alive[2], 0.25, 0.01);
    assert_eq!((alive[3], found.success), (0.0, 1.0));
    let gap = LifeTable::new(&[(60, 0.5), (62, 1.0)]);
    assert_eq!(gap, Err(QuantError::Unknown { field: "life table", name: "age 61".to_owned() }));
    assert!(matches!(LifeTable::new(&[(60, 1.5)]), Err(QuantError::OutOfRange { .. })));
    let old = Person { lifespan: Lifespan::Table { table, age: 63 } };
    let plan = Plan { people: vec![old], ..sum(1, 1, Policy::constant_real(0.01)) };
    let found = simulate(&plan, &Returns::Median(calm(0.0, 0.0)), &RunSettings::new(1, 1), Work::alone());
    assert!(matches!(found, Err(QuantError::OutOfRange { field: "age", .. })));
}

#[test]
fn plans_that_make_no_sense_are_refused() {
    let ask = |plan: Plan| {
        simulate(&plan, &Returns::Median(calm(0.0, 0.0)), &RunSettings::new(10, 1), Work::alone()).unwrap_err()
    };
    let base = || sum(1_000, 10, Policy::constant_real(0.04));
    assert!(matches!(ask(Plan { years: 0, ..base() }), QuantError::TooFew { field: "years", .. }));
    assert!(matches!(ask(Plan { years: 121, ..base() }), QuantError::TooMany { field: "years", max: 120, .. }));
    assert!(matches!(ask(Plan { retirement: 11, ..base() }), QuantError::TooMany { field: "retirement", .. }));
    for rate in [-1.0, 10.0, f64::NAN, 1e300] {
        assert!(matches!(ask(base().with_rate(rate)), QuantError::OutOfRange { field: "rate", .. }), "{rate}");
    }
    for weights in [vec![0.9], vec![1.1]] {
        let mut plan = base();
        plan.allocation.glide = vec![(0, weights)];
        assert!(matches!(ask(plan), QuantError::WeightsSum { .. } | QuantError::OutOfRange { field: "weights", .. }));
    }
    assert!(matches!(ask(Plan { fees: -0.1, ..base() }), QuantError::OutOfRange { field: "fees", .. }));
    let euros = kernel::Money::new(1, super::tools::currency("EUR"));
    let mut mixed = base();
    mixed.holdings[0].value = euros;
    assert!(matches!(ask(mixed), QuantError::Currency { field: "holdings", .. }));
    let mut many = base();
    many.holdings = vec![many.holdings[0].clone(); 51];
    assert!(matches!(ask(many), QuantError::TooMany { field: "holdings", max: 50, .. }));
    let ask =
        |returns: Returns, paths| simulate(&base(), &returns, &RunSettings::new(paths, 1), Work::alone()).unwrap_err();
    assert!(matches!(ask(Returns::Median(calm(10.0, 0.0)), 1), QuantError::OutOfRange { field: "mean", .. }));
    assert!(matches!(ask(Returns::Median(calm(-1.0, 0.0)), 1), QuantError::OutOfRange { field: "mean", .. }));
    let mut wrong = calm(0.0, 0.0);
    wrong.correlation = Symmetric::diagonal(&[2.0, 2.0]).unwrap();
    assert!(matches!(ask(Returns::Median(wrong), 1), QuantError::NotCorrelation { .. }));
    assert!(matches!(ask(Returns::Median(calm(0.0, 0.0)), 10_000_000), QuantError::TooMany { field: "paths", .. }));
    assert!(matches!(ask(Returns::Median(calm(0.0, 0.0)), 0), QuantError::TooFew { field: "paths", .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn more_wealth_less_spending_and_higher_returns_never_lower_success(
        rate in 0.02_f64..0.1, more in 1.0_f64..1.5, less in 0.5_f64..1.0, shift in 0.0_f64..0.03, seed in 0_u64..1_000,
    ) {
        let settings = RunSettings::new(300, seed);
        let ask = |plan: &Plan, settings: &RunSettings| simulate(plan, &random(), settings, Work::alone()).unwrap();
        let spending = quant::plan::Phase { from: quant::plan::When::Step(0), spending: usd((rate * 1e8) as i64) };
        let policy = Policy::ConstantReal { base: quant::plan::Base::Phases };
        let base = Plan { phases: vec![spending], policy, ..plan(0.0) };
        let before = ask(&base, &settings);
        let mut richer = base.clone();
        richer.holdings[0].value = usd((more * 1e8) as i64);
        let higher = RunSettings { overlays: vec![Overlay::Shift { yearly: shift }], ..settings.clone() };
        for after in [ask(&richer, &settings), ask(&base.with_spending(less).unwrap(), &settings), ask(&base, &higher)] {
            for path in 0..300 {
                prop_assert!(!before.succeeded(path) || after.succeeded(path));
            }
        }
    }
}
