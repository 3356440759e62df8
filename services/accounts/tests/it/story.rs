//! One story through all operations and all documented refusals.

use accounts_api::FACE;
use serde_json::{Value, json};
use testkit::{Stage, Story, Telling};

use crate::harness::{Desk, open};

const NOBODYS: &str = "01kppyzd5gfmra2qsx5rkvr8wb";

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_accounts() {
    let start = async |stage: &Stage<'_>| {
        let desk = open(stage).await;
        (desk.face.clone(), desk)
    };
    let routes = |face, stage: &Stage<'_>| accounts::mount(face, stage.door(&accounts::ROOM, &[])).unwrap();
    Story::of(&accounts::ROOM, &FACE, env!("CARGO_MANIFEST_DIR"))
        .keeps_private(&["Miller", "ann@example.com", "Corner Shop", "court order"])
        .elsewhere("put_customer_user", "too_many", "bad_input::users_of_a_customer_have_a_limit")
        .elsewhere("add_account_block", "too_many", "bad_input::blocks_of_an_account_have_a_limit")
        .elsewhere("add_category_rule", "too_many", "statements::rules_of_a_customer_have_a_limit")
        .elsewhere("categorise_movement", "too_many", "statements::rules_of_a_customer_have_a_limit")
        .elsewhere("set_product_rates", "too_many", "bad_input::sets_of_rates_have_a_limit")
        .tell(start, routes, async |story, desk| whole(story, desk).await)
        .await;
}

