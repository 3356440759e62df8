//! An event as it is sent, and the one query of a feed.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Actor;
use crate::db::{DbError, Fault};

/// CloudEvents 1.0 in its JSON form. The type is in past tense: `ledger.transaction.posted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CloudEvent {
    pub specversion: String,
    /// Unique within its source.
    pub id: String,
    pub source: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// What the event is about; events of one subject come in order.
    pub subject: String,
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    pub datacontenttype: String,
    /// Names the kind and version of the data: `/schemas/ledger.transaction.posted/1`.
    pub dataschema: String,
    /// Who caused it: an opaque id, or `system` for what the house does by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// `customer`, `employee`, `admin`, `service`, `operator`, `demo`, `nobody` or `system`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actorkind: Option<String>,
    /// The client that the actor used; of `system`, the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The session in which the actor logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The request in which it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requestid: Option<String>,
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
            dataschema: dataschema(kind, 1),
            actor: None,
            actorkind: None,
            client: None,
            session: None,
            requestid: None,
            data,
        }
    }

    /// The same with a later version of the data.
    #[must_use]
    pub fn of_version(self, version: u32) -> CloudEvent {
        CloudEvent { dataschema: dataschema(&self.kind, version), ..self }
    }

    /// The same with the names of who caused it.
    #[must_use]
    pub(super) fn caused_by(self, actor: &Actor) -> CloudEvent {
        let text = |part: &Option<Arc<str>>| part.as_deref().map(str::to_owned);
        CloudEvent {
            actor: Some(actor.subject.as_ref().to_owned()),
            actorkind: Some(actor.kind.to_owned()),
            client: text(&actor.client),
            session: text(&actor.session),
            requestid: text(&actor.request_id),
            ..self
        }
    }

    /// The version of the data; nothing if the event does not give one in our form. An effect refuses a version that it
    /// does not know: in a newer one the same fields may mean something else.
    pub fn version(&self) -> Option<u32> {
        self.dataschema.strip_prefix("/schemas/")?.strip_prefix(self.kind.as_str())?.strip_prefix('/')?.parse().ok()
    }
}

fn dataschema(kind: &str, version: u32) -> String {
    format!("/schemas/{kind}/{version}")
}

/// An event and its cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub cursor: u64,
    pub event: CloudEvent,
}

impl Event {
    /// Its length when sent.
    fn bytes(&self) -> usize {
        let mut length = Length(0);
        // Counting cannot fail; an event that cannot be written as JSON fails where it is sent.
        let _ = serde_json::to_writer(&mut length, self);
        length.0
    }
}

struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The name of a consumer, by which a feed tracks who has passed what: 1 to 64 lower-case letters, digits, dots, dashes
/// and underscores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConsumerName(Arc<str>);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a consumer's name is 1 to {} lower-case letters, digits, dots, dashes and underscores",
    ConsumerName::BYTES_MAX
)]
pub struct ConsumerNameError;

impl ConsumerName {
    pub const BYTES_MAX: usize = 64;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ConsumerName {
    type Err = ConsumerNameError;

    fn from_str(text: &str) -> Result<ConsumerName, ConsumerNameError> {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_');
        let shaped = (1..=ConsumerName::BYTES_MAX).contains(&text.len()) && text.bytes().all(known);
        if shaped { Ok(ConsumerName(text.into())) } else { Err(ConsumerNameError) }
    }
}

impl TryFrom<String> for ConsumerName {
    type Error = ConsumerNameError;

    fn try_from(text: String) -> Result<ConsumerName, ConsumerNameError> {
        text.parse()
    }
}

impl From<ConsumerName> for String {
    fn from(name: ConsumerName) -> String {
        name.as_str().to_owned()
    }
}

impl fmt::Display for ConsumerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Events after `after`, at most `max` of them; if there are none, waits up to `wait_ms` for new ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    pub after: u64,
    pub max: usize,
    #[serde(default)]
    pub wait_ms: u64,
    /// A named consumer that pulls has permanently passed all events up to `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<ConsumerName>,
}

impl Pull {
    /// Maximum events in one reply.
    pub const EVENTS_MAX: usize = 1_000;
    /// Approximate maximum bytes of one reply; a single event may be larger.
    pub const BYTES_MAX: usize = 4 << 20;
    pub const WAIT_MS_MAX: u64 = 30_000;

