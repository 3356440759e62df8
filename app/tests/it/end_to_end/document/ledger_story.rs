//! Ann pays an invoice: the story of the ledger's examples.

use serde_json::json;

use super::teller::Teller;
use crate::end_to_end::house::ACCOUNTS;

/// The order in which the examples tell their story.
const STORY: [&str; 31] = [
    "create_book",
    "list_books",
    "get_book",
    "declare_asset",
    "list_assets",
    "open_account",
    "get_account",
    "list_accounts",
    "declare_metadata_key",
    "list_metadata_keys",
    "create_transaction",
    "list_scheduled",
    "cancel_transaction",
    "find_transaction",
    "get_transaction",
    "increase_transaction",
    "post_transaction",
    "void_transaction",
    "reverse_transaction",
    "submit_batch",
    "events_after",
    "account_balance",
    "account_statement",
    "roll_up",
    "trial_balance",
    "set_limits",
    "set_metadata",
    "freeze_account",
    "unfreeze_account",
    "close_account",
    "remove_metadata_key",
];

pub(super) async fn tell(teller: &Teller<'_>) {
    for path in ["customers:bob", "merchants:shop", "income:fees", "customers:closing"] {
        teller.house.open(path).await;
    }
    let cash = json!({ "path": "assets:cash", "currency": "USD", "normal": "debit", "may_go_negative": true });
    teller.house.create(ACCOUNTS, cash).await;
    for name in STORY {
        let transaction = match name {
            "reverse_transaction" => teller.answers_of("post_transaction").remove(0),
            "cancel_transaction" => teller.answers_of("list_scheduled")[0]["items"][0].clone(),
            _ => teller.answers_of("get_transaction").remove(0),
        };
        let account = if name == "close_account" { "customers:closing" } else { "customers:ann" };
        let id = transaction["id"].as_str().unwrap();
        let places = [("id", id), ("path", account), ("key", "channel"), ("book", "acme-uk")];
        teller.tell(name, &places, query(name)).await;
    }
}

fn query(name: &str) -> &'static str {
    match name {
        "find_transaction" => "?reference=invoice-2026-0017",
        "list_accounts" => "?prefix=customers&limit=1",
        "roll_up" => "?prefix=customers",
        "trial_balance" => "?depth=1",
        "account_statement" => "?from=2026-01-01T00:00:00Z",
        "events_after" => "?after=0",
        _ => "",
    }
}
