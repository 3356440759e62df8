//! Histories of factors: levels or returns by day, checked once, and lined up by date.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::error::{QuantError, Result, at_least, at_most, finite};
use crate::matrix::{ROWS_MAX, Symmetric};

pub const ROWS_OF_HISTORY_MAX: usize = 50_000;
/// The most days between two neighbours: a long holiday, not a hole.
pub const GAP_DAYS_MAX: i32 = 14;

/// How a factor moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnKind {
    /// ln(level / level before); adds up over days.
    Log,
    /// level / level before - 1; compounds over days.
    Simple,
    /// level - level before, for rates and spreads; adds up over days.
    Absolute,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub date: Date,
    pub value: f64,
}

/// Returns of one factor by date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    pub name: String,
    pub kind: ReturnKind,
    returns: Vec<Point>,
}

impl Factor {
    /// From levels: the first has no return.
    pub fn from_levels(name: &str, kind: ReturnKind, levels: &[Point]) -> Result<Factor> {
        in_order("levels", levels)?;
        at_least("levels", levels.len(), 2)?;
        if kind != ReturnKind::Absolute
            && let Some(at) = levels.iter().position(|level| level.value <= 0.0)
        {
            return Err(QuantError::NotPositive { field: "levels", at });
        }
        let pairs = levels.iter().zip(levels.iter().skip(1));
        let returns = pairs.map(|(before, now)| Point { date: now.date, value: change(kind, before.value, now.value) });
        Factor::from_returns(name, kind, returns.collect())
    }

    pub fn from_returns(name: &str, kind: ReturnKind, returns: Vec<Point>) -> Result<Factor> {
        in_order("returns", &returns)?;
        at_least("returns", returns.len(), 1)?;
        if kind == ReturnKind::Simple
            && let Some(at) = returns.iter().position(|point| point.value <= -1.0)
        {
            return Err(QuantError::NotPositive { field: "1 + returns", at });
        }
        Ok(Factor { name: name.to_owned(), kind, returns })
    }

    pub fn returns(&self) -> &[Point] {
        &self.returns
    }
}

fn change(kind: ReturnKind, before: f64, now: f64) -> f64 {
    match kind {
        ReturnKind::Log => libm::log(now / before),
        ReturnKind::Simple => now / before - 1.0,
        ReturnKind::Absolute => now - before,
    }
}

fn in_order(field: &'static str, points: &[Point]) -> Result<()> {
    at_most(field, points.len(), ROWS_OF_HISTORY_MAX)?;
    finite(field, &points.iter().map(|point| point.value).collect::<Vec<_>>())?;
    for (before, now) in points.iter().zip(points.iter().skip(1)) {
        let days = (now.date - before.date).get_days();
        if days == 0 {
            return Err(QuantError::DuplicateDate { field, date: now.date });
        }
        if days < 0 {
            return Err(QuantError::Unordered { field, date: now.date });
        }
        if days > GAP_DAYS_MAX {
            return Err(QuantError::Gap { field, date: now.date, days, max: GAP_DAYS_MAX });
        }
    }
    Ok(())
}

/// Returns of several factors on the same dates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    names: Vec<String>,
    kinds: Vec<ReturnKind>,
    dates: Vec<Date>,
    /// Day after day, a value for each factor.
    values: Vec<f64>,
}