    /// The same query within the bounds.
    pub fn bounded(self) -> Pull {
        Pull { max: self.max.clamp(1, Pull::EVENTS_MAX), wait_ms: self.wait_ms.min(Pull::WAIT_MS_MAX), ..self }
    }

    /// The first events that fit into one reply. At least one, so that a reader always makes progress.
    pub fn fitting(mut events: Vec<Event>) -> Vec<Event> {
        let mut bytes = 0;
        let fits = |event: &&Event| {
            bytes += event.bytes();
            bytes <= Pull::BYTES_MAX
        };
        let count = events.iter().take_while(fits).count();
        events.truncate(count.max(1));
        events
    }
}

/// Why a feed gave no events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum FeedError {
    #[error("the feed cannot be read: {0}")]
    Unavailable(String),
    /// The deadline of the call that made the query has passed.
    #[error("gave up waiting for the feed")]
    Late,
    /// Some events were removed before the reader saw them. It must read the current state and continue from `first`.
    #[error("events before cursor {first} were removed, and some of them were not read")]
    Gone { first: u64 },
    /// The reader has seen a cursor that this feed has not reached: it is another feed, or was restored to an earlier
    /// state.
    #[error("no event has that cursor yet: the last one is {end}")]
    Ahead { end: u64 },
}

impl From<DbError> for FeedError {
    fn from(error: DbError) -> FeedError {
        if error.fault == Fault::Late { FeedError::Late } else { FeedError::Unavailable(error.to_string()) }
    }
}

#[async_trait]
pub trait Feed: Send + Sync {
    /// In the order of their cursors; the next query continues after the last one.
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError>;

    /// The highest cursor so far, where the feed knows it.
    async fn end(&self) -> Result<Option<u64>, FeedError> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(cursor: u64, letters: usize) -> Event {
        let (subject, data) = ("thing".to_owned(), Value::String("x".repeat(letters)));
        Event {
            cursor,
            event: CloudEvent::new("/test", cursor.to_string(), "test.told", subject, Timestamp::EPOCH, data),
        }
    }

    #[test]
    fn a_reply_is_bounded_in_bytes_and_never_empty() {
        let large = Pull::BYTES_MAX / 3;
        let told = |letters: &[usize]| {
            let events = (1..).zip(letters).map(|(cursor, letters)| event(cursor, *letters)).collect();
            Pull::fitting(events).iter().map(|event| event.cursor).collect::<Vec<_>>()
        };
        assert_eq!(told(&[1, 1, 1]), [1, 2, 3]);
        assert_eq!(told(&[large, large, large, 1]), [1, 2]);
        assert_eq!(told(&[2 * Pull::BYTES_MAX, 1]), [1]);
        assert_eq!(told(&[]), [] as [u64; 0]);
    }

    #[test]
    fn an_event_gives_the_version_of_its_data() {
        let told = event(1, 1).event;
        assert_eq!((told.dataschema.as_str(), told.version()), ("/schemas/test.told/1", Some(1)));
        assert_eq!(told.clone().of_version(12).version(), Some(12));
        for other in ["/schemas/test.told", "/schemas/test/1", "https://example.com/1", "/schemas/test.told/x", ""] {
            assert_eq!(CloudEvent { dataschema: other.to_owned(), ..told.clone() }.version(), None, "{other}");
        }
    }

    #[test]
    fn a_consumers_name_is_short_and_plain() {
        for good in ["risk", "risk-2.eu_west", &"x".repeat(64)] {
            assert_eq!(good.parse::<ConsumerName>().unwrap().as_str(), good);
        }
        for bad in ["", "Risk", "a b", "ü", "a/b", &"x".repeat(65)] {
            assert_eq!(bad.parse::<ConsumerName>(), Err(ConsumerNameError), "{bad}");
        }
    }

    #[test]
    fn a_pull_of_an_older_version_is_still_accepted() {
        let pull: Pull = serde_json::from_str(r#"{"after":7,"max":10}"#).unwrap();
        assert_eq!(pull, Pull { after: 7, max: 10, wait_ms: 0, consumer: None });
        assert_eq!(serde_json::to_string(&pull).unwrap(), r#"{"after":7,"max":10,"wait_ms":0}"#);
        assert!(serde_json::from_str::<Pull>(r#"{"after":7,"max":10,"consumer":"No One"}"#).is_err());
    }
}
