//! The operators' API over HTTP, on both engines.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use testkit::for_each_engine;

use crate::http::house::House;
use crate::http::page::Page;
use crate::http::visitor::asked;

async fn send(house: &House, method: &str, path: &str, body: &Value) -> Page {
    let request = Request::builder().method(method).uri(format!("/v1{path}")).header("host", "localhost");
    let request = request.header("content-type", "application/json");
    asked(&house.router, request.body(Body::from(body.to_string())).unwrap()).await
}

async fn get(house: &House, path: &str) -> Page {
    let request = Request::get(format!("/v1{path}")).header("host", "localhost");
    asked(&house.router, request.body(Body::empty()).unwrap()).await
}

fn refused(page: &Page, status: u16, code: &str) {
    let body = page.json();
    assert_eq!((page.status, &body["code"], &body["status"]), (status, &code.into(), &status.into()), "{body}");
    assert_eq!(page.header("content-type"), Some("application/problem+json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_created_read_listed_and_changed() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let new = json!({ "username": "bob@example.com", "roles": ["customer"], "subject": "cust_bob" });
        let made = send(&house, "POST", "/identity/users", &new).await;
        assert_eq!((made.status, made.header("cache-control")), (201, Some("no-store")), "{}", made.body);
        assert!(made.json()["one_time_password"].is_string());
        let id = made.json()["user"]["id"].as_str().unwrap().to_owned();
        refused(&send(&house, "POST", "/identity/users", &new).await, 409, "taken");
        assert_eq!(get(&house, &format!("/identity/users/{id}")).await.json()["subject"], "cust_bob");
        assert_eq!(get(&house, &format!("/users/{id}")).await.json()["subject"], "cust_bob");
        let at = |what: &str| format!("/identity/users/{id}/{what}");
        let roles = send(&house, "PUT", &at("roles"), &json!({ "roles": ["employee"] })).await;
        assert_eq!(roles.json()["roles"], json!(["employee"]), "{}", roles.body);
        let contact = send(&house, "PUT", &at("contact"), &json!({ "name": "Bob", "email": "bob@mail.example" })).await;
        assert_eq!(contact.json()["name"], "Bob");
        assert_eq!(send(&house, "POST", &at("disable"), &json!({})).await.json()["status"], "disabled");
        assert_eq!(send(&house, "POST", &at("enable"), &json!({})).await.json()["status"], "active");
        assert!(send(&house, "POST", &at("reset-password"), &json!({})).await.json()["one_time_password"].is_string());
        assert_eq!(send(&house, "POST", &at("end-sessions"), &json!({})).await.status, 200);
    })
    .await;
}

