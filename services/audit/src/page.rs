//! The log as pages for people: the newest entries, one entry with its proof, and how its sources are.

use maud::{DOCTYPE, Markup, html};
use platform::http::encode_cursor;

use crate::entry::Body;
use crate::face::{Entry, EntryPage, LogStatus, Proof};

const STYLE: &str = "body{font:15px system-ui;margin:2em;max-width:80em}td,th{padding:.2em .8em;text-align:left;\
                     vertical-align:top}pre{background:#f4f4f4;padding:1em;overflow:auto}.CRITICAL,.HIGH{font-weight:bold}";

fn page(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (title) } style { (STYLE) } }
            body { h1 { (title) } (content) }
        }
    }
}

/// `kept` is the query of this page without its cursor.
pub(crate) fn list(entries: &EntryPage, status: &LogStatus, list: &str, kept: &str) -> Markup {
    let content = html! {
        p { (status.size) " entries of " code { (status.origin) } ", " (status.signed) " of them below a signed head." }
        table {
            tr { th { "Index" } th { "Recorded" } th { "Type" } th { "Risk" } th { "Who" } th { "What" } th { "Result" } }
            @for entry in &entries.items { (row(entry)) }
        }
        @if let Some(next) = entries.next {
            p { a href=(format!("?{kept}cursor={}", encode_cursor(list, &next))) { "Older entries" } }
        }
        (sources(status))
    };
    page("Audit log", &content)
}

fn row(entry: &Entry) -> Markup {
    html! {
        tr {
            td { a href=(format!("/v1/audit/entries/{}?format=html", entry.index)) { (entry.index) } }
            @match &entry.body {
                Some(body) => {
                    td { (body.recorded_at) }
                    td { (body.kind) }
                    td class=(<&str>::from(body.risk)) { (<&str>::from(body.risk)) }
                    td { (body.actor.as_deref().unwrap_or("SYSTEM")) }
                    td { (body.object) }
                    td { (<&str>::from(body.result)) }
                },
                None => td colspan="6" { "Removed after the time for which entries are kept; its hash stays." },
            }
        }
    }
}

fn sources(status: &LogStatus) -> Markup {
    html! {
        h2 { "Sources" }
        table {
            tr { th { "Feed" } th { "Last event" } th { "Waiting" } th { "Parked" } }
            @for source in &status.sources {
                tr {
                    td { (source.name) } td { (source.cursor) }
                    td { @match source.lag { Some(lag) => (lag), None => "unknown" } }
                    td { (source.parked) }
                }
            }
        }
    }
}

pub(crate) fn one(entry: &Entry, proof: Option<&Proof>) -> Markup {
    let content = html! {
        @match &entry.body {
            Some(body) => (members(body)),
            None => p { "Removed after the time for which entries are kept; its hash stays in the tree." },
        }
        @if let Some(personal) = &entry.personal {
            h2 { "Personal" }
            pre { (format!("{personal:#}")) }
        }
        h2 { "Proof" }
        @match proof {
            Some(proof) => {
                p { "Entry " (proof.index) " of the signed tree of " (proof.size) " entries. An exported folder is checked with:" }
                pre { "florin audit export ./evidence\nflorin audit verify ./evidence --key KEY" }
                pre { (proof.text) }
            },
            None => p { "No signed head covers it yet; reload in a second." },
        }
        p { a href="/v1/audit/entries?format=html" { "All entries" } }
    };
    page(&format!("Entry {}", entry.index), &content)
}

fn members(body: &Body) -> Markup {
    html! { pre { (serde_json::to_string_pretty(body).unwrap_or_default()) } }
}
