//! What is asked about a plan: solving, grids, effects, reasons, examples and bad sequences.

use quant::QuantError;
use quant::paths::Work;
use quant::plan::{
    Answer, Base, Frequency, Outcome, Overlay, Phase, Plan, Policy, Rescue, Returns, RunSettings, Search, When,
    Wrapper, examples, grid, measure, sequence_stress, sequence_stresses, simulate, solve, why,
};

use super::markets::{plan, random, run, stocks_and_bonds};
use super::plans::calm;
use super::tools::{close, usd};

#[test]
fn the_highest_spending_is_where_success_crosses() {
    let search = Search { low: 0.0, high: 0.2, tolerance: 1e-5, success: 0.9, rises: false };
    let ask = |rate: f64| Ok(run(&plan(0.04).with_rate(rate), &random(), 2_000));
    let Answer::Found { value, success, .. } = solve(&search, ask).unwrap() else { panic!() };
    assert!(success >= 0.9);
    assert!(ask(value + 2e-5).unwrap().success < 0.9);
}

#[test]
fn questions_without_an_answer_say_why() {
    let ask = |low, high, rises, chance: &dyn Fn(f64) -> f64| {
        let search = Search { low, high, tolerance: 0.01, success: 0.9, rises };
        let outcome = run(&plan(0.04), &random(), 100);
        solve(&search, |value| Ok(Outcome { success: chance(value), standard_error: 0.001, ..outcome.clone() }))
            .unwrap()
    };
    assert_eq!(ask(0.0, 1.0, false, &|_| 0.5), Answer::Never { success: 0.5 });
    assert_eq!(ask(0.0, 1.0, true, &|_| 0.95), Answer::Always { success: 0.95 });
    let bump = |value: f64| if (0.2..0.3).contains(&value) { 0.1 } else { 1.0 - value };
    assert!(matches!(ask(0.0, 1.0, false, &bump), Answer::NotMonotone { .. } | Answer::Found { .. }));
    let wave = |value: f64| if value > 0.4 && value < 0.9 { 1.0 } else { 0.95 - 0.4 * value };
    assert!(matches!(ask(0.0, 1.0, false, &wave), Answer::NotMonotone { .. }));
    let bad = Search { low: 1.0, high: 0.0, tolerance: 0.01, success: 0.9, rises: false };
    assert!(matches!(solve(&bad, |_| Err(QuantError::Stopped)), Err(QuantError::EndsBeforeStart { .. })));
}

#[test]
fn saving_and_later_retirement_are_levers() {
    let base = Plan { retirement: 10, ..plan(0.06) };
    let success = |plan: &Plan| run(plan, &random(), 1_000).success;
    assert!(success(&base.with_saving(usd(1_000_000), Wrapper::Free)) >= success(&base));
    assert!(success(&base.with_retirement(15)) > success(&base));
    assert!(success(&base.with_spending(0.8).unwrap()) > success(&base));
}

/// Success rises with both, so that the least that is needed is found.
#[test]
fn the_earliest_retirement_and_the_needed_saving_are_found() {
    let base = Plan { retirement: 10, ..plan(0.05) };
    let asked = |rises, high, tolerance| Search { low: 0.0, high, tolerance, success: 0.9, rises };
    let later = |step: f64| Ok(run(&base.with_retirement(step.round() as usize), &random(), 1_000));
    let Answer::Found { value, .. } = solve(&asked(true, 29.0, 0.5), later).unwrap() else { panic!() };
    assert!(later(value).unwrap().success >= 0.9 && later(value - 1.0).unwrap().success < 0.9, "{value}");
    // Spending that does not follow from what is there.
    let phases = vec![Phase { from: When::Retirement, spending: usd(7_000_000) }];
    let policy = Policy::ConstantReal { base: Base::Phases };
    let base = Plan { phases, policy, ..base };
    let saving =
        |dollars: f64| Ok(run(&base.with_saving(usd((dollars * 100.0) as i64), Wrapper::Free), &random(), 1_000));
    let Answer::Found { value, .. } = solve(&asked(true, 200_000.0, 100.0), saving).unwrap() else { panic!() };
    assert!(saving(value).unwrap().success >= 0.9 && saving(value - 200.0).unwrap().success < 0.9, "{value}");
}

