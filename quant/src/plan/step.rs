//! One step of one path.

use super::people::NEVER;
use super::policy::{Base, Policy};
use super::script::{Flows, Script, StepScript};
use super::tax::TaxRule;
use super::{Timing, Wrapper};

/// What is left of a need below this share counts as nothing: roundings of floats.
const NOTHING: f64 = 1e-9;

/// A path's own numbers, with classes apart, or as one where they are brought back to their weights in every step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<const CLASSES: usize> {
    /// By wrapper.
    pub(super) holdings: [[f64; CLASSES]; 3],
    /// What the taxable holdings cost.
    pub(super) cost: f64,
    /// A year's withdrawal in today's money, told at retirement.
    base: f64,
    /// What guardrails made of it since.
    factor: f64,
    first_rate: f64,
    retired: bool,
    /// The year's taxed income so far, and the tax on it, in today's money.
    pub(super) taxed: f64,
    pub(super) due: f64,
    pub(super) deaths: [u32; 2],
    /// The step in which it failed, or the first without anybody.
    pub(super) ended: u32,
    pub(super) failed: bool,
    /// What was there when the last person died, in today's money.
    inherited: f64,
}

/// What a market and prices do in a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tick<const CLASSES: usize> {
    pub(super) growth: [f64; CLASSES],
    /// Prices when withdrawals are made, the plan's first day being 1, and at the start of the step.
    pub(super) prices: f64,
    pub(super) before: f64,
}

/// What happened in a step, in its own money.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    pub(super) income: f64,
    pub(super) tax: f64,
    pub(super) fees: f64,
    pub(super) spending: f64,
    pub(super) withdrawn: f64,
    pub(super) saved: f64,
}

impl<const CLASSES: usize> Path<CLASSES> {
    pub(super) fn new(script: &Script, deaths: [u32; 2]) -> Path<CLASSES> {
        let mut holdings = [[0.0; CLASSES]; 3];
        for (own, start) in holdings.iter_mut().zip(&script.start) {
            for (place, value) in start.iter().enumerate() {
                // As one, all classes stand in the first place.
                own.get_mut(place % CLASSES).into_iter().for_each(|cell| *cell += value);
            }
        }
        Path {
            holdings,
            cost: script.cost,
            base: 0.0,
            factor: 1.0,
            first_rate: 0.0,
            retired: false,
            taxed: 0.0,
            due: 0.0,
            deaths,
            ended: NEVER,
            failed: false,
            inherited: 0.0,
        }
    }

    #[inline(always)]
    pub(super) fn wealth(&self) -> f64 {
        self.holdings.iter().flatten().sum()
    }

    /// What the path leaves in today's money, with prices at the end of the plan.
    pub(super) fn left(&self, prices: f64) -> f64 {
        if self.ended == NEVER { self.wealth() / prices } else { self.inherited }
    }

    /// The step as the plan's page lists it: incomes and contributions, fees and tax, spending, growth, rebalancing; growth
    /// comes first where withdrawals are made at the end.
    #[inline(always)]
    pub(super) fn step(&mut self, script: &Script, now: &StepScript, number: u32, tick: &Tick<CLASSES>) -> Figures {
        let Some(flows) = self.alive(now, number, tick.prices) else { return Figures::default() };
        let mut figures = Figures::default();
        if now.first_of_year {
            (self.taxed, self.due) = (0.0, 0.0);
        }
        if now.retired && !self.retired {
            self.retire(script, tick.before);
        }
        if script.timing == Timing::End {
            self.grow(tick);
        }
        self.incomes(script, now, flows, tick.prices, &mut figures);
        self.fees(script, &mut figures);
        self.spending(script, now, flows, tick.prices, &mut figures);
        if self.ended == NEVER {
            if script.timing == Timing::Start {
                self.grow(tick);
            }
            self.rebalance(now);
        } else {
            self.ended = number;
        }
        figures
    }

    /// What a rate is of: the wealth at the start of the first step in retirement.
    #[inline(always)]
    fn retire(&mut self, script: &Script, prices: f64) {
        self.retired = true;
        let rate = match script.policy {
            Policy::ConstantReal { base: Base::Rate(rate) } | Policy::Guardrails { base: Base::Rate(rate), .. } => rate,
            Policy::FloorAndCeiling { rate, .. } => rate,
            _ => 0.0,
        };
        self.base = rate * self.wealth() / prices;
    }

