//! Plaid's API over the same business: linking, accounts, changes by cursor, holdings, and signed webhooks.
//!
//! A cursor is the day up to which changes were told, or two days and a place between them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode};
use kernel::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Simulator;
use super::business::{Account, Business, Entry, FIRST_DAY, amount, day};
use super::faults::Fault;

/// Fewer than Plaid's, so that there are pages.
const PAGE: usize = 100;
const KEY_ID: &str = "simulated-key";
/// Of the account with securities: id, ticker, CUSIP, quantity, price in cents.
const SECURITIES: [(&str, &str, &str, i64, i64); 2] =
    [("sec-1", "NORTH", "666666105", 120, 4_215), ("sec-2", "GLOBX", "379302102", 35, 18_040)];

type Answer = Result<Json<Value>, (StatusCode, Json<Value>)>;

pub(super) struct Items {
    removed: Mutex<BTreeSet<String>>,
    key: Option<EcdsaKeyPair>,
}

impl Items {
    pub(super) fn new() -> Items {
        Items { removed: Mutex::default(), key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok() }
    }

    fn public_key(&self) -> Option<(String, String)> {
        let point = self.key.as_ref()?.public_key().as_ref();
        let (x, y) = point.split_first()?.1.split_at_checked(32)?;
        Some((URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y)))
    }

    /// What Plaid sends in `Plaid-Verification` with this body.
    pub(super) fn signed(&self, body: &[u8], at: Timestamp) -> Option<String> {
        let digest: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
        let header = json!({ "alg": "ES256", "kid": KEY_ID, "typ": "JWT" });
        let claims = json!({ "iat": at.micros().div_euclid(1_000_000), "request_body_sha256": digest });
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature = self.key.as_ref()?.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

pub(super) fn router() -> Router<Simulator> {
    Router::new()
        .route("/plaid/link/token/create", post(link))
        .route("/plaid/item/public_token/exchange", post(exchange))
        .route("/plaid/item/webhook/update", post(done))
        .route("/plaid/item/remove", post(remove))
        .route("/plaid/accounts/get", post(accounts))
        .route("/plaid/transactions/sync", post(sync))
        .route("/plaid/investments/holdings/get", post(holdings))
        .route("/plaid/webhook_verification_key/get", post(key))
}

pub(super) fn error(code: &str) -> (StatusCode, Json<Value>) {
    (StatusCode::BAD_REQUEST, Json(json!({ "error_type": "SIMULATED", "error_code": code, "error_message": "" })))
}

fn signed_in(headers: &HeaderMap) -> Result<(), (StatusCode, Json<Value>)> {
    let has = ["plaid-client-id", "plaid-secret"].iter().all(|name| headers.contains_key(*name));
    if has { Ok(()) } else { Err(error("INVALID_API_KEYS")) }
}

fn item(simulator: &Simulator, headers: &HeaderMap, body: &Value) -> Result<String, (StatusCode, Json<Value>)> {
    signed_in(headers)?;
    let token = body.pointer("/access_token").and_then(Value::as_str).unwrap_or_default();
    let removed = simulator.items.removed.lock().unwrap_or_else(PoisonError::into_inner);
    match token.strip_prefix("access-") {
        Some(_) if removed.contains(token) => Err(error("ITEM_NOT_FOUND")),
        Some(_) => Ok(token.to_owned()),
        None => Err(error("INVALID_ACCESS_TOKEN")),
    }
}

async fn link(State(simulator): State<Simulator>, headers: HeaderMap) -> Answer {
    signed_in(&headers)?;
    let tomorrow = day(simulator.business.today() + 1);
    Ok(Json(json!({ "link_token": "link-sandbox-1", "expiration": format!("{tomorrow}T00:00:00Z") })))
}

async fn exchange(headers: HeaderMap, Json(body): Json<Value>) -> Answer {
    signed_in(&headers)?;
    let public = body.pointer("/public_token").and_then(Value::as_str).unwrap_or_default();
    let name = public.strip_prefix("public-").ok_or_else(|| error("INVALID_PUBLIC_TOKEN"))?;
    Ok(Json(json!({ "access_token": format!("access-{name}"), "item_id": format!("item-{name}") })))
}

async fn done(State(simulator): State<Simulator>, headers: HeaderMap, Json(body): Json<Value>) -> Answer {
    item(&simulator, &headers, &body)?;
    Ok(Json(json!({})))
}

async fn remove(State(simulator): State<Simulator>, headers: HeaderMap, Json(body): Json<Value>) -> Answer {
    let token = item(&simulator, &headers, &body)?;
    simulator.items.removed.lock().unwrap_or_else(PoisonError::into_inner).insert(token);
    Ok(Json(json!({})))
}

async fn key(State(simulator): State<Simulator>, headers: HeaderMap, Json(body): Json<Value>) -> Answer {
    signed_in(&headers)?;
    let known = body.pointer("/key_id").and_then(Value::as_str) == Some(KEY_ID);
    let (x, y) =
        simulator.items.public_key().filter(|_| known).ok_or_else(|| error("INVALID_WEBHOOK_VERIFICATION_KEY_ID"))?;
    let key = json!({
        "alg": "ES256", "crv": "P-256", "kid": KEY_ID, "kty": "EC", "use": "sig", "x": x, "y": y, "expired_at": null
    });
    Ok(Json(json!({ "key": key })))
}

async fn accounts(State(simulator): State<Simulator>, headers: HeaderMap, Json(body): Json<Value>) -> Answer {
    item(&simulator, &headers, &body)?;
    let business = &simulator.business;
    let shown = business.of_bank("plaid").into_iter().enumerate().map(|(place, account)| {
        let balance = decimal(account, business.balance(account, business.today()));
        let (kind, subtype) = if place == 0 { ("depository", "checking") } else { ("investment", "brokerage") };
        json!({
            "account_id": account.number, "mask": account.number.get(4..), "type": kind, "subtype": subtype,
            "balances": { "current": balance, "available": balance, "limit": null, "iso_currency_code": account.currency }
        })
    });
    Ok(Json(json!({ "accounts": shown.collect::<Vec<_>>() })))
}

async fn holdings(State(simulator): State<Simulator>, headers: HeaderMap, Json(body): Json<Value>) -> Answer {
    item(&simulator, &headers, &body)?;
    let account = simulator.business.of_bank("plaid").pop().ok_or_else(|| error("NO_INVESTMENT_ACCOUNTS"))?;
    let holdings = SECURITIES.map(|(id, _, _, quantity, cents)| {
        json!({
            "account_id": account.number, "security_id": id, "quantity": quantity,
            "institution_price": decimal(account, cents), "institution_value": decimal(account, cents * quantity),
            "iso_currency_code": account.currency
        })
    });
    let securities =
        SECURITIES.map(|(id, ticker, cusip, ..)| json!({ "security_id": id, "ticker_symbol": ticker, "cusip": cusip }));
    Ok(Json(json!({ "holdings": holdings, "securities": securities })))
}

async fn sync(State(simulator): State<Simulator>, headers: HeaderMap, Json(body): Json<Value>) -> Answer {
    item(&simulator, &headers, &body)?;
    let business = &simulator.business;
    let cursor = body.pointer("/cursor").and_then(Value::as_str).unwrap_or_default();
    let numbers: Vec<i64> = cursor.split(':').filter_map(|part| part.parse().ok()).collect();
    let (since, until, offset) = match numbers.as_slice() {
        [] => (0, business.today(), 0),
        [since] => (*since, business.today(), 0),
        [since, until, offset] => (*since, *until, usize::try_from(*offset).unwrap_or(0)),
        _ => return Err(error("INVALID_CURSOR")),
    };
    if offset > 0 && simulator.faults.take(Fault::Page) {
        return Err(error("TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"));
    }
    let changes = changes(&told(business, since), &told(business, until));
    let of = |wanted: &str| -> Vec<Value> {
        let page = changes.iter().skip(offset).take(PAGE);
        page.filter(|(list, _)| *list == wanted).map(|(_, item)| item.clone()).collect()
    };
    let has_more = changes.len() > offset + PAGE;
    let next = if has_more { format!("{since}:{until}:{}", offset + PAGE) } else { until.to_string() };
    Ok(Json(json!({
        "added": of("added"), "modified": of("modified"), "removed": of("removed"), "next_cursor": next,
        "has_more": has_more
    })))
}

/// All transactions as they are told on a day, by id.
fn told(business: &Business, today: i64) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for account in business.of_bank("plaid") {
        for entry in business.booked_by(account, (FIRST_DAY, today), today) {
            all.insert(entry.id.clone(), transaction(account, &entry, false));
        }
        for entry in business.pending_on(account, today) {
            all.insert(pending_id(&entry), transaction(account, &entry, true));
        }
    }
    all
}

