//! What another process may request with the shared secret but without a token: nothing that needs a permission,
//! whatever it claims to be.

use std::sync::Arc;

use access::{Gate, GateSettings};
use identity_api::UserId;
use kernel::{Clock, Principal};
use platform::rpc::{Caller, Served, TransportError, Trust};
use serde_json::{Value, json};
use testkit::for_each_engine;

use crate::people::harness::Desk;

/// These prove the caller in the command, or return nothing secret.
const FOR_NOBODY: [&str; 15] = [
    "authorize",
    "begin_login",
    "consent",
    "discovery",
    "end_session",
    "introspect",
    "login",
    "resume_login",
    "revoke",
    "secure",
    "security",
    "standing",
    "status",
    "token",
    "user_info",
];

/// Valid commands, in an order in which they can be executed.
fn commands(ann: UserId) -> Vec<(&'static str, Value)> {
    let client = json!({ "id": "reporting", "name": "Reports", "kind": "service", "scopes": ["read:accounts"],
        "roles": ["service"] });
    let policy = json!({ "id": "closed", "description": "", "enabled": true,
        "text": "forbid (principal, action == Action::\"keys:rotate\", resource);" });
    vec![
        ("create_user", json!({ "username": "mule@example.com", "roles": ["customer"] })),
        ("user", json!(ann)),
        ("users", json!({})),
        ("change_user", json!({ "id": ann, "change": { "set_roles": { "roles": ["customer"] } } })),
        ("create_client", client),
        ("client", json!("reporting")),
        ("clients", Value::Null),
        ("change_client", json!({ "id": "reporting", "change": "new_secret" })),
        ("signing_keys", Value::Null),
        ("rotate_keys", Value::Null),
        ("roles", Value::Null),
        ("put_role", json!({ "name": "auditor", "permissions": ["accounts:read:all"] })),
        ("try_change", json!({ "remove_role": { "name": "auditor" } })),
        ("remove_role", json!("auditor")),
        ("policies", Value::Null),
        ("put_policy", policy),
        ("remove_policy", json!("closed")),
    ]
}

/// Trusts the caller's claims: a command accepted here and refused by a gate is only refused for the missing token.
struct Credulous;

impl Trust for Credulous {
    fn principal(&self, caller: Caller, _: &str) -> Result<Principal, TransportError> {
        match caller {
            Caller::Said(said) => Ok(said),
            Caller::Token(_) => Ok(Principal::nobody()),
        }
    }
}

async fn answer(desk: &Desk, trust: Arc<dyn Trust>, method: &str, command: &Value) -> Value {
    let table = identity_api::methods(desk.service.clone());
    let served = Served::new([table], trust, Arc::new(desk.clock.clone())).unwrap();
    let ctx = json!({ "caller": { "said": Principal::operator() }, "deadline_ms": 60_000, "request_id": "req-1" });
    let call = json!({ "ctx": ctx, "command": command }).to_string();
    let told = served.answer(identity_api::SERVICE, method, call.into()).await;
    serde_json::from_slice(&told.unwrap_or_else(|failure| panic!("{method}: {failure}"))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_a_token_gets_nothing_that_needs_a_permission() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let commands = commands(ann.id);
        let mut named: Vec<&str> = commands.iter().map(|(method, _)| *method).chain(FOR_NOBODY).collect();
        named.sort_unstable();
        assert_eq!(named, identity_api::methods(desk.service.clone()).names(), "a method that is in neither list");
        let clock: Arc<dyn Clock> = Arc::new(desk.clock.clone());
        let gate: Arc<dyn Trust> = Arc::new(Gate::new(
            clock,
            GateSettings::default(),
            access::Vocabulary::of(&[&testkit::BANK, &identity::ROOM]).unwrap(),
        ));
        let events = desk.events().await;
        for (method, command) in &commands {
            let refused = answer(&desk, Arc::clone(&gate), method, command).await;
            assert_eq!(refused, json!({ "refused": { "failed": "forbidden" } }), "{method}");
        }
        assert_eq!(desk.events().await, events, "something was changed");
        for (method, command) in &commands {
            let done = answer(&desk, Arc::new(Credulous), method, command).await;
            assert!(done.get("ok").is_some(), "{method}: {done}");
        }
    })
    .await;
}
