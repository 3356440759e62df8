//! Tax in a scenario: none, flat rates, or bands that the caller brings.

use kernel::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Wrapper;

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TaxRule {
    #[default]
    None,
    Flat(f64),
    /// Added to the year's taxed income.
    Bands,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WithdrawalOrder {
    /// The next one when the one before is empty.
    InTurn([Wrapper; 3]),
    Proportional,
}

/// A rate above a sum of a year's income.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Band {
    pub above: Money,
    pub rate: f64,
}

/// Bands are data; none are shipped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BandTable {
    pub country: String,
    pub year: i16,
    pub bands: Vec<Band>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tax {
    #[serde(default)]
    pub income: TaxRule,
    /// On the gains within what is taken out of a taxable wrapper.
    #[serde(default)]
    pub taxable: TaxRule,
    /// On all that is taken out of a deferred wrapper.
    #[serde(default)]
    pub deferred: TaxRule,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bands: Option<BandTable>,
    /// Taxable, then deferred, then free if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<WithdrawalOrder>,
}