fn changes(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<(&'static str, Value)> {
    let told = after.iter().filter_map(|(id, item)| match before.get(id) {
        None => Some(("added", item.clone())),
        Some(known) if known != item => Some(("modified", item.clone())),
        Some(_) => None,
    });
    let gone = before.iter().filter(|(id, _)| !after.contains_key(*id));
    let removed =
        gone.map(|(id, item)| ("removed", json!({ "transaction_id": id, "account_id": item.pointer("/account_id") })));
    told.chain(removed).collect()
}

fn pending_id(entry: &Entry) -> String {
    format!("{}-P", entry.id)
}

fn transaction(account: &Account, entry: &Entry, pending: bool) -> Value {
    let category = match entry.code {
        "469" => "TRANSFER_OUT_ACCOUNT_TRANSFER",
        "698" => "BANK_FEES_OTHER_BANK_FEES",
        "165" => "INCOME_OTHER_INCOME",
        "408" => "FOOD_AND_DRINK_COFFEE",
        _ => "RENT_AND_UTILITIES_OTHER_UTILITIES",
    };
    let announced_before = (!pending && entry.is_announced()).then(|| pending_id(entry));
    json!({
        "transaction_id": if pending { pending_id(entry) } else { entry.id.clone() }, "account_id": account.number,
        "amount": decimal(account, -entry.minor), "iso_currency_code": account.currency, "date": day(entry.day),
        "pending": pending, "pending_transaction_id": announced_before, "name": entry.text,
        "merchant_name": Some(entry.name).filter(|name| !name.is_empty()),
        "personal_finance_category": { "detailed": category }
    })
}

/// As Plaid writes amounts: a JSON number.
fn decimal(account: &Account, minor: i64) -> Value {
    amount(account, minor).parse::<serde_json::Number>().map_or(Value::Null, Value::Number)
}
