//! The ledger's books as people see them: in `/status`, and when the process ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::Ctx;
use ledger::LedgerBooks;
use serde_json::{Value, json};

/// Books that `/status` shows one by one.
const SHOWN_MAX: usize = 16;

/// How many there are, and how the first of them stand.
pub(super) async fn facts(books: &LedgerBooks, ctx: &Ctx) -> BTreeMap<&'static str, Value> {
    let (shown, in_all) = match books.statuses(ctx, SHOWN_MAX).await {
        Ok(found) => found,
        Err(error) => return BTreeMap::from([("books", json!({ "error": error.code() }))]),
    };
    let one = |status: Option<ledger_api::LedgerStatus>| match status {
        Some(status) => json!({ "head": status.head, "rows": status.rows, "accepting": status.accepting }),
        None => json!({ "accepting": false }),
    };
    let shown: BTreeMap<String, Value> =
        shown.into_iter().map(|(book, status)| (book.to_string(), one(status))).collect();
    BTreeMap::from([("books", json!(shown)), ("books_in_all", json!(in_all))])
}

/// Heads are for people to keep: `florin verify --against` proves with one that nothing was cut or rewritten since.
pub(super) async fn close(books: Arc<LedgerBooks>) {
    for (book, head) in books.close().await {
        match head {
            Ok(head) => eprintln!("florin: ledger head {head}"),
            Err(error) => tracing::error!(%book, %error, cause = ?error.source, "a head could not be read at the end"),
        }
    }
}
