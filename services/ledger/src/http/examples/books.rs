//! A second book.

use serde_json::{Value, json};

use super::AT;

const HEAD: &str = "florin-1:acme-uk:0:0:56997b2d326b321527bea2886290968edc53806ef18309a4476687655f7eb55a";

pub(in crate::http) fn create_book() -> Value {
    json!({ "book": "acme-uk" })
}

pub(in crate::http) fn book() -> Value {
    json!({ "book": "acme-uk", "created_at": AT, "replayed": false })
}

pub(in crate::http) fn books() -> Value {
    json!([book(), { "book": "main", "created_at": AT, "replayed": false }])
}

pub(in crate::http) fn book_status() -> Value {
    json!({
        "book": "acme-uk", "created_at": AT, "head": HEAD,
        "groups": 0, "rows": 0, "accepting": true, "waiting": 0
    })
}
