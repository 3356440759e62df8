//! Plans worked by hand, on markets without chance.

use kernel::Money;
use quant::matrix::Symmetric;
use quant::paths::Work;
use quant::plan::{
    Assumptions, Band, BandTable, Base, Class, Contribution, Event, Frequency, Holding, Income, Indexation, Lifespan,
    MeanKind, Outcome, Person, Phase, Plan, Policy, Rebalance, Returns, RunSettings, Tax, TaxRule, Timing, TraceYear,
    When, WithdrawalOrder, Wrapper, examples, simulate,
};

use super::tools::{close, usd};

/// One class that returns the same every year, and prices that rise the same.
pub(crate) fn calm(growth: f64, inflation: f64) -> Assumptions {
    let class = |name: &str, mean| Class { name: name.to_owned(), mean, volatility: 0.0 };
    Assumptions {
        means: MeanKind::Geometric,
        classes: vec![class("all", growth)],
        inflation: class("prices", inflation),
        correlation: Symmetric::diagonal(&[1.0, 1.0]).unwrap(),
    }
}

pub(crate) fn sum(dollars: i64, years: usize, policy: Policy) -> Plan {
    Plan::of_sum(usd(dollars * 100), years, Frequency::Yearly, vec![1.0], policy)
}

fn years(plan: &Plan, growth: f64, inflation: f64) -> Vec<TraceYear> {
    let returns = Returns::Median(calm(growth, inflation));
    let settings = RunSettings::new(1, 1);
    let simulated = simulate(plan, &returns, &settings, Work::alone()).unwrap();
    examples(plan, &returns, &settings, &simulated).unwrap().remove(1).years
}

fn outcome(plan: &Plan, growth: f64, inflation: f64) -> Outcome {
    simulate(plan, &Returns::Median(calm(growth, inflation)), &RunSettings::new(1, 1), Work::alone()).unwrap().outcome
}

fn minors(years: &[TraceYear], pick: fn(&TraceYear) -> Money) -> Vec<i64> {
    years.iter().map(|year| pick(year).minor()).collect()
}

/// $100,000 grows by 5 % after 4 % and then 4 % x 1.02 and 4 % x 1.02^2 were taken.
#[test]
fn a_constant_withdrawal_follows_prices() {
    let found = years(&sum(100_000, 3, Policy::constant_real(0.04)), 0.05, 0.02);
    assert_eq!(minors(&found, |year| year.withdrawn), [400_000, 408_000, 416_160]);
    assert_eq!(minors(&found, |year| year.wealth), [10_080_000, 10_155_600, 10_226_412]);
    // 102,264.12 / 1.02^3
    assert_eq!(found[2].real, usd(9_636_576));
    let outcome = outcome(&sum(100_000, 3, Policy::constant_real(0.04)), 0.05, 0.02);
    assert_eq!((outcome.success, outcome.median_end), (1.0, usd(9_636_576)));
    assert_eq!((outcome.fan[2].nominal[2], outcome.fan[2].real[0]), (usd(10_226_412), usd(9_636_576)));
}

/// 100,000 x 1.05 less 4,000 x 1.02, and that x 1.05 less 4,000 x 1.02^2.
#[test]
fn at_the_end_withdrawals_come_after_growth_and_prices() {
    let plan = Plan { timing: Timing::End, ..sum(100_000, 2, Policy::constant_real(0.04)) };
    let found = years(&plan, 0.05, 0.02);
    assert_eq!(minors(&found, |year| year.withdrawn), [408_000, 416_160]);
    assert_eq!(minors(&found, |year| year.wealth), [10_092_000, 10_180_440]);
}

#[test]
fn a_month_takes_a_twelfth() {
    let plan = Plan::of_sum(usd(12_000_000), 1, Frequency::Monthly, vec![1.0], Policy::constant_real(0.04));
    let found = years(&plan, 0.0, 0.0);
    assert_eq!((found[0].withdrawn, found[0].wealth), (usd(480_000), usd(11_520_000)));
}

#[test]
fn a_path_fails_when_nothing_is_left() {
    // Four withdrawals of a quarter leave nothing after the fourth.
    let found = outcome(&sum(100, 5, Policy::constant_real(0.25)), 0.0, 0.0);
    assert_eq!((found.success, found.failures), (0.0, vec![0, 0, 0, 1, 0]));
    assert_eq!(outcome(&sum(100, 3, Policy::constant_real(0.25)), 0.0, 0.0).success, 1.0);
}

