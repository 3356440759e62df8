//! A room's part of the API document, by operation.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use platform::http::document::add_general;
use platform::room::{Room, Word};
use serde_json::{Map, Value};

use super::schema::Schemas;

pub(super) struct Document {
    json: Value,
    operations: BTreeMap<String, Described>,
    pub(super) schemas: Schemas,
}

#[derive(Debug, Clone)]
pub(super) struct Described {
    pub(super) name: String,
    pub(super) method: Method,
    /// With names in braces.
    pub(super) path: String,
    pub(super) word: Word,
    body: Value,
    /// Its refusals: status by code.
    refusals: BTreeMap<String, u16>,
    /// The refusals common to all operations.
    general: BTreeSet<String>,
}

impl Document {
    pub(super) fn of(room: &Room) -> Document {
        let mut api = (room.document)();
        add_general(&mut api);
        let json = serde_json::to_value(&api).unwrap();
        let words: BTreeMap<&str, Word> = room.operations.iter().map(|row| (row.name, row.word)).collect();
        let mut operations = BTreeMap::new();
        for (path, item) in members(&json["paths"]) {
            for (method, body) in members(item) {
                let name = body["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name"));
                let word = *words.get(name).unwrap_or_else(|| panic!("operation {name} has no row in OPERATIONS"));
                let described = described(&json, (name, method, path), word, body);
                assert!(operations.insert(name.to_owned(), described).is_none(), "two operations are named {name}");
            }
        }
        let missing: Vec<_> = words.keys().filter(|name| !operations.contains_key(**name)).collect();
        assert!(missing.is_empty(), "rows of OPERATIONS without an operation: {missing:?}");
        Document { schemas: Schemas::of(&json), json, operations }
    }

    pub(super) fn operation(&self, name: &str) -> &Described {
        self.operations.get(name).unwrap_or_else(|| panic!("the document has no operation {name}"))
    }

    pub(super) fn operations(&self) -> impl Iterator<Item = &Described> {
        self.operations.values()
    }

    /// The document without the examples of the story.
    pub(super) fn bare(&self) -> Value {
        let mut bare = self.json.clone();
        for item in bare["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
                operation.get_mut("requestBody").into_iter().for_each(strip);
                let answers = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
                answers.filter(|(status, _)| is_good(status)).for_each(|(_, answer)| strip(answer));
                let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten();
                parameters.for_each(|parameter| remove(parameter, "example"));
            }
        }
        bare
    }
}

fn strip(described: &mut Value) {
    let contents = described.get_mut("content").and_then(Value::as_object_mut);
    for content in contents.into_iter().flat_map(Map::values_mut) {
        ["example", "examples"].into_iter().for_each(|name| remove(content, name));
    }
}

fn remove(object: &mut Value, name: &str) {
    object.as_object_mut().into_iter().for_each(|object| drop(object.remove(name)));
}

fn is_good(status: &str) -> bool {
    status.starts_with(['2', '3'])
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn described(json: &Value, (name, method, path): (&str, &str, &str), word: Word, body: &Value) -> Described {
    let (mut refusals, mut general) = (BTreeMap::new(), BTreeSet::new());
    for (status, answer) in members(&body["responses"]).filter(|(status, _)| !is_good(status)) {
        let answer = resolved(json, answer);
        let codes = members(&answer["content"]).flat_map(|(_, content)| members(&content["examples"]));
        match status.parse() {
            Ok(status) => refusals.extend(codes.map(|(code, _)| (code.clone(), status))),
            Err(_) => general.extend(codes.map(|(code, _)| code.clone())),
        }
    }
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    Described { name: name.to_owned(), method, path: path.to_owned(), word, body: body.clone(), refusals, general }
}

fn resolved<'a>(json: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.map_or(value, |pointer| json.pointer(pointer).unwrap_or_else(|| panic!("{pointer} does not resolve")))
}

impl Described {
    /// Refusals that a story must produce: those for which the caller has to do something.
    pub(super) fn to_tell(&self) -> impl Iterator<Item = &str> {
        self.refusals.iter().filter(|(_, status)| **status < 500).map(|(code, _)| code.as_str())
    }

    pub(super) fn is_refused_with(&self, code: &str, status: u16) -> bool {
        self.refusals.get(code).map_or_else(|| self.general.contains(code), |own| *own == status)
    }

    /// True unless it has a rule of its own, as the endpoints of standards have.
    pub(super) fn needs_token(&self) -> bool {
        matches!(self.word, Word::Needs { .. }) || (self.body["security"].is_null() && self.path.starts_with("/v1/"))
    }

    pub(super) fn changes(&self) -> bool {
        self.method != Method::GET
    }

    pub(super) fn has_places(&self) -> bool {
        self.path.contains('{')
    }

    /// True for a path parameter that is one of a few documented words, or a number, which other texts contain too.
    pub(super) fn is_choice(&self, place: &str) -> bool {
        let mut parameters = self.body["parameters"].as_array().into_iter().flatten();
        let is_choice = |schema: &Value| schema["enum"].is_array() || schema["type"] == "integer";
        parameters.any(|parameter| parameter["name"] == place && is_choice(&parameter["schema"]))
    }

    /// The schema of the request body.
    pub(super) fn request(&self, kind: &str) -> Option<&Value> {
        schema(&self.body["requestBody"], kind)
    }

    /// The documented answer with this status, if any.
    pub(super) fn answer(&self, status: u16) -> Option<&Value> {
        self.body["responses"].get(status.to_string())
    }

    pub(super) fn has_parameter(&self, place: &str, name: &str) -> bool {
        let parameters = self.body["parameters"].as_array().into_iter().flatten();
        // A name such as `metadata.KEY` stands for many.
        let family = name.split_once('.').map(|(family, _)| format!("{family}."));
        let is_it = |known: &str| known == name || family.as_ref().is_some_and(|family| known.starts_with(family));
        parameters.filter(|one| one["in"] == place).any(|one| one["name"].as_str().is_some_and(is_it))
    }
}

pub(super) fn schema<'a>(described: &'a Value, kind: &str) -> Option<&'a Value> {
    described["content"].get(kind)?.get("schema")
}
