//! Roles, policies, and trying changes of them. Carla is an auditor, so that a change of the role affects a user.

use serde_json::{Value, json};
use testkit::{Ask, Telling};

use super::{only, person, user};

const WEEKEND: &str = "forbid (principal is Employee, action, resource) when { context.weekday > 5 };";

fn role<'t>(story: &'t Telling, operation: &str, name: &str) -> Ask<'t> {
    story.ask(operation).at("name", name)
}

fn policy<'t>(story: &'t Telling, operation: &str, id: &str) -> Ask<'t> {
    story.ask(operation).at("id", id)
}

pub(super) async fn told(story: &Telling) {
    let auditor =
        json!({ "description": "Reads everything and changes nothing", "permissions": ["accounts:read:all"] });
    let put = role(story, "put_role", "auditor").body(auditor).gives(200).await;
    assert_eq!(role(story, "get_role", "auditor").gives(200).await.json, put.json);
    assert!(story.ask("list_roles").gives(200).await["items"].as_array().unwrap().contains(&put.json));
    let weekend = json!({ "description": "Employees do not work on weekends", "text": WEEKEND, "enabled": true });
    let put = policy(story, "put_policy", "closed-on-weekends").body(weekend).gives(200).await;
    assert_eq!(policy(story, "get_policy", "closed-on-weekends").gives(200).await.json, put.json);
    assert!(story.ask("list_policies").gives(200).await["items"].as_array().unwrap().contains(&put.json));

    let carla = person(story, "carla", &["customer", "auditor"]).await;
    let more = json!({ "name": "auditor", "permissions": ["accounts:read:all", "transactions:read:all"] });
    let effect = story.ask("try_change").body(json!({ "put_role": more })).shown("A role is changed").gives(200).await;
    assert_eq!(effect["gains"][0]["name"], "carla");
    let removed = json!({ "remove_policy": { "id": "closed-on-weekends" } });
    story.ask("try_change").body(removed).shown("A policy is removed").gives(200).await;
    let unchanged = role(story, "get_role", "auditor").gives(200).await;
    assert_eq!(unchanged["permissions"], json!(["accounts:read:all"]), "trying changes nothing");

    user(story, "set_user_roles", &carla).body(json!({ "roles": ["customer"] })).gives(200).await;
    role(story, "remove_role", "auditor").gives(204).await;
    policy(story, "remove_policy", "closed-on-weekends").gives(204).await;
}

pub(super) async fn refused(story: &Telling) {
    of_roles(story).await;
    of_policies(story).await;
    of_trying(story).await;
}

async fn of_roles(story: &Telling) {
    let put =
        |name: &str, permissions: Value| role(story, "put_role", name).body(json!({ "permissions": permissions }));
    put("customer", json!(["*:*:*"])).refused("built_in").await;
    role(story, "remove_role", "admin").refused("built_in").await;
    put("teller", json!(["acounts:read:all"])).refused("field_invalid").await;
    put("teller", json!(vec!["accounts:read:all"; 257])).refused("too_many").await;
    put("teller", json!(["*:*:*"])).by(&only(story, "roles", "change")).refused("reaches_further").await;
    role(story, "get_role", "teller").refused("not_found").await;
    role(story, "remove_role", "teller").refused("not_found").await;
    put("teller", json!(["accounts:read:all"])).gives(200).await;
    role(story, "remove_role", "teller").by(&only(story, "roles", "change")).refused("reaches_further").await;
    person(story, "tim", &["employee", "teller"]).await;
    let used = role(story, "remove_role", "teller").refused("role_in_use").await;
    assert_eq!((&used["role"], &used["holders"]), (&json!("teller"), &json!(1)));
}

async fn of_policies(story: &Telling) {
    let put = |id: &str, text: &str| policy(story, "put_policy", id).body(json!({ "text": text, "enabled": true }));
    let all = "forbid (principal, action, resource);";
    put("office-hours", all).refused("built_in").await;
    policy(story, "remove_policy", "office-hours").refused("built_in").await;
    let unknown = "forbid (principal, action == Action::\"accounts:fly\", resource);";
    for text in ["", "forbid", unknown, &format!("{all} {all}")] {
        assert_eq!(put("mine", text).refused("policy_invalid").await["errors"][0]["field"], "text", "{text}");
    }
    policy(story, "get_policy", "mine").refused("not_found").await;
    policy(story, "remove_policy", "mine").refused("not_found").await;
}

async fn of_trying(story: &Telling) {
    let change = |change: Value| story.ask("try_change").body(change);
    change(json!({ "remove_policy": { "id": "office-hours" } })).refused("built_in").await;
    change(json!({ "remove_policy": { "id": "mine" } })).refused("not_found").await;
    change(json!({ "remove_role": { "name": "teller" } })).gives(200).await;
    let put_role = |permissions: Value| json!({ "put_role": { "name": "teller", "permissions": permissions } });
    change(put_role(json!(vec!["accounts:read:all"; 257]))).refused("too_many").await;
    change(put_role(json!(["*:*:*"]))).by(&only(story, "roles", "change")).refused("reaches_further").await;
    change(json!({ "put_policy": { "id": "mine", "text": "forbid", "enabled": true } }))
        .refused("policy_invalid")
        .await;
}