    /// The flows of those who are alive; without anybody the path ends, and has not failed.
    #[inline(always)]
    fn alive<'a>(&mut self, now: &'a StepScript, number: u32, prices: f64) -> Option<&'a Flows> {
        if self.ended != NEVER {
            return None;
        }
        let [first, second] = self.deaths;
        let alive = usize::from(number < first) + 2 * usize::from(number < second);
        if alive == 0 {
            self.ended = number;
            self.inherited = self.wealth() / prices;
            return None;
        }
        now.flows.get(alive)
    }

    #[inline(always)]
    fn incomes(&mut self, script: &Script, now: &StepScript, flows: &Flows, prices: f64, figures: &mut Figures) {
        let taxed = flows.taxed.at(prices);
        let tax = match script.income_tax {
            TaxRule::None => 0.0,
            TaxRule::Flat(rate) => taxed * rate,
            TaxRule::Bands => self.tax_more(script, taxed / prices) * prices,
        };
        figures.tax += tax;
        figures.income = taxed - tax + flows.untaxed.at(prices);
        if now.comes_in {
            for (wrapper, amounts) in Wrapper::ALL.into_iter().zip(&now.contributions) {
                self.put(now, wrapper, amounts.at(prices), figures);
            }
            self.put(now, script.surplus.unwrap_or(Wrapper::Taxable), now.comes.at(prices), figures);
        }
    }

    #[inline(always)]
    fn fees(&mut self, script: &Script, figures: &mut Figures) {
        if script.fee > 0.0 {
            figures.fees = self.wealth() * script.fee;
            self.holdings.iter_mut().flatten().for_each(|value| *value *= 1.0 - script.fee);
        }
    }

    /// Takes what is needed and puts away what is left over.
    #[inline(always)]
    fn spending(&mut self, script: &Script, now: &StepScript, flows: &Flows, prices: f64, figures: &mut Figures) {
        let (needed, left_over) = self.needs(script, now, flows, prices, figures.income);
        let extra = now.goes.at(prices);
        let needed = needed + extra;
        figures.spending = figures.income - left_over + needed;
        if left_over > 0.0 {
            match script.surplus {
                Some(wrapper) => self.put(now, wrapper, left_over, figures),
                None => figures.spending += left_over,
            }
        }
        if needed <= 0.0 {
            return;
        }
        let missing = self.withdraw(script, prices, needed, figures);
        figures.spending -= missing;
        let last_payment = now.last && matches!(script.policy, Policy::Amortised { .. }) && extra == 0.0;
        if self.wealth() <= NOTHING * needed && !last_payment {
            self.failed = true;
            self.ended = 0;
            self.holdings = [[0.0; CLASSES]; 3];
        }
    }

    /// What has to be withdrawn, and what of the incomes is left over.
    #[inline(always)]
    fn needs(&mut self, script: &Script, now: &StepScript, flows: &Flows, prices: f64, income: f64) -> (f64, f64) {
        let (per_year, per_step) = (script.per_year, script.per_step);
        let by_phases = |spending: f64| {
            let net = spending * prices - income;
            (net.max(0.0), (-net).max(0.0))
        };
        if !now.retired {
            return by_phases(flows.spending);
        }
        let wealth = self.wealth();
        match script.policy {
            Policy::ConstantReal { base: Base::Phases } => by_phases(flows.spending),
            Policy::ConstantReal { base: Base::Rate(_) } => (self.base * flows.share * prices * per_step, 0.0),
            Policy::PercentOfPortfolio { rate } => (rate * wealth * per_step, 0.0),
            Policy::Amortised { .. } => (now.amortised * wealth, 0.0),
            Policy::FloorAndCeiling { rate, floor, ceiling } => {
                let told = self.base * prices;
                ((rate * wealth).clamp(floor * told, ceiling * told) * per_step, 0.0)
            }
            Policy::Guardrails { base, lower, upper, step, .. } => {
                let (goal, pays) = match base {
                    Base::Rate(_) => (self.base * flows.share * per_step, 0.0),
                    Base::Phases => (flows.spending, income),
                };
                let rate = |factor: f64| (goal * factor * prices - pays) * per_year / wealth;
                if self.first_rate == 0.0 {
                    self.first_rate = rate(1.0).max(f64::MIN_POSITIVE);
                } else if now.first_of_year {
                    let current = rate(self.factor);
                    if current > upper * self.first_rate && now.may_cut {
                        self.factor *= 1.0 - step;
                    } else if current < lower * self.first_rate {
                        self.factor *= 1.0 + step;
                    }
                }
                let net = goal * self.factor * prices - pays;
                (net.max(0.0), (-net).max(0.0))
            }
        }
    }

    #[inline(always)]
    fn grow(&mut self, tick: &Tick<CLASSES>) {
        for own in &mut self.holdings {
            own.iter_mut().zip(&tick.growth).for_each(|(value, growth)| *value *= growth);
        }
    }

    #[inline(always)]
    fn rebalance(&mut self, now: &StepScript) {
        if now.rebalance && CLASSES > 1 {
            for own in &mut self.holdings {
                let sum: f64 = own.iter().sum();
                own.iter_mut().zip(&now.weights).for_each(|(value, weight)| *value = sum * weight);
            }
        }
    }
}
