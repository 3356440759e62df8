//! What exposures can lose: value at risk and expected shortfall by four methods, their back-test, stress and liquidity.
//!
//! A loss is a positive figure. An exposure is an amount in the reporting currency times the return of a factor.

mod backtest;
mod liquidity;
mod monte_carlo;
mod parametric;
mod rolling;
mod stress;
mod tail;

use kernel::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::amount;
use crate::error::{QuantError, Result, at_least, at_most, within};
use crate::quantile::QuantileRule;
use crate::series::History;

pub use backtest::{Backtest, Exceedance, Light, LikelihoodTest, TRAFFIC_LIGHT_DAYS, TestedDay, backtest};
pub use liquidity::{
    AtRisk, Dated, GROUPS_MAX, LIQUIDITY_DAYS_MAX, LiquidityAccount, LiquidityQuestion, liquidity_at_risk,
};
pub use monte_carlo::{CELLS_MAX, Drift, FactorModel, MonteCarlo, Shocks};
pub use rolling::{RollingMethod, rolling};
pub use stress::{
    Account, BankChoice, CustomerChoice, Flow, PositionChange, Scenario, ScenarioSet, Shock, Situation, StressResult,
    house_scenarios, stress,
};

pub const CONFIDENCE_MIN: f64 = 0.5;
pub const CONFIDENCE_MAX: f64 = 0.9999;
pub const HORIZON_DAYS_MAX: u32 = 252;
/// Days of history that a figure needs at least.
pub const HISTORY_DAYS_MIN: usize = 20;
pub const EXPOSURES_MAX: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    pub factor: String,
    pub amount: Money,
}

/// Exposures summed by factor.
#[derive(Debug, Clone, PartialEq)]
pub struct Book {
    currency: Currency,
    weights: Vec<f64>,
}

impl Book {
    /// An empty book is one: it cannot lose anything.
    pub fn new(currency: Currency, exposures: &[Exposure], factors: &[String]) -> Result<Book> {
        at_most("exposures", exposures.len(), EXPOSURES_MAX)?;
        let mut weights = vec![0.0; factors.len()];
        for exposure in exposures {
            let place = factors.iter().position(|name| *name == exposure.factor);
            let unknown = || QuantError::Unknown { field: "exposures", name: exposure.factor.clone() };
            let weight = weights.get_mut(place.ok_or_else(unknown)?).ok_or_else(unknown)?;
            *weight += amount::units("exposures", exposure.amount, currency)?;
            if weight.abs() > amount::AMOUNT_MAX_MINOR as f64 {
                return Err(QuantError::AmountTooLarge { field: "exposures" });
            }
        }
        Ok(Book { currency, weights })
    }

    pub fn currency(&self) -> Currency {
        self.currency
    }

    fn money(&self, field: &'static str, units: f64) -> Result<Money> {
        amount::money(field, units, self.currency)
    }
}

/// What is asked about a book.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Question {
    pub confidence: f64,
    pub horizon_days: u32,
    pub rule: QuantileRule,
    pub drift: Drift,
}

impl Question {
    /// One day, without drift, the quantile interpolated.
    pub fn one_day(confidence: f64) -> Question {
        Question { confidence, horizon_days: 1, rule: QuantileRule::Linear, drift: Drift::Zero }
    }

    fn check(self) -> Result<()> {
        within("confidence", self.confidence, CONFIDENCE_MIN, CONFIDENCE_MAX)?;
        within("horizon_days", f64::from(self.horizon_days), 1.0, f64::from(HORIZON_DAYS_MAX)).map(|_| ())
    }
}

/// A factor's share of a figure; the shares add up to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution {
    pub factor: String,
    pub value_at_risk: Money,
    pub expected_shortfall: Money,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    pub value_at_risk: Money,
    /// The mean of the losses at or beyond the value at risk.
    pub expected_shortfall: Money,
    pub contributions: Vec<Contribution>,
    /// Of the value at risk and of the expected shortfall, where the figure comes from samples.
    pub standard_errors: Option<(Money, Money)>,
    /// Days or paths.
    pub observations: usize,
    /// The most negative eigenvalue of correlations that had to be repaired.
    pub repaired: Option<f64>,
}

