//! Households: who belongs to them, and whose lives they plan.

use kernel::{Currency, Id, IdKind, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Month;

#[derive(Debug, Clone, Copy)]
pub struct HouseholdTag;

impl IdKind for HouseholdTag {
    const PREFIX: &'static str = "hh";
}

pub type HouseholdId = Id<HouseholdTag>;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    Owner,
    /// Changes everything but the members.
    Partner,
    /// Reads, and answers recommendations.
    Adviser,
    Viewer,
}

impl Role {
    pub fn may_change(self) -> bool {
        matches!(self, Role::Owner | Role::Partner)
    }
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Standing {
    /// Sees nothing until the invitation is accepted.
    Invited,
    Active,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// The subject of their tokens.
    pub subject: String,
    pub role: Role,
    pub standing: Standing,
    pub since: Timestamp,
}

/// Somebody of the household, whether or not they use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub name: String,
    pub born: Month,
    /// The age of retirement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retires_at: Option<u16>,
    /// Plans reach to this age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_age: Option<u16>,
    /// The member that this is; their key seals it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Household {
    pub id: HouseholdId,
    /// Absent once the member who named it was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The currency of its totals.
    pub currency: Currency,
    pub members: Vec<Member>,
    /// Without those whose key was erased.
    pub persons: Vec<Person>,
    pub created_at: Timestamp,
}

/// An invitation that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    pub household: HouseholdId,
    pub role: Role,
    pub since: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HouseholdList {
    pub items: Vec<Household>,
    /// Of the caller.
    pub invitations: Vec<Invitation>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateHousehold {
    pub name: String,
    pub currency: Currency,
    #[serde(default)]
    pub persons: Vec<Person>,
    /// For whom an employee creates it; customers create their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// Everybody of the household, instead of those before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutPersons {
    pub household: HouseholdId,
    pub persons: Vec<Person>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    pub household: HouseholdId,
    pub subject: String,
    pub role: Role,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveMember {
    pub household: HouseholdId,
    pub subject: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EraseSubject {
    pub subject: String,
}
