//! Refusals of identity's API: users, clients, roles and policies.

use access::Claims;
use hyper::Method;
use serde_json::json;

use super::Asker;
use crate::end_to_end::house::refusal;

const USERS: &str = "/v1/identity/users";
const CLIENTS: &str = "/v1/identity/clients";
const ROLES: &str = "/v1/access/roles";
const POLICIES: &str = "/v1/access/policies";
const ROTATE: &str = "/v1/identity/keys/rotate";
/// An id that does not exist.
const UNKNOWN: &str = "usr_01kppyzd5gfmra2qsx5rkvr8wb";

pub(super) async fn of_identity(asker: &Asker<'_>) {
    of_people(asker).await;
    of_clients(asker).await;
    of_roles(asker).await;
    of_policies(asker).await;
    of_rights_that_are_not_ones_own(asker).await;
    of_proofs_that_are_too_old(asker).await;
    asker.get("/v1/identity/events?limit=1001", 400, "page_size").await;
}

async fn of_people(asker: &Asker<'_>) {
    let person = |roles: &[&str]| json!({ "username": "zoe", "roles": roles });
    asker.post(USERS, json!({ "username": "", "roles": ["customer"] }), 400, "field_invalid").await;
    let many = asker.post(USERS, person(&["customer"; 33]), 400, "too_many").await;
    assert_eq!((&many["what"], &many["given"], &many["max"]), (&json!("roles"), &json!(33), &json!(32)));
    let role = asker.post(USERS, person(&["customer", "nobodys"]), 404, "not_found").await;
    assert_eq!((&role["what"], &role["name"]), (&json!("role"), &json!("nobodys")));

    let zoe = asker.house.create(USERS, person(&["admin"])).await;
    let zoe = format!("{USERS}/{}", zoe["user"]["id"].as_str().unwrap());
    let taken = asker.post(USERS, json!({ "username": "ZOE", "roles": ["customer"] }), 409, "taken").await;
    assert_eq!((&taken["what"], &taken["name"]), (&json!("username"), &json!("zoe")));
    asker.post(&format!("{zoe}/disable"), json!({}), 409, "last_admin").await;
    asker.put(&format!("{zoe}/roles"), json!({ "roles": ["employee"] }), 409, "last_admin").await;
    assert_eq!(asker.house.get(&zoe).await["kind"], "admin", "she is still one");
    assert_eq!(asker.house.get(&zoe).await["status"], "active");

    asker.get(&format!("{USERS}/{UNKNOWN}"), 404, "not_found").await;
    asker.post(&format!("{USERS}/{UNKNOWN}/disable"), json!({}), 404, "not_found").await;
    asker.get(&format!("{USERS}?limit=501"), 400, "limit_too_large").await;
}

async fn of_clients(asker: &Asker<'_>) {
    let client = |scopes: &[&str]| json!({ "id": "mill", "name": "Mill", "kind": "service", "scopes": scopes });
    asker.post(CLIENTS, client(&["everything"]), 400, "field_invalid").await;
    asker.post(CLIENTS, client(&["read:*"; 65]), 400, "too_many").await;
    asker.house.create(CLIENTS, client(&["read:*"])).await;
    let taken = asker.post(CLIENTS, client(&["read:*"]), 409, "taken").await;
    assert_eq!((&taken["what"], &taken["name"]), (&json!("client"), &json!("mill")));
    asker.get(&format!("{CLIENTS}/nobody"), 404, "not_found").await;
    asker.post(&format!("{CLIENTS}/nobody/new-secret"), json!({}), 404, "not_found").await;
}

async fn of_roles(asker: &Asker<'_>) {
    let teller = format!("{ROLES}/teller");
    let role = |permissions: &[&str]| json!({ "permissions": permissions });
    asker.put(&format!("{ROLES}/customer"), role(&["*:*:*"]), 409, "built_in").await;
    asker.delete(&format!("{ROLES}/admin"), 409, "built_in").await;
    asker.put(&teller, role(&["acounts:read:all"]), 400, "field_invalid").await;
    asker.put(&teller, role(&["accounts:read:all"; 257]), 400, "too_many").await;
    asker.delete(&teller, 404, "not_found").await;
    asker.get(&teller, 404, "not_found").await;

    assert!(asker.house.put(&teller, role(&["accounts:read:all"])).await.status.is_success());
    asker.house.create(USERS, json!({ "username": "tim", "roles": ["employee", "teller"] })).await;
    let used = asker.delete(&teller, 409, "role_in_use").await;
    assert_eq!((&used["role"], &used["holders"]), (&json!("teller"), &json!(1)));
    assert_eq!(asker.house.get(&teller).await["name"], "teller");
}

