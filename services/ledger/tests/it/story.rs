//! The story of the ledger: Ann pays in, buys and gets money back, in every operation of the API. Then all refusals.

mod accounts;
mod holds;
mod questions;
mod sums;
mod transactions;

use std::sync::Arc;

use ledger::{ROOM, Settings};
use ledger_api::{Books, FACE};
use serde_json::{Value, json};
use testkit::{Ask, Stage, Story, Telling};

/// Does not exist.
const UNKNOWN: &str = "txn_01kppyzzzzfmra2qsx5rkvr8wb";
const TIER: &str = "gold";
const SETTINGS: &[(&str, &str)] = &[("rollup_accounts_max", "8")];

async fn open(stage: &Stage<'_>) -> (Arc<dyn Books>, ()) {
    let opened = ledger::open(stage.site::<Settings>(&ROOM, SETTINGS).await, ()).await.unwrap();
    (opened.face, ())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_the_ledger() {
    Story::of(&ROOM, &FACE, env!("CARGO_MANIFEST_DIR"))
        .keeps_private(&["cust_ann", "customers:ann", "100.00"])
        // It contains a salt.
        .hides("head", "florin-1:acme-uk:0:0:56997b2d326b321527bea2886290968edc53806ef18309a4476687655f7eb55a")
        .elsewhere("create_book", "too_many_books", "service::books::refusals::too_many_books")
        .elsewhere(
            "account_statement",
            "cursor_ahead",
            "service::history::refusals::a_cursor_of_a_longer_log_is_refused_with_the_end_of_this_one",
        )
        .tell(
            open,
            |books, stage| ledger::mount(books, stage.door::<Settings>(&ROOM, SETTINGS)).unwrap(),
            async |story, ()| {
                of_books(story).await;
                of_accounts(story).await;
                of_money(story).await;
                of_the_past(story).await;
                of_changes(story).await;
                of_erasure(story).await;
                accounts::refused(story).await;
                transactions::refused(story).await;
                holds::refused(story).await;
                questions::refused(story).await;
                sums::refused(story).await;
                story.all_refuse("book_unknown", |ask| ask.query("book", "nobody")).await;
            },
        )
        .await;
}

fn usd(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "USD" })
}

fn posting(debit: &str, credit: &str, amount: &str) -> Value {
    json!({ "debit": debit, "credit": credit, "amount": usd(amount) })
}

/// The same in every run.
fn id(number: u32) -> String {
    format!("txn_01kppz{number:020}")
}

fn account(path: &str) -> Value {
    json!({ "path": path, "currency": "USD", "normal": "credit" })
}

fn cash(path: &str) -> Value {
    json!({ "path": path, "currency": "USD", "normal": "debit", "may_go_negative": true })
}

fn payment(number: u32, debit: &str, credit: &str, amount: &str) -> Value {
    json!({ "id": id(number), "postings": [posting(debit, credit, amount)] })
}

fn hold(number: u32, debit: &str, credit: &str, amount: &str) -> Value {
    json!({ "id": id(number), "status": "pending", "postings": [posting(debit, credit, amount)] })
}

async fn opened(story: &Telling, body: Value) {
    story.ask("open_account").body(body).gives(201).await;
}

async fn recorded(story: &Telling, body: Value) -> Value {
    story.ask("create_transaction").body(body).gives(201).await.json
}

/// A step of the transaction with the number `target`.
fn step<'t>(story: &'t Telling, operation: &str, target: u32, body: Value) -> Ask<'t> {
    story.ask(operation).at("id", id(target)).body(body)
}

/// Eve closes her account and asks that nothing about her is kept.
async fn of_erasure(story: &Telling) {
    let mut gone = account("customers:gone");
    (gone["owner"], gone["metadata"]) = (json!("cust_gone"), json!({ "tier": TIER }));
    opened(story, gone).await;
    let erase = |preview: bool| story.ask("erase_metadata").body(json!({ "owner": "cust_gone", "preview": preview }));
    let counted = erase(true).shown("Only counted").gives(200).await.json;
    assert_eq!(erase(false).shown("Erased").gives(200).await.json, counted);
    let gone = story.ask("get_account").at("path", "customers:gone").gives(200).await;
    assert_eq!((&counted["accounts"], &gone["metadata"]), (&json!(1), &json!({})));
}

