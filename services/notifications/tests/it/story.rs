//! One story through all operations and all documented refusals.

use kernel::{Id, IdKind};
use notifications_api::{FACE, SuppressionTag};
use platform::db::Value as Cell;
use serde_json::{Value, json};
use testkit::{Stage, Story, Telling};

use crate::harness::{Desk, open};

const NOBODYS: &str = "01kppyzd5gfmra2qsx5rkvr8wb";
const SUPPRESS: &str = "
insert into suppression (seq, id, address_key, channel, reason, at)
values (1, $1, $2, 'email', 'bounced', 1769860800000000)";

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_notifications() {
    let open = async |stage: &Stage<'_>| {
        let desk = open(stage).await;
        (desk.face.clone(), desk)
    };
    let routes = |face, stage: &Stage<'_>| notifications::mount(face, stage.door(&notifications::ROOM, &[])).unwrap();
    Story::of(&notifications::ROOM, &FACE, env!("CARGO_MANIFEST_DIR"))
        .keeps_private(&["ann@example.com", "25.00 USD"])
        .hides("code", "123456")
        .hides("secret", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
        .elsewhere("add_webhook", "too_many_endpoints", "webhooks::endpoints_have_a_limit")
        .elsewhere("add_device", "too_many_devices", "devices::devices_have_a_form_and_a_limit")
        .elsewhere("add_device", "subject_erased", "erased::nothing_is_stored_of_an_erased_person")
        .elsewhere("send_message", "subject_erased", "erased::nothing_is_stored_of_an_erased_person")
        .elsewhere("put_contact", "subject_erased", "erased::nothing_is_stored_of_an_erased_person")
        .tell(open, routes, async |story, desk| whole(story, desk).await)
        .await;
}

async fn whole(story: &Telling, desk: &Desk) {
    let id = messages(story, desk).await;
    inbox(story).await;
    people(story, desk).await;
    devices(story).await;
    ends(story, desk, &id).await;
    webhooks(story).await;
}

fn received() -> Value {
    json!({
        "kind": "account.money_received",
        "to": { "subject": "cust_ann" },
        "data": { "amount": { "amount": "25.00", "currency": "USD" }, "from": "Bob" },
    })
}

async fn messages(story: &Telling, desk: &Desk) -> Value {
    let send = || story.ask("send_message").body(received());
    let id = send().gives(201).await["id"].clone();
    desk.work().await;
    send().with("to", json!({ "email": "nobody" })).refused("field_invalid").await;
    send().with("kind", "account.lost").refused("kind_unknown").await;
    send().with("data", json!({ "from": "Bob" })).refused("variable_missing").await;
    send().with("to", json!({ "phone": "+4930123456" })).refused("recipient_unreachable").await;
    story.ask("list_messages").query("subject", "cust_ann").query("limit", "1").gives(200).await;
    let page = story.ask("list_messages").query("limit", "1").gives(200).await;
    if page["next"].is_string() {
        story.ask("list_messages").query("cursor", &page["next"]).gives(200).await;
    }
    story.ask("list_messages").query("limit", "501").refused("limit_too_large").await;
    story.ask("list_messages").query("cursor", "x").refused("cursor_invalid").await;
    story.ask("get_message").at("id", &id).gives(200).await;
    story.ask("get_kept_mail").at("id", &id).gives(200).await;
    story.ask("list_message_kinds").gives(200).await;
    let preview = || story.ask("preview_message").body(json!({ "kind": "account.money_received", "locale": "de-AT" }));
    preview().gives(200).await;
    preview().with("kind", "account.lost").refused("kind_unknown").await;
    preview().with("data", json!({ "from": 7 })).refused("field_invalid").await;
    id
}

async fn inbox(story: &Telling) {
    let list = story.ask("list_inbox").query("subject", "cust_ann").query("state", "unread").gives(200).await;
    story.ask("list_inbox").query("limit", "501").refused("limit_too_large").await;
    story.ask("list_inbox").query("cursor", "x").refused("cursor_invalid").await;
    story.ask("count_unread").query("subject", "cust_ann").gives(200).await;
    let id = &list["items"][0]["id"];
    story.ask("read_inbox_entry").at("id", id).body(json!({})).gives(200).await;
    story.ask("archive_inbox_entry").at("id", id).body(json!({})).gives(200).await;
    story.all_refuse("entry_unknown", |ask| ask.at("id", format!("dlv_{NOBODYS}"))).await;
}

async fn people(story: &Telling, desk: &Desk) {
    let put = || story.ask("put_contact").at("subject", "cust_ann");
    let contact = json!({ "name": "Ann", "email": "ann@example.com", "locale": "de-AT", "zone": "Europe/Vienna" });
    put().body(contact.clone()).gives(200).await;
    put().body(json!({ "zone": "Mars/Olympus" })).refused("field_invalid").await;
    let ann = story.person("customer", "cust_ann");
    let phone = json!({ "name": "Ann", "email": "ann@example.com", "phone": "+4930123456" });
    put().by(&ann).body(phone).refused("recipient_unreachable").await;
    story.ask("get_contact").at("subject", "cust_ann").gives(200).await;
    put().by(&ann).body(json!({ "name": "Ann", "email": "new@example.com" })).gives(200).await;
    desk.work().await;
    let code = desk.code().await;
    let verify = |code: &str| {
        story.ask("verify_contact").at("subject", "cust_ann").body(json!({ "field": "email", "code": code }))
    };
    verify(if code == "000000" { "000001" } else { "000000" }).refused("code_wrong").await;
    verify(&code).gives(200).await;
    verify(&code).refused("nothing_to_verify").await;
    let quiet = json!({ "quiet_hours": { "start": "11:00", "end": "20:00" } });
    let preferences = || story.ask("put_preferences").at("subject", "cust_ann");
    preferences().body(quiet).gives(200).await;
    let fixed = json!({ "categories": { "legal": { "channels": { "email": false } } } });
    preferences().body(fixed).refused("field_invalid").await;
    story.ask("get_preferences").at("subject", "cust_ann").gives(200).await;
    let next = || story.ask("next_message").at("subject", "cust_ann");
    next().query("kind", "account.money_received").query("at", "2026-01-31T18:00:00Z").gives(200).await;
    next().query("kind", "account.lost").refused("kind_unknown").await;
    let bob = story.person("customer", "cust_bob");
    story.all_refuse("contact_unknown", |ask| ask.by(&bob)).await;
}

