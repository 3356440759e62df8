//! Every operation of the API's document, in one process and split, on both engines, called by those who must be
//! refused: without a token, with one that is expired, not yet valid, for another audience, without the scope, and of
//! another customer. The same for every method that processes call on one another, without the credential and without a
//! token. New operations are covered automatically.

mod oauth;

use std::sync::Arc;
use std::time::Duration;

use access::Claims;
use hyper::Method;
use kernel::{Clock, Principal, Secret, SystemClock};
use platform::rpc::{Http2, Methods, RpcClient, TcpConnect, Transport, TransportError};
use serde_json::{Value, json};

use crate::end_to_end::class::Class;
use crate::end_to_end::document::{Operation, everywhere, example, operations, printed};
use crate::end_to_end::house::{House, on_both};
use crate::end_to_end::mint::Mint;

/// A valid request of an operation, with its own example.
struct Request {
    what: String,
    method: Method,
    path: String,
    body: Option<Value>,
}

/// Bob's account. Ann asks for it.
const BOBS: &str = "customers:bob";

const BY_ORDER: &str = "/v1/ledger/transactions?metadata.order=4711";

fn requests(transaction: &str) -> Vec<Request> {
    let document: Value = serde_json::from_str(&printed()).unwrap();
    let mut requests: Vec<Request> =
        behind_the_token(&document).map(|operation| request(operation, transaction)).collect();
    // The same operation looks one up and lists many; only a list must be narrowed to an owner.
    let listed = format!("GET {BY_ORDER}");
    requests.push(Request { what: listed, method: Method::GET, path: BY_ORDER.to_owned(), body: None });
    requests
}

/// The others are walked by their class in [`oauth`].
fn behind_the_token(document: &Value) -> impl Iterator<Item = Operation> {
    operations(document).into_iter().filter(|operation| Class::of(operation) == Class::Api)
}

fn request(Operation { name, method, path, body }: Operation, transaction: &str) -> Request {
    let query = match &*name {
        "find_transaction" => "?reference=bobs-money",
        "roll_up" => "?prefix=customers",
        "events_after" | "identity_events" => "?after=0",
        _ => "",
    };
    let id = match path.as_str() {
        path if path.contains("/transactions/") => transaction,
        path if path.contains("/users/") => "usr_01kppyzd5gfmra2qsx5rkvr8wb",
        _ => "tests",
    };
    let path = path.replace("{path}", BOBS).replace("{id}", id).replace("{book}", "main");
    let path = path.replace("{key}", "channel").replace("{name}", "customer");
    let content = body.pointer("/requestBody/content/application~1json");
    let body = content.map(|content| example(Some(content)).remove(0));
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    Request { what: format!("{name} {method} {path}"), method, path: format!("{path}{query}"), body }
}

async fn ask(house: &House, request: &Request, token: Option<&Secret>) -> (u16, String, String) {
    let client = house.client.stranger();
    let client = token.map_or(client.stranger(), |token| client.with_token(token.clone()));
    let answer = client.send(request.method.clone(), &request.path, &[], request.body.as_ref()).await.unwrap();
    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), code, answer.text())
}