fn eur(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

fn savings() -> Value {
    json!({
        "name": "Savings", "kind": "savings", "currency": "EUR",
        "terms": {
            "interest": { "day_count": "act/365f", "tiers": "slice", "posting": "monthly", "tax": "25" },
            "overdraft": { "largest": eur("500.00") }, "notice_days": 10
        },
        "rates": {
            "from": "2026-01-01", "overdraft": "12",
            "fees": [{ "code": "letter", "when": "occasion", "amount": eur("3.00") }],
            "credit": [{ "from": eur("0.00"), "rate": "2.5" }, { "from": eur("10000.00"), "rate": "3.25" }]
        }
    })
}

async fn whole(story: &Telling, desk: &Desk) {
    let ann = customers(story).await;
    let product = products(story).await;
    let account = accounts(story, &ann, &product).await;
    days(story, desk, &account).await;
    transactions(story, &account).await;
    more(story, &ann, &account).await;
    ends(story, &ann, &product, &account).await;
    story.all_refuse("customer_unknown", |ask| ask.at("id", format!("cust_{NOBODYS}"))).await;
    story.all_refuse("product_unknown", |ask| ask.at("id", format!("prod_{NOBODYS}"))).await;
    story.all_refuse("account_unknown", |ask| ask.at("id", format!("acct_{NOBODYS}"))).await;
    story.all_refuse("movement_unknown", |ask| ask.at("id", format!("mov_{NOBODYS}"))).await;
}

async fn customers(story: &Telling) -> Value {
    let profile = json!({
        "name": "Ann Miller", "birth_date": "1990-04-01", "email": "ann@example.com", "phone": "+4930123456",
        "address": { "street": "Lindenstraße", "building": "7", "post_code": "10969", "town": "Berlin", "country": "DE" },
        "tax_ids": [{ "country": "DE", "number": "12345678901" }]
    });
    let create = |profile: &Value| {
        story.ask("create_customer").body(json!({ "kind": "person", "profile": profile, "external_id": "crm-4711" }))
    };
    let ann = create(&profile).gives(201).await["id"].clone();
    create(&profile).refused("customer_exists").await;
    let mut bad = profile.clone();
    bad["birth_date"] = json!("2030-01-01");
    create(&bad).refused("field_invalid").await;
    bad["birth_date"] = json!("1990-04-01");
    bad["tax_ids"] = json!(vec![json!({ "country": "DE", "number": "1" }); 6]);
    create(&bad).refused("too_many").await;
    let found = story.ask("list_customers").query("name", "miller").gives(200).await;
    assert_eq!(found["items"][0]["id"], ann);
    let list = || story.ask("list_customers");
    list().query("limit", "501").refused("limit_too_large").await;
    list().query("cursor", "x").refused("cursor_invalid").await;
    list().query("number", "DE89370400440532013001").refused("field_invalid").await;
    story.ask("get_customer").at("id", &ann).gives(200).await;
    let change = |body| story.ask("change_customer").at("id", &ann).body(body);
    change(json!({ "state": "active" })).gives(200).await;
    change(json!({ "state": "pending" })).refused("customer_state").await;
    change(json!({ "profile": { "name": "" } })).refused("field_invalid").await;
    let put = |body| story.ask("put_customer_user").at("id", &ann).at("subject", "usr_ann").body(body);
    put(json!({ "role": "signatory", "up_to": eur("100.00") })).gives(200).await;
    put(json!({ "role": "viewer", "up_to": eur("100.00") })).refused("field_invalid").await;
    story.ask("list_customer_users").at("id", &ann).gives(200).await;
    let remove = || story.ask("remove_customer_user").at("id", &ann).at("subject", "usr_ann");
    remove().gives(200).await;
    remove().refused("user_unknown").await;
    ann
}

async fn products(story: &Telling) -> Value {
    let create = || story.ask("create_product").body(savings());
    let product = create().gives(201).await["id"].clone();
    create().with("name", "").refused("field_invalid").await;
    let tiers: Vec<Value> = (0..21).map(|tier| json!({ "from": eur(&format!("{tier}.00")), "rate": "1" })).collect();
    create().with("rates", json!({ "from": "2026-01-01", "credit": tiers })).refused("too_many").await;
    let list = || story.ask("list_products");
    list().gives(200).await;
    list().query("limit", "501").refused("limit_too_large").await;
    list().query("cursor", "x").refused("cursor_invalid").await;
    story.ask("get_product").at("id", &product).gives(200).await;
    story.ask("activate_product").at("id", &product).body(json!({})).gives(200).await;
    let rates = |from: &str, rate: &str| {
        let body = json!({ "rates": { "from": from, "credit": [{ "from": eur("0.00"), "rate": rate }] } });
        story.ask("set_product_rates").at("id", &product).body(body)
    };
    rates("2026-06-01", "3").gives(201).await;
    rates("2026-02-01", "3").refused("notice_too_short").await;
    rates("2026-06-01", "1000000000").refused("field_invalid").await;
    let version = |body| story.ask("add_product_version").at("id", &product).body(body);
    version(json!({ "notice_days": 30 })).gives(201).await;
    version(json!({ "largest_balance": eur("-1.00") })).refused("field_invalid").await;
    product
}

async fn accounts(story: &Telling, ann: &Value, product: &Value) -> Value {
    let open = |body| story.ask("open_customer_account").body(body);
    let one = json!({ "product": product, "holders": [ann], "overdraft": eur("100.00") });
    let account = open(one).gives(201).await;
    let id = account["id"].clone();
    let draft = story.ask("create_product").body(savings()).gives(201).await["id"].clone();
    let pending = story.ask("create_customer").body(json!({ "kind": "business", "profile": { "name": "Acme" } }));
    let pending = pending.gives(201).await["id"].clone();
    open(json!({ "product": product, "holders": [] })).refused("field_invalid").await;
    open(json!({ "product": product, "holders": vec![ann; 11] })).refused("too_many").await;
    open(json!({ "product": format!("prod_{NOBODYS}"), "holders": [ann] })).refused("product_unknown").await;
    open(json!({ "product": draft, "holders": [ann] })).refused("product_state").await;
    open(json!({ "product": product, "holders": [format!("cust_{NOBODYS}")] })).refused("customer_unknown").await;
    open(json!({ "product": product, "holders": [pending] })).refused("customer_state").await;
    let much = json!({ "product": product, "holders": [ann], "overdraft": eur("500.01") });
    open(much).refused("overdraft_too_large").await;
    let term = json!({
        "name": "Three months", "kind": "term", "currency": "EUR",
        "terms": {
            "interest": { "day_count": "act/365f", "tiers": "whole", "posting": "at_maturity" },
            "deposit": { "months": 3, "early_rate": "0.5" }
        },
        "rates": { "from": "2026-01-01", "credit": [{ "from": eur("0.00"), "rate": "3" }] }
    });
    let term = story.ask("create_product").body(term).shown("A term deposit").gives(201).await["id"].clone();
    story.ask("activate_product").at("id", &term).body(json!({})).gives(200).await;
    let deposit = |linked: &Value| {
        let term =
            json!({ "product": term, "holders": [ann], "term": { "at_maturity": "roll_over", "linked": linked } });
        open(term)
    };
    deposit(&id).shown("A term deposit").gives(201).await;
    deposit(&json!(format!("acct_{NOBODYS}"))).refused("rest_refused").await;
    let list = || story.ask("list_customer_accounts");
    list().query("customer", ann).gives(200).await;
    list().query("limit", "501").refused("limit_too_large").await;
    list().query("cursor", "x").refused("cursor_invalid").await;
    list().query("customer", format!("cust_{NOBODYS}")).refused("customer_unknown").await;
    let resolve = |number: &str| story.ask("resolve_account").query("number", number);
    resolve(account["number"].as_str().unwrap()).gives(200).await;
    resolve("DE89370400440532013001").refused("field_invalid").await;
    resolve("DE89370400440532013000").refused("account_unknown").await;
    story.ask("get_customer_account").at("id", &id).gives(200).await;
    let change = |overdraft: &str| {
        story.ask("change_customer_account").at("id", &id).body(json!({ "overdraft": eur(overdraft) }))
    };
    change("250.00").gives(200).await;
    change("500.01").refused("overdraft_too_large").await;
    change("-1.00").refused("field_invalid").await;
    let block =
        |reason: &str| story.ask("add_account_block").at("id", &id).body(json!({ "kind": "debit", "reason": reason }));
    let blocked = block("court order").gives(201).await;
    block("").refused("field_invalid").await;
    let remove = || story.ask("remove_account_block").at("id", &id).at("block", &blocked["blocks"][0]["id"]);
    remove().gives(200).await;
    remove().refused("block_unknown").await;
    id
}

async fn days(story: &Telling, desk: &Desk, account: &Value) {
    let id = account.as_str().unwrap().parse().unwrap();
    desk.move_money(1, id, 1_500_000, &[("kind", "cash"), ("text", "Paid in")]).await;
    desk.move_money(2, id, -2_500, &[("kind", "card"), ("mcc", "5411"), ("name", "Corner Shop")]).await;
    desk.caught_up().await;
    story.pass_seconds(86_400);
    let close = |day: &str| story.ask("close_day").at("date", day).body(json!({}));
    close("2026-01-31").gives(200).await;
    close("2026-02-01").refused("day_not_over").await;
    close("2025-12-31").refused("day_unknown").await;
    story.ask("get_day").at("date", "2026-01-31").gives(200).await;
    story.ask("get_day").at("date", "2025-12-31").refused("day_unknown").await;
    story.ask("list_account_interest").at("id", account).gives(200).await;
    story.ask("list_account_interest").at("id", account).query("limit", "501").refused("limit_too_large").await;
}

async fn transactions(story: &Telling, account: &Value) {
    let list = || story.ask("list_movements");
    let seen = |reply: &testkit::Reply| reply["items"].as_array().is_some_and(|items| items.len() == 4);
    let all = list().query("account", account).until(seen).gives(200).await;
    list().query("kind", "interest").query("limit", "1").shown("Interest of all accounts").gives(200).await;
    let page = list().query("limit", "2").gives(200).await;
    list().query("limit", "2").query("cursor", &page["next"]).gives(200).await;
    list().query("limit", "501").refused("limit_too_large").await;
    list().query("cursor", "x").refused("cursor_invalid").await;
    list().query("account", format!("acct_{NOBODYS}")).refused("account_unknown").await;
    list().query("min", "1.0").query("currency", "EUR").refused("field_invalid").await;
    list().query("text", "a b c d e f g h i").refused("too_many").await;
    let shop = all["items"].as_array().unwrap().iter().find(|item| item["kind"] == "card").unwrap();
    story.ask("get_movement").at("id", &shop["id"]).gives(200).await;
    let choose = story.ask("categorise_movement").at("id", &shop["id"]);
    choose.body(json!({ "category": "shopping", "for_counterparty": true })).gives(200).await;
    let cash = all["items"].as_array().unwrap().iter().find(|item| item["kind"] == "cash").unwrap();
    let choose = story.ask("categorise_movement").at("id", &cash["id"]);
    choose.body(json!({ "category": "income", "for_counterparty": true })).refused("field_invalid").await;
}

async fn more(story: &Telling, ann: &Value, account: &Value) {
    let summary = |by: &str| story.ask("summarise_movements").query("account", account).query("by", by);
    summary("category_and_month").query("from", "2026-01-01").query("to", "2026-02-28").gives(200).await;
    summary("month").query("from", "2026-01-01").query("to", "2025-02-28").refused("field_invalid").await;
    story.ask("export_movements").query("account", account).gives(200).await;
    story.ask("export_movements").query("format", "jsonl").shown("A JSON object per line").gives(200).await;
    story.ask("export_movements").query("account", format!("acct_{NOBODYS}")).refused("account_unknown").await;
    let summed = |id: String| story.ask("summarise_movements").query("account", id).query("by", "month");
    let summed = summed(format!("acct_{NOBODYS}")).query("from", "2026-01-01").query("to", "2026-01-31");
    summed.refused("account_unknown").await;
    let add = |words: Value| {
        story.ask("add_category_rule").at("id", ann).body(json!({ "category": "groceries", "words": words }))
    };
    let rule = add(json!(["corner shop"])).gives(201).await;
    add(json!([])).refused("field_invalid").await;
    story.ask("list_category_rules").at("id", ann).gives(200).await;
    let remove = || story.ask("remove_category_rule").at("id", ann).at("rule", &rule["id"]);
    remove().gives(204).await;
    remove().refused("rule_unknown").await;
    story.ask("list_account_statements").at("id", account).gives(200).await;
    let read = |number: &str| story.ask("get_account_statement").at("id", account).at("number", number);
    read("1").gives(200).await;
    for (format, title) in [("csv", "CSV"), ("page", "A page to print"), ("camt.053", "camt.053.001.08")] {
        read("1").query("format", format).shown(title).gives(200).await;
    }
    read("2").refused("statement_unknown").await;
    let charge = |fee: &str| {
        story.ask("charge_account_fee").at("id", account).body(json!({ "fee": fee, "occasion": "reminder" }))
    };
    charge("letter").gives(201).await;
    charge("parcel").refused("fee_unknown").await;
    charge("letter").with("occasion", "").refused("field_invalid").await;
    story.ask("list_account_fees").at("id", account).gives(200).await;
    let change = |operation: &str, occasion: &str| {
        let ask = story.ask(operation).at("id", account).at("fee", "letter").at("occasion", occasion);
        ask.body(json!({}))
    };
    change("waive_account_fee", "reminder").refused("charge_state").await;
    change("refund_account_fee", "reminder").gives(200).await;
    change("waive_account_fee", "nothing").refused("charge_unknown").await;
    change("refund_account_fee", "nothing").refused("charge_unknown").await;
    charge("letter").with("occasion", "closing").gives(201).await;
}

async fn ends(story: &Telling, ann: &Value, product: &Value, account: &Value) {
    let other = story.ask("open_customer_account").body(json!({ "product": product, "holders": [ann] }));
    let other = other.gives(201).await["id"].clone();
    let charge = |id: &Value, occasion: &str| {
        story.ask("charge_account_fee").at("id", id).body(json!({ "fee": "letter", "occasion": occasion }))
    };
    charge(&other, "nothing-there").gives(201).await;
    let refund = |id: &Value, occasion: &str| {
        story.ask("refund_account_fee").at("id", id).at("fee", "letter").at("occasion", occasion).body(json!({}))
    };
    refund(&other, "nothing-there").refused("charge_state").await;
    let waive = story.ask("waive_account_fee").at("id", &other).at("fee", "letter").at("occasion", "nothing-there");
    waive.body(json!({})).gives(200).await;
    let close = |body| story.ask("close_customer_account").at("id", account).body(body);
    close(json!({})).refused("account_not_empty").await;
    close(json!({ "rest_to": account })).refused("rest_refused").await;
    close(json!({ "rest_to": other })).gives(200).await;
    close(json!({ "rest_to": other })).refused("account_state").await;
    charge(account, "late").refused("account_state").await;
    refund(account, "closing").refused("refund_refused").await;
    let limits = story.ask("change_customer_account").at("id", account);
    limits.body(json!({ "overdraft": eur("1.00") })).refused("account_state").await;
    let block = story.ask("add_account_block").at("id", account);
    block.body(json!({ "kind": "debit", "reason": "late" })).refused("account_state").await;
    story.ask("erase_customer").at("id", ann).body(json!({})).refused("customer_has_accounts").await;
    let change = story.ask("change_customer").at("id", ann).body(json!({ "state": "closed" }));
    change.refused("customer_has_accounts").await;
    let acme = json!({ "kind": "business", "state": "active", "profile": { "name": "Acme" } });
    let acme = story.ask("create_customer").body(acme).gives(201).await["id"].clone();
    story.ask("erase_customer").at("id", &acme).body(json!({})).gives(200).await;
    let rule = story.ask("add_category_rule").at("id", &acme);
    rule.body(json!({ "category": "travel", "words": ["train"] })).refused("customer_state").await;
    let user = story.ask("put_customer_user").at("id", &acme).at("subject", "usr_1");
    user.body(json!({ "role": "owner" })).refused("customer_state").await;
    story.ask("retire_product").at("id", product).body(json!({})).gives(200).await;
    story.ask("activate_product").at("id", product).body(json!({})).refused("product_state").await;
    let version = story.ask("add_product_version").at("id", product);
    version.body(json!({})).refused("product_state").await;
}
