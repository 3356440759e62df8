//! Forecasts: what comes in and goes out in the next days, weeks or months, with bands.

use jiff::civil::Date;
use kernel::{Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use utoipa::ToSchema;

use super::AccountId;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Step {
    /// 14 of them.
    #[default]
    Day,
    /// 13 of them, of seven days each.
    Week,
    /// 12 calendar months; the first one is the rest of the current one.
    Month,
}

/// One account, the accounts of an entity in one currency, or all accounts in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForecastQuery {
    pub account: Option<AccountId>,
    pub entity: Option<String>,
    pub currency: Option<Currency>,
    #[serde(default)]
    pub step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quantiles {
    pub p10: Money,
    pub p50: Money,
    pub p90: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForecastPoint {
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    /// Flows that are known to come.
    pub known: Money,
    /// Known and expected together.
    pub net: Quantiles,
    /// The balance at the end, carried on from the last booked one by the middle of the forecast.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<Money>,
}

/// A series that was forecast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Component {
    /// A category with known flows, or `other` for all the rest.
    #[schema(example = "other")]
    pub category: String,
    /// How it was forecast.
    #[schema(example = "theta_ets")]
    pub method: String,
    /// Why no better method was asked: `too_short`, `constant`, `not_finite` or `explosion`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// Its known flows end on this day; it is forecast after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub known_to: Option<Date>,
    /// The error over the rolling origins in units of the seasonal naive's, and that one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mase: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline_mase: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Forecast {
    /// `account:…`, `entity:…` or `currency:…`, and the step.
    #[schema(example = "currency:USD/day")]
    pub series: String,
    /// The last day of the history; the first period begins on the day after.
    #[schema(value_type = String, format = Date)]
    pub data_to: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opening: Option<Money>,
    pub points: Vec<ForecastPoint>,
    pub components: Vec<Component>,
    pub made_at: Timestamp,
}

/// What a training came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trained {
    /// Series that were looked at.
    pub series: usize,
    /// Models that were fitted.
    pub models: usize,
    /// Those of them that are a fallback, for want of history.
    pub fallbacks: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccuracyQuery {
    pub account: AccountId,
}

/// How daily forecasts of one lead did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Accuracy {
    /// Days from the forecast to the day that it is about.
    pub lead: usize,
    pub count: usize,
    /// What came less what was said, on average.
    pub bias: Money,
    pub mean_absolute_error: Money,
    /// The share of what came that lay within P10 to P90; 0.8 is what the band is made for.
    pub coverage: f64,
}

/// By lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccuracyList {
    pub items: Vec<Accuracy>,
}
