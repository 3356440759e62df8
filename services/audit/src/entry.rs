//! From an event to an entry: what is kept of it, under which names it is found, and the bytes that are hashed. Pure.
//!
//! Personal members were sealed before ([`crate::seal`]); what is left are ids, amounts, and names of states.

use std::sync::Arc;

use kernel::{Ctx, Timestamp};
use platform::feed::{CloudEvent, Event};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use crate::catalogue::{self, Class, Control, Framework, Kind, RETENTION, Risk, UNKNOWN};
use crate::seal::{SEALED, Sealed};
use crate::tree::sha256;

/// The version of the form of an entry.
pub(crate) const VERSION: u8 = 1;

/// An entry, as its bytes say it: one JSON object, whose members are in this order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Body {
    /// The version of this form.
    pub v: u8,
    /// Its place in the log.
    pub index: u64,
    /// The time of the fact.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// When it was recorded here; never before that of the entry before.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    /// The feed that it came from, and its place there.
    pub source: String,
    pub cursor: u64,
    /// The event's id, unique within its source.
    pub event: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub class: Class,
    pub control: Control,
    pub risk: Risk,
    pub frameworks: Vec<Framework>,
    /// Money moved, or what may move was changed.
    pub financial: bool,
    pub retention: String,
    /// Who did it: an opaque id, or `system`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_kind: Option<String>,
    /// The client that the actor used; of `system`, the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What it was done to.
    pub object: String,
    /// Whose data it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The ledger's transaction, payment or authorization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    pub result: Outcome,
    /// Ids, amounts and states, and never names; absent if they are larger than an entry may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub data: Option<Json>,
    /// SHA-256 of the data as JSON, in hexadecimal.
    pub digest: String,
    /// What is personal about it, such as the address that a request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Sealed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    Success,
    Refused,
    Failed,
}

/// An entry before it has its place.
pub(crate) struct Draft {
    pub(crate) kind: &'static Kind,
    body: Body,
}

impl Draft {
    pub(crate) fn of(Event { cursor, event }: &Event) -> Draft {
        let kind = catalogue::find(&event.kind);
        let (data, sealed) = parts(&event.data);
        let body = Body {
            v: VERSION,
            index: 0,
            at: event.time,
            recorded_at: Timestamp::EPOCH,
            source: event.source.trim_start_matches('/').to_owned(),
            cursor: *cursor,
            event: event.id.clone(),
            kind: event.kind.clone(),
            class: kind.class,
            control: kind.control,
            risk: kind.risk,
            frameworks: kind.frameworks.to_vec(),
            financial: kind.financial,
            retention: RETENTION.to_owned(),
            actor: event.actor.clone(),
            actor_kind: event.actorkind.clone(),
            client: event.client.clone(),
            session: event.session.clone(),
            request: event.requestid.clone(),
            object: event.subject.clone(),
            subject: subject(event),
            transaction: transaction(event),
            result: outcome(&event.kind),
            digest: digest(&data),
            data: Some(data),
            sealed,
        };
        Draft { kind, body }
    }

    /// Something that the log says about itself.
    pub(crate) fn own(name: &'static str, at: Timestamp, object: &str, data: Json) -> Draft {
        let event = CloudEvent::new("/audit", object.to_owned(), name, object.to_owned(), at, data);
        let own = ("system".to_owned(), "audit".to_owned());
        let event = CloudEvent { actor: Some(own.0.clone()), actorkind: Some(own.0), client: Some(own.1), ..event };
        Draft::of(&Event { cursor: 0, event })
    }

    /// Something that a caller did with the log.
    pub(crate) fn by(ctx: &Ctx, name: &'static str, at: Timestamp, object: &str, data: Json) -> Draft {
        let (id, caller) = (ctx.request_id.as_ref().to_owned(), &ctx.principal);
        let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        let event = CloudEvent {
            actor: Some(caller.subject.as_ref().to_owned()),
            actorkind: Some(caller.kind.name().to_owned()),
            client: text(&caller.client),
            session: text(&caller.session),
            requestid: Some(id.clone()),
            ..CloudEvent::new("/audit", id, name, object.to_owned(), at, data)
        };
        Draft::of(&Event { cursor: 0, event })
    }

    /// Whether its type has no row in the catalogue.
    pub(crate) fn is_unknown(&self) -> bool {
        *self.kind == UNKNOWN
    }

    /// The entry at its place, and its bytes. Data that would make it larger than `bytes_max` are left out.
    pub(crate) fn at(self, index: u64, recorded_at: Timestamp, bytes_max: usize) -> (Body, Vec<u8>) {
        let mut body = Body { index, recorded_at, ..self.body };
        let bytes = body.bytes();
        if bytes.len() <= bytes_max {
            return (body, bytes);
        }
        body.data = None;
        let bytes = body.bytes();
        (body, bytes)
    }
}

impl Body {
    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("the members of an entry can all be written as JSON")
    }

    /// # Errors
    /// The bytes are not an entry.
    pub(crate) fn read(bytes: &[u8]) -> Result<Body, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

