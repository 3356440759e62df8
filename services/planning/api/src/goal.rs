//! Goals: what is saved for, and how it is going.

use std::collections::BTreeMap;

use kernel::{Id, IdKind, Money, Percent, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AssetId, Day, HouseholdId, Month};

#[derive(Debug, Clone, Copy)]
pub struct GoalTag;

impl IdKind for GoalTag {
    const PREFIX: &'static str = "goal";
}

pub type GoalId = Id<GoalTag>;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum GoalKind {
    Reserve,
    Purchase,
    Education,
    Retirement,
    Debt,
    Other,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum GoalState {
    Active,
    Reached,
    Spent,
    Abandoned,
}

impl GoalState {
    /// Whether a person may bring it there from here; `reached` is told by the figures alone.
    pub fn may_become(self, next: GoalState) -> bool {
        match next {
            GoalState::Spent => self == GoalState::Reached,
            GoalState::Abandoned => self == GoalState::Active,
            GoalState::Active => self == GoalState::Abandoned,
            GoalState::Reached => false,
        }
    }
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Track {
    OnTrack,
    AtRisk,
    OffTrack,
}

/// A share of an asset that is for a goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    pub asset: AssetId,
    /// All goals together take at most 100 % of an asset.
    pub percent: Percent,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalTerms {
    pub name: String,
    pub kind: GoalKind,
    /// In the money of `money_of`.
    pub amount: Money,
    /// The year of the amount's money; this year if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money_of: Option<i32>,
    pub due: Month,
    /// 1 is the most important.
    #[serde(default = "middle")]
    pub priority: u8,
    /// Saved for it at the end of each month, in today's money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly: Option<Money>,
    /// How it is invested; in cash if it is left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<String, f64>,
}

fn middle() -> u8 {
    3
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Goal {
    pub id: GoalId,
    pub household: HouseholdId,
    /// Absent once the member who set it was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<GoalTerms>,
    pub sources: Vec<Share>,
    pub state: GoalState,
    /// As it was measured last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<Track>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached_on: Option<Day>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GoalList {
    pub items: Vec<Goal>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddGoal {
    /// The caller's only household if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<HouseholdId>,
    pub terms: GoalTerms,
    #[serde(default)]
    pub sources: Vec<Share>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum GoalChange {
    Terms(GoalTerms),
    /// Instead of the sources before.
    Fund(Vec<Share>),
    Become(GoalState),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeGoal {
    pub id: GoalId,
    pub change: GoalChange,
}

/// The five figures of a goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    pub goal: GoalId,
    pub as_of: Day,
    /// What its shares of assets come to.
    pub there: Money,
    /// The amount in today's money.
    pub target: Money,
    /// The share of the target that is there, 0 to 1.
    pub progress: f64,
    /// What has to be saved each month from now on, at the expected return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_monthly: Option<Money>,
    /// When it is there with what is saved now; absent if not within 120 years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Month>,
    /// The chance that it is there when it is due.
    pub chance: f64,
    pub standard_error: f64,
    pub track: Track,
    /// A line of the assets that fund it has no value or no rate.
    pub incomplete: bool,
    pub assumes: Vec<String>,
}