async fn of_books(story: &Telling) {
    story.ask("create_book").body(json!({ "book": "acme-uk" })).gives(201).await;
    story.ask("create_book").body(json!({ "book": "acme-uk" })).gives(200).await;
    assert_eq!(story.ask("list_books").gives(200).await.json.as_array().unwrap().len(), 2);
    assert_eq!(story.ask("get_book").at("book", "acme-uk").gives(200).await["rows"], 0);
    story.ask("declare_asset").body(json!({ "code": "POINTS", "scale": 0 })).gives(201).await;
    assert_eq!(story.ask("list_assets").gives(200).await[0]["code"], "POINTS");
}

async fn of_accounts(story: &Telling) {
    let ann = json!({
        "path": "customers:ann", "currency": "USD", "normal": "credit", "owner": "cust_ann", "reference": "CRM-4711",
        "metadata": { "tier": TIER }
    });
    let new = story.ask("open_account").body(ann.clone()).gives(201).await;
    assert_eq!(story.ask("open_account").body(ann).gives(200).await["replayed"], true);
    for path in ["customers:bob", "merchants:shop", "income:fees"] {
        opened(story, account(path)).await;
    }
    opened(story, cash("assets:cash")).await;
    let read = story.ask("get_account").at("path", "customers:ann").gives(200).await;
    assert_eq!(read["balances"], new["balances"]);
    let page = story.ask("list_accounts").query("prefix", "customers").query("limit", "1").gives(200).await;
    assert_eq!(page["items"][0]["path"], "customers:ann");
    let rest = story.ask("list_accounts").query("prefix", "customers").query("cursor", &page["next"]).gives(200).await;
    assert_eq!(rest["items"][0]["path"], "customers:bob");
    let gold = story.ask("list_accounts").query("metadata.tier", TIER).gives(200).await;
    assert_eq!(gold["items"].as_array().unwrap().len(), 1);
}

/// Money is paid in, held, posted in part, released and returned, and a scheduled payment is cancelled.
async fn of_money(story: &Telling) {
    story.ask("declare_metadata_key").body(json!({ "key": "channel" })).gives(201).await;
    let known = story.ask("declare_metadata_key").body(json!({ "key": "channel" }));
    known.until(|reply| reply["indexed_to_seq"].as_u64() >= Some(6)).gives(200).await;
    let create = |body: Value| story.ask("create_transaction").body(body);
    let mut paid_in = payment(1, "assets:cash", "customers:ann", "100.00");
    (paid_in["reference"], paid_in["metadata"]) = (json!("invoice-2026-0017"), json!({ "channel": "counter" }));
    create(paid_in.clone()).shown("Money moves now").gives(201).await;
    assert_eq!(create(paid_in).gives(200).await.header("idempotency-replayed"), Some("true"));
    create(hold(2, "customers:ann", "merchants:shop", "30.00")).shown("Money is held").gives(201).await;
    let shares = [("merchants:shop", "97.5"), ("income:fees", "2.5")];
    let shares = shares.map(|(account, percent)| json!({ "account": account, "percent": percent }));
    let split = json!({ "debit": "customers:ann", "amount": usd("10.00"), "split": shares });
    create(json!({ "id": id(3), "postings": [split] })).shown("One side is shared out").gives(201).await;
    let mut later = payment(4, "customers:ann", "merchants:shop", "15.00");
    (later["scheduled"], later["effective_at"]) = (json!(true), json!("2026-02-28T09:00:00Z"));
    create(later).shown("Money moves later, by itself").gives(201).await;
    let mut sweep = payment(5, "customers:ann", "customers:bob", "500.00");
    sweep["postings"][0]["up_to_available"] = json!(true);
    sweep["if_version"] = json!([{ "account": "customers:bob", "version": 0 }]);
    sweep["dry_run"] = json!(true);
    create(sweep).shown("As much as is there, if nobody else was faster").gives(200).await;

    assert_eq!(story.ask("get_transaction").at("id", id(2)).gives(200).await["status"], "pending");
    let find = || story.ask("find_transaction");
    find().query("reference", "invoice-2026-0017").shown("By reference or idempotency key").gives(200).await;
    let indexed = |reply: &testkit::Reply| reply["indexed_to_seq"] == reply["as_of_seq"];
    let found = find().query("metadata.channel", "counter").until(indexed).shown("By a declared key of the metadata");
    assert_eq!(found.gives(200).await["items"][0]["id"], id(1));
    let stranger = story.person("customer", "cust_stranger");
    let strangers = find().query("metadata.channel", "counter").by(&stranger).gives(200).await;
    assert_eq!(strangers["items"], json!([]));
    let is_indexed = |reply: &testkit::Reply| reply[0]["indexed_to_seq"].as_u64() >= Some(8);
    story.ask("list_metadata_keys").until(is_indexed).gives(200).await;

    step(story, "increase_transaction", 2, json!({ "id": id(6), "amount": usd("5.00") })).gives(201).await;
    let part = json!({ "id": id(7), "amount": usd("20.00"), "final": false });
    step(story, "post_transaction", 2, part).gives(201).await;
    let voided = step(story, "void_transaction", 2, json!({ "id": id(8) })).gives(201).await;
    assert_eq!(voided["postings"][0]["hold"]["released"], usd("15.00"));
    let refund = json!({ "id": id(9), "reference": "refund-2026-0003" });
    step(story, "reverse_transaction", 7, refund).gives(201).await;
    assert_eq!(story.ask("list_scheduled").gives(200).await["items"][0]["id"], id(4));
    step(story, "cancel_transaction", 4, json!({ "id": id(10) })).gives(201).await;
    let lines = json!([
        { "create": payment(11, "assets:cash", "customers:bob", "40.00") },
        { "reverse": { "transaction": UNKNOWN, "id": id(12) } },
    ]);
    let batch = story.ask("submit_batch").body(json!({ "atomic": false, "lines": lines })).gives(200).await;
    assert_eq!((&batch["lines"][0]["status"], &batch["lines"][1]["status"]), (&json!(201), &json!(404)));
}