impl History {
    /// The days that all factors cover; a day within them that one lacks is refused, since a return across it would span
    /// two days.
    pub fn align(factors: &[Factor]) -> Result<History> {
        at_least("factors", factors.len(), 1)?;
        at_most("factors", factors.len(), ROWS_MAX)?;
        for (place, factor) in factors.iter().enumerate() {
            if factors.iter().take(place).any(|other| other.name == factor.name) {
                return Err(QuantError::Duplicate { field: "factors", name: factor.name.clone() });
            }
        }
        let first = factors.iter().filter_map(|one| one.returns.first()).map(|point| point.date).max();
        let last = factors.iter().filter_map(|one| one.returns.last()).map(|point| point.date).min();
        let (Some(first), Some(last)) = (first, last) else {
            return Err(QuantError::TooFew { field: "returns", min: 1, found: 0 });
        };
        let common: Vec<Vec<Point>> = factors
            .iter()
            .map(|one| one.returns.iter().filter(|point| point.date >= first && point.date <= last).copied().collect())
            .collect();
        let mut dates: Vec<Date> = common.iter().flatten().map(|point| point.date).collect();
        dates.sort_unstable();
        dates.dedup();
        at_least("days that all factors cover", dates.len(), 1)?;
        let mut values = vec![0.0; dates.len() * factors.len()];
        for (column, (points, factor)) in common.iter().zip(factors).enumerate() {
            if let Some(date) = dates.iter().find(|date| points.binary_search_by_key(*date, |one| one.date).is_err()) {
                return Err(QuantError::Hole { name: factor.name.clone(), date: *date });
            }
            let cells = values.iter_mut().skip(column).step_by(factors.len());
            cells.zip(points).for_each(|(cell, point)| *cell = point.value);
        }
        let names = factors.iter().map(|one| one.name.clone()).collect();
        Ok(History { names, kinds: factors.iter().map(|one| one.kind).collect(), dates, values })
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn kinds(&self) -> &[ReturnKind] {
        &self.kinds
    }

    pub fn dates(&self) -> &[Date] {
        &self.dates
    }

    pub fn days(&self) -> usize {
        self.dates.len()
    }

    /// The returns of each day, oldest first.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> + Clone {
        self.values.chunks_exact(self.names.len().max(1))
    }

    /// The last `days` days, or all when there are fewer.
    pub fn last(&self, days: usize) -> History {
        let skip = self.days().saturating_sub(days);
        History {
            names: self.names.clone(),
            kinds: self.kinds.clone(),
            dates: self.dates.iter().skip(skip).copied().collect(),
            values: self.values.iter().skip(skip * self.names.len()).copied().collect(),
        }
    }

    pub fn means(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.names.len()];
        for row in self.rows() {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        sums.iter().map(|sum| sum / self.days() as f64).collect()
    }
}

impl History {
    /// The covariance around the sample's means, with n - 1 in its denominator.
    pub fn covariance(&self) -> Result<Symmetric> {
        at_least("returns", self.days(), 2)?;
        let centre = self.means();
        let mut sums = vec![0.0; self.names.len() * self.names.len()];
        for row in self.rows() {
            let moved: Vec<f64> = row.iter().zip(&centre).map(|(value, centre)| value - centre).collect();
            add_square(&mut sums, &moved, 1.0, 1.0);
        }
        let divisor = (self.days() - 1) as f64;
        Symmetric::new("covariance", self.names.len(), sums.into_iter().map(|sum| sum / divisor).collect())
    }

    /// The exponentially weighted covariance around zero; it begins with the first day's squared returns.
    pub fn weighted_covariance(&self, lambda: f64) -> Result<Symmetric> {
        crate::error::within("lambda", lambda, 0.5, 0.999)?;
        let mut sums = vec![0.0; self.names.len() * self.names.len()];
        for (day, row) in self.rows().enumerate() {
            let (keep, take) = if day == 0 { (0.0, 1.0) } else { (lambda, 1.0 - lambda) };
            add_square(&mut sums, row, keep, take);
        }
        Symmetric::new("covariance", self.names.len(), sums)
    }
}

/// sums = keep * sums + take * row rowᵀ
fn add_square(sums: &mut [f64], row: &[f64], keep: f64, take: f64) {
    for (line, left) in sums.chunks_exact_mut(row.len().max(1)).zip(row) {
        for (sum, right) in line.iter_mut().zip(row) {
            *sum = keep * *sum + take * left * right;
        }
    }
}
