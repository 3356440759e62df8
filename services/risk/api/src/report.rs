//! Figures by which models and rules are judged. Accuracy is among them and is never the judge: where one in a thousand is
//! fraud, a model that flags nothing is right in more than 99 of 100.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ModelId, RuleCount, RuleSetId, SubjectKind};

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Metrics {
    pub rows: u64,
    pub fraud: u64,
    /// Area under the receiver's curve; 0.5 is blind.
    pub auc: f64,
    /// Area under precision and recall; the share of fraud is blind.
    pub average_precision: f64,
    /// Each day the 100 cards with the highest score, cards found before left out: the share of fraud among them.
    pub card_precision_100: f64,
    /// What the same list reaches with perfect knowledge.
    pub card_precision_100_oracle: f64,
    /// At the number of alerts a day that people can look at.
    pub recall: f64,
    pub precision: f64,
    /// Share of the money lost to fraud that these alerts catch.
    pub money_recall: f64,
    /// Genuine ones declined for each fraud stopped.
    pub false_per_fraud: f64,
    /// Mean square of the probability's error.
    pub brier: f64,
    /// Shown, and never judged by.
    pub accuracy: f64,
}

/// One point of a curve: from this score on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Point {
    pub score: u16,
    pub precision: f64,
    pub recall: f64,
    pub false_rate: f64,
}

/// Of the rows with about this probability: how many were fraud.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CalibrationBin {
    pub probability: f64,
    pub observed: f64,
    pub rows: u64,
}

/// What mistakes cost, for choosing thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// Share of a genuine subject's amount that is lost when it is declined.
    #[serde(default = "margin_lost")]
    pub decline_margin: f64,
    /// What a holder's anger at a false decline costs, in whole units of the currency.
    #[serde(default = "anger")]
    pub decline_fixed: f64,
    /// What it costs when somebody looks at a case.
    #[serde(default = "look")]
    pub review_fixed: f64,
    /// Cases a day that people can look at.
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

/// What a threshold would have cost on the test rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ThresholdLine {
    pub score: u16,
    pub alerts_a_day: f64,
    pub fraud_lost: f64,
    pub declines_cost: f64,
    pub reviews_cost: f64,
    pub total: f64,
    /// It costs least of those whose alerts people can look at.
    pub chosen: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportQuery {
    pub kind: SubjectKind,
    /// A day of UTC as `2026-01-31`; today where it is left out.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    pub day: Option<String>,
}

/// One day, and the labels that have ripened until now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DailyReport {
    pub kind: SubjectKind,
    pub day: String,
    pub made_at: Timestamp,
    pub decisions: u64,
    /// By outcome.
    pub outcomes: Vec<(String, u64)>,
    pub cases_opened: u64,
    pub degraded: u64,
    #[serde(default)]
    pub rule_set: Option<RuleSetId>,
    pub rules: Vec<RuleCount>,
    #[serde(default)]
    pub model: Option<ModelId>,
    /// The champion on the labelled decisions of 30 days; nothing until there are 1,000 labels.
    #[serde(default)]
    pub ripened: Option<Metrics>,
    pub curve: Vec<Point>,
    pub calibration: Vec<CalibrationBin>,
    /// Population stability index against training, of the score and of each feature, the largest first: look above 0.1,
    /// act above 0.2.
    pub drift: Vec<(String, f64)>,
}
