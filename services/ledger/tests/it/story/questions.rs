//! Refusals of queries: lists, searches and history.

use testkit::Telling;

use super::{UNKNOWN, account, opened};

pub(super) async fn refused(story: &Telling) {
    of_things(story).await;
    of_pages(story).await;
    of_the_past(story).await;
}

async fn of_things(story: &Telling) {
    for operation in ["get_account", "account_balance", "account_statement"] {
        story.ask(operation).at("path", "customers:nobody").refused("not_found").await;
    }
    story.ask("get_book").at("book", "nobody").refused("book_unknown").await;
    story.ask("list_accounts").query("book", "No Name").refused("field_invalid").await;
    story.ask("list_accounts").query("book", "main").query("book", "main").refused("field_invalid").await;
    story.ask("get_transaction").at("id", UNKNOWN).refused("not_found").await;
    let find = || story.ask("find_transaction");
    find().query("reference", "nothing").refused("not_found").await;
    find().refused("query_unsupported").await;
    let undeclared = find().query("metadata.color", "red").refused("metadata_key_undeclared").await;
    assert_eq!(undeclared["key"], "color");
    let both = story.ask("list_accounts").query("reference", "CRM-4711").query("prefix", "customers");
    both.refused("query_unsupported").await;
}

async fn of_pages(story: &Telling) {
    story.ask("list_accounts").query("limit", "501").refused("page_size").await;
    story.ask("list_accounts").query("cursor", "x").refused("cursor_invalid").await;
    story.ask("list_scheduled").query("limit", "0").refused("page_size").await;
    story.ask("list_scheduled").query("cursor", "x").refused("cursor_invalid").await;
    let find = || story.ask("find_transaction").query("metadata.order", "4711");
    find().query("limit", "501").refused("page_size").await;
    find().query("cursor", "x").refused("cursor_invalid").await;
    story.ask("events_after").query("after", "0").query("limit", "1001").refused("page_size").await;
    story.ask("events_after").query("after", "999999").refused("cursor_ahead").await;
    let statement = || story.ask("account_statement").at("path", "customers:ann");
    statement().query("limit", "0").refused("page_size").await;
    statement().query("cursor", "x").refused("cursor_invalid").await;
    statement().query("format", "csv").query("limit", "5").refused("query_unsupported").await;
    let same = "2026-01-31T12:00:00Z";
    statement().query("from", same).query("to", same).refused("range_empty").await;
}

async fn of_the_past(story: &Telling) {
    for place in 0..9 {
        opened(story, account(&format!("many:{place}"))).await;
    }
    story.ask("roll_up").query("prefix", "many").refused("roll_up_too_large").await;
    story.ask("trial_balance").refused("roll_up_too_large").await;
    story.ask("trial_balance").query("depth", "17").refused("depth_out_of_range").await;
}
