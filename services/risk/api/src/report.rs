//! Figures about models and rules. Accuracy is shown but decides nothing: if one payment in a thousand is fraud, a model that
//! flags nothing is over 99 % accurate.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ModelId, RuleCount, RuleSetId, SubjectKind};

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Metrics {
    pub rows: u64,
    pub fraud: u64,
    /// Area under the ROC curve; guessing has 0.5.
    pub auc: f64,
    /// Area under the precision-recall curve; guessing has the share of fraud.
    pub average_precision: f64,
    /// The share of fraud among each day's 100 cards with the highest scores, without cards found on earlier days; mean over days.
    pub card_precision_100: f64,
    /// The same figure with perfect knowledge.
    pub card_precision_100_oracle: f64,
    /// At the number of alerts that people can review in a day.
    pub recall: f64,
    pub precision: f64,
    /// The share of fraudulent amounts that these alerts catch.
    pub money_recall: f64,
    /// Genuine subjects among the alerts for each fraud among them.
    pub false_per_fraud: f64,
    /// Mean squared error of the probability.
    pub brier: f64,
    /// Shown, but decides nothing.
    pub accuracy: f64,
}

/// One point of a curve: flagging from this score on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Point {
    pub score: u16,
    pub precision: f64,
    pub recall: f64,
    pub false_rate: f64,
}

/// The share of fraud among rows with about this probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CalibrationBin {
    pub probability: f64,
    pub observed: f64,
    pub rows: u64,
}

/// Costs of errors, from which thresholds are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// The share of a genuine amount that is lost if it is declined.
    #[serde(default = "margin_lost")]
    pub decline_margin: f64,
    /// The fixed cost of a false decline, such as lost customers, in units of the currency.
    #[serde(default = "anger")]
    pub decline_fixed: f64,
    /// The cost of reviewing a case.
    #[serde(default = "look")]
    pub review_fixed: f64,
    /// Cases that people can review in a day.
    #[serde(default = "alerts")]
    pub alerts_a_day: u32,
}

fn margin_lost() -> f64 {
    0.02
}

fn anger() -> f64 {
    10.0
}

fn look() -> f64 {
    3.0
}

fn alerts() -> u32 {
    100
}

impl Default for Costs {
    fn default() -> Costs {
        Costs { decline_margin: margin_lost(), decline_fixed: anger(), review_fixed: look(), alerts_a_day: alerts() }
    }
}

/// The cost of a threshold on the test rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ThresholdLine {
    pub score: u16,
    pub alerts_a_day: f64,
    pub fraud_lost: f64,
    pub declines_cost: f64,
    pub reviews_cost: f64,
    pub total: f64,
    /// The cheapest of those whose alerts people can review.
    pub chosen: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportQuery {
    pub kind: SubjectKind,
    /// A UTC day such as `2026-01-31`. Defaults to today.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    pub day: Option<String>,
}

/// The figures of one day, and of the labels known so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DailyReport {
    pub kind: SubjectKind,
    pub day: String,
    pub made_at: Timestamp,
    pub decisions: u64,
    /// Decisions by outcome.
    pub outcomes: Vec<(String, u64)>,
    pub cases_opened: u64,
    pub degraded: u64,
    #[serde(default)]
    pub rule_set: Option<RuleSetId>,
    pub rules: Vec<RuleCount>,
    #[serde(default)]
    pub model: Option<ModelId>,
    /// The champion on the labelled decisions of 30 days; absent until there are 1,000 of them.
    #[serde(default)]
    pub ripened: Option<Metrics>,
    pub curve: Vec<Point>,
    pub calibration: Vec<CalibrationBin>,
    /// Population stability index of the score and of each feature against training, largest first: above 0.1 look at it, above
    /// 0.2 act.
    pub drift: Vec<(String, f64)>,
}
