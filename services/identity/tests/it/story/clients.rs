//! Clients.

use serde_json::{Value, json};
use testkit::{Ask, Telling};

use super::only;

pub(super) fn application(id: &str) -> Value {
    json!({
        "id": id, "name": "Budget planner", "kind": "confidential",
        "redirect_uris": ["https://budget.example.com/callback"],
        "post_logout_redirect_uris": ["https://budget.example.com/"],
        "scopes": ["openid", "profile", "offline_access", "read:accounts"]
    })
}

fn client<'t>(story: &'t Telling, operation: &str, id: &str) -> Ask<'t> {
    story.ask(operation).at("id", id)
}

pub(super) async fn told(story: &Telling) {
    let reporting = json!({
        "id": "reporting", "name": "Nightly reports", "kind": "service", "scopes": ["read:accounts"], "roles": ["service"]
    });
    let new = story.ask("create_client").body(reporting).shown("A program that acts for itself").gives(201).await;
    story.ask("create_client").body(application("budget")).shown("A web application").gives(201).await;
    let listed = story.ask("list_clients").gives(200).await;
    assert!(listed["items"].as_array().unwrap().contains(&new["client"]), "{}", listed.text());
    assert_eq!(client(story, "get_client", "reporting").gives(200).await.json, new["client"]);
    client(story, "set_client_roles", "reporting").body(json!({ "roles": ["service"] })).gives(200).await;
    let scopes = json!({ "scopes": ["read:accounts", "read:transactions"] });
    client(story, "set_client_scopes", "reporting").body(scopes).gives(200).await;
    let addresses = json!({
        "redirect_uris": ["https://budget.example.com/callback"],
        "post_logout_redirect_uris": ["https://budget.example.com/"]
    });
    client(story, "set_client_redirect_uris", "budget").body(addresses).gives(200).await;
    let secret = client(story, "new_client_secret", "reporting").body(json!({})).gives(200).await;
    assert_ne!(secret["secret"], new["secret"]);
    assert_eq!(client(story, "disable_client", "reporting").body(json!({})).gives(200).await["enabled"], false);
    assert_eq!(client(story, "enable_client", "reporting").body(json!({})).gives(200).await["enabled"], true);
}

pub(super) async fn refused(story: &Telling) {
    let create = |body: Value| story.ask("create_client").body(body);
    let mill = |scopes: Value| json!({ "id": "mill", "name": "Mill", "kind": "service", "scopes": scopes });
    create(mill(json!(["everything"]))).refused("field_invalid").await;
    create(mill(json!(vec!["read:*"; 65]))).refused("too_many").await;
    let mut of_wizards = mill(json!(["read:*"]));
    of_wizards["roles"] = json!(["wizard"]);
    create(of_wizards).refused("not_found").await;
    let taken = create(application("budget")).refused("taken").await;
    assert_eq!((&taken["what"], &taken["name"]), (&json!("client"), &json!("budget")));
    let too_many = |operation: &'static str, id: &str, body: Value| client(story, operation, id).body(body);
    too_many("set_client_roles", "reporting", json!({ "roles": vec!["service"; 33] })).refused("too_many").await;
    too_many("set_client_scopes", "reporting", json!({ "scopes": vec!["read:*"; 65] })).refused("too_many").await;
    let addresses = json!({ "redirect_uris": vec!["https://a.example/"; 17], "post_logout_redirect_uris": [] });
    too_many("set_client_redirect_uris", "budget", addresses).refused("too_many").await;
    story.all_refuse_if("not_found", "/identity/clients/{id}", |ask| ask.at("id", "nobody")).await;
    of_rights_that_are_not_ones_own(story).await;
}

/// A service may have more rights than the caller who changes it.
async fn of_rights_that_are_not_ones_own(story: &Telling) {
    let master = json!({
        "id": "master", "name": "Master", "kind": "service", "scopes": ["admin:*"], "roles": ["admin"]
    });
    story.ask("create_client").body(master.clone()).gives(201).await;
    let mut another = master;
    another["id"] = json!("another");
    story.ask("create_client").body(another).by(&only(story, "clients", "create")).refused("reaches_further").await;
    let clerk = only(story, "clients", "change");
    story.all_refuse_if("reaches_further", "/identity/clients/{id}", |ask| ask.at("id", "master").by(&clerk)).await;
}
