//! One step of four paths side by side.

use super::lanes::{Four, LANES, Mask, ONE, ZERO, lanes, mask};
use super::people::NEVER;
use super::policy::{Base, Policy};
use super::script::{Flows, Script, StepScript};
use super::tax::TaxRule;
use super::{Timing, Wrapper};

/// What is left of a need below this share counts as nothing: roundings of floats.
const NOTHING: f64 = 1e-9;

/// The paths' own numbers, with classes apart, or as one where they are brought back to their weights in every step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paths<const CLASSES: usize> {
    /// By wrapper. Nothing where a path has ended.
    pub(super) holdings: [[Four; CLASSES]; 3],
    /// What the taxable holdings cost.
    pub(super) cost: Four,
    /// A year's withdrawal in today's money, told at retirement.
    base: Four,
    /// What guardrails made of it since.
    factor: Four,
    first_rate: Four,
    /// The year's taxed income so far, and the tax on it, in today's money.
    pub(super) taxed: Four,
    pub(super) due: Four,
    deaths: [[u32; 2]; LANES],
    /// The step of the next death.
    next_death: u32,
    /// Who lives: a bit for each person.
    living: [usize; LANES],
    /// Neither failed nor without anybody.
    pub(super) going: Mask,
    pub(super) failed: Mask,
    /// The step in which each failed, or the first without anybody.
    pub(super) ended: [u32; LANES],
    /// What was there when the last person died, in today's money.
    inherited: Four,
}

/// What a market and prices do in a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tick<const CLASSES: usize> {
    pub(super) growth: [Four; CLASSES],
    /// Prices when withdrawals are made, the plan's first day being 1, and at the start of the step.
    pub(super) prices: Four,
    pub(super) before: Four,
}

/// What happened in a step, in its own money.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures<N = Four> {
    pub(super) income: N,
    pub(super) tax: N,
    pub(super) fees: N,
    pub(super) spending: N,
    pub(super) withdrawn: N,
    pub(super) saved: N,
}

/// A step's flows on each path, for those who live on it. Incomes are in the step's money, the rest in today's.
#[derive(Clone, Copy)]
struct Lived {
    taxed: Four,
    untaxed: Four,
    spending: Four,
    share: Four,
}

impl<const CLASSES: usize> Paths<CLASSES> {
    /// Lanes beyond the deaths that are given are paths that have ended.
    pub(super) fn new(script: &Script, given: &[[u32; 2]]) -> Paths<CLASSES> {
        let mut holdings = [[ZERO; CLASSES]; 3];
        for (own, start) in holdings.iter_mut().zip(&script.start) {
            for (place, value) in start.iter().enumerate() {
                // As one, all classes stand in the first place.
                own.get_mut(place % CLASSES).into_iter().for_each(|cell| *cell += Four::splat(*value));
            }
        }
        let mut deaths = [[0; 2]; LANES];
        deaths.iter_mut().zip(given).for_each(|(slot, one)| *slot = *one);
        let mut there = [false; LANES];
        there.iter_mut().take(given.len()).for_each(|lane| *lane = true);
        let mut paths = Paths {
            holdings,
            cost: Four::splat(script.cost),
            base: ZERO,
            factor: ONE,
            first_rate: ZERO,
            taxed: ZERO,
            due: ZERO,
            deaths,
            next_death: 0,
            living: [0; LANES],
            going: mask(there),
            failed: ZERO,
            ended: [NEVER; LANES],
            inherited: ZERO,
        };
        paths.empty(!paths.going);
        paths
    }

    #[inline(always)]
    pub(super) fn wealth(&self) -> Four {
        let mut all = self.holdings.iter().flatten();
        let first = all.next().copied().unwrap_or(ZERO);
        all.fold(first, |sum, value| sum + *value)
    }

    /// What the paths leave in today's money.
    pub(super) fn left(&self, prices: Four) -> Four {
        (self.going | self.failed).select(self.wealth() / prices, self.inherited)
    }