/// The same in floats, before it is rounded.
struct Raw {
    value_at_risk: f64,
    expected_shortfall: f64,
    parts: Vec<f64>,
    shortfall_parts: Vec<f64>,
    errors: Option<(f64, f64)>,
    observations: usize,
    repaired: Option<f64>,
}

impl Raw {
    fn scaled(mut self, factor: f64) -> Raw {
        self.value_at_risk *= factor;
        self.expected_shortfall *= factor;
        self.parts.iter_mut().chain(&mut self.shortfall_parts).for_each(|part| *part *= factor);
        self.errors = self.errors.map(|(left, right)| (left * factor, right * factor));
        self
    }

    fn rounded(self, book: &Book, names: &[String]) -> Result<Figure> {
        let value_at_risk = book.money("value at risk", self.value_at_risk)?;
        let expected_shortfall = book.money("expected shortfall", self.expected_shortfall)?;
        let parts = amount::round_parts("value at risk", value_at_risk.minor(), &self.parts)?;
        let shortfalls = amount::round_parts("expected shortfall", expected_shortfall.minor(), &self.shortfall_parts)?;
        let contributions = names
            .iter()
            .zip(parts.into_iter().zip(shortfalls))
            .map(|(factor, (part, shortfall))| Contribution {
                factor: factor.clone(),
                value_at_risk: Money::new(part, book.currency),
                expected_shortfall: Money::new(shortfall, book.currency),
            })
            .collect();
        let errors = self.errors.map(|(left, right)| Ok((book.money("error", left)?, book.money("error", right)?)));
        Ok(Figure {
            value_at_risk,
            expected_shortfall,
            contributions,
            standard_errors: errors.transpose()?,
            observations: self.observations,
            repaired: self.repaired,
        })
    }
}

/// From the days of the history as they were. Longer horizons are one day's figure times the root of the days.
pub fn historical(book: &Book, history: &History, question: Question) -> Result<Figure> {
    question.check()?;
    at_least("history", history.days(), HISTORY_DAYS_MIN)?;
    let rows: Vec<&[f64]> = history.rows().collect();
    let profits: Vec<f64> = rows.iter().map(|row| crate::matrix::dot(row, &book.weights)).collect();
    let part = |day: usize, factor: usize| {
        let returned = rows.get(day).and_then(|row| row.get(factor)).copied().unwrap_or(f64::NAN);
        returned * book.weights.get(factor).copied().unwrap_or(f64::NAN)
    };
    let raw = tail::figures(&profits, book.weights.len(), &part, question)?;
    raw.scaled(libm::sqrt(f64::from(question.horizon_days))).rounded(book, history.names())
}

/// Normal returns with the sample's covariance, n - 1 in its denominator.
pub fn normal(book: &Book, history: &History, question: Question) -> Result<Figure> {
    question.check()?;
    at_least("history", history.days(), HISTORY_DAYS_MIN)?;
    let raw = parametric::figures(book, &history.covariance()?, &question.drift.of(history), question)?;
    Raw { observations: history.days(), ..raw }.rounded(book, history.names())
}

/// Normal returns without drift and with the exponentially weighted covariance; `lambda` is usually 0.94.
pub fn weighted(book: &Book, history: &History, lambda: f64, question: Question) -> Result<Figure> {
    question.check()?;
    at_least("history", history.days(), HISTORY_DAYS_MIN)?;
    let drift = vec![0.0; book.weights.len()];
    let raw = parametric::figures(book, &history.weighted_covariance(lambda)?, &drift, question)?;
    Raw { observations: history.days(), ..raw }.rounded(book, history.names())
}
