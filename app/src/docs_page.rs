//! The API for people: `/` is the start page, `/docs` shows every operation, `/openapi.json` is for programs.
//!
//! The page is built once, at start, from the document that programs get. Deliberately without JavaScript and without
//! external resources: it works offline and under a strict content policy.

mod operation;
mod page;
mod schema;
mod words;

use axum::Router;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use serde_json::Value;
use utoipa::openapi::OpenApi;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// `/`, `/docs` and `/openapi.json`.
pub(crate) fn routes(api: &OpenApi) -> Result<Router, serde_json::Error> {
    let document = serde_json::to_value(api)?;
    let json = Bytes::from(serde_json::to_vec_pretty(&document)?);
    let docs = Bytes::from(page::docs(&document).into_string());
    let home = Bytes::from(page::home(title(&document)).into_string());
    Ok(Router::new()
        .route("/", get(move || html(home)))
        .route("/docs", get(move || html(docs)))
        .route("/openapi.json", get(async move || ([("content-type", "application/json")], json))))
}

async fn html(page: Bytes) -> Response {
    ([("content-security-policy", POLICY)], Html(page)).into_response()
}

fn title(document: &Value) -> &str {
    text(document, "/info/title")
}

/// The text at a JSON pointer; empty if there is none.
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Follows a reference into the document's components; an unknown one shows as nothing.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or(&Value::Null),
        None => value,
    }
}

#[cfg(test)]
mod tests;
