//! The ledger's status, for readiness and `/status`.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ctx, Principal};
use ledger_api::{Ledger, LedgerError, LedgerStatus};
use platform::health::{Facts, Part, facts};
use platform::lease::Standing;
use serde_json::{Value, json};

use super::open::own_ctx;
use super::{ROOM, sharing};
use crate::LedgerBooks;

/// Maximum books that `/status` lists one by one.
const SHOWN_MAX: usize = 16;

pub(super) struct LedgerPart {
    pub(super) books: Arc<LedgerBooks>,
    pub(super) standing: Standing,
    pub(super) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Part for LedgerPart {
    fn name(&self) -> &'static str {
        ROOM.name
    }

    async fn ready(&self) -> Result<(), String> {
        sharing::ready(&self.standing, self.books.main().is_accepting())
    }

    async fn status(&self) -> Facts {
        let ctx = own_ctx(&*self.clock, Principal::operator());
        let mut facts = of_main(self.books.main().status(&ctx).await);
        facts.extend(of_books(&self.books, &ctx).await);
        facts.append(&mut sharing::role(&self.standing));
        facts
    }
}

fn of_main(status: Result<LedgerStatus, LedgerError>) -> Facts {
    match status {
        Ok(status) => facts([
            ("book", json!(status.book)),
            ("head", json!(status.head)),
            ("groups", json!(status.groups)),
            ("rows", json!(status.rows)),
            ("accepting", json!(status.accepting)),
            ("waiting", json!(status.waiting)),
        ]),
        Err(error) => facts([("error", json!(error.code()))]),
    }
}

/// The number of books, and the state of the first of them.
async fn of_books(books: &LedgerBooks, ctx: &Ctx) -> Facts {
    let (shown, in_all) = match books.statuses(ctx, SHOWN_MAX).await {
        Ok(found) => found,
        Err(error) => return facts([("books", json!({ "error": error.code() }))]),
    };
    let one = |status: Option<LedgerStatus>| match status {
        Some(status) => json!({ "head": status.head, "rows": status.rows, "accepting": status.accepting }),
        None => json!({ "accepting": false }),
    };
    let shown: BTreeMap<String, Value> =
        shown.into_iter().map(|(book, status)| (book.to_string(), one(status))).collect();
    facts([("books", json!(shown)), ("books_in_all", json!(in_all))])
}