    /// The step as the plan's page lists it: incomes and contributions, fees and tax, spending, growth, rebalancing; growth
    /// comes first where withdrawals are made at the end.
    #[inline(always)]
    pub(super) fn step(&mut self, script: &Script, now: &StepScript, number: u32, tick: &Tick<CLASSES>) -> Figures {
        let mut figures = Figures::default();
        if number >= self.next_death {
            self.deaths(number, tick.prices);
        }
        if self.going.none() {
            return figures;
        }
        let flows = self.flows(now, tick.prices);
        if now.first_of_year {
            (self.taxed, self.due) = (ZERO, ZERO);
        }
        if now.retires {
            self.retire(script, tick.before);
        }
        if script.timing == Timing::End {
            self.grow(tick);
        }
        self.incomes(script, now, &flows, tick.prices, &mut figures);
        self.fees(script, &mut figures);
        self.spending(script, now, &flows, (number, tick.prices), &mut figures);
        if script.timing == Timing::Start {
            self.grow(tick);
        }
        self.rebalance(now);
        figures
    }

    /// Who lives from this step on; without anybody a path ends, and has not failed.
    #[cold]
    fn deaths(&mut self, number: u32, prices: Four) {
        self.living = self.deaths.map(|[first, second]| usize::from(number < first) + 2 * usize::from(number < second));
        let later = self.deaths.iter().flatten().filter(|death| **death > number);
        self.next_death = later.min().copied().unwrap_or(NEVER);
        let gone = mask(self.living.map(|living| living == 0)) & self.going;
        if gone.any() {
            self.inherited = gone.select(self.wealth() / prices, self.inherited);
            self.end(gone, number);
        }
    }

    /// Paths that end in this step.
    #[cold]
    fn end(&mut self, which: Mask, number: u32) {
        let slots = self.ended.iter_mut().zip(lanes(which));
        slots.filter(|(_, ends)| *ends).for_each(|(slot, _)| *slot = number);
        self.going &= !which;
        self.empty(which);
    }

    fn empty(&mut self, which: Mask) {
        self.holdings.iter_mut().flatten().for_each(|value| *value &= !which);
    }

    #[inline(always)]
    fn flows(&self, now: &StepScript, prices: Four) -> Lived {
        let [first, ..] = self.living;
        let of = |living: usize| now.flows.get(living).copied().unwrap_or_default();
        if self.living.iter().all(|living| *living == first) {
            return Lived::of(prices, |pick| Four::splat(pick(&of(first))));
        }
        Lived::of(prices, |pick| Four::new(self.living.map(|living| pick(&of(living)))))
    }

    /// What a rate is of: the wealth at the start of the first step in retirement.
    #[inline(always)]
    fn retire(&mut self, script: &Script, prices: Four) {
        let rate = match script.policy {
            Policy::ConstantReal { base: Base::Rate(rate) } | Policy::Guardrails { base: Base::Rate(rate), .. } => rate,
            Policy::FloorAndCeiling { rate, .. } => rate,
            _ => 0.0,
        };
        self.base = Four::splat(rate) * self.wealth() / prices;
    }

