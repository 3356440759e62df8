//! Users.

use serde_json::{Value, json};
use testkit::Telling;

use super::{UNKNOWN, only, person, user};

pub(super) async fn told(story: &Telling) {
    let ann = json!({
        "username": "ann@example.com", "name": "Ann Miller", "email": "ann@example.com", "subject": "cust_ann",
        "roles": ["customer"]
    });
    let new = story.ask("create_user").body(ann).gives(201).await;
    let id = &new["user"]["id"];
    let listed = story.ask("list_users").query("username", "ann").query("role", "customer").gives(200).await;
    assert_eq!(listed["items"], json!([new["user"]]));
    assert_eq!(user(story, "get_user", id).gives(200).await.json, new["user"]);
    let contact = json!({ "name": "Ann Miller", "email": "ann@example.com", "phone": "+4930123456" });
    assert_eq!(user(story, "set_user_contact", id).body(contact).gives(200).await["phone"], "+4930123456");
    assert_eq!(user(story, "disable_user", id).body(json!({})).gives(200).await["status"], "disabled");
    assert_eq!(user(story, "enable_user", id).body(json!({})).gives(200).await["status"], "active");
    let again = user(story, "reset_user_password", id).body(json!({})).gives(200).await;
    assert_ne!(again["one_time_password"], new["one_time_password"]);
    let factors = user(story, "remove_user_factors", id).body(json!({})).gives(200).await;
    assert_eq!(factors["second_factor"], false);
    user(story, "end_user_sessions", id).body(json!({})).gives(200).await;
    let carl = person(story, "carl", &["customer"]).await;
    let roles = json!({ "roles": ["customer", "employee"] });
    assert_eq!(user(story, "set_user_roles", &carl).body(roles).gives(200).await["kind"], "employee");
    let dave = || {
        let body = json!({ "username": "dave", "roles": ["customer"] });
        story.ask("create_user").header("idempotency-key", "dave-1").body(body)
    };
    let first = dave().gives(201).await;
    let again = dave().gives(200).await;
    assert_eq!((&again["user"], &again["withheld"]), (&first["user"], &json!("one_time_password")));
}

pub(super) async fn refused(story: &Telling) {
    of_creating(story).await;
    of_the_unknown(story).await;
    of_administrators(story).await;
    story.ask("list_users").query("limit", "501").refused("limit_too_large").await;
    story.ask("list_users").query("cursor", "x").refused("cursor_invalid").await;
}

async fn of_creating(story: &Telling) {
    let create = |body: Value| story.ask("create_user").body(body);
    create(json!({ "username": "", "roles": ["customer"] })).refused("field_invalid").await;
    let many = create(json!({ "username": "zoe", "roles": vec!["customer"; 33] })).refused("too_many").await;
    assert_eq!((&many["what"], &many["given"], &many["max"]), (&json!("roles"), &json!(33), &json!(32)));
    let role = create(json!({ "username": "zoe", "roles": ["customer", "nobodys"] })).refused("not_found").await;
    assert_eq!((&role["what"], &role["name"]), (&json!("role"), &json!("nobodys")));
    let taken = create(json!({ "username": "CARL", "roles": ["customer"] })).refused("taken").await;
    assert_eq!((&taken["what"], &taken["name"]), (&json!("username"), &json!("carl")));
    for role in ["admin", "customer"] {
        let further = create(json!({ "username": "eve", "roles": [role] })).by(&only(story, "users", "create"));
        let further = further.refused("reaches_further").await;
        assert_eq!((&further["what"], &further["name"]), (&json!("role"), &json!(role)));
    }
    let found = story.ask("list_users").query("username", "eve").gives(200).await;
    assert_eq!(found["items"], json!([]), "no user was created");
}

async fn of_the_unknown(story: &Telling) {
    story.all_refuse_if("not_found", "/identity/users/{id}", |ask| ask.at("id", UNKNOWN)).await;
}

/// The last administrator stays, and a caller with fewer rights changes none.
async fn of_administrators(story: &Telling) {
    let zoe = person(story, "zoe", &["admin"]).await;
    let change = |operation: &'static str, body: Value| user(story, operation, &zoe).body(body);
    change("disable_user", json!({})).refused("last_admin").await;
    change("set_user_roles", json!({ "roles": ["employee"] })).refused("last_admin").await;
    assert_eq!(user(story, "get_user", &zoe).gives(200).await["kind"], "admin", "she is still one");
    change("set_user_roles", json!({ "roles": vec!["customer"; 33] })).refused("too_many").await;
    let clerk = only(story, "users", "change");
    story.all_refuse_if("reaches_further", "/identity/users/{id}", |ask| ask.at("id", &zoe).by(&clerk)).await;
}
