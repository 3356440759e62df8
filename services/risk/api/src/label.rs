//! Labels: facts, learned later, about whether a subject was fraud.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::{RiskError, SubjectId};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    /// At most 1,000.
    pub labels: Vec<Label>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    pub id: SubjectId,
    pub verdict: Verdict,
    pub source: LabelSource,
    /// When it became known. Defaults to now. It affects no decision before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub note: Option<String>,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, EnumString, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    Fraud,
    Genuine,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoStaticStr, EnumString, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LabelSource {
    Dispute,
    Review,
    Customer,
    Import,
}

impl LabelSource {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A stored label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LabelRecord {
    pub verdict: Verdict,
    pub source: LabelSource,
    pub known_at: Timestamp,
    pub recorded_at: Timestamp,
    /// The person or service that gave it.
    pub author: String,
    #[serde(default)]
    pub note: Option<String>,
}

/// The result of one label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noted {
    /// It is in force, now or from the time at which it becomes known.
    Holds {
        id: SubjectId,
    },
    /// A label that became known later is in force; this one is kept in the history.
    Superseded {
        id: SubjectId,
    },
    /// There is no decision about the subject yet; the label waits for it.
    Waiting {
        id: SubjectId,
    },
    Failed {
        id: SubjectId,
        error: RiskError,
    },
}
