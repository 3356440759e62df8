//! Simulated returns of correlated factors over daily steps, and the value at risk from them.

use serde::{Deserialize, Serialize};

use super::{Book, Figure, HORIZON_DAYS_MAX, Question, Raw, tail};
use crate::error::{QuantError, Result, at_most, finite, same_length, within};
use crate::matrix::{Symmetric, Triangle};
use crate::paths::{self, CHUNK_PATHS, Chunk, Work};
use crate::random::{Name, Streams};
use crate::series::{History, ReturnKind};

/// Paths times factors whose parts are kept: 64 MB.
pub const CELLS_MAX: usize = 8_000_000;

const RETURNS: Name = Name::new("risk.returns");
const MIXING: Name = Name::new("risk.mixing");

/// The mean return of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    #[default]
    Zero,
    /// The sample's mean.
    Sample,
}

impl Drift {
    pub(super) fn of(self, history: &History) -> Vec<f64> {
        match self {
            Drift::Zero => vec![0.0; history.names().len()],
            Drift::Sample => history.means(),
        }
    }
}

/// The shape of a day's returns; both have the same covariance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shocks {
    Normal,
    /// Multivariate, with these degrees of freedom: one scale a day for all factors.
    StudentT(f64),
}

impl Shocks {
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Shocks::Normal => Ok(()),
            Shocks::StudentT(degrees) => within("degrees_of_freedom", degrees, 2.1, 1_000.0).map(|_| ()),
        }
    }
}

/// Factors that can be simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorModel {
    root: Triangle,
    drift: Vec<f64>,
    kinds: Vec<ReturnKind>,
    shocks: Shocks,
    /// The most negative eigenvalue, when the correlations had to be repaired.
    pub repaired: Option<f64>,
}

impl FactorModel {
    /// A covariance that no variables can have is repaired, and says so.
    pub fn new(covariance: &Symmetric, drift: Vec<f64>, kinds: Vec<ReturnKind>, shocks: Shocks) -> Result<FactorModel> {
        same_length("drift", covariance.rows(), drift.len())?;
        same_length("kinds", covariance.rows(), kinds.len())?;
        finite("drift", &drift)?;
        shocks.check()?;
        let repaired = covariance.repaired()?;
        let root = repaired.matrix.root("covariance")?;
        Ok(FactorModel { root, drift, kinds, shocks, repaired: repaired.clipped })
    }

    pub fn factors(&self) -> usize {
        self.drift.len()
    }

    /// Runs chunks of 1,000 paths; each hands the factors' returns over all days to `job`, a list of paths for each factor.
    pub fn simulate<T: Send>(
        &self,
        question: &MonteCarlo,
        work: Work<'_>,
        job: impl Fn(&[Vec<f64>]) -> T + Sync,
    ) -> Result<Vec<T>> {
        within("horizon_days", f64::from(question.horizon_days), 1.0, f64::from(HORIZON_DAYS_MAX))?;
        let streams = Streams::new(question.seed);
        let scratch = || Scratch::new(self.factors());
        let done = paths::run(question.paths, work, scratch, |scratch, chunk| {
            self.chunk(&streams, question.horizon_days, chunk, scratch);
            job(&scratch.returns)
        })?;
        if done.chunks.is_empty() { Err(QuantError::Stopped) } else { Ok(done.chunks) }
    }

    fn chunk(&self, streams: &Streams, days: u32, chunk: Chunk, scratch: &mut Scratch) {
        scratch.begin(chunk.paths);
        // Where returns add up over days, so do the independent numbers, and correlating them once is enough.
        let adds_up = days == 1 || self.kinds.iter().all(|kind| *kind != ReturnKind::Simple);
        for day in 0..u64::from(days) {
            let place = [chunk.index as u64, day];
            self.day(streams, place, scratch);
            if !adds_up {
                self.root.correlate(&scratch.independent, &mut scratch.moved);
                self.compound(scratch);
                scratch.independent.iter_mut().for_each(|factor| factor.fill(0.0));
            }
        }
        if adds_up {
            self.root.correlate(&scratch.independent, &mut scratch.returns);
            for (returns, drift) in scratch.returns.iter_mut().zip(&self.drift) {
                returns.iter_mut().for_each(|one| *one += drift * f64::from(days));
            }
        }
    }

