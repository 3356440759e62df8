//! Refusals of books.

use serde_json::json;

use super::Asker;
use crate::end_to_end::house::posting;

pub(super) async fn of_books(asker: &Asker<'_>) {
    asker.get("/v1/ledger/accounts?book=nobody", 404, "book_unknown").await;
    asker.get("/v1/ledger/books/nobody", 404, "book_unknown").await;
    asker.get("/v1/ledger/accounts?book=No+Name", 400, "field_invalid").await;
    asker.get("/v1/ledger/accounts?book=main&book=main", 400, "field_invalid").await;
    asker.post("/v1/ledger/books", json!({ "book": "No Name" }), 400, "field_invalid").await;
    let differ = asker
        .create(
            |body| {
                body["postings"] = json!([posting("a", "b", "1.00"), posting("a", "b", "1.00")]);
                body["postings"][0]["book"] = json!("main");
                body["postings"][1]["book"] = json!("acme");
            },
            400,
            "books_differ",
        )
        .await;
    assert_eq!((&differ["book"], &differ["other"]), (&json!("main"), &json!("acme")));
}
