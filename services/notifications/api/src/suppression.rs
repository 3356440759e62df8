//! Addresses that are not written to: they bounced for good, complained, or asked to stop.

use kernel::{Id, IdKind, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Channel;

#[derive(Debug, Clone, Copy)]
pub struct SuppressionTag;

impl IdKind for SuppressionTag {
    const PREFIX: &'static str = "sup";
}

pub type SuppressionId = Id<SuppressionTag>;

/// The address itself is not stored, only a keyed digest of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Suppression {
    #[schema(value_type = String)]
    pub id: SuppressionId,
    pub channel: Channel,
    /// `bounced`, `complained`, `stopped`; `unsubscribed` still lets security and legal messages pass.
    pub reason: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// Suppressions after one of them, oldest first; or the one of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuppressionQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<SuppressionId>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppressionPage {
    pub items: Vec<Suppression>,
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lift {
    pub id: SuppressionId,
}
