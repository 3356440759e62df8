//! What is answered, and what is kept of it.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Assess, CaseId, Entity, LabelRecord, ListName, ModelId, RiskError, RuleSetId, SubjectId};

/// What to do with the subject, the mildest first: where several are asked for, the last of them wins.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    Approve,
    /// Approved, and somebody looks at it.
    Review,
    /// Ask for authentication first.
    Challenge,
    /// Declined, and somebody looks at it.
    DeclineReview,
    Decline,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        self.into()
    }

    pub fn is_decline(self) -> bool {
        matches!(self, Outcome::Decline | Outcome::DeclineReview)
    }

    pub fn makes_a_case(self) -> bool {
        matches!(self, Outcome::Review | Outcome::DeclineReview)
    }
}

/// The answer about one subject, or why it has none. One that has none spoils no other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    Assessed(Assessment),
    Failed { id: SubjectId, error: RiskError },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Assessment {
    pub id: SubjectId,
    /// 0 is harmless, 1000 is certainly fraud.
    #[schema(maximum = 1000)]
    pub score: u16,
    pub outcome: Outcome,
    /// The weightiest first, at most 8.
    pub reasons: Vec<Reason>,
    #[serde(default)]
    pub rule_set: Option<RuleSetId>,
    #[serde(default)]
    pub model: Option<ModelId>,
    /// Spent on it, in microseconds.
    pub micros: u32,
    /// What was missing. Empty: it was decided with everything.
    #[serde(default)]
    pub degraded: Vec<Degraded>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// For programs: of a rule, `list.deny`, or `model.` and a feature.
    pub code: String,
    /// For people.
    pub text: String,
    /// Its part in the score. A rule that decides without a score has 0.
    pub weight: i32,
}

/// A part that did not take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Degraded {
    /// No model is champion for this kind of subject.
    ModelMissing,
    /// The model did not answer in its time.
    ModelSlow,
    ModelFailed,
    /// No rule set is live for this kind of subject.
    RulesMissing,
    /// Of some entities the counters could not be read.
    FeaturesMissing,
}

impl Degraded {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A decision with everything that it was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    pub subject: Assess,
    pub assessment: Assessment,
    pub decided_at: Timestamp,
    /// The lists that named one of its entities.
    pub lists: Vec<ListedAs>,
    /// Every rule of the set.
    pub rules: Vec<RuleResult>,
    /// Every feature that had a value.
    pub features: Vec<FeatureValue>,
    /// What moved the model's score, the weightiest first.
    pub contributions: Vec<Contribution>,
    /// The probability of fraud that the model gave.
    #[serde(default)]
    pub probability: Option<f64>,
    /// The latest first; the first one holds.
    pub labels: Vec<LabelRecord>,
    #[serde(default)]
    pub case: Option<CaseId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedAs {
    pub list: ListName,
    pub entity: Entity,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleResult {
    pub rule: String,
    /// Whether its condition held.
    pub hit: bool,
    /// Why it did not apply, where it did not: `division_by_zero`, `missing card_count_1h`, `snoozed`.
    #[serde(default)]
    pub skipped: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FeatureValue {
    pub name: String,
    pub value: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Contribution {
    pub feature: String,
    #[serde(default)]
    pub value: Option<f64>,
    /// In log odds; above zero it speaks for fraud.
    pub weight: f64,
}

/// What is known of an entity now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EntityFeatures {
    pub entity: Entity,
    /// Its newest event; nothing where it was never seen, or forgotten.
    #[serde(default)]
    pub last_at: Option<Timestamp>,
    pub features: Vec<FeatureValue>,
    pub lists: Vec<ListedAs>,
    /// Memory that it takes.
    pub bytes: u32,
}
