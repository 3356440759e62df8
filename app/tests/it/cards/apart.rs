//! Cards, vault and books in processes of their own: cards call the others as themselves.

use http::Method;
use serde_json::{Value, json};
use testkit::{Client, ServerBuilder};

use crate::cards::stage::{VISA, terms};
use crate::rooms::names;

const CALLED: &str = "other processes call it on ";
const ACCOUNTS: [(&str, bool); 6] = [
    ("cards:settlement", true),
    ("cards:disputes", true),
    ("income:card-fees", true),
    ("assets:bank", true),
    ("equity", true),
    ("customers:ann", false),
];

async fn made(client: &Client, path: &str, body: Value) -> Value {
    let answer = client.send(Method::POST, path, &[("idempotency-key", path)], Some(&body)).await.unwrap();
    assert!(answer.status.is_success(), "{path}: {}", answer.text());
    answer.json()
}

/// An active card of `ann`, who has 100.00.
async fn card(client: &Client) -> Value {
    for (path, may_go_negative) in ACCOUNTS {
        let account =
            json!({ "path": path, "currency": "USD", "normal": "credit", "may_go_negative": may_go_negative });
        assert_eq!(client.post("/v1/ledger/accounts", &account).await.status, 201);
    }
    let amount = json!({ "amount": "100.00", "currency": "USD" });
    let postings = json!([{ "debit": "equity", "credit": "customers:ann", "amount": amount }]);
    made(client, "/v1/ledger/transactions", json!({ "postings": postings })).await;
    let programme = made(client, "/v1/cards/programmes", serde_json::to_value(terms("411111")).unwrap()).await;
    let kept = made(client, "/v1/vault/tokens", json!({ "pan": VISA, "expiry": "4912" })).await;
    let issue = json!({
        "programme": programme["id"], "account": "customers:ann", "expiry": "4912", "token": kept["token"],
    });
    let card = made(client, "/v1/cards", issue).await;
    made(client, &format!("/v1/cards/{}/changes", card["id"].as_str().unwrap()), json!({ "change": "activate" })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_in_a_process_of_their_own_act_as_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let process = |name: &str| {
        ServerBuilder::new(env!("CARGO_BIN_EXE_florin"), dir.path().join(name))
            .env("FLORIN__RPC__SECRET_FILE", dir.path().join("keys/rpc"))
    };
    let rest: Vec<String> =
        names().filter(|name| !["vault", "cards", "audit"].contains(name)).map(str::to_owned).collect();
    let books = rest.iter().fold(process("books"), |builder, name| builder.arg(name)).start().await;
    let at_books = books.said(CALLED).await;
    let vault = process("vault").arg("vault").calling(&["IDENTITY"], &at_books);
    let vault = vault.env("PAYMENT_ENCRYPTION_KEY", "a key of card numbers, and of nothing else").start().await;
    let at_vault = vault.said(CALLED).await;
    let upper: Vec<String> = rest.iter().map(|name| name.to_uppercase().replace('-', "_")).collect();
    let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
    let edge = process("cards").arg("edge").arg("cards").arg("audit").calling(&upper, &at_books);
    let edge = edge.env("CARD_TOKENIZATION_SERVICE", format!("http://{at_vault}")).start().await;
    let client = edge.client();
    let card = card(&client).await;

    let pay = |request: &str, field: &str, value: &Value| {
        let mut body = json!({ "request_id": request, "amount": "10.00" });
        body[field] = value.clone();
        body
    };
    let paid = made(&client, "/payments/authorize", pay("a", "pan", &json!(VISA))).await;
    assert_eq!((&paid["status"], &paid["reason"]), (&json!("approved"), &json!("approved")), "{paid}");
    assert_eq!(paid["balance"]["amount"], "90.00");
    // Below the floor, which no other program may.
    let step = format!("/v1/cards/authorizations/{}/steps", paid["id"].as_str().unwrap());
    let cleared = made(&client, &step, json!({ "request_id": "b", "kind": "clearing", "amount": "120.00" })).await;
    assert_eq!(cleared["authorization"]["status"], "cleared");
    let ann = client.get("/v1/ledger/accounts/customers:ann").await.json();
    assert_eq!(ann["balances"]["posted"]["amount"], "-20.00", "{ann}");

    vault.kill();
    let refused = client.post("/payments/authorize", &pay("c", "pan", &json!(VISA))).await;
    assert_eq!((refused.status.as_u16(), refused.json()["code"].as_str()), (503, Some("unavailable")));
    // A token needs no vault; there are no funds.
    let declined = made(&client, "/payments/authorize", pay("d", "token", &card["token"])).await;
    assert_eq!(declined["reason"], "insufficient_funds", "{declined}");
    assert_eq!(client.get("/ready").await.status, 200);
}
