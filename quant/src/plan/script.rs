//! A plan worked out for every step beforehand, so that a path has only its own numbers to look at.

use super::history::Frequency;
use super::lanes::Four;
use super::market::CLASSES_MAX;
use super::policy::{Policy, amortised_share};
use super::tax::{Brackets, TaxRule, WithdrawalOrder};
use super::{Indexation, Plan, Rebalance, Timing, When, Wrapper};
use crate::error::Result;

/// An amount of which one part grows with prices and the other was worked out in money.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Amounts {
    pub(super) real: f64,
    pub(super) nominal: f64,
}

impl Amounts {
    #[inline(always)]
    pub(super) fn at(self, prices: Four) -> Four {
        Four::splat(self.real) * prices + Four::splat(self.nominal)
    }

    fn is_any(self) -> bool {
        self.real != 0.0 || self.nominal != 0.0
    }

    /// An amount of today's money, as it is so many years later.
    fn add(&mut self, units: f64, indexation: Indexation, years: f64) {
        match indexation {
            Indexation::Prices(more) => self.real += units * libm::pow(1.0 + more, years),
            Indexation::Fixed(growth) => self.nominal += units * libm::pow(1.0 + growth, years),
        }
    }
}

/// A step's incomes and spending, for those who are alive in it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flows {
    pub(super) taxed: Amounts,
    pub(super) untaxed: Amounts,
    /// Of the phases, in today's money.
    pub(super) spending: f64,
    /// What is left of spending that is told by a rate.
    pub(super) share: f64,
}

#[derive(Debug, Clone)]
pub(super) struct StepScript {
    pub(super) first_of_year: bool,
    pub(super) last_of_year: bool,
    pub(super) year: usize,
    pub(super) retired: bool,
    /// The first step in retirement.
    pub(super) retires: bool,
    pub(super) last: bool,
    /// Nobody, the first, the second, both.
    pub(super) flows: [Flows; 4],
    /// Whether anybody has taxed income.
    pub(super) taxed_income: bool,
    /// Whether anything is contributed or comes once, and whether anything is paid once.
    pub(super) comes_in: bool,
    pub(super) goes_out: bool,
    pub(super) contributions: [Amounts; 3],
    /// Once, to be saved and to be paid.
    pub(super) comes: Amounts,
    pub(super) goes: Amounts,
    pub(super) weights: [f64; CLASSES_MAX],
    pub(super) rebalance: bool,
    pub(super) amortised: f64,
    pub(super) may_cut: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) steps: Vec<StepScript>,
    pub(super) timing: Timing,
    pub(super) per_year: f64,
    /// One over it.
    pub(super) per_step: f64,
    pub(super) fee: f64,
    pub(super) policy: Policy,
    pub(super) income_tax: TaxRule,
    pub(super) wrapper_tax: [TaxRule; 3],
    pub(super) brackets: Brackets,
    pub(super) order: WithdrawalOrder,
    /// Holdings by wrapper and class, and what the taxable ones cost.
    pub(super) start: [[f64; CLASSES_MAX]; 3],
    pub(super) cost: f64,
    pub(super) surplus: Option<Wrapper>,
    /// All classes of a wrapper can be kept as one, since each step brings them back to their weights.
    pub(super) as_one: bool,
}

impl Script {
    pub(super) fn new(plan: &Plan, classes: usize) -> Result<Script> {
        plan.check(classes)?;
        let mut start = [[0.0; CLASSES_MAX]; 3];
        let mut cost = 0.0;
        for holding in &plan.holdings {
            let units = holding.value.minor() as f64;
            let cell = start.get_mut(holding.wrapper.place()).and_then(|row| row.get_mut(holding.class));
            cell.into_iter().for_each(|cell| *cell += units);
            if holding.wrapper == Wrapper::Taxable {
                cost += holding.cost.map_or(units, |cost| cost.minor() as f64);
            }
        }
        let glide = Glide::new(plan, &start);
        let steps = (0..plan.steps_in_all()).map(|step| plan.script_of(step, &glide)).collect();
        Ok(Script {
            steps,
            timing: plan.timing,
            per_year: plan.steps.per_year() as f64,
            per_step: 1.0 / plan.steps.per_year() as f64,
            fee: plan.fees / plan.steps.per_year() as f64,
            policy: plan.policy,
            income_tax: plan.tax.income,
            wrapper_tax: Wrapper::ALL.map(|wrapper| plan.tax.rule(wrapper)),
            brackets: plan.tax.brackets(),
            order: plan.tax.order.clone(),
            start,
            cost,
            surplus: plan.surplus,
            as_one: plan.allocation.rebalance == Rebalance::EachStep,
        })
    }
}

