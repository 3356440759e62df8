//! The four banks' APIs, as their dialects describe them.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::business::{self, Account, Business, Entry, amount, day};
use super::faults::Fault;
use super::{Simulator, files};

const CHASE_PAGE: usize = 20;
const WELLS_PAGE: usize = 25;
const CASHPRO_PAGE: usize = 30;

type Params = Query<HashMap<String, String>>;

pub(super) fn router() -> Router<Simulator> {
    let citi = "/citi/citiconnect/prod";
    Router::new()
        .route("/chase/oauth/token", post(token))
        .route("/chase/accounts/balances", post(chase_balances))
        .route("/chase/accounts/{account}/transactions", get(chase_transactions))
        .route("/wells-fargo/oauth2/v1/token", post(token))
        .route("/wells-fargo/v3/accounts", get(wells_accounts))
        .route("/wells-fargo/v3/accounts/{account}/transactions", get(wells_transactions))
        .route("/bank-of-america/accounts", get(cashpro_accounts))
        .route("/bank-of-america/transactions/search", post(cashpro_transactions))
        .route(&format!("{citi}/authenticationservices/v1/oauth/token"), post(token))
        .route(&format!("{citi}/accountstatementservices/v1/statement/initiation"), post(citi_order))
        .route(&format!("{citi}/accountstatementservices/v1/statement/retrieval"), post(citi_fetch))
}

async fn token() -> Json<Value> {
    Json(json!({ "access_token": "simulated", "token_type": "Bearer", "expires_in": 3_600 }))
}

/// No request is answered without a key.
fn signed(headers: &HeaderMap) -> Result<(), StatusCode> {
    headers.get("authorization").map(|_| ()).ok_or(StatusCode::UNAUTHORIZED)
}

fn found(business: &Business, bank: &str, number: &str) -> Result<&'static Account, StatusCode> {
    business.of_bank(bank).into_iter().find(|account| account.number == number).ok_or(StatusCode::NOT_FOUND)
}

fn days(from: Option<&String>, to: Option<&String>) -> Result<(i64, i64), StatusCode> {
    let number = |text: Option<&String>| text.and_then(|text| business::number(text)).ok_or(StatusCode::BAD_REQUEST);
    Ok((number(from)?, number(to)?))
}

/// Booked entries of the days, then those that are announced.
fn told(simulator: &Simulator, account: &Account, (from, to): (i64, i64)) -> Vec<(Entry, bool)> {
    let (business, faults) = (&simulator.business, &simulator.faults);
    let today = business.today();
    let left_out = (to >= today && faults.take(Fault::Day)).then_some(today - 1);
    let booked = business.booked(account, from, to).into_iter().filter(|entry| Some(entry.day) != left_out);
    let pending = business.pending(account).into_iter().filter(|_| to >= today);
    booked.map(|entry| (entry, false)).chain(pending.map(|entry| (entry, true))).collect()
}

/// One page, and whether there are more.
fn slice<T: Clone>(all: &[T], page: usize, size: usize, shifted: usize) -> (Vec<T>, bool) {
    let items: Vec<T> = all.iter().skip(page * size - shifted).take(size + shifted).cloned().collect();
    (items, all.len() > (page + 1) * size)
}

/// Entries that a page begins with although the one before had them.
fn shift(simulator: &Simulator, page: usize) -> usize {
    usize::from(page > 0 && simulator.faults.take(Fault::Page))
}

fn chase_id(simulator: &Simulator, entry: &Entry) -> String {
    format!("{}-{}", entry.id, simulator.faults.reissued())
}

async fn chase_balances(
    State(simulator): State<Simulator>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    signed(&headers)?;
    let business = &simulator.business;
    let wanted = body.pointer("/accounts/0/number").and_then(Value::as_str);
    let accounts =
        business.of_bank("chase").into_iter().filter(|account| wanted.is_none_or(|number| number == account.number));
    let shown = |account: &'static Account| {
        let balance = amount(account, business.balance(account, business.today()));
        let on = day(business.today());
        json!({
            "account": { "number": account.number, "currency": account.currency },
            "balances": [
                { "type": "INTERIM_AVAILABLE", "amount": balance, "bookDate": on },
                { "type": "INTERIM_BOOKED", "amount": balance, "bookDate": on }
            ]
        })
    };
    Ok(Json(json!({ "accountBalances": accounts.map(shown).collect::<Vec<_>>() })))
}