    /// Adds a day's independent numbers.
    fn day(&self, streams: &Streams, place: [u64; 2], scratch: &mut Scratch) {
        let [chunk, day] = place;
        if let Shocks::StudentT(degrees) = self.shocks {
            // Scaled so that the variance stays one.
            let mut stream = streams.at(MIXING, [chunk, day, 0]);
            scratch.mixing.iter_mut().for_each(|one| *one = libm::sqrt((degrees - 2.0) / stream.chi_square(degrees)));
        }
        for (factor, sums) in scratch.independent.iter_mut().enumerate() {
            streams.at(RETURNS, [chunk, day, factor as u64]).fill_normal(&mut scratch.normals);
            match self.shocks {
                Shocks::Normal => sums.iter_mut().zip(&scratch.normals).for_each(|(sum, normal)| *sum += normal),
                Shocks::StudentT(_) => {
                    let mixed = scratch.normals.iter().zip(&scratch.mixing).map(|(normal, scale)| normal * scale);
                    sums.iter_mut().zip(mixed).for_each(|(sum, normal)| *sum += normal);
                }
            }
        }
    }

    fn compound(&self, scratch: &mut Scratch) {
        let factors = scratch.returns.iter_mut().zip(&scratch.moved).zip(self.kinds.iter().zip(&self.drift));
        for ((returns, moved), (kind, drift)) in factors {
            let pairs = returns.iter_mut().zip(moved);
            match kind {
                // A factor cannot lose more than all of itself.
                ReturnKind::Simple => pairs.for_each(|(all, day)| *all += (1.0 + *all) * (day + drift).max(-1.0)),
                ReturnKind::Log | ReturnKind::Absolute => pairs.for_each(|(all, day)| *all += day + drift),
            }
        }
    }
}

struct Scratch {
    normals: Vec<f64>,
    mixing: Vec<f64>,
    independent: Vec<Vec<f64>>,
    moved: Vec<Vec<f64>>,
    returns: Vec<Vec<f64>>,
}

impl Scratch {
    fn new(factors: usize) -> Scratch {
        let empty = vec![Vec::with_capacity(CHUNK_PATHS); factors];
        let (independent, moved) = (empty.clone(), empty.clone());
        Scratch { normals: Vec::new(), mixing: Vec::new(), independent, moved, returns: empty }
    }

    fn begin(&mut self, paths: usize) {
        let columns = self.independent.iter_mut().chain(&mut self.moved).chain(&mut self.returns);
        for column in columns.chain([&mut self.normals, &mut self.mixing]) {
            column.clear();
            column.resize(paths, 0.0);
        }
    }
}

/// How much is simulated, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonteCarlo {
    pub paths: usize,
    pub horizon_days: u32,
    pub seed: u64,
}

impl FactorModel {
    /// The value at risk over simulated paths; `question` gives confidence and rule, `run` the horizon.
    pub fn value_at_risk(
        &self,
        book: &Book,
        names: &[String],
        question: Question,
        run: &MonteCarlo,
        work: Work<'_>,
    ) -> Result<Figure> {
        Question { horizon_days: run.horizon_days, ..question }.check()?;
        let factors = self.factors();
        same_length("exposures by factor", factors, book.weights.len())?;
        at_most("paths times factors", run.paths.saturating_mul(factors), CELLS_MAX)?;
        let parts: Vec<Vec<f64>> = self.simulate(run, work, |returns| weigh(returns, &book.weights))?;
        let profits: Vec<f64> = parts.iter().flat_map(|chunk| totals(chunk, factors)).collect();
        let part = |path: usize, factor: usize| {
            let chunk = parts.get(path / CHUNK_PATHS);
            chunk.and_then(|chunk| chunk.get((path % CHUNK_PATHS) * factors + factor)).copied().unwrap_or(f64::NAN)
        };
        let raw = tail::figures(&profits, factors, &part, question)?;
        Raw { repaired: self.repaired, ..raw }.rounded(book, names)
    }
}

/// Profits path after path, a value for each factor.
fn weigh(returns: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let paths = returns.first().map_or(0, Vec::len);
    let mut profits = vec![0.0; paths * weights.len()];
    for (factor, (returns, weight)) in returns.iter().zip(weights).enumerate() {
        let cells = profits.iter_mut().skip(factor).step_by(weights.len());
        cells.zip(returns).for_each(|(cell, returned)| *cell = weight * returned);
    }
    profits
}

fn totals(profits: &[f64], factors: usize) -> impl Iterator<Item = f64> {
    profits.chunks_exact(factors.max(1)).map(|path| path.iter().sum())
}
