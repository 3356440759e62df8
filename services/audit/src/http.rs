//! Audit over HTTP: the routes, and the document that describes them.

mod entries;
mod tree;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use platform::error;
use platform::http::document::Part;
use platform::room::{Operation, Routes, Word, needs};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::face::{Audit, Refusal, SERVICE};

pub(crate) const TAGS: [(&str, &str); 2] = [
    ("Audit entries", "Who did what. Entries are only added; no operation changes or removes one."),
    ("Audit proofs", "Signed heads, proofs and tiles of the log, for those who check it themselves."),
];

const READ: Word = needs("audit", "read");
const PAGE: &[&str] = &["field_invalid", "cursor_invalid", "limit_too_large"];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "list_audit_entries", word: READ, refusals: PAGE },
    Operation { name: "get_audit_entry", word: READ, refusals: &["field_invalid", "entry_unknown"] },
    Operation { name: "list_audit_accesses", word: READ, refusals: PAGE },
    Operation { name: "get_audit_log", word: READ, refusals: &[] },
    Operation { name: "list_audit_events", word: READ, refusals: &["page_size"] },
    Operation { name: "prove_audit_entry", word: READ, refusals: &["entry_unknown", "head_unknown"] },
    Operation { name: "get_audit_checkpoint", word: READ, refusals: &["head_unknown"] },
    Operation { name: "get_audit_consistency", word: READ, refusals: &["head_unknown", "tree_invalid"] },
    Operation { name: "get_audit_tile", word: READ, refusals: &["tile_unknown"] },
    Operation { name: "list_audit_keys", word: READ, refusals: &[] },
];

type Shared = Arc<dyn Audit>;

pub(crate) fn routes(audit: Shared) -> Routes {
    Routes::under_v1(Router::from(router()).with_state(audit))
}

pub(crate) fn document() -> OpenApi {
    let part = Part {
        room: SERVICE,
        tags: &TAGS,
        samples: error::samples::<Refusal>(),
        operations: OPERATIONS,
        story: include_str!("../story.json"),
    };
    part.finish(router().into_openapi())
}

fn router() -> OpenApiRouter<Shared> {
    let all = OpenApiRouter::new()
        .routes(routes!(entries::list_audit_entries))
        .routes(routes!(entries::get_audit_entry))
        .routes(routes!(entries::list_audit_accesses))
        .routes(routes!(entries::get_audit_log))
        .routes(routes!(entries::list_audit_events))
        .routes(routes!(tree::prove_audit_entry))
        .routes(routes!(tree::get_audit_checkpoint))
        .routes(routes!(tree::get_audit_consistency))
        .routes(routes!(tree::get_audit_tile))
        .routes(routes!(tree::list_audit_keys));
    OpenApiRouter::new().nest("/audit", all)
}

/// A reply that is not JSON; it stays in no cache.
fn plain(kind: &'static str, content: impl IntoResponse) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], content).into_response()
}
