//! Before the load: accounts with funds, a programme, and its cards.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use kernel::Clock;
use ledger_api::AccountPath;
use serde_json::{Value, json};

use crate::commands::bench::http::accounts;
use crate::commands::bench::server::{Connection, Server};
use crate::failure::Failure;

const BIN: &str = "411111";
const EXPIRY: &str = "4912";
const CONNECTIONS: usize = 32;
const PROGRAMME_ACCOUNTS: [&str; 4] = ["network:settlement", "network:fees", "network:disputes", "network:bank"];

/// The numbers of active cards.
pub(super) async fn prepare(server: &Server, cards: usize, clock: &Arc<dyn Clock>) -> Result<Arc<[String]>, Failure> {
    let paths = accounts(server, cards, clock).await?;
    let mut connection = server.connect().await?;
    for path in PROGRAMME_ACCOUNTS {
        let body = json!({ "path": path, "currency": "USD", "normal": "credit", "may_go_negative": true });
        connection.post("/v1/ledger/accounts", body).await?;
    }
    let programme = connection.post("/v1/cards/programmes", terms()).await?;
    let programme = text(&programme, "id")?;
    let numbered: Vec<(usize, AccountPath)> = paths.iter().cloned().enumerate().collect();
    let mut issuing = tokio::task::JoinSet::new();
    for chunk in numbered.chunks(numbered.len().div_ceil(CONNECTIONS).max(1)) {
        let (chunk, programme, mut connection) = (chunk.to_vec(), programme.clone(), server.connect().await?);
        issuing.spawn(async move {
            for (place, account) in &chunk {
                issue(&mut connection, &programme, *place, account).await?;
            }
            Ok::<(), Failure>(())
        });
    }
    while let Some(issued) = issuing.join_next().await {
        issued??;
    }
    Ok((0..cards).map(number).collect())
}

fn terms() -> Value {
    json!({
        "name": "Benchmark",
        "currency": "USD",
        "zone": "Europe/Berlin",
        "cutoff": "17:00",
        "bin": BIN,
        "accounts": {
            "settlement": "network:settlement",
            "fees": "network:fees",
            "disputes": "network:disputes",
            "bank": "network:bank",
        },
        "controls": {
            "limits": [{ "per": "day", "amount": { "amount": "1000000000.00", "currency": "USD" } }],
            "categories": { "never": ["7995"] },
        },
    })
}

fn number(place: usize) -> String {
    vault_api::with_check_digit(&format!("{BIN}{place:09}"))
}

async fn issue(
    connection: &mut Connection,
    programme: &str,
    place: usize,
    account: &AccountPath,
) -> Result<(), Failure> {
    let kept = connection.post("/v1/vault/tokens", json!({ "pan": number(place), "expiry": EXPIRY })).await?;
    let body = json!({
        "programme": programme,
        "account": account.as_str(),
        "expiry": EXPIRY,
        "token": text(&kept, "token")?,
    });
    let request = Request::post("/v1/cards")
        .header("content-type", "application/json")
        .header("idempotency-key", format!("card-{place}"))
        .body(Full::new(Bytes::from(serde_json::to_vec(&body)?)))?;
    let card = connection.send(request).await?.good("POST /v1/cards")?;
    let card = text(&serde_json::from_slice(&card)?, "id")?;
    connection.post(&format!("/v1/cards/{card}/changes"), json!({ "change": "activate" })).await?;
    Ok(())
}

fn text(value: &Value, name: &str) -> Result<String, Failure> {
    let found = value.get(name).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| Failure::new(format!("the server's answer has no {name}")))
}

/// Smallest units held on the cards' accounts.
pub(super) async fn held(connection: &mut Connection) -> Result<i64, Failure> {
    let total = connection.get("/v1/ledger/balances?prefix=bench").await?;
    let amount = total.pointer("/currencies/0/pending_debits/amount").and_then(Value::as_str);
    let amount = amount.ok_or_else(|| Failure::new("the roll-up has no pending amount"))?;
    Ok(amount.replace('.', "").parse()?)
}
