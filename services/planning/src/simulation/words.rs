//! What a scenario assumes, as sentences, with the month of its money.

use planning_api::{Mode, Model, Policy, Scenario, Steps, TaxRule, Timing};
use quant::plan::{Assumptions, Class, MeanKind};

use super::terms::Compiled;

pub(crate) fn says(scenario: &Scenario, compiled: &Compiled) -> Vec<String> {
    let mut all = vec![format!("Amounts are in the money of {}.", compiled.start), length(scenario)];
    all.push(market(scenario, &compiled.assumptions, &compiled.classes));
    all.push(policy(&scenario.policy));
    if scenario.fees > 0.0 {
        all.push(format!("Fees of {} a year are taken from the wealth.", percent(scenario.fees)));
    }
    all.push(tax(scenario));
    if scenario.people.is_empty() {
        all.push("Nobody's life ends the plan.".to_owned());
    }
    all
}

fn length(scenario: &Scenario) -> String {
    let steps = if scenario.steps == Steps::Monthly { "months" } else { "years" };
    let timing = if scenario.timing == Timing::End { "after" } else { "before" };
    format!("{} years in steps of {steps}; withdrawals come {timing} growth.", scenario.years)
}

fn market(scenario: &Scenario, assumptions: &Assumptions, classes: &[String]) -> String {
    let of_history = |how: &str| format!("Returns of {} come from the given history, {how}.", classes.join(", "));
    let model = match (scenario.mode, scenario.market.model) {
        (Mode::Historical, _) => return of_history("one path from each start that fits"),
        (Mode::Deterministic, _) => "every year is the median one",
        (Mode::MonteCarlo, Model::Normal) => "normal on logarithms",
        (Mode::MonteCarlo, Model::StudentT { .. }) => "with fat tails on logarithms",
        (Mode::MonteCarlo, Model::BlockBootstrap { .. } | Model::StationaryBootstrap { .. }) => {
            return of_history("in blocks drawn at random");
        }
    };
    let mean = if assumptions.means == MeanKind::Geometric { "geometric" } else { "arithmetic" };
    let class = |class: &Class| format!("{} {} ± {}", class.name, percent(class.mean), percent(class.volatility));
    let all: Vec<String> = assumptions.classes.iter().chain([&assumptions.inflation]).map(class).collect();
    format!("Yearly {mean} means and deviations, {model}: {}.", all.join(", "))
}

fn policy(policy: &Policy) -> String {
    match policy {
        Policy::ConstantReal { rate: Some(rate) } => {
            format!("{} of the wealth at retirement is spent each year, the same in today's money.", percent(*rate))
        }
        Policy::ConstantReal { rate: None } => "The spending of the phases follows prices.".to_owned(),
        Policy::PercentOfPortfolio { rate } => format!("{} of what is there is spent each year.", percent(*rate)),
        Policy::Guardrails { step, lower, upper, no_cut_years, .. } => format!(
            "Spending is cut by {} when its rate is above {upper} times the first one and raised when it is below {lower} \
             times, and not cut in the last {no_cut_years} years.",
            percent(*step)
        ),
        Policy::Amortised { real_return } => {
            format!("Spending would use up the wealth by the end at {} after prices.", percent(*real_return))
        }
        Policy::FloorAndCeiling { rate, floor, ceiling } => format!(
            "{} of what is there is spent, between {floor} and {ceiling} times the first withdrawal.",
            percent(*rate)
        ),
    }
}

fn tax(scenario: &Scenario) -> String {
    let tax = &scenario.tax;
    if [tax.income, tax.taxable, tax.deferred].iter().all(|rule| *rule == TaxRule::None) {
        return "No tax is taken.".to_owned();
    }
    match &tax.bands {
        Some(bands) => format!("Tax by the bands of {} for {}, which rise with prices.", bands.country, bands.year),
        None => "Tax at flat rates.".to_owned(),
    }
}

/// At most two places: `4 %`, `0.25 %`.
pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}