async fn chase_transactions(
    State(simulator): State<Simulator>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Query(query): Params,
) -> Result<Json<Value>, StatusCode> {
    signed(&headers)?;
    let business = &simulator.business;
    let account = found(business, "chase", &number)?;
    let (from, to) = days(query.get("startTime"), query.get("endTime"))?;
    if to - from >= 5 {
        return Err(StatusCode::BAD_REQUEST);
    }
    let page = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(0);
    let (items, more) = slice(&told(&simulator, account, (from, to)), page, CHASE_PAGE, shift(&simulator, page));
    let shown = items.iter().map(|(entry, pending)| {
        json!({
            "transactionId": chase_id(&simulator, entry), "postedDate": day(entry.day), "valueDate": day(entry.day),
            "amount": amount(account, entry.minor.abs()), "status": if *pending { "PENDING" } else { "POSTED" },
            "debitCreditCode": if entry.minor < 0 { "DEBIT" } else { "CREDIT" }, "baiTypeCode": entry.code,
            "endToEndId": entry.reference, "counterpartyName": entry.name, "description": entry.text
        })
    });
    let next = more.then(|| {
        let (from, to) = (day(from), day(to));
        let href = format!("/accounts/{number}/transactions?startTime={from}&endTime={to}&page={}", page + 1);
        json!({ "next": { "href": href } })
    });
    Ok(Json(json!({ "transactions": shown.collect::<Vec<_>>(), "links": next })))
}

async fn wells_accounts(State(simulator): State<Simulator>, headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    signed(&headers)?;
    let shown = simulator.business.of_bank("wells_fargo").into_iter().map(|account| {
        json!({ "accountId": account.number, "accountNumber": account.number, "currencyCode": account.currency })
    });
    Ok(Json(json!({ "accounts": shown.collect::<Vec<_>>() })))
}

async fn wells_transactions(
    State(simulator): State<Simulator>,
    headers: HeaderMap,
    Path(number): Path<String>,
    Query(query): Params,
) -> Result<Json<Value>, StatusCode> {
    signed(&headers)?;
    let business = &simulator.business;
    let account = found(business, "wells_fargo", &number)?;
    let days = days(query.get("startDate"), query.get("endDate"))?;
    let page: usize = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let page = page.saturating_sub(1);
    let (items, _) = slice(&told(&simulator, account, days), page, WELLS_PAGE, shift(&simulator, page));
    let shown = items.iter().map(|(entry, pending)| {
        json!({
            "transactionId": entry.id, "postingDate": day(entry.day), "valueDate": day(entry.day),
            "transactionAmount": amount(account, entry.minor.abs()),
            "transactionStatus": if *pending { "PENDING" } else { "POSTED" },
            "debitCreditIndicator": if entry.minor < 0 { "DEBIT" } else { "CREDIT" }, "baiTypeCode": entry.code,
            "customerReference": entry.reference, "payeeName": entry.name, "transactionDescription": entry.text
        })
    });
    Ok(Json(json!({ "transactions": shown.collect::<Vec<_>>() })))
}

async fn cashpro_accounts(State(simulator): State<Simulator>, headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    signed(&headers)?;
    let shown = simulator.business.of_bank("bank_of_america").into_iter().map(
        |account| json!({ "accountId": account.number, "accountNumber": account.number, "currency": account.currency }),
    );
    Ok(Json(json!({ "accounts": shown.collect::<Vec<_>>() })))
}

async fn cashpro_transactions(
    State(simulator): State<Simulator>,
    headers: HeaderMap,
    Json(body): Json<HashMap<String, String>>,
) -> Result<Json<Value>, StatusCode> {
    signed(&headers)?;
    let business = &simulator.business;
    let account = found(business, "bank_of_america", body.get("accountId").map_or("", String::as_str))?;
    let days = days(body.get("fromDate"), body.get("toDate"))?;
    let page = body.get("cursor").and_then(|page| page.parse().ok()).unwrap_or(0);
    let (items, more) = slice(&told(&simulator, account, days), page, CASHPRO_PAGE, 0);
    let shown = items.iter().map(|(entry, pending)| {
        json!({
            "postingDate": day(entry.day), "valueDate": day(entry.day), "amount": amount(account, entry.minor),
            "status": if *pending { "PENDING" } else { "POSTED" }, "baiCode": entry.code,
            "bankReference": entry.reference, "counterparty": entry.name, "description": entry.text
        })
    });
    let next = more.then(|| (page + 1).to_string());
    Ok(Json(json!({ "transactions": shown.collect::<Vec<_>>(), "nextCursor": next })))
}

async fn citi_order(headers: HeaderMap, Json(body): Json<HashMap<String, String>>) -> Result<Json<Value>, StatusCode> {
    signed(&headers)?;
    let (from, to) = days(body.get("fromDate"), body.get("toDate"))?;
    Ok(Json(json!({ "statementId": format!("{from}_{to}") })))
}

/// All accounts in one file.
async fn citi_fetch(
    State(simulator): State<Simulator>,
    headers: HeaderMap,
    Json(body): Json<HashMap<String, String>>,
) -> Result<Response, StatusCode> {
    signed(&headers)?;
    let days = body.get("statementId").and_then(|id| id.split_once('_')).ok_or(StatusCode::NOT_FOUND)?;
    let days = days.0.parse().ok().zip(days.1.parse().ok()).ok_or(StatusCode::NOT_FOUND)?;
    let business = &simulator.business;
    let accounts = business.of_bank("citi");
    let file = files::camt(business, &accounts, days).ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(file.into_response())
}
