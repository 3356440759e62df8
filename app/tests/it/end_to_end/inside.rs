//! Every method that processes call on one another, without the credential and without a token. New methods are covered
//! automatically.

use std::sync::Arc;

use kernel::{Clock, Principal, SystemClock};
use platform::rpc::{Http2, TcpConnect, Transport, TransportError};
use serde_json::{Value, json};

use crate::end_to_end::house::on_all;
use crate::rooms::rooms;

/// Methods that answer unauthenticated callers: the command itself authenticates them, or what they ask for is not
/// secret.
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

#[tokio::test(flavor = "multi_thread")]
async fn processes_need_the_credential_and_a_valid_token() {
    on_all(async |house| {
        let Some((at, credential)) = house.inside().await else { return };
        let stranger = platform::rpc::Credential::random();
        for (service, method) in methods() {
            let call = |credential| carry(&at, credential, service, method);
            let refused = call(&stranger).await.unwrap_err();
            assert!(
                matches!(&refused, TransportError::NotUnderstood(why) if why.contains("401")),
                "{service} {method}: {refused}"
            );
            if FOR_NOBODY.contains(&method) {
                continue;
            }
            // It claims to be the operator. The command is parsed only after this check, so most are not even valid.
            match call(&credential).await {
                Ok(answer) => assert!(answer.contains("forbidden"), "{service} {method}: {answer}"),
                Err(TransportError::NotUnderstood(why)) => assert!(!why.contains("401"), "{service} {method}: {why}"),
                Err(other) => panic!("{service} {method}: {other}"),
            }
        }
    })
    .await;
}

/// The methods of all rooms.
fn methods() -> impl Iterator<Item = (&'static str, &'static str)> {
    rooms().iter().flat_map(|room| room.methods.iter().map(|method| (&*room.name, &**method)))
}

async fn carry(
    at: &str,
    credential: &platform::rpc::Credential,
    service: &str,
    method: &str,
) -> Result<String, TransportError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let transport = Http2::new([at.to_owned()], 1, credential, Arc::new(TcpConnect), clock);
    let said = serde_json::to_value(Principal::operator()).unwrap();
    let command = commands(service, method);
    let ctx = json!({ "caller": { "said": said }, "deadline_ms": 5_000, "request_id": "walk" });
    let call = json!({ "ctx": ctx, "command": command }).to_string();
    let answer = transport.carry(service, method, call.into()).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A command of roughly the right form.
fn commands(service: &str, method: &str) -> Value {
    let within = match method {
        "account" | "accounts" | "balance" | "statement" => json!({ "path": "customers:bob" }),
        "events_after" => json!({ "after": 0, "max": 1 }),
        _ => Value::Null,
    };
    let of_book = service == ledger_api::SERVICE && !matches!(method, "create_book" | "books");
    match (of_book, method) {
        (true, "account") => json!({ "book": "main", "command": "customers:bob" }),
        (true, _) => json!({ "book": "main", "command": within }),
        (false, _) => within,
    }
}
