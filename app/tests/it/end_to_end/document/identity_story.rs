//! Ann becomes a customer, clients get their secrets, and an auditor's role comes and goes: the story of identity's
//! examples. The caller is an administrator.

use serde_json::{Value, json};

use super::teller::Teller;

const USERS: &str = "/v1/identity/users";

pub(super) async fn tell(teller: &Teller<'_>) {
    of_rights(teller).await;
    of_people(teller).await;
    of_clients(teller).await;
    teller.tell("list_keys", &[], "").await;
    teller.tell("rotate_keys", &[], "").await;
    // Tokens signed by the previous key are still accepted: all of this used one token.
    teller.tell("identity_events", &[], "?after=0").await;
}

async fn of_people(teller: &Teller<'_>) {
    let new = teller.tell("create_user", &[], "").await;
    let at = [("id", new["user"]["id"].as_str().unwrap())];
    let listed = teller.tell("list_users", &[], "?username=ann&role=customer").await;
    assert_eq!(listed["items"], json!([new["user"]]));
    assert_eq!(teller.tell("get_user", &at, "").await, new["user"]);
    let contact = teller.tell("set_user_contact", &at, "").await;
    assert_eq!(contact["phone"], "+4930123456");
    assert_eq!(teller.tell("disable_user", &at, "").await["status"], "disabled");
    assert_eq!(teller.tell("enable_user", &at, "").await["status"], "active");
    let again = teller.tell("reset_user_password", &at, "").await;
    assert_ne!(again["one_time_password"], new["one_time_password"]);
    assert_eq!(teller.tell("remove_user_factors", &at, "").await["second_factor"], false);
    teller.tell("end_user_sessions", &at, "").await;
    assert_eq!(teller.tell("set_user_roles", &at, "").await["kind"], "employee");
}

async fn of_clients(teller: &Teller<'_>) {
    let (service, application) = ([("id", "reporting")], [("id", "budget")]);
    let new = teller.tell("create_client", &[], "").await;
    let listed = teller.tell("list_clients", &[], "").await;
    assert!(listed["items"].as_array().unwrap().contains(&new["client"]), "{listed}");
    assert_eq!(teller.tell("get_client", &service, "").await, new["client"]);
    teller.tell("set_client_roles", &service, "").await;
    teller.tell("set_client_scopes", &service, "").await;
    let sent_back = teller.tell("set_client_redirect_uris", &application, "").await;
    let same = |field: &str| sent_back[field] == teller.answers_of("set_client_redirect_uris")[0][field];
    assert!(
        ["id", "kind", "redirect_uris", "post_logout_redirect_uris", "scopes"].into_iter().all(same),
        "{sent_back}"
    );
    assert_ne!(teller.tell("new_client_secret", &service, "").await["secret"], new["secret"]);
    assert_eq!(teller.tell("disable_client", &service, "").await["enabled"], false);
    assert_eq!(teller.tell("enable_client", &service, "").await["enabled"], true);
}

/// Carl is an auditor, so that a change of his role affects a user.
async fn of_rights(teller: &Teller<'_>) {
    let (role, policy) = ([("name", "auditor")], [("id", "closed-on-weekends")]);
    let put = teller.tell("put_role", &role, "").await;
    assert_eq!(put, teller.answers_of("put_role")[0], "a role has no fields that vary");
    assert_eq!(teller.tell("get_role", &role, "").await, put);
    assert!(teller.tell("list_roles", &[], "").await["items"].as_array().unwrap().contains(&put));
    let put = teller.tell("put_policy", &policy, "").await;
    assert_eq!(put, teller.answers_of("put_policy")[0]);
    assert_eq!(teller.tell("get_policy", &policy, "").await, put);
    assert!(teller.tell("list_policies", &[], "").await["items"].as_array().unwrap().contains(&put));

    let carl = teller.house.create(USERS, json!({ "username": "carl", "roles": ["customer", "auditor"] })).await;
    let effect = teller.tell("try_change", &[], "").await;
    assert_eq!(effect["gains"][0]["what"], teller.answers_of("try_change")[0]["gains"][0]["what"]);
    let unchanged: Value = teller.tell("get_role", &role, "").await;
    assert_eq!(unchanged["permissions"], json!(["accounts:read:all"]), "trying changes nothing");

    let roles = format!("{USERS}/{}/roles", carl["user"]["id"].as_str().unwrap());
    assert!(teller.house.put(&roles, json!({ "roles": ["customer"] })).await.status.is_success());
    teller.tell("remove_role", &role, "").await;
    teller.tell("remove_policy", &policy, "").await;
}
