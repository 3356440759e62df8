//! Simulated banks for trying out and testing: accounts with business of their own, told in four banks' dialects, by Plaid and as
//! files in five formats, and the truth to compare with. Faults on command.
//!
//! Business is a pure function of a seed, the account and the day, so nothing is stored and every run is the same.

mod banks;
mod business;
mod faults;
mod files;
mod plaid;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use kernel::Clock;
use serde::Deserialize;
use serde_json::{Value, json};

use business::Business;
use faults::Faults;

pub use faults::Fault;

/// Where each dialect's bank answers, below the simulator's address.
pub const BANKS: [(&str, &str); 4] =
    [("chase", "chase"), ("wells_fargo", "wells-fargo"), ("bank_of_america", "bank-of-america"), ("citi", "citi")];

#[derive(Clone)]
pub struct Simulator {
    business: Arc<Business>,
    faults: Arc<Faults>,
    items: Arc<plaid::Items>,
}

impl Simulator {
    pub fn new(seed: u64, clock: Arc<dyn Clock>) -> Simulator {
        let items = Arc::new(plaid::Items::new());
        Simulator { business: Arc::new(Business::new(seed, clock)), faults: Arc::new(Faults::new(seed)), items }
    }

    /// So many of the next answers have this fault.
    pub fn fault(&self, fault: Fault, count: u32) {
        self.faults.add(fault, count);
    }

    /// From now on about one answer in ten has one of these faults.
    pub fn weather(&self, faults: &[Fault]) {
        self.faults.set_weather(faults);
    }

    /// What the banks have by now: the entries and the balance at the end of each day, by account.
    pub fn truth(&self) -> Value {
        let business = &self.business;
        let (first, today) = (business.first_day(), business.today());
        let accounts = business.accounts().map(|account| {
            let entries = business.booked(account, first, today).into_iter();
            let entries: Vec<Value> = entries
                .map(|entry| json!({ "day": business::day(entry.day), "minor": entry.minor, "text": entry.text }))
                .collect();
            let balances: HashMap<String, i64> =
                (first..=today).map(|day| (business::day(day), business.balance(account, day))).collect();
            json!({
                "bank": account.bank, "number": account.number, "currency": account.currency, "entries": entries,
                "balances": balances
            })
        });
        accounts.collect()
    }

    /// The days of an account as a file: `camt053`, `mt940`, `bai2`, `ofx`, `csv`.
    pub fn file(&self, number: &str, from: &str, to: &str, format: &str) -> Option<Vec<u8>> {
        let days = business::number(from).zip(business::number(to))?;
        files::file(&self.business, self.business.of_number(number)?, days, format)
    }

    /// The first day that the banks still tell.
    pub fn first_day(&self) -> banking_api::Day {
        banking_api::Day::of_number(self.business.first_day())
    }

    /// The header by which Plaid signs a webhook of this body at this time.
    pub fn signed_webhook(&self, body: &[u8], at: kernel::Timestamp) -> Option<String> {
        self.items.signed(body, at)
    }

    /// Numbers of a bank's accounts.
    pub fn numbers(&self, bank: &str) -> Vec<&'static str> {
        self.business.of_bank(bank).into_iter().map(|account| account.number).collect()
    }

    pub fn router(self) -> Router {
        let banks =
            banks::router().merge(plaid::router()).layer(middleware::from_fn_with_state(self.clone(), faults::faulty));
        Router::new()
            .merge(banks)
            .route("/truth", get(truth))
            .route("/faults", post(faults))
            .route("/files/{account}/{from}/{to}", get(file))
            .with_state(self)
    }
}

async fn truth(State(simulator): State<Simulator>) -> Json<Value> {
    Json(simulator.truth())
}

#[derive(Deserialize)]
struct FaultBody {
    kind: Fault,
    #[serde(default = "once")]
    count: u32,
}

fn once() -> u32 {
    1
}

async fn faults(State(simulator): State<Simulator>, Json(body): Json<FaultBody>) -> StatusCode {
    simulator.fault(body.kind, body.count);
    StatusCode::NO_CONTENT
}

async fn file(
    State(simulator): State<Simulator>,
    Path((number, from, to)): Path<(String, String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let format = query.get("format").map_or("camt053", String::as_str);
    match simulator.file(&number, &from, &to, format) {
        Some(bytes) => bytes.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
