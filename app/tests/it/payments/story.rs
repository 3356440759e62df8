//! The story of payments: all operations and all of their refusals, through the real router with real access checks.

use std::sync::Arc;

use payments::ROOM;
use payments::{FACE, Payments};
use serde_json::{Value, json};
use testkit::{Stage, Story, Telling};

use super::desk::Desk;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../services/payments");
const NOBODYS: &str = "01kppyzd5gfmra2qsx5rkvr8wb";

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_payments() {
    let open = async |stage: &Stage<'_>| {
        let desk = Arc::new(Desk::open_with(stage.store, stage.time.clone(), 7).await);
        let payments: Arc<dyn Payments> = desk.payments.clone();
        (payments, desk)
    };
    let limit = "payments::approvals::a_payment_needs_the_approval_of_others";
    let routes = |face, stage: &Stage<'_>| payments::mount(face, stage.door(&ROOM, &[])).unwrap();
    Story::of(&ROOM, &FACE, FOLDER)
        .keeps_private(&["rent for May"])
        .elsewhere("approve_payment", "above_own_limit", limit)
        .elsewhere("create_payment", "rail_off", "payments::rails::an_iban_needs_a_bank_in_the_settings")
        .elsewhere(
            "read_payment_file",
            "rail_file_not_ready",
            "payments::rails_killed::a_file_killed_in_the_making_leaves_once",
        )
        .elsewhere("approve_payment", "already_approved", limit)
        .elsewhere("add_payee", "too_many", "payments::many::payees_and_orders_have_a_limit")
        .elsewhere("add_standing_order", "too_many", "payments::many::payees_and_orders_have_a_limit")
        .elsewhere("propose_payment_policy", "too_many", "payments::many::policies_have_a_limit")
        .tell(open, routes, async |story, _| whole(story).await)
        .await;
}

async fn whole(story: &Telling) {
    paid(story).await;
    outside(story).await;
    uploads(story).await;
    people(story).await;
    policies(story).await;
    story.all_refuse("payment_unknown", |ask| ask.at("payment", format!("pay_{NOBODYS}"))).await;
    let unknown = |operation: &'static str| story.ask(operation).at("upload", format!("pup_{NOBODYS}"));
    unknown("get_upload").refused("upload_unknown").await;
    unknown("list_upload_lines").refused("upload_unknown").await;
    unknown("report_on_upload").query("form", "csv").refused("upload_unknown").await;
    story.all_refuse("rail_file_unknown", |ask| ask.at("file", format!("pfile_{NOBODYS}"))).await;
    story.all_refuse("policy_unknown", |ask| ask.at("policy", format!("ppol_{NOBODYS}"))).await;
}

fn order() -> Value {
    json!({
        "from": { "path": "customers:ann" }, "to": { "path": "customers:bob" },
        "amount": { "amount": "25.00", "currency": "USD" }, "text": "rent for May"
    })
}

