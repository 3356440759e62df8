//! A market made ready for steps of one length: each step fills in what a unit of each class, and of prices, becomes on
//! every path of a chunk.

use super::super::history::{Frequency, MarketHistory};
use super::super::lanes::LANES;
use super::{OVERLAYS_MAX, Overlay, Returns, periods_per_step};
use crate::error::{QuantError, Result, at_most};
use crate::exponential::exp_all;
use crate::matrix::Triangle;
use crate::paths::{CHUNK_PATHS, Chunk};
use crate::random::{Name, Streams};
use crate::risk::Shocks;

const RETURNS: Name = Name::new("plan.returns");
const MIXING: Name = Name::new("plan.mixing");
const BLOCKS: Name = Name::new("plan.blocks");

pub(in super::super) struct Market {
    source: Source,
    overlays: Vec<Overlay>,
    classes: usize,
    per_year: usize,
}

enum Source {
    Random {
        root: Triangle,
        drifts: Vec<f64>,
        shocks: Shocks,
    },
    Median(Vec<f64>),
    /// Growth by column, the classes and then prices.
    History {
        columns: Vec<Vec<f64>>,
        periods: usize,
        per_step: usize,
        order: Order,
    },
}

#[derive(Clone, Copy)]
enum Order {
    Blocks(usize),
    Stationary(usize),
    Windows,
}

/// The numbers of the current step for a chunk's paths.
pub(in super::super) struct Ticks {
    /// What a unit of each class becomes.
    pub(in super::super) growth: Vec<Vec<f64>>,
    /// What prices become.
    pub(in super::super) prices: Vec<f64>,
    independent: Vec<Vec<f64>>,
    moved: Vec<Vec<f64>>,
    mixing: Vec<f64>,
    /// The next period of the history on each path.
    cursor: Vec<usize>,
}

impl Market {
    pub(in super::super) fn new(returns: &Returns, overlays: &[Overlay], steps: Frequency) -> Result<Market> {
        returns.check()?;
        at_most("overlays", overlays.len(), OVERLAYS_MAX)?;
        let classes = returns.classes();
        overlays.iter().try_for_each(|overlay| overlay.check(classes))?;
        let per_year = steps.per_year();
        let step = per_year as f64;
        let source = match returns {
            Returns::Random { assumptions, shocks } => Source::Random {
                root: assumptions.root(step)?,
                drifts: assumptions.drifts().iter().map(|drift| drift / step).collect(),
                shocks: *shocks,
            },
            Returns::Median(assumptions) => {
                Source::Median(assumptions.drifts().iter().map(|drift| libm::exp(drift / step)).collect())
            }
            Returns::Blocks { history, periods } => Source::of(history, steps, Order::Blocks(*periods))?,
            Returns::StationaryBlocks { history, periods } => Source::of(history, steps, Order::Stationary(*periods))?,
            Returns::Windows(history) => Source::of(history, steps, Order::Windows)?,
        };
        Ok(Market { source, overlays: overlays.to_vec(), classes, per_year })
    }

    /// How many paths there are where the history itself says so.
    pub(in super::super) fn windows(&self, steps: usize) -> Result<Option<usize>> {
        match &self.source {
            Source::History { periods, per_step, order: Order::Windows, .. } => {
                let needed = steps * per_step;
                let fit = (periods + 1).checked_sub(needed).filter(|windows| *windows > 0);
                fit.map(Some).ok_or(QuantError::TooFew { field: "history", min: needed, found: *periods })
            }
            _ => Ok(None),
        }
    }

    pub(in super::super) fn ticks(&self) -> Ticks {
        let columns = vec![Vec::with_capacity(CHUNK_PATHS); self.classes];
        let all = vec![Vec::with_capacity(CHUNK_PATHS); self.classes + 1];
        let (independent, moved) = (all.clone(), all);
        let empty = Vec::new;
        Ticks { growth: columns, prices: empty(), independent, moved, mixing: empty(), cursor: vec![] }
    }

    /// Before the first step of a chunk.
    pub(in super::super) fn begin(&self, chunk: Chunk, ticks: &mut Ticks) {
        let Ticks { growth, prices, independent, moved, mixing, cursor } = ticks;
        let paths = chunk.paths.next_multiple_of(LANES);
        for column in growth.iter_mut().chain(independent).chain(moved).chain([prices, mixing]) {
            column.clear();
            column.resize(paths, 1.0);
        }
        cursor.clear();
        cursor.extend(chunk.first()..chunk.first() + paths);
    }