    #[inline(always)]
    fn incomes(&mut self, script: &Script, now: &StepScript, flows: &Lived, prices: Four, figures: &mut Figures) {
        let tax = match script.income_tax {
            TaxRule::Flat(rate) => flows.taxed * Four::splat(rate),
            TaxRule::Bands if now.taxed_income => self.tax_more(script, flows.taxed / prices) * prices,
            TaxRule::None | TaxRule::Bands => ZERO,
        };
        figures.tax += tax;
        figures.income = flows.taxed - tax + flows.untaxed;
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
            figures.fees = self.wealth() * Four::splat(script.fee);
            let keeps = Four::splat(1.0 - script.fee);
            self.holdings.iter_mut().flatten().for_each(|value| *value *= keeps);
        }
    }

    /// Takes what is needed and puts away what is left over.
    #[inline(always)]
    fn spending(
        &mut self,
        script: &Script,
        now: &StepScript,
        flows: &Lived,
        (number, prices): (u32, Four),
        figures: &mut Figures,
    ) {
        let (mut needed, left_over) = self.needs(script, now, flows, prices, figures.income);
        if now.goes_out {
            needed += now.goes.at(prices);
        }
        figures.spending = figures.income - left_over + needed;
        match script.surplus {
            Some(wrapper) => self.put(now, wrapper, left_over, figures),
            None => figures.spending += left_over,
        }
        let needs = needed.simd_gt(ZERO) & self.going;
        if needs.none() {
            return;
        }
        let missing = self.withdraw(script, prices, needed & needs, figures);
        figures.spending -= missing;
        let last_payment = now.last && matches!(script.policy, Policy::Amortised { .. }) && !now.goes_out;
        let fails = self.wealth().simd_le(needed * Four::splat(NOTHING)) & needs;
        if fails.any() && !last_payment {
            self.failed |= fails;
            self.end(fails, number);
        }
    }

    /// What has to be withdrawn, and what of the incomes is left over.
    #[inline(always)]
    fn needs(&mut self, script: &Script, now: &StepScript, flows: &Lived, prices: Four, income: Four) -> (Four, Four) {
        let per_step = Four::splat(script.per_step);
        let apart = |net: Four| (net.fast_max(ZERO), (-net).fast_max(ZERO));
        if !now.retired {
            return apart(flows.spending * prices - income);
        }
        match script.policy {
            Policy::ConstantReal { base: Base::Phases } => apart(flows.spending * prices - income),
            Policy::ConstantReal { base: Base::Rate(_) } => (self.base * flows.share * prices * per_step, ZERO),
            Policy::PercentOfPortfolio { rate } => (Four::splat(rate) * self.wealth() * per_step, ZERO),
            Policy::Amortised { .. } => (Four::splat(now.amortised) * self.wealth(), ZERO),
            Policy::FloorAndCeiling { rate, floor, ceiling } => {
                let told = self.base * prices;
                let share = Four::splat(rate) * self.wealth();
                let held = share.fast_max(Four::splat(floor) * told).fast_min(Four::splat(ceiling) * told);
                (held * per_step, ZERO)
            }
            Policy::Guardrails { base, lower, upper, step, .. } => {
                let (goal, pays) = match base {
                    Base::Rate(_) => (self.base * flows.share * per_step, ZERO),
                    Base::Phases => (flows.spending, income),
                };
                self.guard(script, now, [lower, upper, step], |factor| goal * factor * prices - pays);
                apart(goal * self.factor * prices - pays)
            }
        }
    }

    /// Looks at the rate that is withdrawn once a year, and cuts or raises the amount where it has left its rails.
    #[inline(always)]
    fn guard(&mut self, script: &Script, now: &StepScript, rails: [f64; 3], amount: impl Fn(Four) -> Four) {
        let [lower, upper, step] = rails;
        let rate = |factor: Four, wealth: Four| amount(factor) * Four::splat(script.per_year) / wealth;
        if now.retires {
            self.first_rate = rate(ONE, self.wealth()).fast_max(Four::splat(f64::MIN_POSITIVE));
        } else if now.first_of_year {
            let current = rate(self.factor, self.wealth());
            let cut = current.simd_gt(Four::splat(upper) * self.first_rate) & if now.may_cut { !ZERO } else { ZERO };
            let raise = current.simd_lt(Four::splat(lower) * self.first_rate);
            let raised = raise.select(self.factor * Four::splat(1.0 + step), self.factor);
            self.factor = cut.select(self.factor * Four::splat(1.0 - step), raised);
        }
    }

    #[inline(always)]
    fn grow(&mut self, tick: &Tick<CLASSES>) {
        for own in &mut self.holdings {
            own.iter_mut().zip(&tick.growth).for_each(|(value, growth)| *value *= *growth);
        }
    }

    #[inline(always)]
    fn rebalance(&mut self, now: &StepScript) {
        if now.rebalance && CLASSES > 1 {
            for own in &mut self.holdings {
                let sum = own.iter().fold(ZERO, |sum, value| sum + *value);
                own.iter_mut().zip(&now.weights).for_each(|(value, weight)| *value = sum * Four::splat(*weight));
            }
        }
    }
}

impl Lived {
    #[inline(always)]
    fn of(prices: Four, pick: impl Fn(fn(&Flows) -> f64) -> Four) -> Lived {
        Lived {
            taxed: pick(|flows| flows.taxed.real) * prices + pick(|flows| flows.taxed.nominal),
            untaxed: pick(|flows| flows.untaxed.real) * prices + pick(|flows| flows.untaxed.nominal),
            spending: pick(|flows| flows.spending),
            share: pick(|flows| flows.share),
        }
    }
}
