//! One operation as a person reads it: what it does, what it takes, what it answers, how it refuses.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::text;

/// Schemas may refer to themselves; an example stops somewhere.
const EXAMPLE_DEPTH_MAX: usize = 6;

pub(super) struct Operation<'a> {
    pub(super) method: String,
    pub(super) path: &'a str,
    pub(super) tag: &'a str,
    pub(super) anchor: String,
    body: &'a Value,
}

pub(super) fn all(document: &Value) -> Vec<Operation<'_>> {
    const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
    let mut found = Vec::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for method in METHODS {
            let Some(body) = item.get(method) else { continue };
            let tag = body.pointer("/tags/0").and_then(Value::as_str).unwrap_or("other");
            let anchor = format!("{method}{}", path.replace(['/', '{', '}'], "-"));
            found.push(Operation { method: method.to_uppercase(), path, tag, anchor, body });
        }
    }
    found
}

pub(super) fn render(document: &Value, operation: &Operation<'_>) -> Markup {
    let body = operation.body;
    let request = body.pointer("/requestBody/content").and_then(Value::as_object);
    html! {
        article id=(operation.anchor) {
            h3 { span.verb { (operation.method) } " " code { (operation.path) } }
            @if !text(body, "/summary").is_empty() { p.summary { (text(body, "/summary")) } }
            @for paragraph in text(body, "/description").split("\n\n").filter(|words| !words.is_empty()) { p { (paragraph) } }
            (parameters(document, body))
            @if let Some(content) = request { h4 { "Request" } (media(document, content)) }
            (responses(document, body))
        }
    }
}

fn parameters(document: &Value, body: &Value) -> Markup {
    let list = body.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    html! {
        @if !list.is_empty() {
            h4 { "Parameters" }
            table {
                @for parameter in list.iter().map(|parameter| resolve(document, parameter)) {
                    tr {
                        td { code { (text(parameter, "/name")) } }
                        td { (text(parameter, "/in")) @if parameter["required"] == true { ", required" } }
                        td { (text(parameter, "/description")) }
                    }
                }
            }
        }
    }
}

fn responses(document: &Value, body: &Value) -> Markup {
    let all = body.get("responses").and_then(Value::as_object);
    let all = all.into_iter().flatten().map(|(status, answer)| (status.as_str(), resolve(document, answer)));
    let (good, refused): (Vec<_>, Vec<_>) = all.partition(|(status, _)| status.starts_with(['1', '2', '3']));
    html! {
        @for (status, answer) in good {
            h4 { "Answer " (status) }
            p { (text(answer, "/description")) }
            @if let Some(content) = answer.get("content").and_then(Value::as_object) { (media(document, content)) }
        }
        @if !refused.is_empty() {
            h4 { "Refusals" }
            table {
                @for (status, answer) in refused {
                    tr {
                        td { code { (status) } }
                        td { (text(answer, "/description")) (codes(answer)) }
                    }
                }
            }
        }
    }
}

/// The names of the examples of a refusal are its codes.
fn codes(answer: &Value) -> Markup {
    let media = answer.get("content").and_then(Value::as_object).and_then(|content| content.values().next());
    let examples = media.and_then(|media| media.get("examples")).and_then(Value::as_object);
    html! { @for name in examples.into_iter().flat_map(Map::keys) { " " code { (name) } } }
}

fn media(document: &Value, content: &Map<String, Value>) -> Markup {
    html! {
        @for (kind, media) in content {
            @for (name, example) in examples(document, media) {
                p.hint { (kind) @if !name.is_empty() { ": " (name) } }
                pre { code { (serde_json::to_string_pretty(&example).unwrap_or_default()) } }
            }
        }
    }
}

/// What the author wrote, else what can be put together from the schema.
fn examples(document: &Value, media: &Value) -> Vec<(String, Value)> {
    if let Some(one) = media.get("example") {
        return vec![(String::new(), one.clone())];
    }
    if let Some(named) = media.get("examples").and_then(Value::as_object) {
        return named.iter().filter_map(|(name, one)| Some((label(name, one), one.get("value")?.clone()))).collect();
    }
    media.get("schema").map(|schema| (String::new(), sample(document, schema, 0))).into_iter().collect()
}

fn label(name: &str, example: &Value) -> String {
    let summary = text(example, "/summary");
    if summary.is_empty() { name.to_owned() } else { summary.to_owned() }
}

fn sample(document: &Value, schema: &Value, depth: usize) -> Value {
    let schema = resolve(document, schema);
    if depth > EXAMPLE_DEPTH_MAX {
        return Value::Null;
    }
    let written = schema.get("example").or_else(|| schema.pointer("/examples/0"));
    let written = written.or_else(|| schema.get("default")).or_else(|| schema.get("const"));
    if let Some(value) = written.or_else(|| schema.pointer("/enum/0")) {
        return value.clone();
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let objects = parts.iter().map(|part| sample(document, part, depth + 1));
        return Value::Object(objects.filter_map(|part| part.as_object().cloned()).flatten().collect());
    }
    for choice in ["oneOf", "anyOf"] {
        let parts = schema.get(choice).and_then(Value::as_array);
        if let Some(part) = parts.and_then(|parts| parts.iter().find(|part| part["type"] != "null")) {
            return sample(document, part, depth + 1);
        }
    }
    sample_of_kind(document, schema, depth)
}

fn sample_of_kind(document: &Value, schema: &Value, depth: usize) -> Value {
    // OpenAPI 3.1 writes an optional text as ["string", "null"].
    let kind = schema.get("type").map(|kind| kind.as_str().or_else(|| kind.get(0)?.as_str()).unwrap_or_default());
    match kind.unwrap_or_default() {
        "array" => Value::from_iter(schema.get("items").map(|items| sample(document, items, depth + 1))),
        "string" => Value::from("text"),
        "integer" | "number" => Value::from(1),
        "boolean" => Value::from(true),
        _ => {
            let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            Value::Object(fields.map(|(name, field)| (name.clone(), sample(document, field, depth + 1))).collect())
        }
    }
}

/// Follows a reference into the document's components; an unknown one shows as nothing.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or(&Value::Null),
        None => value,
    }
}