    pub(in super::super) fn step(&self, streams: &Streams, chunk: Chunk, step: usize, ticks: &mut Ticks) {
        match &self.source {
            Source::Random { root, drifts, shocks } => {
                random(streams, [chunk.index as u64, step as u64], *shocks, ticks);
                root.correlate(&ticks.independent, &mut ticks.moved);
                let columns = ticks.growth.iter_mut().chain([&mut ticks.prices]);
                for ((column, moved), drift) in columns.zip(&ticks.moved).zip(drifts) {
                    exp_all(moved, *drift, column);
                }
            }
            Source::Median(growth) => {
                let columns = ticks.growth.iter_mut().chain([&mut ticks.prices]);
                columns.zip(growth).for_each(|(column, growth)| column.fill(*growth));
            }
            Source::History { columns, periods, per_step, order } => {
                ticks.growth.iter_mut().chain([&mut ticks.prices]).for_each(|column| column.fill(1.0));
                for part in 0..*per_step {
                    let period = step * per_step + part;
                    move_cursors(streams, chunk, period, *order, *periods, &mut ticks.cursor);
                    take(columns, ticks);
                }
            }
        }
        self.overlay(step, ticks);
    }

    fn overlay(&self, step: usize, ticks: &mut Ticks) {
        let year = step / self.per_year;
        let steps = self.per_year as f64;
        let root = |yearly: f64| libm::pow(1.0 + yearly, 1.0 / steps);
        for overlay in &self.overlays {
            match overlay {
                Overlay::Crash { year: of, returns } if *of == year => {
                    let whole = step.is_multiple_of(self.per_year);
                    for (column, fall) in ticks.growth.iter_mut().zip(returns) {
                        if let Some(fall) = fall {
                            column.fill(if whole { 1.0 + fall } else { 1.0 });
                        }
                    }
                }
                Overlay::Flat { year: from, years, yearly } if (*from..from + years).contains(&year) => {
                    ticks.growth.iter_mut().for_each(|column| column.fill(root(*yearly)));
                }
                Overlay::Inflation { year: from, years, yearly } if (*from..from + years).contains(&year) => {
                    ticks.prices.fill(root(*yearly));
                }
                Overlay::Shift { yearly } => {
                    let moved = ticks.growth.iter_mut().flatten();
                    moved.for_each(|growth| *growth = (*growth + yearly / steps).max(0.0));
                }
                Overlay::Crash { .. } | Overlay::Flat { .. } | Overlay::Inflation { .. } => {}
            }
        }
    }
}

impl Source {
    fn of(history: &MarketHistory, steps: Frequency, order: Order) -> Result<Source> {
        let per_step = periods_per_step(history, steps)?;
        Ok(Source::History { columns: history.columns(), periods: history.periods(), per_step, order })
    }
}

fn random(streams: &Streams, place: [u64; 2], shocks: Shocks, ticks: &mut Ticks) {
    let [chunk, step] = place;
    for (factor, column) in ticks.independent.iter_mut().enumerate() {
        streams.at(RETURNS, [chunk, step, factor as u64]).fill_normal(column);
    }
    if let Shocks::StudentT(degrees) = shocks {
        let mut stream = streams.at(MIXING, [chunk, step, 0]);
        ticks.mixing.iter_mut().for_each(|one| *one = libm::sqrt((degrees - 2.0) / stream.chi_square(degrees)));
        for column in &mut ticks.independent {
            column.iter_mut().zip(&ticks.mixing).for_each(|(value, scale)| *value *= scale);
        }
    }
}

/// Sets the period that each path takes next; it was moved on by one when the last was taken.
fn move_cursors(streams: &Streams, chunk: Chunk, period: usize, order: Order, periods: usize, cursor: &mut [usize]) {
    let stream = || streams.at(BLOCKS, [chunk.index as u64, period as u64, 0]);
    match order {
        Order::Windows => {}
        Order::Blocks(length) => {
            if period.is_multiple_of(length) {
                let mut stream = stream();
                cursor.iter_mut().for_each(|at| *at = stream.below(periods - length + 1));
            }
        }
        Order::Stationary(length) => {
            let mut stream = stream();
            for at in cursor {
                let (start, ends) = (stream.below(periods), stream.uniform() * (length as f64) < 1.0);
                *at = if period == 0 || ends { start } else { *at % periods };
            }
        }
    }
}

fn take(columns: &[Vec<f64>], ticks: &mut Ticks) {
    let own = ticks.growth.iter_mut().chain([&mut ticks.prices]);
    for (column, history) in own.zip(columns) {
        // Beyond the end of the history stand only lanes without a path.
        let factors = ticks.cursor.iter().map(|at| history.get(*at).copied().unwrap_or(1.0));
        column.iter_mut().zip(factors).for_each(|(value, factor)| *value *= factor);
    }
    ticks.cursor.iter_mut().for_each(|at| *at += 1);
}