#[test]
fn a_grid_has_every_pair() {
    let cells = grid(&[0.03, 0.05], &[10.0, 30.0], |rate, years| {
        Ok(run(&Plan { years: years as usize, ..plan(rate) }, &random(), 500))
    })
    .unwrap();
    let success: Vec<f64> = cells.iter().map(|cell| cell.outcome.success).collect();
    assert_eq!(
        cells.iter().map(|cell| (cell.row, cell.column)).collect::<Vec<_>>(),
        [(0.03, 10.0), (0.03, 30.0), (0.05, 10.0), (0.05, 30.0)]
    );
    assert!(success[0] >= success[1] && success[1] > success[3]);
    let many = vec![1.0; 21];
    assert!(matches!(
        grid(&many, &many, |_, _| Err(QuantError::Stopped)),
        Err(QuantError::TooMany { field: "grid", .. })
    ));
}

/// On shared numbers the error of the difference is smaller than that of two runs.
#[test]
fn an_effect_is_measured_on_shared_numbers() {
    let (before, after) = (plan(0.045), plan(0.043));
    let found = measure((&before, &random()), (&after, &random()), &RunSettings::new(4_000, 7), Work::alone()).unwrap();
    close(found.gain, found.after.success - found.before.success, 1e-12);
    assert!(found.gain > 0.0 && found.standard_error < 0.6 * found.before.standard_error, "{found:?}");
    let same = measure((&before, &random()), (&before, &random()), &RunSettings::new(1_000, 7), Work::alone()).unwrap();
    assert_eq!((same.gain, same.standard_error), (0.0, 0.0));
}

#[test]
fn failing_paths_have_worse_early_returns_and_can_be_saved() {
    let rescue = Rescue { less_spending: 0.1, steps_later: 3, higher_return: 0.01 };
    let expected = Returns::Median(stocks_and_bonds());
    let found = why(&plan(0.045), &random(), &expected, &RunSettings::new(3_000, 7), &rescue, Work::alone()).unwrap();
    let early = found.early_returns.unwrap();
    assert!(early.failed < early.others - 0.01, "{early:?}");
    assert!(found.first_year_under.is_some_and(|year| year < 10), "{found:?}");
    for share in [found.saved_by_less_spending, found.saved_by_later_retirement, found.saved_by_higher_return] {
        assert!((0.05..=1.0).contains(&share), "{found:?}");
    }
    let none = why(&plan(0.001), &random(), &expected, &RunSettings::new(200, 7), &rescue, Work::alone()).unwrap();
    assert_eq!((none.failed, none.first_year_under, none.early_returns), (0, None, None));
}

#[test]
fn examples_are_a_bad_a_middle_and_a_good_path() {
    let (plan, settings) = (plan(0.045), RunSettings::new(2_500, 7));
    let simulated = simulate(&plan, &random(), &settings, Work::alone()).unwrap();
    let found = examples(&plan, &random(), &settings, &simulated).unwrap();
    let ends: Vec<i64> = found.iter().map(|one| one.years[29].real.minor()).collect();
    assert!(ends.is_sorted() && found[0].failed && !found[2].failed, "{ends:?}");
    // Told again, a path ends as it did.
    assert!(found.iter().all(|one| one.failed != simulated.succeeded(one.path)));
}

#[test]
fn bad_sequences_are_worse_than_none() {
    let base = run(&plan(0.045), &random(), 1_000).success;
    let stresses = sequence_stresses(&[true, false], 5);
    assert_eq!(stresses.len(), 5);
    for (name, overlays) in stresses {
        let settings = RunSettings { overlays, ..RunSettings::new(1_000, 7) };
        let found = simulate(&plan(0.045), &random(), &settings, Work::alone()).unwrap().outcome.success;
        assert!(found < base, "{name}: {found} {base}");
    }
    // What is spent does not follow from what is there, or a crash before retirement would lower it too.
    let phases = vec![Phase { from: When::Retirement, spending: usd(6_000_000) }];
    let policy = Policy::ConstantReal { base: Base::Phases };
    let plan = Plan { retirement: 5, phases, policy, ..plan(0.0) };
    let settings = RunSettings::new(1_000, 7);
    let beside = sequence_stress(&plan, &random(), &[true, false], &settings, Work::alone()).unwrap();
    for one in &beside {
        assert!(one.comparison.gain < 0.0 && one.comparison.before == beside[0].comparison.before, "{}", one.name);
    }
    let crash = Overlay::Crash { year: 0, returns: vec![Some(-0.35)] };
    let settings = RunSettings { overlays: vec![crash], ..RunSettings::new(1, 7) };
    for steps in [Frequency::Yearly, Frequency::Monthly] {
        let plan = Plan::of_sum(usd(10_000), 1, steps, vec![1.0], Policy::constant_real(0.0));
        let found = simulate(&plan, &Returns::Median(calm(0.5, 0.0)), &settings, Work::alone()).unwrap();
        assert_eq!(found.outcome.median_end, usd(6_500), "{steps:?}");
    }
}
