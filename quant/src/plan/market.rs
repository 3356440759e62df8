//! What asset classes and prices may do: returns from assumptions or from a history, and bad events laid over them.

mod draw;

use serde::{Deserialize, Serialize};

use super::history::{Frequency, MarketHistory};
use crate::error::{QuantError, Result, at_least, at_most, same_length, within};
use crate::matrix::{Symmetric, Triangle};
use crate::risk::Shocks;

pub(super) use draw::{Market, Ticks};

pub const CLASSES_MAX: usize = 8;
pub const BLOCK_PERIODS_MAX: usize = 600;
pub const OVERLAYS_MAX: usize = 20;

/// How a mean is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeanKind {
    /// The mean of yearly returns.
    Arithmetic,
    /// The yearly rate at which wealth grows in the median.
    Geometric,
}

/// A class, or prices: a yearly mean, and the deviation of its yearly logarithmic returns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Class {
    pub name: String,
    pub mean: f64,
    pub volatility: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assumptions {
    pub means: MeanKind,
    pub classes: Vec<Class>,
    pub inflation: Class,
    /// Of logarithmic returns, the classes in their order and inflation last.
    pub correlation: Symmetric,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Returns {
    /// Random and normal, or with fat tails, on logarithms.
    Random { assumptions: Assumptions, shocks: Shocks },
    /// Every class at its median, always.
    Median(Assumptions),
    /// Blocks of a history, all classes and prices together.
    Blocks { history: MarketHistory, periods: usize },
    /// The same with blocks of random length, this long on average.
    StationaryBlocks { history: MarketHistory, periods: usize },
    /// The history as it was, one path from each start that fits.
    Windows(MarketHistory),
}

/// An event that replaces or moves what the returns would have been. Years count from 0, the first of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlay {
    /// The year's return of each class, all of it in the first step; a class without one keeps its own.
    Crash {
        year: usize,
        returns: Vec<Option<f64>>,
    },
    /// All classes return the same.
    Flat {
        year: usize,
        years: usize,
        yearly: f64,
    },
    Inflation {
        year: usize,
        years: usize,
        yearly: f64,
    },
    /// All returns higher by this much a year, or lower when negative.
    Shift {
        yearly: f64,
    },
}

impl Returns {
    pub fn classes(&self) -> usize {
        match self {
            Returns::Random { assumptions, .. } | Returns::Median(assumptions) => assumptions.classes.len(),
            Returns::Blocks { history, .. } | Returns::StationaryBlocks { history, .. } | Returns::Windows(history) => {
                history.names().len()
            }
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        match self {
            Returns::Random { assumptions, shocks } => {
                shocks.check()?;
                assumptions.check()
            }
            Returns::Median(assumptions) => assumptions.check(),
            Returns::Windows(_) => Ok(()),
            Returns::Blocks { history, periods } | Returns::StationaryBlocks { history, periods } => {
                at_least("block", *periods, 1)?;
                at_most("block", *periods, history.periods().min(BLOCK_PERIODS_MAX))
            }
        }
    }
}

impl Assumptions {
    fn check(&self) -> Result<()> {
        at_least("classes", self.classes.len(), 1)?;
        at_most("classes", self.classes.len(), CLASSES_MAX)?;
        same_length("correlation", self.classes.len() + 1, self.correlation.rows())?;
        for one in self.classes.iter().chain([&self.inflation]) {
            within("mean", one.mean, -0.5, 1.0)?;
            within("volatility", one.volatility, 0.0, 2.0)?;
        }
        // Also when it was read from outside instead of made by its constructor.
        let rows = self.correlation.rows();
        let values = (0..rows * rows).map(|place| self.correlation.at(place / rows, place % rows)).collect();
        Symmetric::correlation(rows, values).map(|_| ())
    }

    /// The mean of the logarithm of a year's growth of each class, and of prices last.
    fn drifts(&self) -> Vec<f64> {
        let all = self.classes.iter().chain([&self.inflation]);
        all.map(|one| {
            let correction = match self.means {
                MeanKind::Arithmetic => one.volatility * one.volatility / 2.0,
                MeanKind::Geometric => 0.0,
            };
            libm::log1p(one.mean) - correction
        })
        .collect()
    }

    /// The root of the covariance of one step.
    fn root(&self, steps_per_year: f64) -> Result<Triangle> {
        let scale = 1.0 / libm::sqrt(steps_per_year);
        let deviations: Vec<f64> =
            self.classes.iter().chain([&self.inflation]).map(|one| one.volatility * scale).collect();
        self.correlation.repaired()?.matrix.covariance(&deviations)?.root("correlation")
    }
}

impl Overlay {
    fn check(&self, classes: usize) -> Result<()> {
        match self {
            Overlay::Crash { returns, .. } => {
                same_length("crash", classes, returns.len())?;
                returns.iter().flatten().try_for_each(|one| within("crash", *one, -0.99, 10.0).map(|_| ()))
            }
            Overlay::Flat { yearly, .. } | Overlay::Inflation { yearly, .. } => {
                within("yearly", *yearly, -0.99, 10.0).map(|_| ())
            }
            Overlay::Shift { yearly } => within("shift", *yearly, -0.5, 0.5).map(|_| ()),
        }
    }
}

/// The five sequences of bad years that plans are held against; each class falls in a crash as `falls` says.
pub fn sequence_stresses(falls: &[bool], retirement_year: usize) -> Vec<(&'static str, Vec<Overlay>)> {
    let crash = |year| {
        let returns = falls.iter().map(|falls| falls.then_some(-0.35)).collect();
        Overlay::Crash { year, returns }
    };
    let mut all = vec![
        ("crash in the first year", vec![crash(0)]),
        ("ten lost years", vec![Overlay::Flat { year: 0, years: 10, yearly: 0.0 }]),
        ("inflation of 9 % for eight years", vec![Overlay::Inflation { year: 0, years: 8, yearly: 0.09 }]),
    ];
    if let Some(year) = retirement_year.checked_sub(1) {
        all.push(("crash in the year before retirement", vec![crash(year)]));
    }
    all.push(("all returns 2 points lower", vec![Overlay::Shift { yearly: -0.02 }]));
    all
}

pub(super) fn periods_per_step(history: &MarketHistory, steps: Frequency) -> Result<usize> {
    let (periods, steps) = (history.frequency.per_year(), steps.per_year());
    if periods < steps {
        return Err(QuantError::OutOfRange {
            field: "steps per year",
            min: 1.0,
            max: periods as f64,
            found: steps as f64,
        });
    }
    Ok(periods / steps)
}
