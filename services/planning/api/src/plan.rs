//! Plans: scenarios of a household that are kept, version by version.

use kernel::{Id, IdKind, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{HouseholdId, Scenario};

#[derive(Debug, Clone, Copy)]
pub struct PlanTag;

impl IdKind for PlanTag {
    const PREFIX: &'static str = "pln";
}

pub type PlanId = Id<PlanTag>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanTerms {
    pub name: String,
    pub scenario: Scenario,
    /// What is held at the start comes from the household's assets, instead of from the scenario.
    #[serde(default)]
    pub from_assets: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    pub id: PlanId,
    pub household: HouseholdId,
    /// From 1.
    pub version: u32,
    /// Absent once the member who wrote this version was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<PlanTerms>,
    /// What it assumes, in words.
    pub says: Vec<String>,
    /// Of this version.
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanList {
    pub items: Vec<Plan>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddPlan {
    /// The caller's only household if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<HouseholdId>,
    pub terms: PlanTerms,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevisePlan {
    pub id: PlanId,
    /// The version that was read; another one since is a conflict.
    pub version: u32,
    pub terms: PlanTerms,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindPlan {
    pub id: PlanId,
    /// The latest if it is left out.
    pub version: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfHousehold {
    /// The caller's only household if it is left out.
    pub household: Option<HouseholdId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    pub version: u32,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionList {
    pub items: Vec<Version>,
}
