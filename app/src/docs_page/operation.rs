//! One operation for human readers: what it does, its parameters, responses and refusals.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::words::{inline, json, paragraphs};
use super::{resolve, schema, text};

pub(super) struct Operation<'a> {
    pub(super) method: String,
    pub(super) path: &'a str,
    pub(super) tag: &'a str,
    pub(super) anchor: String,
    body: &'a Value,
}

impl Operation<'_> {
    /// A short title; the path if there is none.
    pub(super) fn summary(&self) -> &str {
        Some(text(self.body, "/summary")).filter(|words| !words.is_empty()).unwrap_or(self.path)
    }
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
            h3 { (operation.summary()) }
            p.route { span.verb { (operation.method) } " " code { (operation.path) } }
            (paragraphs(text(body, "/description")))
            (parameters(document, body))
            @if let Some(content) = request { h4 { "Request" } (sent(document, content)) (media(content)) }
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
                        td { (text(parameter, "/in")) @if parameter["required"] == true { span.hint { " required" } } }
                        td { (inline(text(parameter, "/description"))) }
                    }
                }
            }
        }
    }
}

/// The fields of a request's body; one that may be omitted has its schema next to `null`.
fn sent(document: &Value, content: &Map<String, Value>) -> Markup {
    let schema = content.values().find_map(|media| media.get("schema"));
    let parts = schema.and_then(|schema| schema.get("oneOf")).and_then(Value::as_array);
    let schema = parts.and_then(|parts| parts.iter().find(|part| part["type"] != "null")).or(schema);
    html! { @if let Some(schema) = schema { (schema::fields(document, resolve(document, schema))) } }
}

fn responses(document: &Value, body: &Value) -> Markup {
    let all = body.get("responses").and_then(Value::as_object);
    let all = all.into_iter().flatten().map(|(status, answer)| (status.as_str(), resolve(document, answer)));
    let (mut good, refused): (Vec<_>, Vec<_>) = all.partition(|(status, _)| status.starts_with(['1', '2', '3']));
    // The response with an example first: the other one looks like it.
    let has_none =
        |answer: &Value| answer.pointer("/content/application~1json").is_none_or(|media| examples(media).is_empty());
    good.sort_by_key(|(_, answer)| has_none(answer));
    let (general, refused): (Vec<_>, Vec<_>) = refused.into_iter().partition(|(status, _)| *status == "default");
    html! {
        @for (status, answer) in good {
            h4 { "Answer " (status) }
            @let content = answer.get("content").and_then(Value::as_object);
            p { (inline(text(answer, "/description"))) @if let Some(content) = content { ": " (answered(content)) } }
            @if let Some(content) = content { (written(content)) }
        }
        @if !refused.is_empty() {
            h4 { "Refusals" }
            table.refusals { @for (status, answer) in refused { (refusals(document, status, answer)) } }
        }
        @for (_, answer) in general {
            p.hint { "And " a href={ "#" (general_anchor(answer)) } { (lowered(text(answer, "/description"))) } "." }
        }
    }
}

/// Where the page has what many operations may return.
pub(super) fn general_anchor(answer: &Value) -> String {
    text(answer, "/description").to_lowercase().replace([' ', ','], "-")
}

fn lowered(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// A link to the returned schema.
fn answered(content: &Map<String, Value>) -> Markup {
    html! { @for schema in content.values().filter_map(|media| media.get("schema")) { (schema::kind(schema)) } }
}

/// Only what was recorded: a response without an example looks like the previous one.
fn written(content: &Map<String, Value>) -> Markup {
    html! {
        @for (name, example) in content.values().flat_map(examples) {
            @if !name.is_empty() { p.hint { (name) } }
            pre { code { (plain(example)) } }
        }
    }
}

/// A text as it is, such as a table; anything else as JSON.
fn plain(example: &Value) -> String {
    example.as_str().map_or_else(|| json(example), str::to_owned)
}

/// One row per code: the names of a refusal's examples are its codes.
pub(super) fn refusals(document: &Value, status: &str, answer: &Value) -> Markup {
    let media = answer.get("content").and_then(Value::as_object).and_then(|content| content.values().next());
    let examples = media.and_then(|media| media.get("examples")).and_then(Value::as_object);
    html! {
        @for (code, example) in examples.into_iter().flatten() {
            @let example = resolve(document, example);
            @let own = example.pointer("/value/status").map(Value::to_string);
            tr {
                td { code { (own.as_deref().unwrap_or(status)) } }
                td { code { (code) } }
                td {
                    (inline(text(example, "/description")))
                    @if let Some(body) = example.get("value") { details { summary { "example" } pre { code { (json(body)) } } } }
                }
            }
        }
        @if examples.is_none() { tr { td { code { (status) } } td {} td { (inline(text(answer, "/description"))) } } }
    }
}

fn media(content: &Map<String, Value>) -> Markup {
    html! {
        @for (kind, media) in content {
            @for (name, example) in examples(media) {
                p.hint { @if name.is_empty() { (kind) } @else { (name) } }
                pre { code { (json(example)) } }
            }
        }
    }
}

/// What was recorded.
fn examples(media: &Value) -> Vec<(String, &Value)> {
    if let Some(one) = media.get("example") {
        return vec![(String::new(), one)];
    }
    let named = media.get("examples").and_then(Value::as_object).into_iter().flatten();
    named.filter_map(|(name, one)| Some((label(name, one), one.get("value")?))).collect()
}

fn label(name: &str, example: &Value) -> String {
    let summary = text(example, "/summary");
    if summary.is_empty() { name.to_owned() } else { summary.to_owned() }
}