async fn of_the_past(story: &Telling) {
    let balance = || story.ask("account_balance").at("path", "customers:ann");
    assert_eq!(balance().gives(200).await["posted"], usd("90.00"));
    balance().query("at", "2026-01-31T11:00:00Z").query("by", "event").gives(200).await;
    let statement = || story.ask("account_statement").at("path", "customers:ann");
    let page = statement().query("from", "2026-01-01T00:00:00Z").query("limit", "2").gives(200).await;
    let rest = statement().query("from", "2026-01-01T00:00:00Z").query("limit", "2").query("cursor", &page["next"]);
    assert_eq!(rest.gives(200).await["closing"], page["closing"]);
    let table = statement().query("format", "csv").shown("As a table").gives(200).await;
    assert!(table.text().contains("invoice-2026-0017"), "{}", table.text());
    assert!(statement().query("format", "page").gives(200).await.text().contains("customers:ann"));
    let sum = story.ask("roll_up").query("prefix", "customers").gives(200).await;
    assert_eq!(sum["currencies"][0]["net_debit"], usd("-130.00"));
    assert_eq!(story.ask("trial_balance").query("depth", "1").gives(200).await["currencies"][0]["balanced"], true);
    let events = story.ask("events_after").query("after", "0").query("limit", "3").gives(200).await;
    assert_eq!(events["items"].as_array().unwrap().len(), 3);
}

async fn of_changes(story: &Telling) {
    let change = |operation: &'static str, path: &'static str| story.ask(operation).at("path", path);
    let limits = json!({ "floor": usd("-50.00"), "ceiling": usd("10000.00") });
    change("set_limits", "customers:ann").body(limits).gives(200).await;
    change("set_metadata", "customers:ann").body(json!({ "metadata": { "tier": "silver" } })).gives(200).await;
    assert_eq!(change("freeze_account", "customers:ann").body(json!({})).gives(200).await["status"], "frozen");
    assert_eq!(change("unfreeze_account", "customers:ann").body(json!({})).gives(200).await["status"], "open");
    opened(story, account("customers:closing")).await;
    assert_eq!(change("close_account", "customers:closing").body(json!({})).gives(200).await["status"], "closed");
    let indexed = |reply: &testkit::Reply| reply["indexed_to_seq"] == reply["as_of_seq"];
    story.ask("find_transaction").query("metadata.channel", "counter").until(indexed).gives(200).await;
    story.ask("remove_metadata_key").at("key", "channel").gives(200).await;
}