/// An account of Bob's with money in it; returns the transaction that brought it.
async fn bobs_money(house: &House) -> String {
    let cash = json!({ "path": "assets:cash", "currency": "USD", "normal": "debit", "may_go_negative": true });
    house.create("/v1/ledger/accounts", cash).await;
    let bobs = json!({ "path": BOBS, "currency": "USD", "normal": "credit", "owner": "cust_bob" });
    house.create("/v1/ledger/accounts", bobs).await;
    let anns = json!({ "path": "customers:ann", "currency": "USD", "normal": "credit", "owner": "cust_ann" });
    house.create("/v1/ledger/accounts", anns).await;
    let posting = json!({ "debit": "assets:cash", "credit": BOBS, "amount": { "amount": "10.00", "currency": "USD" } });
    house.create("/v1/ledger/metadata-keys", json!({ "key": "order" })).await;
    let planned = json!({
        "id": crate::end_to_end::house::new_id(), "postings": [posting],
        "scheduled": true, "effective_at": SystemClock.now().plus_seconds(86_400)
    });
    house.create("/v1/ledger/transactions", planned).await;
    let body = json!({
        "id": crate::end_to_end::house::new_id(), "reference": "bobs-money", "postings": [posting], "metadata": { "order": "4711" }
    });
    let made = house.create("/v1/ledger/transactions", body).await["id"].as_str().unwrap().to_owned();
    for _ in 0..1_000 {
        if house.get(BY_ORDER).await["items"][0]["id"] == json!(made) {
            return made;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the index does not reach the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_unauthorized_request_is_refused() {
    on_both(async |house| {
        let transaction = bobs_money(house).await;
        let requests = requests(&transaction);
        assert!(requests.len() > 50, "only {} operations", requests.len());
        let mint = house.mint().await;
        // An unchanged token is accepted, so each refusal below is due to its one fault.
        let good = mint.token(|_| {});
        let known = house.client.stranger().with_token(good).get("/v1/ledger/accounts").await;
        assert_eq!(known.status.as_u16(), 200, "{}", known.text());
        let head = house.head().await;
        for request in &requests {
            without_a_good_token(house, &mint, request).await;
            at_its_other_addresses(house, request).await;
            without_the_scope(house, &mint, request).await;
            as_another_customer(house, &mint, request).await;
        }
        assert_eq!(house.head().await, head, "an unauthorized request changed the books");
    })
    .await;
}

async fn without_a_good_token(house: &House, mint: &Mint, request: &Request) {
    let bad: [(&str, Option<Secret>, &str); 7] = [
        ("no token", None, "unauthenticated"),
        ("no token at all", Some(Secret::new("not-a-token")), "token_malformed"),
        (
            "expired",
            Some(mint.token(|claims| (claims.exp, claims.nbf) = (claims.nbf - 60, claims.nbf - 120))),
            "token_expired",
        ),
        ("not yet valid", Some(mint.token(|claims| claims.nbf += 120)), "token_not_yet_valid"),
        ("another audience", Some(mint.token(|claims| claims.aud = "another".to_owned())), "token_invalid"),
        ("another issuer", Some(mint.token(|claims| claims.iss = "http://another".to_owned())), "token_invalid"),
        ("a foreign signature", Some(forged(&mint.token(|_| {}))), "token_invalid"),
    ];
    for (why, token, expected) in &bad {
        let (status, code, text) = ask(house, request, token.as_ref()).await;
        assert_eq!((status, &*code), (401, *expected), "{} with {why}: {text}", request.what);
    }
}

/// The same authentication protects all its addresses.
async fn at_its_other_addresses(house: &House, request: &Request) {
    for path in everywhere(&request.path) {
        let Request { what, method, body, .. } = request;
        let there = Request { what: what.clone(), method: method.clone(), path, body: body.clone() };
        for (token, expected) in [(None, "unauthenticated"), (Some(Secret::new("not-a-token")), "token_malformed")] {
            let (status, code, text) = ask(house, &there, token.as_ref()).await;
            assert_eq!((status, &*code), (401, expected), "{what} at {}: {text}", there.path);
        }
    }
}

/// Changes a letter of the signature near its end.
fn forged(token: &Secret) -> Secret {
    let (rest, signature) = token.expose().rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    Secret::new(format!("{rest}.{turned}"))
}

async fn without_the_scope(house: &House, mint: &Mint, request: &Request) {
    let token = mint.token(|claims| claims.scope = "read:nothing openid".to_owned());
    let (status, code, text) = ask(house, request, Some(&token)).await;
    assert_eq!((status, &*code), (403, "forbidden"), "{} without the scope: {text}", request.what);
}

/// Ann has a customer's rights. She gets nothing of Bob's, and no sign that it exists.
async fn as_another_customer(house: &House, mint: &Mint, request: &Request) {
    let ann = |claims: &mut Claims| {
        (claims.sub, claims.kind) = ("cust_ann".to_owned(), "customer".to_owned());
        claims.roles = vec!["customer".to_owned()];
        (claims.sid, claims.auth_time) = (Some("session".to_owned()), Some(claims.iat));
        claims.amr = vec!["pwd".to_owned(), "otp".to_owned()];
    };
    let token = mint.token(ann);
    let (status, code, text) = ask(house, request, Some(&token)).await;
    assert!(!text.contains("10.00") && !text.contains("cust_bob"), "{}: {text}", request.what);
    if (200..300).contains(&status) {
        assert!(!text.contains(BOBS), "{}: {text}", request.what);
        return;
    }
    assert!(matches!(&*code, "forbidden" | "not_found"), "{} as Ann: {status} {text}", request.what);
    if code == "not_found" {
        // The same for what does not exist.
        let unknown = Request {
            what: String::new(),
            method: request.method.clone(),
            path: request.path.replace(BOBS, "customers:eve"),
            body: request.body.clone(),
        };
        let (other, other_code, _) = ask(house, &unknown, Some(&token)).await;
        assert_eq!(
            (status, code),
            (other, other_code),
            "{}: existing and missing resources are distinguishable",
            request.what
        );
    }
}

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
    on_both(async |house| {
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

/// The methods of all services.
fn methods() -> Vec<(&'static str, &'static str)> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let nowhere = || {
        let connect = Arc::new(TcpConnect);
        let transport = Http2::new(Vec::new(), 1, &platform::rpc::Credential::random(), connect, Arc::clone(&clock));
        RpcClient::new("nobody", Arc::new(transport), Arc::clone(&clock))
    };
    let ledger = ledger_api::methods(ledger_api::SERVICE, Arc::new(ledger_api::RemoteBooks::new(nowhere())));
    let identity = identity_api::methods(Arc::new(identity_api::RemoteIdentity::new(nowhere())));
    let named = |service, methods: &Methods| methods.names().into_iter().map(move |name| (service, name)).collect();
    let all: [Vec<_>; 2] = [named(ledger_api::SERVICE, &ledger), named(identity_api::SERVICE, &identity)];
    all.concat()
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
        "account" | "accounts" | "balance" | "statement" => json!({ "path": BOBS }),
        "events_after" => json!({ "after": 0, "max": 1 }),
        _ => Value::Null,
    };
    let of_book = service == ledger_api::SERVICE && !matches!(method, "create_book" | "books");
    match (of_book, method) {
        (true, "account") => json!({ "book": "main", "command": BOBS }),
        (true, _) => json!({ "book": "main", "command": within }),
        (false, _) => within,
    }
}