/// The data of an event, and what was sealed of it.
fn parts(data: &Json) -> (Json, Option<Sealed>) {
    let mut data = data.clone();
    let sealed = data.as_object_mut().and_then(|members| members.remove(SEALED));
    (data, sealed.and_then(|sealed| serde_json::from_value(sealed).ok()))
}

fn digest(data: &Json) -> String {
    sha256(data.to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn member<'a>(data: Option<&'a Map<String, Json>>, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| data?.get(*name)?.as_str())
}

/// Whose data an event is about.
pub(crate) fn subject(event: &CloudEvent) -> Option<String> {
    let said = member(event.data.as_object(), &["owner", "customer", "cardholder"]);
    let of_person =
        ["identity.", "notifications.contact.", "planning.subject.", "banking.owner.", "accounts.customer."];
    let person = || of_person.iter().any(|prefix| event.kind.starts_with(prefix)).then_some(event.subject.as_str());
    let named = ["identity.role.", "identity.policy.", "identity.key.", "identity.client."];
    let is_thing = named.iter().any(|prefix| event.kind.starts_with(prefix)) || event.subject == "login";
    said.or_else(person).filter(|_| !is_thing).map(str::to_owned)
}

fn transaction(event: &CloudEvent) -> Option<String> {
    let said = member(event.data.as_object(), &["transaction", "authorization", "payment"]);
    let itself = ["ledger.transaction.", "ledger.hold.", "cards.authorization.", "payment.", "payments.order."];
    let itself = || itself.iter().any(|prefix| event.kind.starts_with(prefix)).then_some(event.subject.as_str());
    said.or_else(itself).map(str::to_owned)
}

/// By the last word of the type.
fn outcome(kind: &str) -> Outcome {
    match kind.rsplit('.').next() {
        Some("refused" | "declined" | "step_declined" | "replayed" | "reused") => Outcome::Refused,
        Some("failed" | "failing" | "dead" | "undelivered" | "bounced" | "missed") => Outcome::Failed,
        _ => Outcome::Success,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str, subject: &str, data: Json) -> CloudEvent {
        CloudEvent::new("/test", "7".to_owned(), kind, subject.to_owned(), Timestamp::EPOCH, data)
    }

    fn body(kind: &str, subject: &str, data: Json) -> Body {
        let event = event(kind, subject, data);
        Draft::of(&Event { cursor: 7, event }).at(3, Timestamp::from_micros(5), 16_384).0
    }

    #[test]
    fn an_entry_names_whose_data_it_is_about() {
        for (kind, object, data, expected) in [
            ("identity.user.disabled", "user_1", json!({}), Some("user_1")),
            ("identity.login.failed", "login", json!({}), None),
            ("identity.role.changed", "teller", json!({}), None),
            ("cards.card.issued", "card_1", json!({ "owner": "cust_ann" }), Some("cust_ann")),
            ("ledger.transaction.posted", "txn_1", json!({}), None),
        ] {
            assert_eq!(body(kind, object, data).subject.as_deref(), expected, "{kind}");
        }
    }

    #[test]
    fn an_entry_names_its_transaction() {
        for (kind, data, expected) in [
            ("ledger.transaction.posted", json!({}), Some("one")),
            ("payment.initiated", json!({ "authorization": "auth_1" }), Some("auth_1")),
            ("identity.user.created", json!({}), None),
        ] {
            assert_eq!(body(kind, "one", data).transaction.as_deref(), expected, "{kind}");
        }
    }

    #[test]
    fn a_result_follows_from_the_type() {
        for (kind, expected) in [
            ("cards.authorization.declined", Outcome::Refused),
            ("identity.login.failed", Outcome::Failed),
            ("identity.session.began", Outcome::Success),
        ] {
            assert_eq!(body(kind, "one", json!({})).result, expected, "{kind}");
        }
    }

    #[test]
    fn an_entry_is_read_as_it_is_written() {
        let written = body("identity.user.created", "user_1", json!({ "kind": "customer" }));
        assert_eq!(Body::read(&written.bytes()).unwrap(), written);
    }

    #[test]
    fn data_that_are_too_large_leave_their_digest() {
        let large = event("identity.user.created", "user_1", json!({ "more": "x".repeat(20_000) }));
        let draft = Draft::of(&Event { cursor: 1, event: large });
        let (body, bytes) = draft.at(0, Timestamp::EPOCH, 16_384);
        assert!(body.data.is_none() && bytes.len() < 1_000 && body.digest.len() == 64);
    }

    #[test]
    fn an_unknown_type_is_kept() {
        let event = event("pebbles.pebble.thrown", "one", json!({}));
        let draft = Draft::of(&Event { cursor: 1, event });
        assert!(draft.is_unknown());
        let body = draft.at(0, Timestamp::EPOCH, 16_384).0;
        assert_eq!((body.kind.as_str(), body.class), ("pebbles.pebble.thrown", Class::Unknown));
    }
}
