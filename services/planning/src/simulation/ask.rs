//! The questions, on a thread of their own. A question of several runs has them on the same random numbers, and no answer
//! if time runs out before all of them are whole.

use planning_api::{
    Axis, Compare, Compared, Futures, Grid, GridCell, Lever, Mode, Month, Scenario, Sensitivity, Sequence,
    SimulationError, SimulationRefusal as Refusal, Solve, Solved, Stress, Stressed, Verdict,
};
use quant::QuantError;
use quant::paths::Work;
use quant::plan::{self, Answer, Outcome, Overlay, Plan, Rescue, Returns, RunSettings, Search, Wrapper};

use super::answer;
use super::refuse::{named as named_of, refused};
use super::terms::{Compiled, compiled, wrapper};
use super::words::percent;

type Asked<T> = Result<T, SimulationError>;

fn of(error: QuantError) -> SimulationError {
    refused(error, "scenario")
}

pub(super) fn simulate(scenario: &Scenario, today: Month, work: Work<'_>) -> Asked<Futures> {
    let it = compiled(scenario, today)?;
    let (outcome, windows) = match &it.returns {
        Returns::Windows(history) => {
            let found = plan::historical(&it.plan, history, &it.settings, work).map_err(of)?;
            let rate = it.weights.as_ref().and_then(|weights| {
                plan::historical_rate(history, weights, it.plan.years, it.plan.steps, it.plan.timing).ok()
            });
            let windows = answer::windows(&found, rate.map(|rate| rate.highest));
            (found.outcome, Some(windows))
        }
        returns => (plan::simulate(&it.plan, returns, &it.settings, work).map_err(of)?.outcome, None),
    };
    let mut futures = answer::futures(scenario, &it, &outcome);
    futures.windows = windows;
    if scenario.examples && outcome.paths == outcome.asked {
        let simulated = plan::simulate(&it.plan, &it.returns, &it.settings, work).map_err(of)?;
        let found = plan::examples(&it.plan, &it.returns, &it.settings, &simulated).map_err(of)?;
        futures.examples = found.iter().map(answer::example).collect();
    }
    Ok(futures)
}

/// A run that was stopped early has other paths than the ones that it is compared with.
fn whole(it: &Compiled, plan: &Plan, settings: &RunSettings, work: Work<'_>) -> Result<Outcome, QuantError> {
    let outcome = plan::simulate(plan, &it.returns, settings, work)?.outcome;
    if outcome.paths < outcome.asked { Err(QuantError::Stopped) } else { Ok(outcome) }
}

pub(super) fn solve(question: &Solve, today: Month, work: Work<'_>) -> Asked<Solved> {
    let it = compiled(&question.scenario, today)?;
    let years = f64::from(question.scenario.years);
    let (low, high, tolerance, rises) = match question.lever {
        Lever::Spending => (0.0, 3.0, 0.001, false),
        Lever::Rate => (0.0, 0.2, 0.000_1, false),
        Lever::Retirement => (0.0, years - 1.0, 0.5, true),
        Lever::Saving => (0.0, 1_000_000.0, 100.0, true),
        Lever::Returns | Lever::Fees => {
            let detail = "expected spending, rate, retirement or saving";
            return Err(Refusal::field_invalid("lever", detail).into());
        }
    };
    let search = Search {
        low: question.low.unwrap_or(low),
        high: question.high.unwrap_or(high),
        tolerance: question.tolerance.unwrap_or(tolerance),
        success: question.success,
        rises,
    };
    let run = |value: f64| {
        let (plan, settings) = set(&it, &question.scenario, &it.plan, &it.settings, (question.lever, value))?;
        whole(&it, &plan, &settings, work)
    };
    let answer = plan::solve(&search, run).map_err(|error| refused(error, "lever"))?;
    Ok(solved(question, &search, answer))
}

fn solved(question: &Solve, search: &Search, answer: Answer) -> Solved {
    let Solve { lever, success: asked, .. } = *question;
    let wanted = percent(asked);
    let (verdict, value, success, standard_error, says) = match answer {
        Answer::Found { value, success, standard_error } => {
            let value = if lever == Lever::Retirement { value.round() } else { value };
            let says = format!("{} succeeds on {} of the paths.", named(lever, value, search.rises), percent(success));
            (Verdict::Found, Some(value), success, Some(standard_error), says)
        }
        Answer::Never { success } => {
            let easy = if search.rises { search.high } else { search.low };
            let says = format!(
                "{wanted} are never reached: {} succeeds on {}.",
                named(lever, easy, search.rises),
                percent(success)
            );
            (Verdict::Never, None, success, None, says)
        }
        Answer::Always { success } => {
            let hard = if search.rises { search.low } else { search.high };
            let says = format!(
                "{wanted} are always reached: {} succeeds on {}.",
                named(lever, hard, search.rises),
                percent(success)
            );
            (Verdict::Always, None, success, None, says)
        }
        Answer::NotMonotone { lower, higher } => {
            let says = format!(
                "There is no one answer: success is {} at {} and {} at {}.",
                percent(lower.1),
                lower.0,
                percent(higher.1),
                higher.0
            );
            (Verdict::NotMonotone, None, lower.1, None, says)
        }
    };
    Solved { lever, verdict, value, success, standard_error, says }
}

fn named(lever: Lever, value: f64, rises: bool) -> String {
    let bound = if rises { "at least" } else { "at most" };
    match lever {
        Lever::Spending => format!("Spending {bound} {} of the plan's", percent(value)),
        Lever::Rate => format!("A rate of {bound} {}", percent(value)),
        Lever::Retirement => format!("Retirement {bound} {value} years after the start"),
        Lever::Saving => format!("Saving {bound} {value:.0} more a year"),
        Lever::Returns => format!("Returns {} higher", percent(value)),
        Lever::Fees => format!("Fees of {}", percent(value)),
    }
}

