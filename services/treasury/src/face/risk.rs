//! Exposures, histories of factors, value at risk and its back-test.

use jiff::civil::Date;
use kernel::{Id, IdKind, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunTag {}

impl IdKind for RunTag {
    const PREFIX: &'static str = "risk";
}

pub type RunId = Id<RunTag>;

/// An amount in the reporting currency that moves with a factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    #[schema(example = "euro-receivables")]
    pub name: String,
    #[schema(example = "EUR/USD")]
    pub factor: String,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutExposures {
    pub items: Vec<Exposure>,
}

/// By name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExposureList {
    pub items: Vec<Exposure>,
}

/// How a factor moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReturnKind {
    /// ln(level / level before).
    Log,
    /// level / level before - 1.
    Simple,
    /// level - level before, for rates and spreads.
    Absolute,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    #[default]
    Levels,
    Returns,
}

/// A history as a table with a header and the columns `date` and `value`, the oldest day first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutFactor {
    #[schema(example = "EUR/USD")]
    pub name: String,
    pub kind: ReturnKind,
    #[serde(default)]
    pub measure: Measure,
    #[schema(example = "date,value\n2026-01-02,1.0312\n2026-01-05,1.0389\n")]
    pub csv: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Factor {
    pub name: String,
    pub kind: ReturnKind,
    pub measure: Measure,
    /// Rises with each table.
    pub version: u32,
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    pub days: usize,
}

/// By name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactorList {
    pub items: Vec<Factor>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuantileRule {
    #[default]
    Linear,
    Lower,
    Higher,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shocks {
    Normal,
    /// With these degrees of freedom.
    StudentT(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The days of the window as they were.
    Historical,
    /// Normal returns with the window's covariance.
    Normal,
    /// The same with the exponentially weighted covariance; the number is lambda, usually 0.94.
    Weighted(f64),
    /// Simulated returns with the window's covariance.
    MonteCarlo { paths: Option<usize>, seed: u64, shocks: Shocks },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskValueAtRisk {
    pub method: Method,
    /// 0.5 to 0.9999; the house's unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// 1 to 252; 1 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon_days: Option<u32>,
    /// Days of history; 250 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_days: Option<usize>,
    #[serde(default)]
    pub quantile: QuantileRule,
    /// With the mean of the window instead of none.
    #[serde(default)]
    pub drift: bool,
    /// Foreign cash is an exposure by itself, to the factor named by its pair, such as `EUR/USD`.
    #[serde(default)]
    pub without_cash: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskBacktest {
    /// Not `monte_carlo`.
    pub method: Method,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_days: Option<usize>,
    #[serde(default)]
    pub quantile: QuantileRule,
    #[serde(default)]
    pub without_cash: bool,
}

/// A factor's share; the shares add up to the figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contribution {
    pub factor: String,
    pub exposure: Money,
    pub value_at_risk: Money,
    pub expected_shortfall: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StandardErrors {
    pub value_at_risk: Money,
    pub expected_shortfall: Money,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ValueAtRisk {
    /// What is lost at most with the confidence; positive.
    pub value_at_risk: Money,
    /// The mean of the losses at or beyond it.
    pub expected_shortfall: Money,
    pub contributions: Vec<Contribution>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard_errors: Option<StandardErrors>,
    /// Days or paths.
    pub observations: usize,
    /// The covariance was none that variables can have and was repaired; its most negative eigenvalue of correlations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repaired: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Exceedance {
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    pub value_at_risk: Money,
    pub profit: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChanceTest {
    /// Of likelihoods.
    pub ratio: f64,
    /// The chance of one as large when the figures are right.
    pub p_value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    Green,
    Yellow,
    Red,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Backtest {
    pub days: usize,
    /// Exceedances that a right model has on average.
    pub expected: f64,
    /// Days that lost more than was told for them.
    pub exceedances: Vec<Exceedance>,
    /// Kupiec: their number.
    pub count: ChanceTest,
    /// Christoffersen: whether they come one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub independence: Option<ChanceTest>,
    /// Over the last 250 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub light: Option<Light>,
    pub yellow_from: u32,
    pub red_from: u32,
}

/// A calculation, with all that it was made from. It never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Run {
    #[schema(value_type = String)]
    pub id: RunId,
    /// Of the calculation's code: the same data, seed and version give the same bits.
    pub version: u32,
    pub confidence: f64,
    pub horizon_days: u32,
    pub window_days: usize,
    pub method: Method,
    /// The days of history that it used.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    pub exposures: Vec<Exposure>,
    /// Each factor with the version of its history.
    pub factors: Vec<Factor>,
    /// What is not in it, such as cash in a currency whose history is not there.
    pub lacks: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_at_risk: Option<ValueAtRisk>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backtest: Option<Backtest>,
    pub made_at: Timestamp,
}
