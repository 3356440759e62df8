//! Models and the registry of their versions.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::{Metrics, ModelId, Point, SubjectKind, ThresholdLine};

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    Display,
    IntoStaticStr,
    EnumString,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ModelState {
    Candidate,
    /// Scores live traffic without taking part in decisions.
    Challenger,
    /// Takes part in decisions.
    Champion,
    Retired,
    Rejected,
}

impl ModelState {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeModel {
    pub id: ModelId,
    pub change: ModelChange,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ModelChange {
    /// Lets it score live traffic; at most two per kind of subject.
    Challenge,
    /// Proposes it as champion. A person who neither trained nor proposed it has to approve.
    Propose,
    /// Makes it champion. If it is worse than the champion by more than the margin, `despite` has to state a reason.
    Approve {
        #[serde(default)]
        despite: Option<String>,
    },
    Reject,
    /// Restores the previous champion, at once.
    RollBack,
}

/// One version, and how it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Model {
    #[serde(flatten)]
    pub summary: ModelSummary,
    pub parameters: Parameters,
    /// SHA-256 of the training rows in order.
    pub rows_sha256: String,
    /// SHA-256 of the definitions of the features.
    pub features_sha256: String,
    /// SHA-256 of the model's bytes.
    pub model_sha256: String,
    pub model_bytes: u64,
    pub seed: u64,
    pub train_from: Timestamp,
    pub train_to: Timestamp,
    pub delay_days: u32,
    pub test_from: Timestamp,
    pub test_to: Timestamp,
    pub train_rows: u64,
    pub train_fraud: u64,
    pub test_rows: u64,
    pub test_fraud: u64,
    /// On the test rows: the best single rule.
    pub best_rule: Metrics,
    pub best_rule_text: String,
    /// On the test rows: logistic regression on the same features.
    pub logistic: Metrics,
    /// On the test rows: nothing flagged.
    pub nothing: Metrics,
    pub thresholds: Vec<ThresholdLine>,
    pub curve: Vec<Point>,
    /// The features by importance, largest first.
    pub importance: Vec<(String, f64)>,
    #[serde(default)]
    pub proposed_by: Option<String>,
    #[serde(default)]
    pub approved_by: Option<String>,
    /// The reason for approving it although it was worse.
    #[serde(default)]
    pub despite: Option<String>,
    #[serde(default)]
    pub after: Option<ModelId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelSummary {
    pub id: ModelId,
    pub kind: SubjectKind,
    /// Increases over all models of a kind.
    pub version: u32,
    pub state: ModelState,
    pub author: String,
    pub created_at: Timestamp,
    pub note: String,
    /// On the test rows, which were not used for training.
    pub metrics: Metrics,
    /// The scores from which on decisions are reviewed and declined.
    pub review_from: u16,
    pub decline_from: u16,
    #[serde(default)]
    pub champion_since: Option<Timestamp>,
}

/// How the trees were grown; chosen on validation rows inside the training range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Parameters {
    pub trees: u32,
    pub depth: u32,
    pub rate: f32,
    pub l2: f32,
    pub leaf_weight_min: f32,
    pub subsample: f32,
    pub columns: f64,
}

/// Two models on the same labelled decisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Comparison {
    pub challenger: ModelId,
    #[serde(default)]
    pub champion: Option<ModelId>,
    /// Labelled decisions that both scored. If there are too few, each is judged on its own test rows.
    pub decisions: u64,
    pub on_test_rows: bool,
    pub challenger_metrics: Metrics,
    #[serde(default)]
    pub champion_metrics: Option<Metrics>,
    /// Average precision lost against the champion; negative if it is better.
    pub worse_by: f64,
    pub margin: f64,
}
