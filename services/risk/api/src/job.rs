//! Jobs that take minutes: backtests and training.

use kernel::{Money, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::{Costs, JobId, ModelId, RuleSetId, SubjectKind};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    pub id: JobId,
    pub kind: JobKind,
    pub state: JobState,
    /// Rows processed so far, and in total if that is known.
    pub done: u64,
    #[serde(default)]
    pub total: Option<u64>,
    /// The current step.
    pub stage: String,
    pub started_at: Timestamp,
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    pub author: String,
    /// The reason for a failure.
    #[serde(default)]
    pub error: Option<String>,
    /// The model that was trained.
    #[serde(default)]
    pub model: Option<ModelId>,
    /// The result of a backtest.
    #[serde(default)]
    pub backtest: Option<BacktestResult>,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, EnumString, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum JobKind {
    Backtest,
    Training,
}

/// Cancels a job of this kind; a job of another kind does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelJob {
    pub id: JobId,
    pub kind: JobKind,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, EnumString, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum JobState {
    Running,
    Done,
    Failed,
    Cancelled,
}

impl JobState {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The rows that a backtest or a training reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Source {
    /// Imported history.
    #[default]
    History,
    /// Stored decisions.
    Decisions,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Backtest {
    pub rule_set: RuleSetId,
    /// The kind of subject whose rows are read, and with whose live set it is compared.
    pub kind: SubjectKind,
    #[serde(default)]
    pub source: Source,
    #[serde(default)]
    pub from: Option<Timestamp>,
    #[serde(default)]
    pub to: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BacktestResult {
    pub rows: u64,
    #[serde(default)]
    pub from: Option<Timestamp>,
    #[serde(default)]
    pub to: Option<Timestamp>,
    pub stopped: Stopped,
    /// The same rows under the live set; absent if there is none.
    #[serde(default)]
    pub live: Option<Stopped>,
    pub rules: Vec<RuleCount>,
}

/// Rows that would have been declined.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stopped {
    pub count: u64,
    /// Their total, one amount per currency.
    pub worth: Vec<Money>,
    pub fraud: u64,
    pub fraud_worth: Vec<Money>,
    /// Wrongly declined.
    pub genuine: u64,
    pub unlabelled: u64,
    /// Approved and reviewed.
    pub reviewed: u64,
    pub challenged: u64,
    /// Fraud that would have been approved.
    pub missed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleCount {
    pub rule: String,
    pub hits: u64,
    pub fraud: u64,
    pub genuine: u64,
    pub unlabelled: u64,
    /// Rows to which it could not be applied.
    pub skipped: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Train {
    pub kind: SubjectKind,
    #[serde(default)]
    pub source: Source,
    /// The time of the first row. Defaults to the oldest row.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// The end of the range, exclusive. Defaults to the newest row.
    #[serde(default)]
    pub to: Option<Timestamp>,
    /// Days between training and test, for labels to become known.
    #[serde(default = "week")]
    pub delay_days: u32,
    /// The last days, used to evaluate the model and never to train it.
    #[serde(default = "week")]
    pub test_days: u32,
    /// The same seed and rows give the same bytes.
    #[serde(default)]
    pub seed: u64,
    #[serde(default)]
    pub costs: Costs,
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub note: String,
}

fn week() -> u32 {
    7
}
