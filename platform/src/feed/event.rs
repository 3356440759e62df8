//! An event as it travels, and the one question a feed answers.

use async_trait::async_trait;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// CloudEvents 1.0 in its JSON form. The type is in past tense: `ledger.transaction.posted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CloudEvent {
    pub specversion: String,
    /// Unique within its source.
    pub id: String,
    pub source: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// What the event is about; events of one subject are told in order.
    pub subject: String,
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    pub datacontenttype: String,
    /// Names the version of the data: `/schemas/ledger.transaction.posted/1`.
    pub dataschema: String,
    #[schema(value_type = Object)]
    pub data: Value,
}

impl CloudEvent {
    pub fn new(source: &str, id: String, kind: &str, subject: String, time: Timestamp, data: Value) -> CloudEvent {
        CloudEvent {
            specversion: "1.0".to_owned(),
            id,
            source: source.to_owned(),
            kind: kind.to_owned(),
            subject,
            time,
            datacontenttype: "application/json".to_owned(),
            dataschema: format!("/schemas/{kind}/1"),
            data,
        }
    }
}

/// An event and the cursor that stands behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub cursor: u64,
    pub event: CloudEvent,
}

/// Events behind `after`, at most `max` of them; an empty feed is waited for up to `wait_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    pub after: u64,
    pub max: usize,
    #[serde(default)]
    pub wait_ms: u64,
}

impl Pull {
    /// Events in one answer at most.
    pub const EVENTS_MAX: usize = 1_000;
    pub const WAIT_MS_MAX: u64 = 30_000;

    /// The same question within the bounds.
    pub fn bounded(self) -> Pull {
        Pull { max: self.max.clamp(1, Pull::EVENTS_MAX), wait_ms: self.wait_ms.min(Pull::WAIT_MS_MAX), ..self }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the feed cannot be read now: {0}")]
pub struct FeedError(pub String);

#[async_trait]
pub trait Feed: Send + Sync {
    /// In the order of their cursors; the next question starts behind the last one.
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError>;
}
