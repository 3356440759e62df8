//! Webhooks: endpoints of owners, to which events are posted.

use kernel::{Id, IdKind, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy)]
pub struct EndpointTag;

impl IdKind for EndpointTag {
    const PREFIX: &'static str = "whk";
}

pub type EndpointId = Id<EndpointTag>;

#[derive(Debug, Clone, Copy)]
pub struct PostTag;

impl IdKind for PostTag {
    const PREFIX: &'static str = "whp";
}

/// One event on its way to one endpoint; also its `webhook-id`.
pub type PostId = Id<PostTag>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddEndpoint {
    /// HTTPS, at a public address.
    #[schema(example = "https://shop.example.com/hooks")]
    pub url: String,
    /// Types of events: `ledger.transaction.posted`, `ledger.*`, `*`.
    #[schema(example = json!(["ledger.transaction.*"]))]
    pub events: Vec<String>,
    /// Whose events are posted; the caller's own, unless they may choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EndpointState {
    Enabled,
    /// It failed for too long, or said that it is gone.
    Disabled,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Endpoint {
    #[schema(value_type = String)]
    pub id: EndpointId,
    pub url: String,
    pub events: Vec<String>,
    /// Absent for an endpoint of the house, which gets everybody's events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    pub state: EndpointState,
    /// Since when every post has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// An endpoint with its new secret, which is shown only here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewEndpoint {
    pub endpoint: Endpoint,
    /// `whsec_` and base64. Absent in the answer to a repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub secret: Option<Secret>,
}

/// Endpoints after one of them, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<EndpointId>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointPage {
    pub items: Vec<Endpoint>,
    pub more: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointChange {
    /// What waits is posted again.
    Enable,
    Remove,
    /// Posts a test event.
    Test,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeEndpoint {
    pub id: EndpointId,
    pub change: EndpointChange,
}

/// Posts every event of a time range again, under their own ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    pub id: EndpointId,
    pub from: Timestamp,
    pub to: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replayed {
    pub posts: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PostState {
    Waiting,
    Posting,
    Delivered,
    /// Given up after three days.
    Failed,
}

/// One event for one endpoint, and its last attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Post {
    #[schema(value_type = String)]
    pub id: PostId,
    #[serde(rename = "type")]
    pub kind: String,
    pub state: PostState,
    pub attempts: u32,
    /// The status of the last answer, or why there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// Posts of an endpoint before one of them, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostQuery {
    pub endpoint: EndpointId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<PostId>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostPage {
    pub items: Vec<Post>,
    pub more: bool,
}
