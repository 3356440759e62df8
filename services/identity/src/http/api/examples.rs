//! The document's examples, told as one story: Ann is a customer, and a program writes a report.

use serde_json::{Value, json};

const ANN: &str = "usr_01kppyy0k0f4g8n1vpdkpr5g3a";
const AT: &str = "2026-01-31T12:00:00.000000Z";
const LATER: &str = "2026-03-02T12:00:00.000000Z";
const WEEKEND: &str = "forbid (principal is Employee, action, resource) when { context.weekday > 5 };";

pub(super) fn create_user() -> Value {
    json!({
        "username": "ann@example.com", "name": "Ann Miller", "email": "ann@example.com", "subject": "cust_ann",
        "roles": ["customer"]
    })
}

pub(super) fn contact() -> Value {
    json!({ "name": "Ann Miller", "email": "ann@example.com", "phone": "+4930123456" })
}

pub(super) fn user() -> Value {
    json!({
        "id": ANN, "username": "ann@example.com", "name": "Ann Miller", "email": "ann@example.com", "phone": null,
        "subject": "cust_ann", "kind": "customer", "roles": ["customer"], "status": "active", "second_factor": false,
        "created_at": AT, "last_login_at": null
    })
}

pub(super) fn disabled() -> Value {
    let mut user = user();
    if let Some(status) = user.get_mut("status") {
        *status = json!("disabled");
    }
    user
}

pub(super) fn new_user() -> Value {
    json!({ "user": user(), "one_time_password": "maple-otter-47-violin" })
}

pub(super) fn users() -> Value {
    json!({ "items": [user()] })
}

pub(super) fn create_service() -> Value {
    json!({
        "id": "reporting", "name": "Nightly reports", "kind": "service", "scopes": ["read:accounts"],
        "roles": ["service"]
    })
}

pub(super) fn create_application() -> Value {
    json!({
        "id": "budget", "name": "Budget planner", "kind": "confidential",
        "redirect_uris": ["https://budget.example.com/callback"],
        "post_logout_redirect_uris": ["https://budget.example.com/"],
        "scopes": ["openid", "profile", "offline_access", "read:accounts"]
    })
}

pub(super) fn redirect_uris() -> Value {
    json!({
        "redirect_uris": ["https://budget.example.com/callback"],
        "post_logout_redirect_uris": ["https://budget.example.com/"]
    })
}

pub(super) fn client() -> Value {
    json!({
        "id": "reporting", "name": "Nightly reports", "kind": "service", "redirect_uris": [],
        "post_logout_redirect_uris": [], "scopes": ["read:accounts"], "roles": ["service"], "first_party": false,
        "access_seconds": 3600, "enabled": true, "created_at": AT
    })
}

pub(super) fn application() -> Value {
    json!({
        "id": "budget", "name": "Budget planner", "kind": "confidential",
        "redirect_uris": ["https://budget.example.com/callback"],
        "post_logout_redirect_uris": ["https://budget.example.com/"],
        "scopes": ["openid", "profile", "offline_access", "read:accounts"], "roles": [], "first_party": false,
        "access_seconds": 3600, "enabled": true, "created_at": AT
    })
}

pub(super) fn new_client() -> Value {
    json!({ "client": client(), "secret": "fcs_Zm9yIHRoZSBkb2N1bWVudCBvbmx5IQ" })
}

pub(super) fn clients() -> Value {
    json!({ "items": [client()] })
}

pub(super) fn keys() -> Value {
    json!({ "items": [
        { "kid": "2026-02", "alg": "EdDSA", "state": "next", "created_at": LATER, "retired_at": null },
        { "kid": "2026-01", "alg": "EdDSA", "state": "signing", "created_at": AT, "retired_at": null }
    ] })
}

pub(super) fn role_body() -> Value {
    json!({ "description": "Reads everything and changes nothing", "permissions": ["accounts:read:all"] })
}

pub(super) fn role() -> Value {
    json!({
        "name": "auditor", "description": "Reads everything and changes nothing",
        "permissions": ["accounts:read:all"], "built_in": false
    })
}

pub(super) fn roles() -> Value {
    json!({ "items": [role()] })
}

pub(super) fn policy_body() -> Value {
    json!({ "description": "Employees do not work on weekends", "text": WEEKEND, "enabled": true })
}

pub(super) fn policy() -> Value {
    json!({
        "id": "closed-on-weekends", "description": "Employees do not work on weekends", "text": WEEKEND, "enabled": true,
        "built_in": false
    })
}

pub(super) fn policies() -> Value {
    json!({ "items": [policy()] })
}

pub(super) fn try_role() -> Value {
    json!({ "put_role": { "name": "auditor", "permissions": ["accounts:read:all", "transactions:read:all"] } })
}

pub(super) fn try_policy() -> Value {
    json!({ "remove_policy": { "id": "closed-on-weekends" } })
}

pub(super) fn effect() -> Value {
    json!({
        "gains": [{
            "subject": "cust_ann", "name": "ann@example.com", "kind": "customer", "what": ["transactions:read:all"]
        }],
        "loses": [], "asked": 3, "of": 3, "more": false
    })
}

pub(super) fn events() -> Value {
    json!({ "items": [{
        "specversion": "1.0", "id": "1", "source": "/identity", "type": "identity.user.created", "subject": ANN,
        "time": AT, "datacontenttype": "application/json", "dataschema": "/schemas/identity.user.created/1",
        "data": { "user": ANN, "roles": ["customer"] }
    }], "next": 1 })
}