async fn devices(story: &Telling) {
    let web = json!({
        "endpoint": "https://push.example.com/p/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
    });
    let add = || story.ask("add_device").body(json!({ "subject": "cust_ann", "address": { "web": web } }));
    let id = add().gives(201).await["id"].clone();
    add().with("address", json!({ "fcm": { "token": "a b" } })).refused("field_invalid").await;
    story.ask("list_devices").query("subject", "cust_ann").gives(200).await;
    story.ask("list_devices").refused("field_invalid").await;
    story.ask("get_push_key").gives(200).await;
    story.ask("remove_device").at("id", &id).gives(204).await;
    story.all_refuse("device_unknown", |ask| ask.at("id", format!("dev_{NOBODYS}"))).await;
}

async fn ends(story: &Telling, desk: &Desk, sent: &Value) {
    let held = story.ask("send_message").body(received()).gives(201).await;
    story.ask("cancel_message").at("id", &held["id"]).body(json!({})).gives(200).await;
    story.ask("cancel_message").at("id", sent).body(json!({})).refused("message_under_way").await;
    story.ask("get_kept_mail").at("id", &held["id"]).refused("mail_not_kept").await;
    desk.make_dead("email").await;
    let dead = story.ask("list_dead_deliveries").gives(200).await;
    story.ask("list_dead_deliveries").query("limit", "501").refused("limit_too_large").await;
    story.ask("list_dead_deliveries").query("cursor", "x").refused("cursor_invalid").await;
    let at = |place: usize| &dead["items"][place]["delivery"]["id"];
    story.ask("retry_dead_delivery").at("id", at(0)).body(json!({})).gives(200).await;
    story.ask("retry_dead_delivery").at("id", at(0)).body(json!({})).refused("delivery_not_dead").await;
    story.ask("give_up_dead_delivery").at("id", at(1)).body(json!({})).gives(200).await;
    story.ask("give_up_dead_delivery").at("id", at(1)).body(json!({})).refused("delivery_not_dead").await;
    story.all_refuse("delivery_unknown", |ask| ask.at("id", format!("dlv_{NOBODYS}"))).await;
    story.all_refuse("message_unknown", |ask| ask.at("id", format!("ntf_{NOBODYS}"))).await;
    suppressions(story, desk).await;
}

async fn webhooks(story: &Telling) {
    let add = || story.ask("add_webhook").body(json!({ "url": "https://192.0.2.7/", "events": ["ledger.*"] }));
    add().refused("field_invalid").await;
    let hooks = json!("https://shop.example.com/hooks");
    let id = add().with("url", hooks).gives(201).await["endpoint"]["id"].clone();
    story.ask("list_webhooks").gives(200).await;
    story.ask("list_webhooks").query("limit", "501").refused("limit_too_large").await;
    story.ask("list_webhooks").query("cursor", "x").refused("cursor_invalid").await;
    let at = |operation: &str| story.ask(operation).at("id", &id);
    at("rotate_webhook_secret").body(json!({})).gives(200).await;
    at("test_webhook").body(json!({})).gives(200).await;
    let posts = at("list_webhook_posts").gives(200).await;
    at("list_webhook_posts").query("limit", "501").refused("limit_too_large").await;
    at("list_webhook_posts").query("cursor", "x").refused("cursor_invalid").await;
    story.ask("resend_webhook").at("id", &posts["items"][0]["id"]).body(json!({})).gives(200).await;
    let range = json!({ "from": "2026-01-31T00:00:00Z", "to": "2026-02-01T00:00:00Z" });
    at("replay_webhook").body(range).gives(200).await;
    story.again("replay_webhook").with("to", "2026-01-30T00:00:00Z").refused("field_invalid").await;
    at("enable_webhook").body(json!({})).gives(200).await;
    at("remove_webhook").gives(204).await;
    story.all_refuse("endpoint_unknown", |ask| ask.at("id", format!("whk_{NOBODYS}"))).await;
    story.all_refuse("post_unknown", |ask| ask.at("id", format!("whp_{NOBODYS}"))).await;
}

async fn suppressions(story: &Telling, desk: &Desk) {
    let id = Id::<SuppressionTag>::from_bits(7);
    let tx = desk.db.begin().await.unwrap();
    tx.execute(SUPPRESS, &[Cell::Bytes(&id.to_bytes()), Cell::Bytes(&[7; 32])]).await.unwrap();
    tx.commit().await.unwrap();
    story.ask("list_suppressions").gives(200).await;
    story.ask("list_suppressions").query("address", "ann@example.com").gives(200).await;
    story.ask("list_suppressions").query("limit", "501").refused("limit_too_large").await;
    story.ask("list_suppressions").query("cursor", "x").refused("cursor_invalid").await;
    story.ask("lift_suppression").at("id", id.to_string()).gives(204).await;
    let unknown = format!("{}_{NOBODYS}", SuppressionTag::PREFIX);
    story.all_refuse("suppression_unknown", |ask| ask.at("id", unknown.clone())).await;
}
