//! All paths of a plan, and what they come to.

use kernel::Money;
use serde::{Deserialize, Serialize};

use super::CLASSES_MAX;
use super::Plan;
use super::fan::{Counts, FanYear};
use super::lanes::{LANES, four, lanes};
use super::market::{Market, Overlay, Returns, Ticks};
use super::numbers::Numbers;
use super::people::Lives;
use super::script::{Script, StepScript};
use super::step::Paths;
use crate::amount;
use crate::error::{QuantError, Result, at_least, at_most};
use crate::paths::{self, Chunk, Work};
use crate::random::Streams;

/// No step: the path did not fail.
pub(super) const LASTED: u16 = u16::MAX;
/// Years whose returns are looked at when asking why paths fail.
pub(super) const EARLY_YEARS: usize = 10;

/// Wealth to be reached by the end of a step, in the money of the plan's first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Counted from 0, the first.
    pub step: usize,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    /// Where a market is a history as it was, that decides how many there are.
    pub paths: usize,
    pub seed: u64,
    pub target: Option<Target>,
    pub overlays: Vec<Overlay>,
}

impl RunSettings {
    pub fn new(paths: usize, seed: u64) -> RunSettings {
        RunSettings { paths, seed, target: None, overlays: Vec::new() }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Those that were done; fewer than asked for when the run was stopped.
    pub paths: usize,
    pub asked: usize,
    pub successes: usize,
    pub success: f64,
    pub standard_error: f64,
    /// The share of paths that reached the target.
    pub reached: Option<f64>,
    pub fan: Vec<FanYear>,
    /// How many paths failed in each year.
    pub failures: Vec<u32>,
    /// What is left at the end in the money of the plan's first day, in the median.
    pub median_end: Money,
}

/// An outcome with its paths, for what is asked about them next.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    pub outcome: Outcome,
    /// The step in which each path failed, or LASTED.
    pub(super) failed: Vec<u16>,
    /// What each path left, in units of the plan's first day.
    pub(super) ends: Vec<f64>,
    pub(super) probe: Option<Probed>,
}

/// What is noted about each path when asking why some fail.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Probed {
    /// The first year in which wealth was under the expected, or LASTED.
    pub(super) under: Vec<u16>,
    /// What a unit became over the first years, after prices.
    pub(super) early: Vec<f64>,
}

impl Simulated {
    pub fn succeeded(&self, path: usize) -> bool {
        self.failed.get(path).is_some_and(|step| *step == LASTED)
    }
}

pub fn simulate(plan: &Plan, returns: &Returns, settings: &RunSettings, work: Work<'_>) -> Result<Simulated> {
    Run::new(plan, returns, settings, None)?.all(work)
}

/// Two variants of a plan on the same random numbers, so that their difference is not noise.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub before: Outcome,
    pub after: Outcome,
    /// Of the success rate.
    pub gain: f64,
    pub standard_error: f64,
}

/// The effect of changing one plan into another.
pub fn measure(
    before: (&Plan, &Returns),
    after: (&Plan, &Returns),
    settings: &RunSettings,
    work: Work<'_>,
) -> Result<Comparison> {
    Ok(compare(&simulate(before.0, before.1, settings, work)?, &simulate(after.0, after.1, settings, work)?))
}

pub(super) fn compare(before: &Simulated, after: &Simulated) -> Comparison {
    let (mut saved, mut lost, mut count) = (0.0, 0.0, 0.0);
    for (before, after) in before.failed.iter().zip(&after.failed) {
        count += 1.0;
        saved += f64::from(u8::from(*before != LASTED && *after == LASTED));
        lost += f64::from(u8::from(*before == LASTED && *after != LASTED));
    }
    let count = f64::max(count, 1.0);
    let gain = (saved - lost) / count;
    let variance = ((saved + lost) / count - gain * gain).max(0.0);
    let (before, after) = (before.outcome.clone(), after.outcome.clone());
    Comparison { before, after, gain, standard_error: libm::sqrt(variance / count) }
}

/// A plan and a market made ready.
pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) script: Script,
    pub(super) market: Market,
    pub(super) streams: Streams,
    lives: Lives,
    pub(super) paths: usize,
    target: Option<(usize, f64)>,
    /// Wealth after each year as it is expected, where paths are compared with it.
    expected: Option<Vec<f64>>,
}

