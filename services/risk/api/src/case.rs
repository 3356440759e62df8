//! Cases: decisions that people review, and their findings.

use kernel::{Money, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::{CaseId, Entity, Outcome, SubjectId, SubjectKind};

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, EnumString, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CaseState {
    Open,
    Assigned,
    Resolved,
}

impl CaseState {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, EnumString, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Resolution {
    Fraud,
    Genuine,
    /// Creates no label.
    Unsure,
}

impl Resolution {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeCase {
    pub id: CaseId,
    /// The version that was read. If it has changed since, the command is refused.
    pub version: u32,
    pub change: CaseChange,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CaseChange {
    /// To the person with this subject; without one the case is unassigned.
    Assign {
        to: Option<String>,
    },
    Note {
        text: String,
    },
    /// `fraud` and `genuine` become a label of the subject.
    Resolve {
        resolution: Resolution,
        note: Option<String>,
    },
    Reopen {
        note: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Case {
    pub id: CaseId,
    pub version: u32,
    pub state: CaseState,
    pub subject: SubjectId,
    pub kind: SubjectKind,
    pub outcome: Outcome,
    #[schema(maximum = 1000)]
    pub score: u16,
    #[serde(default)]
    pub amount: Option<Money>,
    /// The card, or the account if there is no card.
    #[serde(default)]
    pub entity: Option<Entity>,
    pub opened_at: Timestamp,
    #[serde(default)]
    pub assigned_to: Option<String>,
    /// It has been open for longer than `case_escalate_hours`.
    pub escalated: bool,
    #[serde(default)]
    pub resolution: Option<Resolution>,
    #[serde(default)]
    pub resolved_at: Option<Timestamp>,
    #[serde(default)]
    pub resolved_by: Option<String>,
    /// Oldest first. Omitted in lists.
    #[serde(default)]
    pub notes: Vec<CaseNote>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseNote {
    pub at: Timestamp,
    pub author: String,
    pub text: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseQuery {
    #[serde(default)]
    pub state: Option<CaseState>,
    #[serde(default)]
    pub assigned_to: Option<String>,
    #[serde(default)]
    pub kind: Option<SubjectKind>,
    #[serde(default)]
    pub escalated: Option<bool>,
    #[serde(default)]
    pub entity: Option<Entity>,
    /// The last case of the previous page; newest first.
    #[serde(default)]
    pub before: Option<CaseId>,
    #[serde(default)]
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CasePage {
    pub cases: Vec<Case>,
    #[serde(default)]
    pub next: Option<CaseId>,
}
