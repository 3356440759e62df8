//! Rules, and versioned sets of them.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::{Entity, Outcome, RuleSetId, SubjectId, SubjectKind};

/// A condition and its effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique within its set.
    #[schema(min_length = 1, max_length = 64, example = "card_testing")]
    pub id: String,
    /// A sentence for people.
    #[schema(min_length = 1, max_length = 1000, example = "Many small amounts within ten minutes")]
    pub text: String,
    /// The condition in CEL.
    #[schema(min_length = 1, max_length = 4096, example = "card_count_10m >= 5.0 && amount < 5.0")]
    pub when: String,
    pub action: Action,
    /// For programs. Defaults to the rule's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The kinds of subject to which it applies. Defaults to all kinds of its set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<SubjectKind>,
    /// Entities for which it is off until a date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub snoozed: Vec<Snooze>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Adds points to the score, or subtracts them.
    Score(i32),
    Review,
    Challenge,
    DeclineReview,
    Decline,
    /// Approves, unless another rule asks for something stricter.
    Allow,
}

impl Action {
    /// The outcome that it asks for.
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Action::Score(_) => None,
            Action::Allow => Some(Outcome::Approve),
            Action::Review => Some(Outcome::Review),
            Action::Challenge => Some(Outcome::Challenge),
            Action::DeclineReview => Some(Outcome::DeclineReview),
            Action::Decline => Some(Outcome::Decline),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Snooze {
    pub entity: Entity,
    pub until: Timestamp,
}

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
pub enum RuleSetState {
    /// May be replaced, and may have problems.
    Draft,
    /// All rules are valid; it does not change any more.
    Validated,
    /// Runs beside the live set without taking part in decisions.
    Shadow,
    Live,
    Retired,
}

impl RuleSetState {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A new version of the rules, or a draft that replaces another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftRuleSet {
    /// The draft that it replaces. Defaults to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<RuleSetId>,
    /// The kinds of subject for which it decides.
    pub kinds: Vec<SubjectKind>,
    /// A summary of the change.
    #[schema(max_length = 1000)]
    pub note: String,
    /// At most 500.
    pub rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRuleSet {
    pub id: RuleSetId,
    pub change: RuleSetChange,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleSetChange {
    /// Checks every rule. If there are `problems`, it stays a draft.
    Validate,
    /// Runs it beside the live set.
    Shadow,
    /// Proposes it. A person who is neither its author nor proposed it has to approve.
    Propose,
    /// Makes it live; the live set of its kinds is retired.
    Approve,
    /// Restores the previous live set, at once.
    RollBack,
    Retire,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleSet {
    pub id: RuleSetId,
    /// Increases over all sets.
    pub version: u32,
    pub state: RuleSetState,
    pub kinds: Vec<SubjectKind>,
    pub note: String,
    pub rules: Vec<Rule>,
    pub author: String,
    pub created_at: Timestamp,
    /// The person who proposed it.
    #[serde(default)]
    pub proposed_by: Option<String>,
    #[serde(default)]
    pub approved_by: Option<String>,
    #[serde(default)]
    pub live_since: Option<Timestamp>,
    /// The live set that it replaced.
    #[serde(default)]
    pub after: Option<RuleSetId>,
    /// Findings of the validation.
    #[serde(default)]
    pub problems: Vec<Mistake>,
}

/// A mistake in a rule, and its position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mistake {
    pub rule: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// What was expected, and what was found.
    pub text: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSetQuery {
    #[serde(default)]
    pub state: Option<RuleSetState>,
    #[serde(default)]
    pub kind: Option<SubjectKind>,
    /// The version of the last one on the previous page; newest first.
    #[serde(default)]
    pub before: Option<u32>,
    #[serde(default)]
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleSetPage {
    pub rule_sets: Vec<RuleSet>,
    #[serde(default)]
    pub next: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TryRule {
    pub rule: Rule,
    /// The stored decision on which it is tried.
    pub decision: SubjectId,
}