/// A plan and a run with a lever set to a value.
fn set(
    it: &Compiled,
    scenario: &Scenario,
    plan: &Plan,
    settings: &RunSettings,
    (lever, value): (Lever, f64),
) -> Result<(Plan, RunSettings), QuantError> {
    let mut settings = settings.clone();
    let plan = match lever {
        Lever::Spending => plan.with_spending(value)?,
        Lever::Rate => plan.with_rate(value),
        Lever::Retirement => {
            let step = (value.max(0.0).round() as usize).saturating_mul(plan.steps.per_year());
            plan.with_retirement(step.min(plan.steps_in_all()))
        }
        Lever::Saving => {
            let unit = 10_f64.powi(i32::from(it.plan.currency.scale()));
            let yearly = kernel::Money::new((value.max(0.0) * unit).round() as i64, it.plan.currency);
            plan.with_saving(yearly, scenario.surplus.map_or(Wrapper::Free, wrapper))
        }
        Lever::Returns => {
            settings.overlays.push(Overlay::Shift { yearly: value });
            plan.clone()
        }
        Lever::Fees => Plan { fees: value, ..plan.clone() },
    };
    Ok((plan, settings))
}

pub(super) fn grid(question: &Sensitivity, today: Month, work: Work<'_>) -> Asked<Grid> {
    let it = compiled(&question.scenario, today)?;
    let (Axis { lever: row, values: rows }, Axis { lever: column, values: columns }) =
        (&question.rows, &question.columns);
    let run = |at_row: f64, at_column: f64| {
        let (plan, settings) = set(&it, &question.scenario, &it.plan, &it.settings, (*row, at_row))?;
        let (plan, settings) = set(&it, &question.scenario, &plan, &settings, (*column, at_column))?;
        whole(&it, &plan, &settings, work)
    };
    let cells = plan::grid(rows, columns, run).map_err(|error| refused(error, "rows"))?;
    let cell = |cell: &plan::Cell| GridCell {
        row: cell.row,
        column: cell.column,
        success: cell.outcome.success,
        standard_error: cell.outcome.standard_error,
        median_end: cell.outcome.median_end,
    };
    Ok(Grid { cells: cells.iter().map(cell).collect() })
}

pub(super) fn measure(question: &Compare, today: Month, work: Work<'_>) -> Asked<Compared> {
    let (before, after) = (compiled(&question.before, today)?, compiled(&question.after, today)?);
    if before.settings.paths != after.settings.paths || before.settings.seed != after.settings.seed {
        let detail = "expected the paths and the seed of `before`";
        return Err(Refusal::field_invalid("after", detail).into());
    }
    let (one, other) = ((&before.plan, &before.returns), (&after.plan, &after.returns));
    let found = plan::measure(one, other, &before.settings, work).map_err(of)?;
    if [&found.before, &found.after].iter().any(|outcome| outcome.paths < outcome.asked) {
        return Err(of(QuantError::Stopped));
    }
    Ok(answer::compared(&found))
}

pub(super) fn stress(question: &Stress, today: Month, work: Work<'_>) -> Asked<Stressed> {
    let it = compiled(&question.scenario, today)?;
    if let Some(unknown) = question.falling.iter().find(|class| !it.classes.contains(class)) {
        return Err(Refusal::NameUnknown { field: "falling".to_owned(), name: unknown.clone() }.into());
    }
    let falls = |class: &String| match question.falling.as_slice() {
        [] => matches!(class.as_str(), "stocks" | "property"),
        named => named.contains(class),
    };
    let falls: Vec<bool> = it.classes.iter().map(falls).collect();
    let base = whole(&it, &it.plan, &it.settings, work).map_err(of)?;
    let found = plan::sequence_stress(&it.plan, &it.returns, &falls, &it.settings, work).map_err(of)?;
    if found.iter().any(|one| one.comparison.after.paths < one.comparison.after.asked) {
        return Err(of(QuantError::Stopped));
    }
    let sequence = |one: &plan::Stressed| Sequence {
        name: one.name.to_owned(),
        after: answer::summary(&one.comparison.after),
        gain: one.comparison.gain,
        standard_error: one.comparison.standard_error,
    };
    let sequences = found.iter().map(sequence).collect();
    let reasons = match it.mode {
        Mode::MonteCarlo => {
            let later = 3 * it.plan.steps.per_year();
            let rescue = Rescue { less_spending: 0.1, steps_later: later, higher_return: 0.01 };
            let expected = match &it.returns {
                Returns::Random { assumptions, .. } => Returns::Median(assumptions.clone()),
                _ => return Ok(Stressed { base: answer::summary(&base), sequences, reasons: None }),
            };
            let why = plan::why(&it.plan, &it.returns, &expected, &it.settings, &rescue, work).map_err(of)?;
            Some(answer::reasons(&why))
        }
        Mode::Historical | Mode::Deterministic => None,
    };
    Ok(Stressed { base: answer::summary(&base), sequences, reasons })
}

/// Whether a scenario could be simulated: the same refusals as by a simulation, without one.
pub(crate) fn check(scenario: &Scenario, today: Month) -> Result<(), Refusal> {
    let it = compiled(scenario, today)?;
    let settings = RunSettings { paths: 1, ..it.settings };
    let checked = plan::simulate(&it.plan, &it.returns, &settings, Work::alone());
    checked.map(drop).map_err(|error| named_of(error, "scenario"))
}
