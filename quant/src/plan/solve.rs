//! Asking a plan: the value of a lever at which a share of paths succeeds, and a grid over two of them. All variants run on
//! the same random numbers.

use serde::Serialize;

use super::run::Outcome;
use crate::error::{QuantError, Result, at_least, at_most, finite, within};

pub const GRID_CELLS_MAX: usize = 400;
const EVALUATIONS_MAX: usize = 40;

/// Where to look. `success` is the share of paths that has to succeed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    pub low: f64,
    pub high: f64,
    /// How exact the answer has to be.
    pub tolerance: f64,
    pub success: f64,
    /// Whether success rises with the value, as with saving, or falls, as with spending.
    pub rises: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The most that can be had, or the least that is needed.
    Found { value: f64, success: f64, standard_error: f64 },
    /// Not even at the easy end.
    Never { success: f64 },
    /// Even at the hard end.
    Always { success: f64 },
    /// Success neither rises nor falls throughout, so that there is no one answer: two values and their successes.
    NotMonotone { lower: (f64, f64), higher: (f64, f64) },
}

#[derive(Clone, Copy)]
struct Tried {
    value: f64,
    success: f64,
    error: f64,
}

pub fn solve(search: &Search, mut run: impl FnMut(f64) -> Result<Outcome>) -> Result<Answer> {
    finite("search", &[search.low, search.high])?;
    within("success", search.success, 0.0, 1.0)?;
    if search.low >= search.high {
        return Err(QuantError::EndsBeforeStart { field: "search" });
    }
    within("tolerance", search.tolerance, (search.high - search.low) / 1e9, search.high - search.low)?;
    let mut tried: Vec<Tried> = Vec::new();
    let mut ask = |value: f64, tried: &mut Vec<Tried>| -> Result<Tried> {
        let outcome = run(value)?;
        let one = Tried { value, success: outcome.success, error: outcome.standard_error };
        tried.push(one);
        Ok(one)
    };
    let (easy, hard) = if search.rises { (search.high, search.low) } else { (search.low, search.high) };
    let mut good = ask(easy, &mut tried)?;
    if good.success < search.success {
        return Ok(Answer::Never { success: good.success });
    }
    let mut bad = ask(hard, &mut tried)?;
    if bad.success >= search.success {
        return Ok(Answer::Always { success: bad.success });
    }
    while (good.value - bad.value).abs() > search.tolerance && tried.len() < EVALUATIONS_MAX {
        let middle = ask((good.value + bad.value) / 2.0, &mut tried)?;
        if middle.success >= search.success { good = middle } else { bad = middle }
    }
    Ok(not_monotone(&mut tried, search.rises).unwrap_or(Answer::Found {
        value: good.value,
        success: good.success,
        standard_error: good.error,
    }))
}

/// Two neighbours whose successes go the wrong way by more than two errors.
fn not_monotone(tried: &mut [Tried], rises: bool) -> Option<Answer> {
    tried.sort_by(|one, other| one.value.total_cmp(&other.value));
    let pairs = tried.iter().zip(tried.iter().skip(1));
    let wrong = |(lower, higher): &(&Tried, &Tried)| {
        let gain = if rises { higher.success - lower.success } else { lower.success - higher.success };
        gain < -2.0 * lower.error.max(higher.error)
    };
    let mut wrong = pairs.filter(wrong);
    wrong.next().map(|(lower, higher)| Answer::NotMonotone {
        lower: (lower.value, lower.success),
        higher: (higher.value, higher.success),
    })
}

#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    pub row: f64,
    pub column: f64,
    pub outcome: Outcome,
}

/// Every pair of two levers' values, row after row.
pub fn grid(rows: &[f64], columns: &[f64], mut run: impl FnMut(f64, f64) -> Result<Outcome>) -> Result<Vec<Cell>> {
    at_least("grid", rows.len().min(columns.len()), 1)?;
    at_most("grid", rows.len().saturating_mul(columns.len()), GRID_CELLS_MAX)?;
    finite("rows", rows)?;
    finite("columns", columns)?;
    let mut cells = Vec::with_capacity(rows.len() * columns.len());
    for row in rows {
        for column in columns {
            cells.push(Cell { row: *row, column: *column, outcome: run(*row, *column)? });
        }
    }
    Ok(cells)
}