#[test]
fn a_share_of_the_portfolio_never_uses_it_up() {
    let found = years(&sum(1_000, 3, Policy::PercentOfPortfolio { rate: 0.1 }), 0.0, 0.03);
    assert_eq!(minors(&found, |year| year.withdrawn), [10_000, 9_000, 8_100]);
}

/// Wealth halves: the rate doubles, and the amount is cut by a tenth every year. Wealth doubles: it is raised.
#[test]
fn guardrails_cut_and_raise_by_a_tenth() {
    let policy =
        |no_cut_years| Policy::Guardrails { base: Base::Rate(0.04), lower: 0.8, upper: 1.2, step: 0.1, no_cut_years };
    let falling = years(&sum(1_000, 3, policy(0)), -0.5, 0.0);
    assert_eq!(minors(&falling, |year| year.withdrawn), [4_000, 3_600, 3_240]);
    let rising = years(&sum(1_000, 3, policy(0)), 1.0, 0.0);
    assert_eq!(minors(&rising, |year| year.withdrawn), [4_000, 4_400, 4_840]);
    // In the last two years of the plan nothing is cut.
    let kept = years(&sum(1_000, 4, policy(2)), -0.4, 0.0);
    assert_eq!(minors(&kept, |year| year.withdrawn), [4_000, 3_600, 3_600, 3_600]);
}

/// The payment of an annuity due at 3 % over 3 years: 1,000 x 0.03 / (1 - 1.03^-3) / 1.03 = 343.2331.
#[test]
fn an_amortised_plan_ends_at_nothing_and_has_not_failed() {
    let plan = sum(1_000, 3, Policy::Amortised { real_return: 0.03 });
    let found = years(&plan, 0.03, 0.0);
    assert_eq!(minors(&found, |year| year.withdrawn), [34_323, 34_323, 34_323]);
    assert_eq!((found[2].wealth, outcome(&plan, 0.03, 0.0).success), (usd(0), 1.0));
    let end = years(&Plan { timing: Timing::End, ..plan }, 0.03, 0.0);
    assert_eq!(minors(&end, |year| year.withdrawn), [35_353, 35_353, 35_353]);
}

#[test]
fn a_share_stays_between_floor_and_ceiling() {
    let policy = Policy::FloorAndCeiling { rate: 0.1, floor: 0.9, ceiling: 1.2 };
    let falling = years(&sum(1_000, 3, policy), -0.2, 0.0);
    // 10 % of 720 would be 72, below 90.
    assert_eq!(minors(&falling, |year| year.withdrawn), [10_000, 9_000, 9_000]);
    let rising = years(&sum(1_000, 3, policy), 0.5, 0.0);
    assert_eq!(minors(&rising, |year| year.withdrawn), [10_000, 12_000, 12_000]);
}

/// Half of the taxable wrapper is gain: 15 % of it is 7.5 % of what is taken. 1,000 needs 1,081.08 of it.
#[test]
fn a_flat_tax_is_on_gains_within_what_is_taken() {
    let taxable = Holding { wrapper: Wrapper::Taxable, class: 0, value: usd(200_000), cost: Some(usd(100_000)) };
    let tax = Tax { taxable: TaxRule::Flat(0.15), deferred: TaxRule::Flat(0.2), ..Tax::none() };
    let base = Plan { phases: vec![phase(1_000)], policy: phases(), tax, ..sum(0, 2, phases()) };
    let found = years(&Plan { holdings: vec![taxable.clone()], ..base.clone() }, 0.0, 0.0);
    assert_eq!((found[0].withdrawn, found[0].tax, found[0].wealth), (usd(108_108), usd(8_108), usd(91_892)));
    // The cost falls with what is taken: the second year's tax is the same share, of what is left.
    assert_eq!((found[1].withdrawn, found[1].tax, found[1].spending), (usd(91_892), usd(6_892), usd(85_000)));
    let deferred = Holding { wrapper: Wrapper::Deferred, cost: None, ..taxable };
    let found = years(&Plan { holdings: vec![deferred], ..base }, 0.0, 0.0);
    assert_eq!((found[0].withdrawn, found[0].tax), (usd(125_000), usd(25_000)));
}

