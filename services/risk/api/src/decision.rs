//! Decisions: the reply to the caller, and the full record.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::{Assess, CaseId, Entity, LabelRecord, ListName, ModelId, RiskError, RuleSetId, SubjectId};

/// What to do with the subject, mildest first. If several rules apply, the strictest outcome wins.
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
    IntoStaticStr,
    EnumString,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    Approve,
    /// Approved, and a person reviews it.
    Review,
    /// The holder must authenticate first.
    Challenge,
    /// Declined, and a person reviews it.
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

/// The decision about one subject, or why there is none. A failure does not affect the other subjects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    Assessed(Assessment),
    Failed { id: SubjectId, error: RiskError },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Assessment {
    pub id: SubjectId,
    /// From 0, harmless, to 1000, certainly fraud.
    #[schema(maximum = 1000)]
    pub score: u16,
    pub outcome: Outcome,
    /// Most important first, at most 8.
    pub reasons: Vec<Reason>,
    #[serde(default)]
    pub rule_set: Option<RuleSetId>,
    #[serde(default)]
    pub model: Option<ModelId>,
    /// Time taken, in microseconds.
    pub micros: u32,
    /// Parts that were missing. Empty if all took part.
    #[serde(default)]
    pub degraded: Vec<Degraded>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// For programs: a rule's code, `list.deny`, or `model.` and a feature.
    pub code: String,
    /// A sentence for people.
    pub text: String,
    /// Its contribution to the score; 0 for a rule that decides without one.
    pub weight: i32,
}

/// A part that was missing from a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Degraded {
    /// This kind of subject has no champion.
    ModelMissing,
    /// The model took longer than it may.
    ModelSlow,
    ModelFailed,
    /// This kind of subject has no live rule set.
    RulesMissing,
}

impl Degraded {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A decision with everything that it was based on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    pub subject: Assess,
    pub assessment: Assessment,
    pub decided_at: Timestamp,
    /// Lists that contained one of its entities.
    pub lists: Vec<ListedAs>,
    /// The result of every rule in the set.
    pub rules: Vec<RuleResult>,
    /// Every feature with a value.
    pub features: Vec<FeatureValue>,
    /// Contributions to the model's score, largest first.
    pub contributions: Vec<Contribution>,
    /// The model's probability of fraud.
    #[serde(default)]
    pub probability: Option<f64>,
    /// Latest first; the first one is in force.
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
    /// True if its condition was met.
    pub hit: bool,
    /// Why it did not apply, if so: `division_by_zero`, `missing card_count_1h`, `snoozed`.
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
    /// In log odds; positive values indicate fraud.
    pub weight: f64,
}

/// The current features of an entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EntityFeatures {
    pub entity: Entity,
    /// Its newest event; absent if it was never seen or has been evicted.
    #[serde(default)]
    pub last_at: Option<Timestamp>,
    pub features: Vec<FeatureValue>,
    pub lists: Vec<ListedAs>,
    /// Memory that it uses.
    pub bytes: u32,
}
