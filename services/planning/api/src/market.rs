//! What asset classes and prices may do: assumptions, or a history that the caller brings.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Model {
    /// Normal on logarithms.
    #[default]
    Normal,
    /// The same with fat tails.
    StudentT { degrees: f64 },
    /// Blocks of a history, all classes and prices together.
    BlockBootstrap {
        #[serde(default = "a_year")]
        periods: u16,
    },
    /// Blocks of random length, this long on average.
    StationaryBootstrap {
        #[serde(default = "a_year")]
        periods: u16,
    },
}

fn a_year() -> u16 {
    12
}

/// How means are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeanKind {
    /// The mean of yearly returns.
    #[default]
    Arithmetic,
    /// The yearly rate at which wealth grows in the median.
    Geometric,
}

/// A class of assets: a yearly mean, and the deviation of its yearly logarithmic returns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassTerms {
    pub name: String,
    pub mean: f64,
    pub volatility: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceTerms {
    pub mean: f64,
    pub volatility: f64,
}

/// Without classes: stocks, bonds, cash and property as documented.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Market {
    #[serde(default)]
    pub model: Model,
    #[serde(default)]
    pub means: MeanKind,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassTerms>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inflation: Option<PriceTerms>,
    /// Of logarithmic returns: the classes in their order, and inflation last. Without it classes of the caller's own are
    /// independent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub correlation: Vec<Vec<f64>>,
    /// Needed by historical windows and by both bootstraps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    Yearly,
    Monthly,
}

/// What the values of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Levels as of the end of their period.
    LevelsAtEnd,
    /// Levels as of the start of their period.
    LevelsAtStart,
    /// Simple returns over their period.
    Returns,
}

/// One series of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The class it is for.
    pub name: String,
    /// The name of its column.
    pub column: String,
    pub measure: Measure,
}

/// Where a table says when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DateColumns {
    /// `YYYY`, `YYYY-MM` or `YYYY-MM-DD` in one column.
    Date(String),
    YearAndMonth {
        year: String,
        month: String,
    },
}

/// A history of returns as a table: one row for each month or year, none missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct History {
    pub frequency: Frequency,
    /// Comma, semicolon or tab between values; names of columns in the first row.
    pub csv: String,
    pub date: DateColumns,
    pub classes: Vec<Column>,
    /// The prices of a basket of goods.
    pub prices: Column,
}
