//! One story through all operations and all documented refusals.

use banking_api::FACE;
use serde_json::json;
use testkit::{Stage, Story, Telling};

use crate::harness::{Form, Line, file};

const BYTES: &str = "application/octet-stream";
const NOBODYS: &str = "01kppyzd5gfmra2qsx5rkvr8wb";
const JANUARY: [Line; 3] = [(5, 25_000, "INVOICE 1"), (5, -300, "COFFEE"), (7, -4_000, "RENT")];

const SETTINGS: &[(&str, &str)] = &[("file_bytes_max", "8192")];

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_banking() {
    let open = async |stage: &Stage<'_>| {
        let world = crate::world::of_story(stage, SETTINGS).await;
        (world.desk.face.clone(), world)
    };
    let routes = |face, stage: &Stage<'_>| banking::mount(face, stage.door(&banking::ROOM, SETTINGS)).unwrap();
    Story::of(&banking::ROOM, &FACE, env!("CARGO_MANIFEST_DIR"))
        .keeps_private(&["INVOICE", "RENT"])
        .elsewhere("import_statement", "upload_incomplete", "bad_input::upload_incomplete")
        .elsewhere("add_bank_rule", "too_many", "people::rules_and_profiles_have_a_limit")
        .elsewhere("put_bank_profile", "too_many", "people::rules_and_profiles_have_a_limit")
        .elsewhere("connect_bank", "live_bank", "plaid::live_bank")
        .elsewhere("connect_bank", "link_refused", "plaid::link_refused")
        .elsewhere("link_bank", "link_refused", "plaid::link_refused")
        .tell(open, routes, async |story, _| whole(story).await)
        .await;
}

async fn whole(story: &Telling) {
    let import = |bytes: Vec<u8>| story.ask("import_statement").file(BYTES, bytes);
    let first = import(file(Form::Mt940, (1, 9), 100_000, &JANUARY, 1)).gives(201).await;
    let account = first["accounts"][0].clone();
    imports(story, &first["id"]).await;
    accounts(story, &account).await;
    decisions(story, &account).await;
    arrangements(story).await;
}

async fn imports(story: &Telling, id: &serde_json::Value) {
    let import = |bytes: &[u8]| story.ask("import_statement").file(BYTES, bytes);
    import(b"x").query("entity", "").refused("field_invalid").await;
    import(&[b'x'; 9_000]).refused("file_too_large").await;
    import(b"x").query("account", format!("bacc_{NOBODYS}")).refused("account_unknown").await;
    import(b"x").query("profile", "my-bank").refused("profile_unknown").await;
    import(b"%PDF-1.7").refused("file_refused").await;
    story.ask("list_bank_imports").query("limit", "1").gives(200).await;
    story.ask("list_bank_imports").query("limit", "501").refused("limit_too_large").await;
    story.ask("list_bank_imports").query("cursor", "x").refused("cursor_invalid").await;
    story.ask("get_bank_import").at("id", id).gives(200).await;
    story.ask("withdraw_bank_import").at("id", id).body(json!({})).gives(200).await;
    story.ask("withdraw_bank_import").at("id", id).body(json!({})).refused("import_state").await;
    story.ask("restore_bank_import").at("id", id).body(json!({})).gives(200).await;
    story.ask("restore_bank_import").at("id", id).body(json!({})).refused("import_state").await;
    story.all_refuse("import_unknown", |ask| ask.at("id", format!("imp_{NOBODYS}"))).await;
}

async fn accounts(story: &Telling, id: &serde_json::Value) {
    story.ask("list_bank_accounts").gives(200).await;
    story.ask("list_bank_accounts").query("limit", "501").refused("limit_too_large").await;
    story.ask("list_bank_accounts").query("cursor", "x").refused("cursor_invalid").await;
    story.ask("get_bank_account").at("id", id).gives(200).await;
    story.ask("change_bank_account").at("id", id).body(json!({ "interim_reports": "news" })).gives(200).await;
    story.ask("list_bank_balances").at("id", id).query("type", "closing_booked").gives(200).await;
    story.ask("list_bank_holdings").at("id", id).gives(200).await;
    story.ask("list_bank_gaps").query("account", id).gives(200).await;
    story.ask("list_bank_gaps").query("account", format!("bacc_{NOBODYS}")).refused("account_unknown").await;
    story.ask("list_bank_transactions").at("id", id).query("from", "2026-01-01").gives(200).await;
    story.ask("list_bank_transactions").at("id", id).query("limit", "501").refused("limit_too_large").await;
    story.ask("list_bank_transactions").at("id", id).query("cursor", "x").refused("cursor_invalid").await;
    story.all_refuse("account_unknown", |ask| ask.at("id", format!("bacc_{NOBODYS}"))).await;
}