async fn paid(story: &Telling) {
    let pay = |key: &str| story.ask("create_payment").header("Idempotency-Key", key).body(order());
    story.ask("create_payment").body(order()).refused("idempotency_missing").await;
    let first = pay("rent-1").gives(201).await;
    assert_eq!(first["state"], "settled");
    let refused =
        pay("more-1").with("amount", json!({ "amount": "5000.00", "currency": "USD" })).shown("Without funds");
    assert_eq!(refused.gives(201).await["reason"], "insufficient_funds");
    pay("more-2").with("text", "").refused("field_invalid").await;
    pay("more-3").with("amount", json!({ "amount": "0.00", "currency": "USD" })).refused("amount_invalid").await;
    pay("more-4").with("to", json!({ "path": "customers:ann" })).refused("same_account").await;
    pay("more-5").with("on", "1970-01-01").refused("day_out_of_range").await;
    pay("more-6").with("from", json!({ "path": "customers:nobody" })).refused("account_unknown").await;
    pay("more-7").with("to", json!({ "payee": format!("payee_{NOBODYS}") })).refused("payee_unknown").await;
    pay("more-8").with("amount", json!({ "amount": "1.00", "currency": "EUR" })).refused("currency_mismatch").await;
    let dated = pay("more-9").with("on", "2030-01-31").gives(201).await;
    let cancel = || story.ask("cancel_payment").at("payment", &dated["id"]);
    cancel().body(json!({ "reason": "" })).refused("field_invalid").await;
    cancel().body(json!({ "reason": "Wrong day" })).gives(200).await;
    cancel().body(json!({})).refused("payment_state").await;
    story.ask("get_payment").at("payment", &first["id"]).gives(200).await;
    story.ask("list_payments").query("from", "customers:ann").gives(200).await;
    story.ask("check_payments").gives(200).await;
    story.ask("check_payments").query("limit", "501").refused("limit_too_large").await;
    story.ask("check_payments").query("cursor", "x").refused("cursor_invalid").await;
    story.ask("list_payments").query("limit", "501").refused("limit_too_large").await;
    story.ask("list_payments").query("cursor", "x").refused("cursor_invalid").await;
}

async fn outside(story: &Telling) {
    let to = json!({ "iban": "DE89370400440532013000", "name": "Bob Miller" });
    let pay = story.ask("create_payment").header("Idempotency-Key", "outside-1").body(order());
    let pay = pay.with("from", json!({ "path": "customers:uta" })).with("to", to);
    let held = pay.with("amount", json!({ "amount": "25.00", "currency": "EUR" })).shown("To an IBAN").gives(201).await;
    assert_eq!(held["state"], "held");
    let made = story.ask("make_payment_files").body(json!({})).gives(200).await;
    let id = &made["items"][0]["id"];
    story.ask("list_payment_files").gives(200).await;
    story.ask("get_payment_file").at("file", id).gives(200).await;
    let content = story.ask("read_payment_file").at("file", id).gives(200).await;
    let bank = payments::simulator::Bank { rejects: 0, returns: 0, ..Default::default() };
    let answers = bank.answers(content["content"].as_str().unwrap().as_bytes(), kernel::Timestamp::EPOCH).unwrap();
    for answer in answers {
        story.ask("take_bank_answer").file("application/xml", answer.content).gives(200).await;
    }
    story.ask("take_bank_answer").file("application/xml", "<Document/>").refused("answer_refused").await;
    let settled = story.ask("get_payment").at("payment", &held["id"]).gives(200).await;
    assert_eq!(settled["state"], "settled");
}

async fn uploads(story: &Telling) {
    // One line: lines of a file are carried out at once, in any order, and each takes the next id.
    let file = "amount,currency,counterparty,counterparty_account,text\r\n1.00,USD,Bob,customers:bob,rent for May\r\n";
    let send =
        |from: &str, file: &str| story.ask("send_payments").query("from", from).file("text/csv", file.to_owned());
    let sent = send("customers:ann", file).gives(201).await;
    assert_eq!((&sent["state"], &sent["made"]), (&json!("done"), &json!(1)));
    send("customers:nobody", file).refused("account_unknown").await;
    send("customers:ann", "<x/>").refused("upload_refused").await;
    let wrong =
        send("customers:ann", "amount,currency,counterparty,counterparty_account\r\n-1.00,USD,Bob,customers:bob\r\n");
    assert_eq!(wrong.shown("With mistakes").gives(201).await["state"], "refused");
    story.ask("get_upload").at("upload", &sent["id"]).gives(200).await;
    let lines = || story.ask("list_upload_lines").at("upload", &sent["id"]);
    lines().gives(200).await;
    lines().query("limit", "501").refused("limit_too_large").await;
    lines().query("cursor", "x").refused("cursor_invalid").await;
    story.ask("report_on_upload").at("upload", &sent["id"]).query("form", "csv").gives(200).await;
}

