//! What is personal about an event is sealed before it gets into an entry: under the key of the data subject, and within
//! that under a key of the month.
//!
//! Invariant: the bytes of an entry do not change when a key is destroyed, and so neither do proofs and heads; what was
//! sealed is then unreadable in the store and in every copy.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::Timestamp;
use platform::crypto::{Place, SubjectError, SubjectKeys};
use platform::feed::{CloudEvent, Event, Feed, FeedError, Pull};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use crate::entry;

/// The member of an event's data that holds what was sealed of it.
pub(crate) const SEALED: &str = "~sealed";

/// Members of an event's data that say something of a person beyond ids and amounts, wherever they are.
const PERSONAL: &[&str] =
    &["address", "agent", "email", "ip", "name", "note", "phone", "text", "user_agent", "username"];

/// A sealed value. Without its keys it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sealed {
    /// The data subject under whose key it is; nothing if none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The month of the other key.
    pub month: String,
    /// In base64; empty if the subject had been erased before.
    pub value: String,
}

#[derive(Clone)]
pub(crate) struct Seals(pub(crate) SubjectKeys);

impl Seals {
    /// The event with its personal members sealed.
    async fn sealed(&self, event: CloudEvent) -> Result<CloudEvent, SubjectError> {
        let (mut data, mut found) = (event.data.clone(), Map::new());
        take(&mut data, &mut found);
        if found.is_empty() {
            return Ok(event);
        }
        let sealed = self.seal(&event, &Json::Object(found)).await?;
        if let (Some(members), Ok(sealed)) = (data.as_object_mut(), serde_json::to_value(sealed)) {
            members.insert(SEALED.to_owned(), sealed);
        }
        Ok(CloudEvent { data, ..event })
    }

    async fn seal(&self, event: &CloudEvent, found: &Json) -> Result<Sealed, SubjectError> {
        let (place, month) = (placed(&event.source, &event.id), month(event.time));
        let subject = entry::subject(event).filter(|subject| is_opaque(subject));
        let plain = found.to_string();
        let within = self.0.seal(&of_month(&month), at(&place), plain.as_bytes()).await?;
        let value = match &subject {
            Some(subject) => match self.0.seal(subject, at(&place), &within).await {
                Err(SubjectError::Erased) => Vec::new(),
                sealed => sealed?,
            },
            None => within,
        };
        Ok(Sealed { subject, month, value: STANDARD.encode(value) })
    }

    /// What is sealed of entries about a person cannot be read any more.
    pub(crate) async fn destroy(&self, subject: &str) -> Result<(), SubjectError> {
        self.0.destroy(subject).await
    }

    /// The same for the facts of a month.
    pub(crate) async fn destroy_month(&self, month: &str) -> Result<(), SubjectError> {
        self.0.destroy(&of_month(month)).await
    }

    /// What was sealed of the event with this source and id; nothing if one of its keys was destroyed.
    pub(crate) async fn opened(&self, source: &str, id: &str, sealed: &Sealed) -> Result<Option<Json>, SubjectError> {
        let place = placed(source, id);
        let Ok(mut value) = STANDARD.decode(&sealed.value) else { return Ok(None) };
        if value.is_empty() {
            return Ok(None);
        }
        if let Some(subject) = &sealed.subject {
            match self.0.unseal(subject, at(&place), &value).await {
                Err(SubjectError::Erased) => return Ok(None),
                opened => value = opened?.to_vec(),
            }
        }
        match self.0.unseal(&of_month(&sealed.month), at(&place), &value).await {
            Err(SubjectError::Erased) => Ok(None),
            opened => Ok(serde_json::from_slice(&opened?).ok()),
        }
    }
}

/// Moves the personal members out of a value.
fn take(value: &mut Json, found: &mut Map<String, Json>) {
    match value {
        Json::Object(members) => {
            for name in PERSONAL {
                if let Some(taken) = members.remove(*name).filter(|taken| !taken.is_null()) {
                    found.insert((*name).to_owned(), taken);
                }
            }
            members.values_mut().for_each(|value| take(value, found));
        }
        Json::Array(items) => items.iter_mut().for_each(|value| take(value, found)),
        _ => {}
    }
}

/// As an entry has both.
fn placed(source: &str, id: &str) -> String {
    format!("{}/{id}", source.trim_start_matches('/'))
}

fn at(place: &str) -> Place<'_> {
    Place::new("entry", "sealed", place)
}

/// The subject by which a month's key is kept.
fn of_month(month: &str) -> String {
    format!("audit-month-{month}")
}

/// `2026-11`, in UTC.
fn month(at: Timestamp) -> String {
    at.to_string().chars().take(7).collect()
}

/// Months since the year 0, of a time in UTC.
pub(crate) fn month_number(at: Timestamp) -> i64 {
    let month = month(at);
    let mut parts = month.split('-').map(|part| part.parse::<i64>().unwrap_or(0));
    let (year, month) = (parts.next().unwrap_or(0), parts.next().unwrap_or(1));
    year * 12 + month - 1
}

/// `2026-11` for its number.
pub(crate) fn month_name(number: i64) -> String {
    format!("{:04}-{:02}", number.div_euclid(12), number.rem_euclid(12) + 1)
}

fn is_opaque(subject: &str) -> bool {
    (1..=128).contains(&subject.len()) && subject.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A feed whose events are sealed before anything else sees them, and outside of the transaction that keeps them.
pub(crate) struct SealedFeed {
    pub(crate) feed: Arc<dyn Feed>,
    pub(crate) seals: Seals,
}

#[async_trait]
impl Feed for SealedFeed {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        let mut sealed = Vec::new();
        for Event { cursor, event } in self.feed.events_after(pull).await? {
            let event = self.seals.sealed(event).await;
            let event = event.map_err(|error| FeedError::Unavailable(format!("an event cannot be sealed: {error}")))?;
            sealed.push(Event { cursor, event });
        }
        Ok(sealed)
    }

    async fn end(&self) -> Result<Option<u64>, FeedError> {
        self.feed.end().await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn personal_members_are_taken_wherever_they_are() {
        let mut data =
            json!({ "id": "a", "address": "192.0.2.1", "before": { "name": "Ann" }, "legs": [{ "text": "x" }] });
        let mut found = Map::new();
        take(&mut data, &mut found);
        assert_eq!(data, json!({ "id": "a", "before": {}, "legs": [{}] }));
        assert_eq!(Json::Object(found), json!({ "address": "192.0.2.1", "name": "Ann", "text": "x" }));
    }

    #[test]
    fn a_month_is_that_of_the_fact() {
        assert_eq!(month(Timestamp::EPOCH), "1970-01");
        let december = month_number("2026-12-31T23:59:59Z".parse().unwrap());
        assert_eq!((month_name(december), month_name(december + 1)), ("2026-12".to_owned(), "2027-01".to_owned()));
    }
}