fn phase(dollars: i64) -> Phase {
    Phase { from: When::Step(0), spending: usd(dollars * 100) }
}

fn phases() -> Policy {
    Policy::ConstantReal { base: Base::Phases }
}

fn bands() -> Option<BandTable> {
    let band = |dollars: i64, rate| Band { above: usd(dollars * 100), rate };
    Some(BandTable { country: "XX".to_owned(), year: 2026, bands: vec![band(1_000, 0.1), band(3_000, 0.3)] })
}

/// 2,000 of pension fill the first band: 100 of tax. 1,900 are there of the 3,000 spent; the other 1,100 leave a band of
/// 10 % with 900 and one of 30 % with 200 after tax: 1,000 and 285.71 before.
#[test]
fn bands_rise_with_the_sum_of_incomes_and_withdrawals() {
    let deferred = Holding { wrapper: Wrapper::Deferred, class: 0, value: usd(10_000_000), cost: None };
    let tax = Tax { income: TaxRule::Bands, deferred: TaxRule::Bands, bands: bands(), ..Tax::none() };
    let plan = Plan {
        holdings: vec![deferred],
        incomes: vec![pension(2_000, true)],
        phases: vec![phase(3_000)],
        tax,
        ..sum(0, 2, phases())
    };
    let found = years(&plan, 0.0, 0.0);
    assert_eq!((found[0].income, found[0].withdrawn), (usd(190_000), usd(128_571)));
    assert_eq!((found[0].tax, found[0].spending), (usd(10_000 + 18_571), usd(300_000)));
    // Bands and pension rise with prices, so that the next year is the same in today's money.
    let later = years(&plan, 0.0, 0.1);
    close(later[1].withdrawn.minor() as f64, 1.1 * 128_571.4, 1.0);
}

fn pension(dollars: i64, taxed: bool) -> Income {
    Income {
        amount: usd(dollars * 100),
        from: When::Step(0),
        until: None,
        indexation: Indexation::Prices(0.0),
        taxed,
        person: None,
        survivor_share: 1.0,
    }
}

/// $100 in each wrapper, $150 spent.
#[test]
fn wrappers_are_emptied_in_their_order() {
    let holding = |wrapper| Holding { wrapper, class: 0, value: usd(10_000), cost: None };
    let tax = |order| Tax { deferred: TaxRule::Flat(0.5), order, ..Tax::none() };
    let plan = |order| Plan {
        holdings: [Wrapper::Taxable, Wrapper::Deferred, Wrapper::Free].map(holding).to_vec(),
        phases: vec![phase(150)],
        tax: tax(order),
        ..sum(0, 1, phases())
    };
    let first = |order| years(&plan(order), 0.0, 0.0)[0];
    let [taxable, deferred, free] = [Wrapper::Taxable, Wrapper::Deferred, Wrapper::Free];
    let found = first(WithdrawalOrder::InTurn([taxable, free, deferred]));
    assert_eq!((found.withdrawn, found.tax), (usd(15_000), usd(0)));
    // 100 of the deferred leave 50; another 100 come from the taxable.
    let found = first(WithdrawalOrder::InTurn([deferred, taxable, free]));
    assert_eq!((found.withdrawn, found.tax), (usd(20_000), usd(5_000)));
    // 50 from each, of which the deferred needs 100.
    let found = first(WithdrawalOrder::Proportional);
    assert_eq!((found.withdrawn, found.tax), (usd(20_000), usd(5_000)));
}

#[test]
fn fees_are_a_share_of_wealth() {
    let plan = Plan { fees: 0.01, ..sum(1_000, 1, Policy::constant_real(0.0)) };
    let found = years(&plan, 0.1, 0.0);
    assert_eq!((found[0].fees, found[0].wealth), (usd(1_000), usd(108_900)));
}