impl Plan {
    fn script_of(&self, step: usize, glide: &Glide) -> StepScript {
        let per_year = self.steps.per_year();
        let years = step as f64 / per_year as f64;
        let last_of_year = (step + 1).is_multiple_of(per_year);
        let mut contributions = [Amounts::default(); 3];
        for one in self.contributions.iter().filter(|one| self.covers(one.from, one.until, step)) {
            if let Some(sum) = contributions.get_mut(one.wrapper.place()) {
                sum.add(one.amount.minor() as f64 / per_year as f64, one.indexation, years);
            }
        }
        let (mut comes, mut goes) = (Amounts::default(), Amounts::default());
        for event in self.events.iter().filter(|event| event.step == step) {
            let units = event.amount.minor() as f64;
            if units > 0.0 {
                comes.add(units, event.indexation, years)
            } else {
                goes.add(-units, event.indexation, years)
            }
        }
        let all = self.steps_in_all();
        let amortised = match self.policy {
            Policy::Amortised { real_return } => amortised_share(real_return, per_year as f64, all - step),
            _ => 0.0,
        };
        let no_cut_years = if let Policy::Guardrails { no_cut_years, .. } = self.policy { no_cut_years } else { 0 };
        let flows = [0, 1, 2, 3].map(|alive| self.flows(step, years, alive));
        StepScript {
            first_of_year: step.is_multiple_of(per_year),
            last_of_year,
            year: step / per_year,
            retired: step >= self.retirement,
            retires: step == self.retirement,
            last: step + 1 == all,
            taxed_income: flows.iter().any(|flows| flows.taxed.is_any()),
            flows,
            comes_in: contributions.iter().chain([&comes]).any(|one| one.is_any()),
            goes_out: goes.is_any(),
            contributions,
            comes,
            goes,
            weights: glide.at(step),
            rebalance: self.allocation.rebalance == Rebalance::Yearly && last_of_year,
            amortised,
            may_cut: all - step > no_cut_years * per_year,
        }
    }

    /// `alive` has a bit for each person.
    fn flows(&self, step: usize, years: f64, alive: usize) -> Flows {
        let per_year = self.steps.per_year() as f64;
        let lone = self.people.len() == 2 && alive.count_ones() == 1;
        let share = if lone { self.survivor_spending } else { 1.0 };
        let mut flows = Flows { share, ..Flows::default() };
        for income in self.incomes.iter().filter(|income| self.covers(income.from, income.until, step)) {
            let theirs = income.person.is_none_or(|person| alive & (1 << person) != 0);
            let part = if theirs { 1.0 } else { income.survivor_share };
            let sum = if income.taxed { &mut flows.taxed } else { &mut flows.untaxed };
            sum.add(income.amount.minor() as f64 / per_year * part, income.indexation, years);
        }
        let begun = self.phases.iter().filter(|phase| self.step_of(phase.from) <= step);
        let phase = begun.max_by_key(|phase| self.step_of(phase.from));
        flows.spending = phase.map_or(0.0, |phase| phase.spending.minor() as f64 / per_year * share);
        flows
    }

    fn covers(&self, from: When, until: Option<When>, step: usize) -> bool {
        step >= self.step_of(from) && until.is_none_or(|until| step < self.step_of(until))
    }
}

/// Target weights over time.
struct Glide {
    points: Vec<(usize, [f64; CLASSES_MAX])>,
}

impl Glide {
    fn new(plan: &Plan, start: &[[f64; CLASSES_MAX]; 3]) -> Glide {
        let mut points: Vec<(usize, [f64; CLASSES_MAX])> = Vec::new();
        for (step, weights) in &plan.allocation.glide {
            let mut filled = [0.0; CLASSES_MAX];
            filled.iter_mut().zip(weights).for_each(|(slot, weight)| *slot = *weight);
            points.push((*step, filled));
        }
        if points.is_empty() {
            points.push((0, mix(start)));
        }
        Glide { points }
    }

    fn at(&self, step: usize) -> [f64; CLASSES_MAX] {
        let after = self.points.iter().position(|(at, _)| *at > step);
        let before = after.unwrap_or(self.points.len()).checked_sub(1).and_then(|place| self.points.get(place));
        let after = after.and_then(|place| self.points.get(place));
        match (before, after) {
            (Some((from, left)), Some((to, right))) => {
                let part = (step - from) as f64 / (to - from) as f64;
                let mut weights = *left;
                weights.iter_mut().zip(right).for_each(|(weight, right)| *weight += part * (right - *weight));
                weights
            }
            (Some((_, weights)), None) | (None, Some((_, weights))) => *weights,
            (None, None) => [0.0; CLASSES_MAX],
        }
    }
}

/// The shares of the classes in all that is held; all in the first class where nothing is.
fn mix(start: &[[f64; CLASSES_MAX]; 3]) -> [f64; CLASSES_MAX] {
    let mut sums = [0.0; CLASSES_MAX];
    start.iter().for_each(|row| sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value));
    let all: f64 = sums.iter().sum();
    match sums.first_mut() {
        Some(first) if all <= 0.0 => *first = 1.0,
        _ => sums.iter_mut().for_each(|sum| *sum /= all),
    }
    sums
}

impl Frequency {
    /// The year that a step lies in.
    pub(super) fn year_of(self, step: usize) -> usize {
        step / self.per_year()
    }
}
