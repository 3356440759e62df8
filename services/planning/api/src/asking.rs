//! Questions about a scenario, and their answers.

use kernel::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Day, Mode, Month, Scenario};

/// Five quantiles of the paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Levels {
    pub p5: Money,
    pub p25: Money,
    pub p50: Money,
    pub p75: Money,
    pub p95: Money,
}

/// Wealth at the end of a year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FanYear {
    /// From 1.
    pub year: usize,
    /// In the money of the start.
    pub real: Levels,
    /// In that year's money.
    pub nominal: Levels,
    /// Paths that had not ended before, those that failed included.
    pub paths: u32,
    /// Paths that failed in this year.
    pub failed: u32,
}

/// One window of a history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Tail {
    pub start: Day,
    /// What was left, in the money of its start.
    pub left: Money,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Windows {
    pub count: usize,
    /// The window that failed first, or was left with the least.
    pub worst_start: Day,
    /// Constant withdrawals below this rate never failed; only for fixed weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highest_rate: Option<f64>,
    pub tails: Vec<Tail>,
}

/// A year of a path, in its own money except for `real`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PathYear {
    pub year: usize,
    pub income: Money,
    pub spending: Money,
    pub withdrawn: Money,
    pub saved: Money,
    pub tax: Money,
    pub fees: Money,
    pub wealth: Money,
    pub real: Money,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Example {
    /// The share of paths that did worse.
    pub better_than: f64,
    pub failed: bool,
    pub years: Vec<PathYear>,
}

/// What comes of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Futures {
    pub mode: Mode,
    /// Those that were done; fewer than asked for when time ran out.
    pub paths: usize,
    pub asked: usize,
    pub seed: u64,
    pub successes: usize,
    /// The share of paths on which something was left after every withdrawal.
    pub success: f64,
    pub standard_error: f64,
    /// The share of paths that reached the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<f64>,
    /// What is left at the end in the money of the start, in the median.
    pub median_end: Money,
    /// The month in whose money real amounts are.
    pub money_of: Month,
    pub fan: Vec<FanYear>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<Windows>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
    /// What was assumed, in words.
    pub assumes: Vec<String>,
}

/// What is varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Lever {
    /// All spending times this.
    Spending,
    /// The rate of the policy.
    Rate,
    /// The year of retirement, counted from the start.
    Retirement,
    /// So much more saved a year until retirement, in whole units of the currency.
    Saving,
    /// All returns higher by this much a year.
    Returns,
    /// Fees as a share of wealth.
    Fees,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Solve {
    pub scenario: Scenario,
    /// `spending`, `rate`, `retirement` or `saving`.
    pub lever: Lever,
    /// The share of paths that has to succeed.
    #[serde(default = "nineteen_of_twenty")]
    pub success: f64,
    /// Where to look; sensible bounds if they are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
}

fn nineteen_of_twenty() -> f64 {
    0.95
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Found,
    /// Not even at the easy end of where it was looked for.
    Never,
    /// Even at the hard end.
    Always,
    /// Success neither rises nor falls throughout.
    NotMonotone,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Solved {
    pub lever: Lever,
    pub verdict: Verdict,
    /// The most that can be had, or the least that is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The share of paths that succeeds there.
    pub success: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
    /// The same as a sentence.
    pub says: String,
}

/// A lever and the values that it is set to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    pub lever: Lever,
    pub values: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sensitivity {
    pub scenario: Scenario,
    pub rows: Axis,
    pub columns: Axis,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GridCell {
    pub row: f64,
    pub column: f64,
    pub success: f64,
    pub standard_error: f64,
    pub median_end: Money,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Grid {
    /// Row after row.
    pub cells: Vec<GridCell>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    pub before: Scenario,
    pub after: Scenario,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Summary {
    pub paths: usize,
    pub success: f64,
    pub standard_error: f64,
    pub median_end: Money,
}

/// Both on the same random numbers, so that the difference is not noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Compared {
    pub before: Summary,
    pub after: Summary,
    pub gain: f64,
    pub standard_error: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Stress {
    pub scenario: Scenario,
    /// Classes that fall in a crash; without it stocks and property.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub falling: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Sequence {
    pub name: String,
    pub after: Summary,
    pub gain: f64,
    pub standard_error: f64,
}

/// Why paths fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reasons {
    pub failed: usize,
    /// The year, in the median, in which failing paths were first under the expected wealth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_year_under: Option<usize>,
    /// The mean yearly return after prices over the first ten years, of failing paths and of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_returns: Option<[f64; 2]>,
    /// The share of failures that a tenth less spending would have saved.
    pub saved_by_less_spending: f64,
    /// By retirement three years later.
    pub saved_by_later_retirement: f64,
    /// By returns one point higher.
    pub saved_by_higher_return: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stressed {
    pub base: Summary,
    pub sequences: Vec<Sequence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasons: Option<Reasons>,
}