/// Saving until retirement after two years, then spending; a salary until then, an inheritance and a roof.
#[test]
fn incomes_contributions_and_events_have_their_steps() {
    let salary = Income { until: Some(When::Retirement), ..pension(500, false) };
    let saved = Contribution {
        amount: usd(10_000),
        wrapper: Wrapper::Free,
        from: When::Step(0),
        until: Some(When::Retirement),
        indexation: Indexation::Prices(0.1),
    };
    let event = |step, dollars: i64| Event { step, amount: usd(dollars * 100), indexation: Indexation::Fixed(0.0) };
    let plan = Plan {
        retirement: 2,
        incomes: vec![salary],
        contributions: vec![saved],
        events: vec![event(1, 1_000), event(3, -200)],
        phases: vec![phase(450), Phase { from: When::Retirement, spending: usd(30_000) }],
        surplus: Some(Wrapper::Free),
        ..sum(0, 4, phases())
    };
    let found = years(&plan, 0.0, 0.0);
    // 100 and 110 contributed, 50 left over each year, 1,000 inherited; then 300, and 300 and the roof.
    assert_eq!(minors(&found, |year| year.saved), [15_000, 116_000, 0, 0]);
    assert_eq!(minors(&found, |year| year.withdrawn), [0, 0, 30_000, 50_000]);
    assert_eq!(minors(&found, |year| year.wealth), [15_000, 131_000, 101_000, 51_000]);
    assert_eq!(minors(&found, |year| year.spending), [45_000, 45_000, 30_000, 50_000]);
}

#[test]
fn without_a_place_for_it_the_surplus_is_spent() {
    let plan = Plan { incomes: vec![pension(500, false)], phases: vec![phase(450)], ..sum(100, 1, phases()) };
    let found = years(&plan, 0.0, 0.0);
    assert_eq!((found[0].spending, found[0].wealth), (usd(50_000), usd(10_000)));
}

/// Two people with $100 each a year; one dies after two years, the other after three. The survivor has half of the other's
/// pension, and spends 60 % of what two did.
#[test]
fn a_survivor_keeps_part_of_the_pension_and_spends_less() {
    let mine = |person| Income { person: Some(person), survivor_share: 0.5, ..pension(100, false) };
    let plan = Plan {
        people: vec![Person { lifespan: Lifespan::Until(2) }, Person { lifespan: Lifespan::Until(3) }],
        incomes: vec![mine(0), mine(1)],
        phases: vec![phase(300)],
        survivor_spending: 0.6,
        ..sum(1_000, 5, phases())
    };
    let found = years(&plan, 0.0, 0.0);
    assert_eq!(minors(&found, |year| year.income), [20_000, 20_000, 15_000, 0, 0]);
    assert_eq!(minors(&found, |year| year.withdrawn), [10_000, 10_000, 3_000, 0, 0]);
    let outcome = outcome(&plan, 0.0, 0.0);
    assert_eq!((outcome.success, outcome.median_end), (1.0, usd(77_000)));
    // Those who are gone are in no fan.
    assert_eq!(outcome.fan.iter().map(|year| year.paths).collect::<Vec<_>>(), [1, 1, 1, 0, 0]);
}

/// Stocks double, bonds stay.
#[test]
fn rebalancing_brings_weights_back() {
    let class = |name: &str, mean| Class { name: name.to_owned(), mean, volatility: 0.0 };
    let two = Assumptions {
        classes: vec![class("stocks", 1.0), class("bonds", 0.0)],
        correlation: Symmetric::diagonal(&[1.0; 3]).unwrap(),
        ..calm(0.0, 0.0)
    };
    let holding =
        |class, dollars: i64| Holding { wrapper: Wrapper::Free, class, value: usd(dollars * 100), cost: None };
    for (rebalance, end) in [(Rebalance::EachStep, 22_500), (Rebalance::Yearly, 22_500), (Rebalance::Never, 25_000)] {
        let mut plan = sum(0, 2, Policy::constant_real(0.0));
        plan.holdings = vec![holding(0, 50), holding(1, 50)];
        plan.allocation.glide = vec![];
        plan.allocation.rebalance = rebalance;
        let found = simulate(&plan, &Returns::Median(two.clone()), &RunSettings::new(1, 1), Work::alone()).unwrap();
        // Half and half grows by half: 225. Left alone the stocks come to 200 and the bonds to 50.
        assert_eq!(found.outcome.median_end, usd(end), "{rebalance:?}");
    }
    // A glide path from stocks to bonds: all, half and none.
    let mut glide = sum(100, 3, Policy::constant_real(0.0));
    glide.allocation.glide = vec![(0, vec![1.0, 0.0]), (2, vec![0.0, 1.0])];
    let found = simulate(&glide, &Returns::Median(two), &RunSettings::new(1, 1), Work::alone()).unwrap();
    assert_eq!(found.outcome.median_end, usd(30_000));
}