async fn of_policies(asker: &Asker<'_>) {
    let policy = |text: &str| json!({ "text": text, "enabled": true });
    let forbid = "forbid (principal, action, resource);";
    asker.put(&format!("{POLICIES}/office-hours"), policy(forbid), 409, "built_in").await;
    asker.delete(&format!("{POLICIES}/office-hours"), 409, "built_in").await;
    let unknown = "forbid (principal, action == Action::\"accounts:fly\", resource);";
    for text in ["", "forbid", unknown, "forbid (principal, action, resource); forbid (principal, action, resource);"] {
        let invalid = asker.house.put(&format!("{POLICIES}/mine"), policy(text)).await;
        let invalid = asker.note(&invalid, 400, "policy_invalid");
        assert_eq!(invalid["errors"][0]["field"], "text", "{invalid}");
    }
    asker.get(&format!("{POLICIES}/mine"), 404, "not_found").await;
    asker.delete(&format!("{POLICIES}/mine"), 404, "not_found").await;
    let trying = json!({ "remove_policy": { "id": "office-hours" } });
    asker.post("/v1/access/try", trying, 409, "built_in").await;
}

/// An administrator's own client, with a token that is only for users.
async fn of_rights_that_are_not_ones_own(asker: &Asker<'_>) {
    let mint = asker.house.mint().await;
    let token = mint.token(|claims| claims.scope = "admin:users".to_owned());
    let program = asker.house.client.stranger().with_token(token);
    let person = |role: &str| json!({ "username": "eve", "roles": [role] });
    for role in ["admin", "customer"] {
        let answer = program.send(Method::POST, USERS, &[], Some(&person(role))).await.unwrap();
        let further = asker.note(&answer, 403, "reaches_further");
        assert_eq!((&further["what"], &further["name"]), (&json!("role"), &json!(role)));
    }
    let found = asker.house.get(&format!("{USERS}?username=eve")).await;
    assert_eq!(found["items"], json!([]), "a user was made");
}

/// An administrator who logged in a while ago, or without a second factor, may read but not change anything.
async fn of_proofs_that_are_too_old(asker: &Asker<'_>) {
    let mint = asker.house.mint().await;
    let admin = |claims: &mut Claims, age: i64, acr: &str| {
        (claims.sub, claims.kind) = ("adm_old".to_owned(), "admin".to_owned());
        (claims.sid, claims.auth_time) = (Some("session".to_owned()), Some(claims.iat - age));
        claims.acr = Some(acr.to_owned());
    };
    let ask = async |age: i64, acr: &str, method: Method, path: &str| {
        let client = asker.house.client.stranger().with_token(mint.token(|claims| admin(claims, age, acr)));
        let body = (method != Method::GET).then(|| json!({}));
        client.send(method, path, &[], body.as_ref()).await.unwrap()
    };
    for (age, acr) in [(310, "mfa"), (1, "pwd")] {
        let answer = ask(age, acr, Method::POST, ROTATE).await;
        asker.note(&answer, 401, "step_up_required");
        let wanted = answer.header("www-authenticate").unwrap();
        assert!(wanted.contains("insufficient_user_authentication") && wanted.contains("max_age=\"300\""), "{wanted}");
        let user = ask(age, acr, Method::POST, &format!("{USERS}/{UNKNOWN}/disable")).await;
        refusal(&user, 401, "step_up_required");
        assert_eq!(ask(age, acr, Method::GET, USERS).await.status.as_u16(), 200);
    }
    // The same with a recent authentication.
    assert_eq!(ask(1, "mfa", Method::POST, ROTATE).await.status.as_u16(), 200);
}