async fn people(story: &Telling) {
    let add = || story.ask("add_payee").body(json!({ "name": "Bob", "path": "customers:bob" }));
    let payee = add().gives(201).await;
    add().with("name", "").refused("field_invalid").await;
    add().with("path", "customers:nobody").refused("account_unknown").await;
    story.ask("list_payees").gives(200).await;
    story.ask("remove_payee").at("payee", &payee["id"]).gives(204).await;
    story.again("remove_payee").refused("payee_unknown").await;
    let mut standing = order();
    standing["every"] = json!("monthly");
    standing["first"] = json!("2030-01-31");
    let add = || story.ask("add_standing_order").body(standing.clone());
    let added = add().gives(201).await;
    add().with("count", 0).refused("field_invalid").await;
    add().with("amount", json!({ "amount": "0.00", "currency": "USD" })).refused("amount_invalid").await;
    add().with("to", json!({ "path": "customers:ann" })).refused("same_account").await;
    add().with("first", "1970-01-01").refused("day_out_of_range").await;
    add().with("from", json!({ "path": "customers:nobody" })).refused("account_unknown").await;
    add().with("to", json!({ "payee": format!("payee_{NOBODYS}") })).refused("payee_unknown").await;
    add().with("amount", json!({ "amount": "1.00", "currency": "EUR" })).refused("currency_mismatch").await;
    story.ask("list_standing_orders").gives(200).await;
    story.ask("end_standing_order").at("standing", &added["id"]).gives(200).await;
    story.ask("end_standing_order").at("standing", format!("sto_{NOBODYS}")).refused("standing_unknown").await;
}

async fn policies(story: &Telling) {
    let terms = json!({
        "name": "Large payments", "from_amount": { "amount": "10.00", "currency": "USD" }, "approvals": 1
    });
    let propose = || story.ask("propose_payment_policy").body(terms.clone());
    let policy = propose().gives(201).await;
    propose().with("approvals", 4).refused("field_invalid").await;
    let other = propose().gives(201).await;
    let maria = story.person("admin", "emp_maria");
    let at = |operation: &'static str, id: &Value| story.ask(operation).at("policy", id).body(json!({}));
    at("confirm_payment_policy", &policy["id"]).refused("own_work").await;
    at("refuse_payment_policy", &other["id"]).refused("own_work").await;
    at("refuse_payment_policy", &other["id"]).by(&maria).gives(200).await;
    at("refuse_payment_policy", &other["id"]).by(&maria).refused("policy_state").await;
    at("confirm_payment_policy", &policy["id"]).by(&maria).gives(200).await;
    at("confirm_payment_policy", &policy["id"]).by(&maria).refused("policy_state").await;
    let pay = |key: &str| story.ask("create_payment").header("Idempotency-Key", key).body(order());
    let (one, two) = (pay("large-1").gives(201).await, pay("large-2").gives(201).await);
    assert_eq!(one["state"], "awaiting_approval");
    let at_payment = |operation: &'static str, id: &Value| story.ask(operation).at("payment", id).body(json!({}));
    at_payment("approve_payment", &one["id"]).refused("own_work").await;
    at_payment("approve_payment", &one["id"]).by(&maria).gives(200).await;
    at_payment("approve_payment", &one["id"]).by(&maria).refused("payment_state").await;
    at_payment("reject_payment", &two["id"]).refused("own_work").await;
    at_payment("reject_payment", &two["id"]).by(&maria).with("reason", "").refused("field_invalid").await;
    at_payment("reject_payment", &two["id"]).by(&maria).with("reason", "Who is Bob?").gives(200).await;
    at_payment("reject_payment", &two["id"]).by(&maria).refused("payment_state").await;
    at("end_payment_policy", &policy["id"]).gives(200).await;
    at("end_payment_policy", &policy["id"]).refused("policy_state").await;
    story.ask("list_payment_policies").gives(200).await;
}
