//! Names in the document: a room's schemas are prefixed with its name, and nothing is defined twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::{Components, OpenApi};

const SCHEMAS: &str = "#/components/schemas/";
/// Schemas that all rooms share: those of `kernel`, of the HTTP kit and of the frame.
const SHARED: [&str; 16] = [
    "Money",
    "Currency",
    "Percent",
    "Timestamp",
    "Problem",
    "ProblemBody",
    "FieldError",
    "CloudEvent",
    "EventPage",
    "EventConsumers",
    "RegisteredConsumer",
    "ParkedEvent",
    "Page_ParkedEvent",
    "EmptyBody",
    "Retried",
    "OutcomeFound",
];

/// `Account` of the ledger becomes `ledger.Account`, in its definition and in references.
pub(super) fn of_room(api: OpenApi, room: &str) -> OpenApi {
    let mut document = match serde_json::to_value(&api) {
        Ok(document) => document,
        Err(_) => return api,
    };
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        let all = std::mem::take(schemas);
        schemas.extend(all.into_iter().map(|(name, schema)| (named(&name, room), schema)));
    }
    refer(&mut document, room);
    serde_json::from_value(document).unwrap_or(api)
}

fn named(name: &str, room: &str) -> String {
    if SHARED.contains(&name) { name.to_owned() } else { format!("{room}.{name}") }
}

fn refer(value: &mut Value, room: &str) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(text) if key == "$ref" => {
                        if let Some(name) = text.strip_prefix(SCHEMAS) {
                            *text = format!("{SCHEMAS}{}", named(name, room));
                        }
                    }
                    member => refer(member, room),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, room)),
        _ => {}
    }
}

/// Two definitions with one name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the room {room} describes {what} {name}, which another room already has; each is in the document once")]
pub struct Clash {
    pub room: &'static str,
    pub what: &'static str,
    pub name: String,
}

/// Adds a room's part to the shared document.
///
/// # Errors
/// A path, an operation's name, a tag, a schema or an example is already there with different content.
pub fn merge(api: &mut OpenApi, room: &'static str, part: OpenApi) -> Result<(), Clash> {
    let clash = |what, name: &dyn fmt::Display| Clash { room, what, name: name.to_string() };
    if let Some(path) = part.paths.paths.keys().find(|path| api.paths.paths.contains_key(*path)) {
        return Err(clash("the path", path));
    }
    let known = names(api);
    if let Some(name) = names(&part).into_iter().find(|name| known.contains(name)) {
        return Err(clash("the operation", &name));
    }
    let tags: BTreeSet<&str> = api.tags.iter().flatten().map(|tag| tag.name.as_str()).collect();
    if let Some(tag) = part.tags.iter().flatten().find(|tag| tags.contains(tag.name.as_str())) {
        return Err(clash("the group", &tag.name));
    }
    if let (Some(before), Some(new)) = (&api.components, &part.components)
        && let Some(name) = differing(before, new)
    {
        return Err(clash("the thing", &name));
    }
    let examples = part.components.as_ref().map(|components| components.examples.clone()).unwrap_or_default();
    api.merge(part);
    // The library's own merge leaves these out.
    api.components.get_or_insert_with(Components::new).examples.extend(examples);
    Ok(())
}

fn names(api: &OpenApi) -> BTreeSet<String> {
    let items = api.paths.paths.values().flat_map(|item| [&item.get, &item.post, &item.put, &item.delete]);
    items.flatten().filter_map(|operation| operation.operation_id.clone()).collect()
}

/// A schema or an example that both have, with different content.
fn differing(before: &Components, new: &Components) -> Option<String> {
    differs(&before.schemas, &new.schemas).or_else(|| differs(&before.examples, &new.examples))
}

/// Compared as text: of two with the same text, one may have been parsed and the other built.
fn differs<T: Serialize>(before: &BTreeMap<String, T>, new: &BTreeMap<String, T>) -> Option<String> {
    let same = |one: &T, other: &T| matches!((json(one), json(other)), (Some(one), Some(other)) if one == other);
    let mut both = new.iter().filter_map(|(name, one)| Some((name, one, before.get(name)?)));
    both.find(|(_, one, known)| !same(one, known)).map(|(name, ..)| name.clone())
}

fn json(thing: &impl Serialize) -> Option<Value> {
    serde_json::to_value(thing).ok()
}
