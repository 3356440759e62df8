//! Rules, and the versions that they live in.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Entity, Outcome, RuleSetId, SubjectId, SubjectKind};

/// A condition and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique within its set.
    #[schema(min_length = 1, max_length = 64, example = "card_testing")]
    pub id: String,
    /// The sentence that people read.
    #[schema(min_length = 1, max_length = 1000, example = "Many small amounts within ten minutes")]
    pub text: String,
    /// The condition in CEL.
    #[schema(min_length = 1, max_length = 4096, example = "card_count_10m >= 5.0 && amount < 5.0")]
    pub when: String,
    pub action: Action,
    /// For programs; the rule's id where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The kinds of subject that it looks at; all of its set's where it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<SubjectKind>,
    /// Entities for which it is silent until a date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub snoozed: Vec<Snooze>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Adds to the score, or takes from it.
    Score(i32),
    Review,
    Challenge,
    DeclineReview,
    Decline,
    /// Approves, unless another rule asks for something stricter.
    Allow,
}

impl Action {
    /// What it asks for by itself.
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
    strum::Display,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RuleSetState {
    /// It may still be replaced, and may have problems.
    Draft,
    /// Every rule was read and is sound; it does not change any more.
    Validated,
    /// Runs beside the live set and decides nothing.
    Shadow,
    Live,
    Retired,
}

impl RuleSetState {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A new version of the rules, or a draft in place of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftRuleSet {
    /// The draft that it replaces; a new one where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<RuleSetId>,
    /// The kinds of subject that it is for.
    pub kinds: Vec<SubjectKind>,
    /// What is new in it.
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
    /// Reads every rule. What is wrong is in `problems`, and it stays a draft then.
    Validate,
    /// Lets it run beside the live set.
    Shadow,
    /// Asks that it goes live. Somebody else than its author and than who asked approves that.
    Propose,
    /// Lets it go live; the live set of its kinds retires.
    Approve,
    /// Brings the set that was live before it back, at once.
    RollBack,
    Retire,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleSet {
    pub id: RuleSetId,
    /// Counts up over all sets.
    pub version: u32,
    pub state: RuleSetState,
    pub kinds: Vec<SubjectKind>,
    pub note: String,
    pub rules: Vec<Rule>,
    pub author: String,
    pub created_at: Timestamp,
    /// Who asked that it goes live.
    #[serde(default)]
    pub proposed_by: Option<String>,
    #[serde(default)]
    pub approved_by: Option<String>,
    #[serde(default)]
    pub live_since: Option<Timestamp>,
    /// The set that it took the place of.
    #[serde(default)]
    pub after: Option<RuleSetId>,
    /// What validation found.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

/// What is wrong with a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    pub rule: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// What was expected and found.
    pub text: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSetQuery {
    #[serde(default)]
    pub state: Option<RuleSetState>,
    #[serde(default)]
    pub kind: Option<SubjectKind>,
    /// The version of the last one on the page before; newest first.
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
    /// The stored decision that it is tried on.
    pub decision: SubjectId,
}
