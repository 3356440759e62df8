//! Work that takes minutes: backtests and training.

use kernel::{Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Costs, JobId, ModelId, RuleSetId, SubjectKind};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    pub id: JobId,
    pub kind: JobKind,
    pub state: JobState,
    /// Rows that are done, and rows that there are; nothing where that is not known yet.
    pub done: u64,
    #[serde(default)]
    pub total: Option<u64>,
    /// What it does just now.
    pub stage: String,
    pub started_at: Timestamp,
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    pub author: String,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
    /// What training made.
    #[serde(default)]
    pub model: Option<ModelId>,
    /// What a backtest found.
    #[serde(default)]
    pub backtest: Option<BacktestResult>,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum JobKind {
    Backtest,
    Training,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
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
    /// What was imported.
    #[default]
    History,
    /// What was decided here.
    Decisions,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Backtest {
    pub rule_set: RuleSetId,
    /// The kind of subject whose rows are read, and whose live set it is compared with.
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
    /// The same rows under the set that is live; nothing where none is.
    #[serde(default)]
    pub live: Option<Stopped>,
    pub rules: Vec<RuleCount>,
}

/// What would have been declined.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stopped {
    pub count: u64,
    /// Their worth, one amount a currency.
    pub worth: Vec<Money>,
    pub fraud: u64,
    pub fraud_worth: Vec<Money>,
    /// Declined wrongly.
    pub genuine: u64,
    pub unlabelled: u64,
    /// Approved and looked at.
    pub reviewed: u64,
    pub challenged: u64,
    /// Fraud that would have passed.
    pub missed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleCount {
    pub rule: String,
    pub hits: u64,
    pub fraud: u64,
    pub genuine: u64,
    pub unlabelled: u64,
    /// Rows that it could not be applied to.
    pub skipped: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Train {
    pub kind: SubjectKind,
    #[serde(default)]
    pub source: Source,
    /// The first row that is read; the first there is where it is left out.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// After the last row that is read; the newest where it is left out.
    #[serde(default)]
    pub to: Option<Timestamp>,
    /// Between training and test, as long as labels take.
    #[serde(default = "week")]
    pub delay_days: u32,
    /// The last days, on which the model is judged and never trained.
    #[serde(default = "week")]
    pub test_days: u32,
    /// Makes the same bytes from the same rows.
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