/// Counts by year, real and nominal, and the numbers of a chunk in work.
struct Scratch {
    fan: Vec<[Counts; 2]>,
    ticks: Ticks,
    numbers: Numbers,
}

struct ChunkOutcome {
    failed: Vec<u16>,
    ends: Vec<f64>,
    reached: usize,
    probe: Option<Probed>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        returns: &Returns,
        settings: &RunSettings,
        expected: Option<Vec<f64>>,
    ) -> Result<Run<'a>> {
        let script = Script::new(plan, returns.classes())?;
        let market = Market::new(returns, &settings.overlays, plan.steps)?;
        let paths = market.windows(plan.steps_in_all())?.unwrap_or(settings.paths);
        let target = match settings.target {
            Some(target) => {
                at_most("target step", target.step, plan.steps_in_all() - 1)?;
                Some((target.step, amount::units("target", target.amount, plan.currency)?))
            }
            None => None,
        };
        let lives = Lives::new(&plan.people, plan.steps);
        Ok(Run { plan, script, market, streams: Streams::new(settings.seed), lives, paths, target, expected })
    }

    pub(super) fn all(&self, work: Work<'_>) -> Result<Simulated> {
        let scratch = || Scratch {
            fan: (0..self.plan.years).map(|_| [Counts::new(), Counts::new()]).collect(),
            ticks: self.market.ticks(),
            numbers: Numbers::default(),
        };
        let done = if self.script.as_one {
            paths::run(self.paths, work, scratch, |scratch, chunk| self.chunk::<1>(chunk, scratch))?
        } else {
            paths::run(self.paths, work, scratch, |scratch, chunk| self.chunk::<CLASSES_MAX>(chunk, scratch))?
        };
        if done.chunks.is_empty() {
            return Err(QuantError::Stopped);
        }
        self.outcome(done.chunks, done.scratches, done.paths)
    }

    /// Paths at their start, four together.
    pub(super) fn start<const CLASSES: usize>(&self, chunk: Chunk) -> Vec<Paths<CLASSES>> {
        let deaths = self.lives.draw(&self.streams, chunk);
        deaths.chunks(LANES).map(|deaths| Paths::new(&self.script, deaths)).collect()
    }

    fn chunk<const CLASSES: usize>(&self, chunk: Chunk, scratch: &mut Scratch) -> ChunkOutcome {
        let Scratch { fan, ticks, numbers } = scratch;
        let mut paths = self.start::<CLASSES>(chunk);
        let mut probe =
            self.expected.as_ref().map(|_| Probed { under: vec![LASTED; chunk.paths], early: vec![1.0; chunk.paths] });
        let mut reached = 0;
        numbers.begin(chunk.paths);
        self.market.begin(chunk, ticks);
        for (number, now) in self.script.steps.iter().enumerate() {
            self.market.step(&self.streams, chunk, number, ticks);
            numbers.tick(now, ticks);
            for (group, paths) in paths.iter_mut().enumerate() {
                let tick = numbers.of(group, self.script.timing, ticks);
                paths.step(&self.script, now, number as u32, &tick);
            }
            if let Some(probe) = &mut probe {
                self.probe(now, &paths, numbers, ticks, probe);
            }
            if let (true, Some(counts)) = (now.last_of_year, fan.get_mut(now.year)) {
                record(&paths, &numbers.after, counts);
            }
            if let Some((_, units)) = self.target.filter(|(step, _)| *step == number) {
                let left = paths.iter().enumerate().flat_map(|(group, one)| {
                    let prices = four(&numbers.after, group);
                    one.left(prices).to_array()
                });
                reached = left.take(chunk.paths).filter(|left| *left >= units).count();
            }
            numbers.turn();
        }
        let by_lane = |one: &Paths<CLASSES>| {
            let ended = lanes(one.failed).into_iter().zip(one.ended);
            ended.map(|(failed, step)| if failed { step as u16 } else { LASTED }).collect::<Vec<_>>()
        };
        let failed = paths.iter().flat_map(by_lane).take(chunk.paths).collect();
        let left = paths.iter().enumerate().flat_map(|(group, one)| one.left(four(&numbers.before, group)).to_array());
        ChunkOutcome { failed, ends: left.take(chunk.paths).collect(), reached, probe }
    }

    fn probe<const CLASSES: usize>(
        &self,
        now: &StepScript,
        paths: &[Paths<CLASSES>],
        numbers: &Numbers,
        ticks: &Ticks,
        probe: &mut Probed,
    ) {
        if now.year < EARLY_YEARS {
            let growth = numbers.total.iter().zip(&ticks.prices);
            probe.early.iter_mut().zip(growth).for_each(|(early, (growth, prices))| *early *= growth / prices);
        }
        let expected = self.expected.as_ref().and_then(|expected| expected.get(now.year));
        if let (true, Some(expected)) = (now.last_of_year, expected) {
            let wealth = paths.iter().flat_map(|paths| paths.wealth().to_array());
            for ((under, wealth), prices) in probe.under.iter_mut().zip(wealth).zip(&numbers.after) {
                if *under == LASTED && wealth / prices < *expected {
                    *under = now.year as u16;
                }
            }
        }
    }

    fn outcome(&self, chunks: Vec<ChunkOutcome>, scratches: Vec<Scratch>, paths: usize) -> Result<Simulated> {
        let reached: usize = chunks.iter().map(|chunk| chunk.reached).sum();
        let mut simulated = (Vec::with_capacity(paths), Vec::with_capacity(paths));
        let mut probed = self.expected.as_ref().map(|_| Probed::default());
        for chunk in chunks {
            simulated.0.extend(chunk.failed);
            simulated.1.extend(chunk.ends);
            if let (Some(all), Some(one)) = (&mut probed, chunk.probe) {
                all.under.extend(one.under);
                all.early.extend(one.early);
            }
        }
        let (failed, ends) = simulated;
        let successes = failed.iter().filter(|step| **step == LASTED).count();
        let success = successes as f64 / paths as f64;
        let mut failures = vec![0_u32; self.plan.years];
        for step in failed.iter().filter(|step| **step != LASTED) {
            let year = self.plan.steps.year_of(usize::from(*step));
            failures.get_mut(year).into_iter().for_each(|count| *count += 1);
        }
        let outcome = Outcome {
            paths,
            asked: self.paths,
            successes,
            success,
            standard_error: libm::sqrt(success * (1.0 - success) / paths as f64),
            reached: self.target.map(|_| reached as f64 / paths as f64),
            fan: self.fan(scratches)?,
            failures,
            median_end: amount::money("end", median(&ends)?, self.plan.currency)?,
        };
        Ok(Simulated { outcome, failed, ends, probe: probed })
    }

    fn fan(&self, scratches: Vec<Scratch>) -> Result<Vec<FanYear>> {
        let mut scratches = scratches.into_iter();
        let Some(mut all) = scratches.next().map(|scratch| scratch.fan) else { return Ok(Vec::new()) };
        for scratch in scratches {
            for (sums, ones) in all.iter_mut().zip(&scratch.fan) {
                sums.iter_mut().zip(ones).for_each(|(sum, one)| sum.merge(one));
            }
        }
        let year = |(year, [real, nominal]): (usize, &[Counts; 2])| {
            let money = |counts: &Counts| -> Result<[Money; 5]> {
                let mut levels = [Money::new(0, self.plan.currency); 5];
                for (slot, units) in levels.iter_mut().zip(counts.levels()) {
                    *slot = amount::money("wealth", units, self.plan.currency)?;
                }
                Ok(levels)
            };
            Ok(FanYear { year, real: money(real)?, nominal: money(nominal)?, paths: real.total() })
        };
        all.iter().enumerate().map(year).collect()
    }
}

/// Paths that ended without failing are no longer counted.
fn record<const CLASSES: usize>(paths: &[Paths<CLASSES>], prices: &[f64], [real, nominal]: &mut [Counts; 2]) {
    for (group, paths) in paths.iter().enumerate() {
        let (wealth, counted) = (paths.wealth(), paths.going | paths.failed);
        real.add(wealth / four(prices, group), counted);
        nominal.add(wealth, counted);
    }
}

fn median(values: &[f64]) -> Result<f64> {
    at_least("paths", values.len(), 1)?;
    let mut values = values.to_vec();
    let middle = values.len() / 2;
    let (_, median, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    Ok(*median)
}