async fn decisions(story: &Telling, account: &serde_json::Value) {
    for issue in [2, 3] {
        let news = file(Form::Camt054, (20, 20), 0, &[(20, -300, "COFFEE")], issue);
        story.ask("import_statement").file(BYTES, news).gives(201).await;
    }
    let list = story.ask("list_bank_transactions").at("id", account).gives(200).await;
    let (open, twin) = (list["items"][0]["id"].clone(), list["items"][1]["id"].clone());
    story.ask("get_bank_transaction").at("id", &open).gives(200).await;
    let category = story.ask("set_bank_category").at("id", &open);
    category.body(json!({ "category": "drinks" })).gives(200).await;
    story.again("set_bank_category").with("category", "<b>").refused("field_invalid").await;
    story.ask("keep_bank_transaction").at("id", &open).body(json!({})).gives(200).await;
    story.again("keep_bank_transaction").refused("transaction_status").await;
    story.ask("undo_bank_decision").at("id", &open).body(json!({})).gives(200).await;
    story.again("undo_bank_decision").refused("transaction_status").await;
    let merge = || story.ask("merge_bank_transaction").at("id", &open);
    merge().body(json!({ "into": open })).refused("merge_target").await;
    merge().body(json!({ "into": twin })).gives(200).await;
    merge().body(json!({ "into": twin })).refused("transaction_status").await;
    let gone = story.ask("get_bank_transaction").at("id", &open).gives(200).await;
    assert_eq!(gone["status"], "removed");
    let other = || story.ask("list_bank_transactions").at("id", account).query("limit", "1");
    let page = other().gives(200).await;
    other().query("cursor", &page["next"]).gives(200).await;
    story.all_refuse("transaction_unknown", |ask| ask.at("id", format!("btxn_{NOBODYS}"))).await;
}

async fn arrangements(story: &Telling) {
    let rule = || story.ask("add_bank_rule").body(json!({ "category": "office rent", "words": ["rent"] }));
    let added = rule().gives(201).await;
    rule().with("category", "").refused("field_invalid").await;
    story.ask("list_bank_rules").gives(200).await;
    story.ask("remove_bank_rule").at("id", &added["id"]).gives(204).await;
    story.again("remove_bank_rule").refused("rule_unknown").await;
    let layout = serde_json::to_value(formats::csv::Profile::own()).unwrap();
    let put = || story.ask("put_bank_profile");
    put().body(json!({ "name": "own", "layout": layout })).gives(200).await;
    put().body(json!({ "name": "own", "layout": {} })).refused("field_invalid").await;
    story.ask("list_bank_profiles").gives(200).await;
    connections(story).await;
    story.ask("erase_bank_owner").at("owner", "cust_ann").gives(204).await;
}

async fn connections(story: &Telling) {
    let connect = || story.ask("connect_bank").body(json!({ "bank": "chase", "entity": "acme-us" }));
    let id = connect().gives(201).await["id"].clone();
    connect().with("bank", "my-bank").refused("bank_unknown").await;
    connect().with("base_url", "nowhere").refused("field_invalid").await;
    let link = || story.ask("link_bank").body(json!({ "entity": "acme-us" }));
    link().gives(200).await;
    link().with("connection", format!("conn_{NOBODYS}")).refused("connection_unknown").await;
    story.ask("list_bank_connections").gives(200).await;
    story.ask("get_bank_connection").at("id", &id).gives(200).await;
    let change = |operation| story.ask(operation).at("id", &id).body(json!({}));
    change("sync_bank_connection").gives(200).await;
    change("disable_bank_connection").gives(200).await;
    change("sync_bank_connection").refused("connection_disabled").await;
    change("renew_bank_connection").gives(200).await;
    // No key is configured: the test says so.
    change("test_bank_connection").gives(200).await;
    story.all_refuse("connection_unknown", |ask| ask.at("id", format!("conn_{NOBODYS}"))).await;
}
