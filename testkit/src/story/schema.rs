//! Checks that a body matches its schema and has no fields that the schema does not know.

use std::cell::RefCell;
use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";
/// Where the schemas are defined once more, open for further fields: for those that are one part of several.
const PARTS: &str = "#/components/parts/";

pub(super) struct Schemas {
    components: Value,
    ready: RefCell<HashMap<String, Validator>>,
}

impl Schemas {
    pub(super) fn of(document: &Value) -> Schemas {
        let all = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
        let each = |change: fn(Value) -> Value| -> Map<String, Value> {
            all.iter().map(|(name, schema)| (name.clone(), change(schema.clone()))).collect()
        };
        let components = json!({ "schemas": each(closed), "parts": each(open) });
        Schemas { components, ready: RefCell::default() }
    }

    /// # Errors
    ///
    /// A sentence for each mismatch.
    pub(super) fn check(&self, schema: &Value, body: &Value) -> Result<(), String> {
        let mut ready = self.ready.borrow_mut();
        let validator = ready.entry(schema.to_string()).or_insert_with(|| self.validator(schema));
        let wrong: Vec<String> =
            validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    fn validator(&self, schema: &Value) -> Validator {
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [closed(schema.clone())],
            "components": self.components,
        });
        jsonschema::validator_for(&whole).unwrap_or_else(|error| panic!("{schema}: {error}"))
    }
}

/// Forbids undescribed fields in every object.
fn closed(schema: Value) -> Value {
    changed(schema, true)
}

/// The same except for the outermost object.
fn open(schema: Value) -> Value {
    changed(schema, false)
}

fn changed(schema: Value, close: bool) -> Value {
    let Value::Object(mut schema) = schema else { return schema };
    let is_object = schema.contains_key("properties") || schema.contains_key("allOf");
    for (word, member) in &mut schema {
        let inside = std::mem::take(member);
        *member = match (word.as_str(), inside) {
            ("$ref", Value::String(name)) if !close => Value::String(name.replace(SCHEMAS, PARTS)),
            ("properties" | "patternProperties", Value::Object(members)) => {
                members.into_iter().map(|(name, schema)| (name, closed(schema))).collect()
            }
            ("items" | "additionalProperties", schema) => closed(schema),
            ("prefixItems", Value::Array(items)) => items.into_iter().map(closed).collect(),
            ("allOf", Value::Array(parts)) => parts.into_iter().map(open).collect(),
            // Alternatives next to fields are parts of the same object.
            ("oneOf" | "anyOf", Value::Array(ways)) => {
                ways.into_iter().map(|way| changed(way, close && !is_object)).collect()
            }
            (_, other) => other,
        };
    }
    let says = schema.contains_key("additionalProperties") || schema.contains_key("unevaluatedProperties");
    if close && is_object && !says {
        schema.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
    Value::Object(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schemas() -> Schemas {
        let point = json!({ "type": "object", "required": ["x"], "properties": { "x": { "type": "integer" } } });
        let named = json!({ "allOf": [
            { "$ref": "#/components/schemas/Point" },
            { "type": "object", "properties": { "name": { "type": ["string", "null"] } } },
        ] });
        let either = json!({ "oneOf": [{ "$ref": "#/components/schemas/Point" }, { "type": "null" }] });
        Schemas::of(&json!({ "components": { "schemas": { "Point": point, "Named": named, "Either": either } } }))
    }

    #[test]
    fn a_body_has_only_the_fields_of_its_schema() {
        let schemas = schemas();
        let check = |name: &str, body: Value| schemas.check(&json!({ "$ref": format!("{SCHEMAS}{name}") }), &body);
        for (name, body, good) in [
            ("Point", json!({ "x": 1 }), true),
            ("Point", json!({ "x": "1" }), false),
            ("Point", json!({}), false),
            ("Point", json!({ "x": 1, "y": 2 }), false),
            ("Named", json!({ "x": 1, "name": null }), true),
            ("Named", json!({ "x": 1, "name": "a", "y": 2 }), false),
            ("Named", json!({ "name": "a" }), false),
            ("Either", json!(null), true),
            ("Either", json!({ "x": 1 }), true),
            ("Either", json!({ "x": 1, "y": 1 }), false),
        ] {
            assert_eq!(check(name, body.clone()).is_ok(), good, "{name} {body}: {:?}", check(name, body.clone()));
        }
        let list = json!({ "type": "array", "items": { "$ref": "#/components/schemas/Named" } });
        assert!(schemas.check(&list, &json!([{ "x": 1 }])).is_ok());
        let wrong = schemas.check(&list, &json!([{ "x": 1 }, { "x": 1, "z": 1 }])).unwrap_err();
        assert!(wrong.starts_with("/1"), "{wrong}");
    }
}
