//! What `quant` found, as answers.

use kernel::Money;
use planning_api::{
    self as api, Compared, Day, Example, FanYear, Futures, Levels, PathYear, Reasons, Scenario, Summary, Tail,
};
use quant::plan::{self, Comparison, Historical, Outcome, TraceYear, Why};

use super::terms::Compiled;
use super::words::says;

pub(super) fn futures(scenario: &Scenario, compiled: &Compiled, outcome: &Outcome) -> Futures {
    Futures {
        mode: scenario.mode,
        paths: outcome.paths,
        asked: outcome.asked,
        seed: scenario.seed,
        successes: outcome.successes,
        success: outcome.success,
        standard_error: outcome.standard_error,
        reached: outcome.reached,
        median_end: outcome.median_end,
        money_of: compiled.start,
        fan: fan(outcome),
        windows: None,
        examples: Vec::new(),
        assumes: says(scenario, compiled),
    }
}

fn fan(outcome: &Outcome) -> Vec<FanYear> {
    let year = |year: &plan::FanYear| FanYear {
        year: year.year + 1,
        real: levels(year.real),
        nominal: levels(year.nominal),
        paths: year.paths,
        failed: outcome.failures.get(year.year).copied().unwrap_or(0),
    };
    outcome.fan.iter().map(year).collect()
}

fn levels([p5, p25, p50, p75, p95]: [Money; 5]) -> Levels {
    Levels { p5, p25, p50, p75, p95 }
}

pub(super) fn windows(found: &Historical, highest_rate: Option<f64>) -> api::Windows {
    let tail = |(start, left): &(jiff::civil::Date, Money)| Tail { start: Day::from(*start), left: *left };
    api::Windows {
        count: found.tails.len(),
        worst_start: Day::from(found.worst_start),
        highest_rate,
        tails: found.tails.iter().map(tail).collect(),
    }
}

pub(super) fn example(example: &plan::Example) -> Example {
    Example {
        better_than: f64::from(example.better_than.0) / 10.0,
        failed: example.failed,
        years: example.years.iter().map(path_year).collect(),
    }
}

fn path_year(year: &TraceYear) -> PathYear {
    PathYear {
        year: year.year + 1,
        income: year.income,
        spending: year.spending,
        withdrawn: year.withdrawn,
        saved: year.saved,
        tax: year.tax,
        fees: year.fees,
        wealth: year.wealth,
        real: year.real,
    }
}

pub(super) fn summary(outcome: &Outcome) -> Summary {
    Summary {
        paths: outcome.paths,
        success: outcome.success,
        standard_error: outcome.standard_error,
        median_end: outcome.median_end,
    }
}

pub(super) fn compared(comparison: &Comparison) -> Compared {
    Compared {
        before: summary(&comparison.before),
        after: summary(&comparison.after),
        gain: comparison.gain,
        standard_error: comparison.standard_error,
    }
}

pub(super) fn reasons(why: &Why) -> Reasons {
    Reasons {
        failed: why.failed,
        first_year_under: why.first_year_under.map(|year| year + 1),
        early_returns: why.early_returns.map(|early| [early.failed, early.others]),
        saved_by_less_spending: why.saved_by_less_spending,
        saved_by_later_retirement: why.saved_by_later_retirement,
        saved_by_higher_return: why.saved_by_higher_return,
    }
}
