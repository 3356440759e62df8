//! Lists of entities: an allow list, a deny list, a watch list.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::{Entity, EntityId, EntityKind};

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
pub enum ListName {
    /// Declined, before anything else is checked.
    Deny,
    /// Approved, whatever the result of rules and model.
    Allow,
    /// Visible to rules as `card_watched`, `merchant_watched` and so on.
    Watch,
}

impl ListName {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Puts entities on a list. An entity that is on it already gets the new reason and expiry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutEntries {
    pub list: ListName,
    /// At most 10,000.
    pub entities: Vec<Entity>,
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
    /// Defaults to never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveEntries {
    pub list: ListName,
    /// At most 10,000.
    pub entities: Vec<Entity>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListChanged {
    /// Entries that were added or removed.
    pub changed: u64,
    /// Entries of all lists, expired ones included.
    pub entries: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    pub list: ListName,
    #[serde(default)]
    pub kind: Option<EntityKind>,
    /// Only the entry of this entity.
    #[serde(default)]
    pub id: Option<EntityId>,
    /// The last entity of the previous page.
    #[serde(default)]
    pub after: Option<Entity>,
    #[serde(default)]
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListEntry {
    pub entity: Entity,
    pub reason: String,
    pub author: String,
    pub added_at: Timestamp,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListPage {
    pub entries: Vec<ListEntry>,
    /// For the next page; absent on the last one.
    #[serde(default)]
    pub next: Option<Entity>,
}