async fn keyed(house: &House, path: &str, key: &str, body: &Value) -> Page {
    let request = Request::post(format!("/v1{path}")).header("host", "localhost").header("idempotency-key", key);
    let request = request.header("content-type", "application/json");
    asked(&house.router, request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_key_gets_the_first_answer_without_its_secret() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let bob = json!({ "username": "bob@example.com", "roles": ["customer"] });
        let reports = json!({ "id": "reporting", "name": "Reports", "kind": "service", "scopes": ["read:accounts"] });
        for (path, body, secret) in
            [("/identity/users", &bob, "one_time_password"), ("/identity/clients", &reports, "secret")]
        {
            let first = keyed(&house, path, "key-1", body).await;
            assert_eq!((first.status, first.header("idempotency-replayed")), (201, None), "{}", first.body);
            let again = keyed(&house, path, "key-1", body).await;
            assert_eq!((again.status, again.header("idempotency-replayed")), (200, Some("true")), "{}", again.body);
            let mut expected = first.json();
            assert!(expected.as_object_mut().unwrap().remove(secret).is_some_and(|secret| secret.is_string()));
            expected["replayed"] = json!(true);
            expected["withheld"] = json!(secret);
            assert_eq!(again.json(), expected);
        }
        let other = json!({ "username": "ann@example.com", "roles": ["customer"] });
        refused(&keyed(&house, "/identity/users", "key-1", &other).await, 422, "idempotency_key_taken");
        refused(&keyed(&house, "/identity/users", "key-2", &bob).await, 409, "taken");
        let again = keyed(&house, "/identity/users", "key-2", &bob).await;
        refused(&again, 409, "taken");
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_have_pages() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let first = get(&house, "/identity/users?limit=1").await.json();
        let next = first["next"].as_str().unwrap();
        let second = get(&house, &format!("/users?limit=1&cursor={next}")).await.json();
        assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
        assert!(second.get("next").is_none(), "{second}");
        assert_eq!(get(&house, "/identity/users?role=employee").await.json()["items"].as_array().unwrap().len(), 1);
        refused(&get(&house, &format!("/users?role=admin&cursor={next}")).await, 400, "cursor_invalid");
        refused(&get(&house, "/identity/users?limit=501").await, 400, "limit_too_large");
        refused(&get(&house, "/identity/users?colour=red").await, 400, "field_invalid");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_keys_roles_and_policies_are_administered() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let new = json!({ "id": "reporting", "name": "Reports", "kind": "service", "scopes": ["read:accounts"], "roles": ["service"] });
        let made = send(&house, "POST", "/identity/clients", &new).await;
        assert_eq!((made.status, made.header("cache-control")), (201, Some("no-store")), "{}", made.body);
        let secret = send(&house, "POST", "/identity/clients/reporting/new-secret", &json!({})).await;
        assert_ne!(secret.json()["secret"], made.json()["secret"]);
        let off = send(&house, "POST", "/identity/clients/reporting/disable", &json!({})).await;
        assert_eq!(off.json()["enabled"], false, "{}", off.body);
        assert!(get(&house, "/identity/clients").await.json()["items"].as_array().unwrap().len() > 3);
        refused(&get(&house, "/identity/clients/none").await, 404, "not_found");
        let keys = get(&house, "/identity/keys").await.json();
        let rotated = send(&house, "POST", "/identity/keys/rotate", &json!({})).await;
        assert_ne!(rotated.json(), keys, "{}", rotated.body);
        let role = json!({ "permissions": ["accounts:read:all"] });
        assert_eq!(send(&house, "PUT", "/access/roles/auditor", &role).await.json()["name"], "auditor");
        refused(&send(&house, "PUT", "/access/roles/customer", &role).await, 409, "built_in");
        assert_eq!(get(&house, "/access/roles/auditor").await.json()["permissions"], json!(["accounts:read:all"]));
        let tried = json!({ "remove_role": { "name": "auditor" } });
        assert_eq!(send(&house, "POST", "/access/try", &tried).await.status, 200);
        assert_eq!(send(&house, "DELETE", "/access/roles/auditor", &json!({})).await.status, 204);
        refused(&get(&house, "/access/roles/auditor").await, 404, "not_found");
        let policy = json!({ "text": "forbid (principal", "enabled": true });
        refused(&send(&house, "PUT", "/access/policies/mine", &policy).await, 400, "policy_invalid");
        assert!(!get(&house, "/access/policies").await.json()["items"].as_array().unwrap().is_empty());
        refused(&get(&house, "/access/policies/none").await, 404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_and_old_logins_are_refused() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let new = json!({ "username": "bob", "roles": ["customer"], "colour": "red" });
        refused(&send(&house, "POST", "/identity/users", &new).await, 400, "field_invalid");
        let plain =
            Request::post("/v1/identity/keys/rotate").header("host", "localhost").body(Body::from("{}")).unwrap();
        refused(&asked(&house.router, plain).await, 415, "content_type_wrong");
        refused(&get(&house, "/identity/users/usr_nonsense").await, 400, "field_invalid");
        refused(&get(&house, "/identity/users/usr_01kppyy0k0f4g8n1vpdkpr5g3a").await, 404, "not_found");
        house.pass_seconds(600);
        let late = send(&house, "POST", "/identity/keys/rotate", &json!({})).await;
        refused(&late, 401, "step_up_required");
        assert!(late.header("www-authenticate").unwrap().contains("acr_values=\"mfa\""));
    })
    .await;
}
