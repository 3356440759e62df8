//! Single paths, year by year: a bad, a middle and a good one as examples, or the expected one.

use kernel::Money;
use serde::Serialize;

use super::lanes::{Four, LANES, four};
use super::market::{Market, Overlay, Returns};
use super::run::{Run, RunSettings, Simulated};
use super::step::{Figures, Paths};
use super::{CLASSES_MAX, Plan};
use crate::amount;
use crate::error::{QuantError, Result};
use crate::paths::{CHUNK_PATHS, Chunk};

/// A year of a path. Sums are in the money of their steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TraceYear {
    pub year: usize,
    /// After tax on it.
    pub income: Money,
    pub spending: Money,
    pub withdrawn: Money,
    pub saved: Money,
    pub tax: Money,
    pub fees: Money,
    /// At the end of the year, and the same in the money of the plan's first day.
    pub wealth: Money,
    pub real: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// The share of paths that did worse: 0.1, 0.5 or 0.9.
    pub better_than: Tenths,
    pub path: usize,
    pub failed: bool,
    pub years: Vec<TraceYear>,
}

/// A share in tenths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tenths(pub u8);

/// A bad, a middle and a good path of a run, told again from its numbers.
pub fn examples(plan: &Plan, returns: &Returns, settings: &RunSettings, simulated: &Simulated) -> Result<Vec<Example>> {
    let run = Run::new(plan, returns, settings, None)?;
    let mut order: Vec<(u16, f64, usize)> = simulated
        .failed
        .iter()
        .zip(&simulated.ends)
        .enumerate()
        .map(|(path, (failed, end))| (*failed, *end, path))
        .collect();
    order.sort_unstable_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)).then(one.2.cmp(&other.2)));
    let example = |tenths: u8| {
        let place = (order.len() - 1) * usize::from(tenths) / 10;
        let (failed, _, path) = order.get(place).copied().ok_or(QuantError::Stopped)?;
        let years = follow(&run, path)?;
        let years = years.iter().map(|year| year.rounded(plan)).collect::<Result<_>>()?;
        Ok(Example { better_than: Tenths(tenths), path, failed: failed != super::run::LASTED, years })
    };
    [1, 5, 9].into_iter().map(example).collect()
}

/// Wealth after each year in the money of the plan's first day, on a path that is the same for all, such as the medians'.
pub(super) fn expected(plan: &Plan, returns: &Returns, overlays: &[Overlay]) -> Result<Vec<f64>> {
    let settings = RunSettings { overlays: overlays.to_vec(), ..RunSettings::new(1, 0) };
    let run = Run::new(plan, returns, &settings, None)?;
    Ok(follow(&run, 0)?.iter().map(|year| year.real).collect())
}

#[derive(Debug, Clone, Copy)]
struct Year {
    number: usize,
    sums: Figures<f64>,
    wealth: f64,
    real: f64,
}

fn follow(run: &Run<'_>, path: usize) -> Result<Vec<Year>> {
    if run.script.as_one { follow_as::<1>(run, path) } else { follow_as::<CLASSES_MAX>(run, path) }
}

fn follow_as<const CLASSES: usize>(run: &Run<'_>, path: usize) -> Result<Vec<Year>> {
    let index = path / CHUNK_PATHS;
    let paths = run.paths.saturating_sub(index * CHUNK_PATHS).min(CHUNK_PATHS);
    let chunk = Chunk { index, paths };
    let (group, lane) = (path % CHUNK_PATHS / LANES, path % LANES);
    let mut own: Paths<CLASSES> = run.start(chunk).into_iter().nth(group).ok_or(QuantError::Stopped)?;
    let of = |numbers: Four| numbers.to_array().get(lane).copied().unwrap_or(f64::NAN);
    let market: &Market = &run.market;
    let (mut ticks, mut numbers) = (market.ticks(), super::numbers::Numbers::default());
    numbers.begin(paths);
    market.begin(chunk, &mut ticks);
    let mut years = Vec::with_capacity(run.plan.years);
    let mut sums = Figures::default();
    for (number, now) in run.script.steps.iter().enumerate() {
        market.step(&run.streams, chunk, number, &mut ticks);
        numbers.tick(now, &ticks);
        let tick = numbers.of(group, run.script.timing, &ticks);
        sums.add(&own.step(&run.script, now, number as u32, &tick));
        if now.last_of_year {
            let prices = four(&numbers.after, group);
            let real = own.left(prices);
            years.push(Year { number: now.year, sums: sums.each(of), wealth: of(real * prices), real: of(real) });
            sums = Figures::default();
        }
        numbers.turn();
    }
    Ok(years)
}

impl Figures {
    fn add(&mut self, other: &Figures) {
        self.income += other.income;
        self.tax += other.tax;
        self.fees += other.fees;
        self.spending += other.spending;
        self.withdrawn += other.withdrawn;
        self.saved += other.saved;
    }

    fn each(&self, of: impl Fn(Four) -> f64) -> Figures<f64> {
        Figures {
            income: of(self.income),
            tax: of(self.tax),
            fees: of(self.fees),
            spending: of(self.spending),
            withdrawn: of(self.withdrawn),
            saved: of(self.saved),
        }
    }
}

impl Year {
    fn rounded(&self, plan: &Plan) -> Result<TraceYear> {
        let money = |units: f64| amount::money("example", units, plan.currency);
        Ok(TraceYear {
            year: self.number,
            income: money(self.sums.income)?,
            spending: money(self.sums.spending)?,
            withdrawn: money(self.sums.withdrawn)?,
            saved: money(self.sums.saved)?,
            tax: money(self.sums.tax)?,
            fees: money(self.sums.fees)?,
            wealth: money(self.wealth)?,
            real: money(self.real)?,
        })
    }
}
