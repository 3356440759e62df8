//! What money has earned: by the money (the internal rate of return of dated flows) and by the time (chained over the days
//! with flows).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use kernel::Money;

use crate::amount;
use crate::calendar::days_between;
use crate::error::{QuantError, Result, at_least, at_most};

pub const FLOWS_MAX: usize = 10_000;
const DAYS_OF_YEAR: f64 = 365.0;
/// Rates are looked for from -99.99 % to 100,000 % a year, on a grid of the logarithm of their growth.
const GRID: (f64, f64, usize) = (-9.2, 6.9, 1_610);
const BISECTIONS: usize = 80;

/// What was paid in (below zero) or came out (above zero) on a day; the value at the end comes out on its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedFlow {
    pub date: Date,
    pub amount: Money,
}

/// The yearly rate at which flows are worth nothing together. None and several are answers too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoneyWeighted {
    None,
    One(f64),
    /// Lowest first; the flows turn more than once, so that no rate is the right one.
    Several(Vec<f64>),
}

pub fn money_weighted(flows: &[DatedFlow]) -> Result<MoneyWeighted> {
    at_least("flows", flows.len(), 2)?;
    at_most("flows", flows.len(), FLOWS_MAX)?;
    let first = flows.iter().map(|flow| flow.date).min().unwrap_or_default();
    let mut terms = Vec::with_capacity(flows.len());
    for flow in flows {
        let units = amount::units("flows", flow.amount, currency_of(flows)?)?;
        terms.push((units, days_between(first, flow.date) as f64 / DAYS_OF_YEAR));
    }
    let terms = Terms(terms);
    let (low, high, cells) = GRID;
    let at = |cell: usize| low + (high - low) * cell as f64 / cells as f64;
    let mut roots = Vec::new();
    let mut left = terms.at(low);
    for cell in 0..cells {
        let right = terms.at(at(cell + 1));
        roots.extend(terms.roots_within((at(cell), left), (at(cell + 1), right)).map(libm::expm1));
        left = right;
    }
    Ok(match roots.as_slice() {
        [] => MoneyWeighted::None,
        [one] => MoneyWeighted::One(*one),
        _ => MoneyWeighted::Several(roots),
    })
}

/// Flows with their years after the first.
struct Terms(Vec<(f64, f64)>);

impl Terms {
    /// The present value, and its slope, at v = ln(1 + rate).
    fn at(&self, v: f64) -> (f64, f64) {
        self.0.iter().fold((0.0, 0.0), |(value, slope), (units, years)| {
            let one = units * libm::exp(-v * years);
            (value + one, slope - years * one)
        })
    }

    /// The roots of one cell of the grid: one where the value changes its sign, and up to two where it turns in between.
    fn roots_within(&self, left: (f64, (f64, f64)), right: (f64, (f64, f64))) -> impl Iterator<Item = f64> {
        let ((from, (over, falls)), (to, (under, rises))) = (left, right);
        let value = |v: f64| self.at(v).0;
        let mut roots = [None, None];
        if over == 0.0 {
            roots = [(under != 0.0).then_some(from), None];
        } else if over * under < 0.0 {
            roots = [Some(bisect(&value, from, to)), None];
        } else if falls * rises < 0.0 {
            let turn = bisect(&|v| self.at(v).1, from, to);
            if value(turn) * over < 0.0 {
                roots = [Some(bisect(&value, from, turn)), Some(bisect(&value, turn, to))];
            }
        }
        roots.into_iter().flatten()
    }
}

fn currency_of(flows: &[DatedFlow]) -> Result<kernel::Currency> {
    flows.first().map(|flow| flow.amount.currency()).ok_or(QuantError::TooFew { field: "flows", min: 1, found: 0 })
}

fn bisect(value: &dyn Fn(f64) -> f64, left: f64, right: f64) -> f64 {
    let (mut left, mut right) = (left, right);
    let rises = value(left) < 0.0;
    for _ in 0..BISECTIONS {
        let middle = (left + right) / 2.0;
        if (value(middle) < 0.0) == rises { left = middle } else { right = middle }
    }
    (left + right) / 2.0
}

/// A day with a flow: what was there before it, and what was put in, or taken out when negative. The first day has nothing
/// before, the last usually no flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Valuation {
    pub date: Date,
    pub before: Money,
    pub flow: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TimeWeighted {
    /// Over the whole time.
    pub total: f64,
    /// A year's; nothing for less than a year, where it would only be a guess.
    pub yearly: Option<f64>,
}

/// Growth between flows, chained: what a unit became that was there throughout.
pub fn time_weighted(valuations: &[Valuation]) -> Result<TimeWeighted> {
    at_least("valuations", valuations.len(), 2)?;
    at_most("valuations", valuations.len(), FLOWS_MAX)?;
    let currency = valuations.first().map(|one| one.before.currency());
    let mut growth = 1.0;
    for (start, end) in valuations.iter().zip(valuations.iter().skip(1)) {
        if end.date <= start.date {
            let (field, date) = ("valuations", end.date);
            let twice = end.date == start.date;
            return Err(if twice {
                QuantError::DuplicateDate { field, date }
            } else {
                QuantError::Unordered { field, date }
            });
        }
        let units = |money: Money| amount::units("valuations", money, currency.unwrap_or(money.currency()));
        let invested = units(start.before)? + units(start.flow)?;
        if invested <= 0.0 {
            return Err(QuantError::NothingInvested(start.date));
        }
        growth *= units(end.before)?.max(0.0) / invested;
    }
    let span = valuations.first().zip(valuations.last()).map_or(0, |(first, last)| days_between(first.date, last.date));
    let years = span as f64 / DAYS_OF_YEAR;
    let yearly = (years >= 1.0).then(|| libm::pow(growth, 1.0 / years) - 1.0);
    Ok(TimeWeighted { total: growth - 1.0, yearly })
}
