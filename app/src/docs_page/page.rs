//! The layout of both pages: head, style, table of contents.

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::operation::{self, Operation};
use super::words::{inline, paragraphs};
use super::{schema, text, title};

const STYLE: &str = include_str!("style.css");

pub(super) fn home(title: &str) -> Markup {
    frame(
        title,
        html! {
            main {
                h1 { (title) }
                p { "This process is up. Where to go from here:" }
                ul {
                    li { a href="/docs" { "Documentation" } " of every operation, with examples and refusals" }
                    li { a href="/openapi.json" { "OpenAPI 3.1" } " for programs" }
                    li { a href="/status" { "Status" } " of the process and its services" }
                    li { a href="/metrics" { "Metrics" } " for Prometheus" }
                    li { a href="/ready" { "Readiness" } " and " a href="/health" { "health" } " for probes" }
                }
            }
        },
    )
}

pub(super) fn docs(document: &Value) -> Markup {
    let groups = grouped(document);
    frame(
        title(document),
        html! {
            nav {
                strong { (title(document)) " " (text(document, "/info/version")) }
                @for (tag, operations) in &groups {
                    h2 { (tag) }
                    ul {
                        @for operation in operations {
                            li { a href={ "#" (operation.anchor) } title={ (operation.method) " " (operation.path) } { (operation.summary()) } }
                        }
                    }
                }
                h2 { a href="#general" { "General refusals" } }
                h2 { a href="#things" { "Things" } }
            }
            main {
                h1 { (title(document)) }
                (paragraphs(text(document, "/info/description")))
                p.hint { "For programs: " a href="/openapi.json" { "/openapi.json" } "." }
                @if groups.is_empty() { p { "No service with operations runs in this process." } }
                @for (tag, operations) in &groups {
                    section {
                        h2 { (tag) }
                        @if let Some(words) = tag_description(document, tag) { p { (inline(words)) } }
                        @for operation in operations { (operation::render(document, operation)) }
                    }
                }
                (general(document))
                section { h2 id="things" { "Things" } (schema::things(document)) }
            }
        },
    )
}

/// The problems that the document has once for all operations.
fn general(document: &Value) -> Markup {
    let answers = document.pointer("/components/responses").and_then(Value::as_object);
    html! {
        section {
            h2 id="general" { "General refusals" }
            @for answer in answers.into_iter().flat_map(|answers| answers.values()) {
                p id=(operation::general_anchor(answer)) { (inline(text(answer, "/description"))) }
                table.refusals { (operation::refusals(document, "", answer)) }
            }
        }
    }
}

/// Operations by their first tag, paths in order.
fn grouped(document: &Value) -> BTreeMap<&str, Vec<Operation<'_>>> {
    let mut groups: BTreeMap<&str, Vec<Operation<'_>>> = BTreeMap::new();
    for operation in operation::all(document) {
        groups.entry(operation.tag).or_default().push(operation);
    }
    groups
}

fn tag_description<'a>(document: &'a Value, tag: &str) -> Option<&'a str> {
    let tags = document.get("tags")?.as_array()?;
    tags.iter().find(|known| text(known, "/name") == tag)?.get("description")?.as_str()
}

fn frame(title: &str, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (content) }
        }
    }
}
