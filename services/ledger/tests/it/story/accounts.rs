//! Refusals of books, assets, metadata keys and accounts.

use serde_json::{Map, Value, json};
use testkit::Telling;

use super::{account, cash, hold, opened, payment, recorded, usd};

/// One entry too many.
pub(super) fn too_much_metadata() -> Value {
    (0..33).map(|place| (place.to_string(), json!("v"))).collect::<Map<_, _>>().into()
}

pub(super) async fn refused(story: &Telling) {
    of_assets_and_keys(story).await;
    of_opening(story).await;
    of_changes(story).await;
    of_closing(story).await;
}

async fn of_assets_and_keys(story: &Telling) {
    story.ask("create_book").body(json!({ "book": "No Name" })).refused("field_invalid").await;
    let declare = |code: &str, scale: u8| story.ask("declare_asset").body(json!({ "code": code, "scale": scale }));
    declare("POINTS", 1).refused("asset_exists").await;
    declare("USD", 2).refused("asset_invalid").await;
    let key = |key: &str| story.ask("declare_metadata_key").body(json!({ "key": key }));
    key("").refused("metadata_key_invalid").await;
    for name in ["order", "shop", "batch", "channel"] {
        key(name).gives(201).await;
    }
    let full = key("color").refused("too_many_metadata_keys").await;
    assert_eq!(full["declared"], json!(["batch", "channel", "order", "shop"]));
    story.ask("remove_metadata_key").at("key", "color").refused("not_found").await;
}

async fn of_opening(story: &Telling) {
    let open = |field: &str, value: Value| story.ask("open_account").body(account("customers:new")).with(field, value);
    let exists = open("path", json!("customers:ann")).refused("account_exists").await;
    assert_eq!((&exists["account"], &exists["field"]), (&json!("customers:ann"), &json!("owner")));
    open("currency", json!("SHELLS/2")).refused("currency_unknown").await;
    open("currency", json!("POINTS/2")).refused("currency_scale").await;
    open("floor", json!({ "amount": "1", "currency": "JPY" })).refused("limits_invalid").await;
    open("metadata", too_much_metadata()).refused("metadata_too_large").await;
    assert_eq!(open("reference", json!("CRM-4711")).refused("reference_taken").await["taken_by"], "customers:ann");
}

/// Changes of an unknown account, and of a closed one.
async fn of_changes(story: &Telling) {
    for (operation, body) in [
        ("freeze_account", json!({})),
        ("unfreeze_account", json!({})),
        ("set_limits", json!({})),
        ("set_metadata", json!({ "metadata": {} })),
    ] {
        let change = |path: &str| story.ask(operation).at("path", path).body(body.clone());
        change("customers:nobody").refused("account_unknown").await;
        change("customers:closing").refused("account_closed").await;
    }
    story.ask("close_account").at("path", "customers:nobody").body(json!({})).refused("account_unknown").await;
    let limits = |body: Value| story.ask("set_limits").at("path", "customers:bob").body(body);
    limits(json!({ "floor": { "amount": "1", "currency": "JPY" } })).refused("currency_mismatch").await;
    limits(json!({ "floor": usd("2.00"), "ceiling": usd("1.00") })).refused("limits_invalid").await;
    let metadata = json!({ "metadata": too_much_metadata() });
    story.ask("set_metadata").at("path", "customers:bob").body(metadata).refused("metadata_too_large").await;
}

async fn of_closing(story: &Telling) {
    opened(story, account("customers:eve")).await;
    opened(story, cash("assets:bank")).await;
    let close = || story.ask("close_account").at("path", "customers:eve").body(json!({}));
    recorded(story, payment(101, "assets:bank", "customers:eve", "5.00")).await;
    close().refused("account_not_zero").await;
    recorded(story, hold(102, "customers:eve", "customers:bob", "5.00")).await;
    close().refused("account_has_holds").await;
}
