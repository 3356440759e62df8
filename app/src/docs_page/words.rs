//! Descriptions and JSON, formatted for people.

use maud::{Markup, html};
use serde_json::{Map, Value};

/// Examples that fit into a line stay in one.
const LINE_MAX: usize = 88;

/// Paragraphs, with text between backticks as code.
pub(super) fn paragraphs(text: &str) -> Markup {
    html! { @for paragraph in text.split("\n\n").filter(|words| !words.trim().is_empty()) { p { (inline(paragraph)) } } }
}

/// The two kinds of Markdown that descriptions use: code and bold.
pub(super) fn inline(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (strong(part)) }
        }
    }
}

fn strong(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split("**").enumerate() {
            @if place % 2 == 1 { strong { (part) } } @else { (part) }
        }
    }
}

/// Pretty-printed, but an object or list that fits into a line stays in one.
pub(super) fn json(value: &Value) -> String {
    written(value, 0)
}

fn written(value: &Value, indent: usize) -> String {
    let line = value_in_a_line(value);
    if indent + line.len() <= LINE_MAX {
        return line;
    }
    let inner = indent + 2;
    let gap = " ".repeat(inner);
    let (open, close, parts): (char, char, Vec<String>) = match value {
        Value::Object(members) => {
            let member = |(name, value)| format!("{gap}{}: {}", Value::from(name), written(value, inner));
            ('{', '}', members.iter().map(|(name, value)| member((name.as_str(), value))).collect())
        }
        Value::Array(items) => ('[', ']', items.iter().map(|item| format!("{gap}{}", written(item, inner))).collect()),
        _ => return line,
    };
    format!("{open}\n{}\n{}{close}", parts.join(",\n"), " ".repeat(indent))
}

fn value_in_a_line(value: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => format!("{{ {} }}", joined(members_in_a_line(members))),
        Value::Array(items) => format!("[{}]", joined(items.iter().map(value_in_a_line).collect())),
        other => other.to_string(),
    }
}

fn members_in_a_line(members: &Map<String, Value>) -> Vec<String> {
    members.iter().map(|(name, value)| format!("{}: {}", Value::from(name.as_str()), value_in_a_line(value))).collect()
}
