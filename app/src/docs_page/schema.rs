//! The schemas of requests and responses, field by field.

use maud::{Markup, html};
use serde_json::Value;

use super::words::inline;
use super::{resolve, text};

/// All named schemas of the document; operations link to them.
pub(super) fn things(document: &Value) -> Markup {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    html! {
        @for (name, schema) in schemas.into_iter().flatten() {
            article id=(anchor(name)) {
                h3 { code { (name) } }
                (description(schema))
                (fields(document, schema))
            }
        }
    }
}

fn anchor(name: &str) -> String {
    format!("thing-{name}")
}

fn description(schema: &Value) -> Markup {
    let parts = ["oneOf", "anyOf"].iter().find_map(|choice| schema.get(*choice)).and_then(Value::as_array);
    html! {
        @if !text(schema, "/description").is_empty() { p { (inline(text(schema, "/description"))) } }
        @if let Some(words) = facts(schema) { p.hint { (words) } }
        @for part in parts.into_iter().flatten() {
            @for (name, member) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
                p { code { (name) } ": " (kind(member)) " " (inline(text(part, "/description"))) }
            }
        }
    }
}

/// The format of a string or number.
fn facts(schema: &Value) -> Option<String> {
    let values = schema.get("enum").and_then(Value::as_array);
    if let Some(values) = values {
        let values: Vec<String> = values.iter().map(Value::to_string).collect();
        return Some(format!("One of {}", values.join(", ")));
    }
    let pattern = text(schema, "/pattern");
    let example = schema.pointer("/examples/0").or_else(|| schema.get("example"));
    match (pattern, example) {
        ("", _) => None,
        (pattern, None) => Some(format!("Pattern {pattern}")),
        (pattern, Some(example)) => Some(format!("Pattern {pattern}, for example {example}")),
    }
}

/// The fields of an object, its own and those of its parts.
pub(super) fn fields(document: &Value, schema: &Value) -> Markup {
    let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    let parts: Vec<&Value> = parts.map(|part| resolve(document, part)).chain([schema]).collect();
    let has_fields = parts.iter().any(|part| part.get("properties").is_some());
    html! {
        @if has_fields {
            table {
                @for part in &parts {
                    @for (name, field) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
                        tr {
                            td { code { (name) } }
                            td { (kind(field)) @if required(part, name) { span.hint { " required" } } }
                            td { (inline(words(field))) (bounds(field)) }
                        }
                    }
                }
            }
        }
    }
}

/// A field's description; if it may be null, that is with the other choice.
fn words(field: &Value) -> &str {
    let choices = ["oneOf", "anyOf", "allOf"].iter().filter_map(|choice| field.get(*choice)?.as_array()).flatten();
    let said = std::iter::once(field).chain(choices).map(|part| text(part, "/description"));
    said.into_iter().find(|words| !words.is_empty()).unwrap_or_default()
}

fn required(schema: &Value, name: &str) -> bool {
    let names = schema.get("required").and_then(Value::as_array);
    names.is_some_and(|names| names.iter().any(|required| required == name))
}

fn bounds(field: &Value) -> Markup {
    let default = field.get("default").filter(|value| !value.is_null());
    let example = field.pointer("/examples/0").or_else(|| field.get("example"));
    html! {
        @if let Some(value) = default { span.hint { " Default: " (value.to_string()) "." } }
        @if let (Some(value), None) = (example, default) { span.hint { " For example " (value.to_string()) "." } }
    }
}

/// A field's type, with a link if it has a name.
pub(super) fn kind(schema: &Value) -> Markup {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        return html! { a href={ "#" (anchor(name)) } { (name) } };
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        let parts = schema.get(choice).and_then(Value::as_array);
        let parts = parts.into_iter().flatten().filter(|part| part["type"] != "null");
        if let Some(part) = parts.into_iter().next() {
            return kind(part);
        }
    }
    if let Some(items) = schema.get("items") {
        return html! { "list of " (kind(items)) };
    }
    if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        return html! { "map to " (kind(values)) };
    }
    let name = schema.get("type").map(|kind| kind.as_str().or_else(|| kind.get(0)?.as_str()).unwrap_or_default());
    html! { (name.map_or("anything", |name| if name == "string" { "text" } else { name })) }
}
