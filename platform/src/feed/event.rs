//! An event as it travels, and the one question a feed answers.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

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
    /// What the event is about; events of one subject are told in order.
    pub subject: String,
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    pub datacontenttype: String,
    /// Names what the data are, and their version: `/schemas/ledger.transaction.posted/1`.
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
            dataschema: dataschema(kind, 1),
            data,
        }
    }

    /// The same with data of a later version.
    #[must_use]
    pub fn of_version(self, version: u32) -> CloudEvent {
        CloudEvent { dataschema: dataschema(&self.kind, version), ..self }
    }

    /// The version of the data; nothing where the event does not say one as ours do. An effect refuses a version that it does not
    /// know: a newer one may mean something else by the same words.
    pub fn version(&self) -> Option<u32> {
        self.dataschema.strip_prefix("/schemas/")?.strip_prefix(self.kind.as_str())?.strip_prefix('/')?.parse().ok()
    }
}

fn dataschema(kind: &str, version: u32) -> String {
    format!("/schemas/{kind}/{version}")
}

/// An event and the cursor that stands behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub cursor: u64,
    pub event: CloudEvent,
}

impl Event {
    /// Its length as it travels.
    fn bytes(&self) -> usize {
        let mut length = Length(0);
        // Counting cannot fail; what cannot be written as JSON fails where it is sent.
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

/// Who pulls, so that a feed knows what everybody has passed: 1 to 64 small letters, digits, dots, dashes and underscores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConsumerName(Arc<str>);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a consumer's name is 1 to {} small letters, digits, dots, dashes and underscores", ConsumerName::BYTES_MAX)]
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

/// Events behind `after`, at most `max` of them; an empty feed is waited for up to `wait_ms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    pub after: u64,
    pub max: usize,
    #[serde(default)]
    pub wait_ms: u64,
    /// Whoever pulls under a name has passed all events up to `after`, for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<ConsumerName>,
}

impl Pull {
    /// Events in one answer at most.
    pub const EVENTS_MAX: usize = 1_000;
    /// Bytes of one answer, about; a single event may be larger.
    pub const BYTES_MAX: usize = 4 << 20;
    pub const WAIT_MS_MAX: u64 = 30_000;

    /// The same question within the bounds.
    pub fn bounded(self) -> Pull {
        Pull { max: self.max.clamp(1, Pull::EVENTS_MAX), wait_ms: self.wait_ms.min(Pull::WAIT_MS_MAX), ..self }
    }

    /// The first events of an answer, as far as they fit into one. At least one, so that a reader always gets on.
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
    #[error("the feed cannot be read now: {0}")]
    Unavailable(String),
    /// The time of the call in which it was asked is over.
    #[error("the feed was not waited for any longer")]
    Late,
    /// What the reader has not seen yet was removed. It has to find out otherwise what it missed, and to begin at `first`.
    #[error("events before cursor {first} were removed, and some of them were not read")]
    Gone { first: u64 },
    /// The reader has seen what this feed has not told: it is another one, or was put back to an earlier state.
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
    /// In the order of their cursors; the next question starts behind the last one.
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError>;

    /// The highest cursor that was given, where the feed knows it.
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
    fn an_answer_is_bounded_in_bytes_and_never_empty() {
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
    fn an_event_says_the_version_of_its_data() {
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
    fn a_pull_of_earlier_days_is_still_understood() {
        let pull: Pull = serde_json::from_str(r#"{"after":7,"max":10}"#).unwrap();
        assert_eq!(pull, Pull { after: 7, max: 10, wait_ms: 0, consumer: None });
        assert_eq!(serde_json::to_string(&pull).unwrap(), r#"{"after":7,"max":10,"wait_ms":0}"#);
        assert!(serde_json::from_str::<Pull>(r#"{"after":7,"max":10,"consumer":"No One"}"#).is_err());
    }
}
