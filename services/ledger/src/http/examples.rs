//! The document's examples, told as one story: a customer pays in, buys, and gets money back. A test sends each request
//! to a real ledger.

mod books;
mod past;
mod schedule;
mod steps;

use serde_json::{Value, json};

pub(super) use books::{book, book_status, books, create_book};
pub(super) use past::{account_balance, statement, trial_balance};
pub(super) use schedule::{cancel, cancellation, create_scheduled, scheduled_list};
pub(super) use steps::{increase, increased, pending, post, posted, reversal, reverse, void, voided};

const PAID_IN: &str = "txn_01kppyy0k0f4g8n1vpdkpr5g3a";
const HELD: &str = "txn_01kppyzd5gfmra2qsx5rkvr8wb";
const POSTED: &str = "txn_01kppz2nr0f7rtcw4a3jgb6d5c";
const REVERSED: &str = "txn_01kppz4yc0ehz8kx3f5mgq2v7d";
/// A transaction that was never recorded.
const UNKNOWN: &str = "txn_01kppyzzzzfmra2qsx5rkvr8wb";
const AT: &str = "2026-01-31T12:00:00.000000Z";
const LATER: &str = "2026-02-07T12:00:00.000000Z";

/// As the reply to a query.
pub(super) fn known(mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        members.insert("as_of_seq".to_owned(), json!(14));
    }
    answer
}

fn usd(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "USD" })
}

pub(super) fn declare_asset() -> Value {
    json!({ "code": "POINTS", "scale": 0 })
}

pub(super) fn asset() -> Value {
    json!({ "code": "POINTS", "scale": 0, "replayed": false })
}

pub(super) fn assets() -> Value {
    json!([asset()])
}

pub(super) fn new_account() -> Value {
    json!({
        "path": "customers:ann",
        "currency": "USD",
        "normal": "credit",
        "owner": "cust_ann",
        "reference": "CRM-4711",
        "metadata": { "tier": "gold" }
    })
}

pub(super) fn account() -> Value {
    json!({
        "path": "customers:ann",
        "currency": "USD",
        "normal": "credit",
        "status": "open",
        "floor": usd("0.00"),
        "ceiling": null,
        "may_go_negative": false,
        "owner": "cust_ann",
        "reference": "CRM-4711",
        "metadata": { "tier": "gold" },
        "balances": balances("100.00", "30.00", "70.00", 2),
        "opened_at": AT,
        "replayed": false
    })
}

fn balances(posted: &str, pending_out: &str, available: &str, version: u64) -> Value {
    json!({
        "posted": usd(posted),
        "pending_in": usd("0.00"),
        "pending_out": usd(pending_out),
        "available": usd(available),
        "version": version
    })
}

pub(super) fn accounts() -> Value {
    json!({ "items": [account()], "next": "ASJjdXN0b21lcnM6YW5uInYPyM4", "as_of_seq": 14 })
}

fn account_with(changes: &[(&str, Value)]) -> Value {
    let mut account = account();
    for (name, value) in changes {
        if let Some(place) = account.get_mut(*name) {
            *place = value.clone();
        }
    }
    account
}

pub(super) fn frozen() -> Value {
    account_with(&[("status", json!("frozen"))])
}

pub(super) fn closed() -> Value {
    account_with(&[("status", json!("closed")), ("balances", balances("0.00", "0.00", "0.00", 5))])
}

pub(super) fn new_limits() -> Value {
    json!({ "floor": usd("-50.00"), "ceiling": usd("10000.00") })
}

pub(super) fn limited() -> Value {
    let balances = balances("100.00", "30.00", "120.00", 2);
    account_with(&[("floor", usd("-50.00")), ("ceiling", usd("10000.00")), ("balances", balances)])
}

pub(super) fn new_metadata() -> Value {
    json!({ "metadata": { "tier": "gold" } })
}

pub(super) fn events() -> Value {
    json!({
        "items": [{
            "specversion": "1.0",
            "id": "14",
            "source": "/ledger/main",
            "type": "ledger.account.frozen",
            "subject": "customers:ann",
            "time": "2026-01-31T12:00:00.000000Z",
            "datacontenttype": "application/json",
            "dataschema": "/schemas/ledger.account.frozen/1",
            "data": { "path": "customers:ann", "currency": "USD", "normal": "credit", "status": "frozen" }
        }],
        "next": 14
    })
}

pub(super) fn roll_up() -> Value {
    json!({
        "prefix": "customers",
        "at": null,
        "by": "record",
        "as_of_seq": 14,
        "accounts": 2,
        "currencies": [{
            "currency": "USD",
            "accounts": 2,
            "posted_debits": usd("0.00"),
            "posted_credits": usd("140.00"),
            "pending_debits": usd("30.00"),
            "pending_credits": usd("0.00"),
            "net_debit": usd("-140.00")
        }]
    })
}

pub(super) fn create_transaction() -> Value {
    json!({
        "id": PAID_IN,
        "postings": [{ "debit": "assets:cash", "credit": "customers:ann", "amount": usd("100.00") }],
        "reference": "invoice-2026-0017",
        "metadata": { "channel": "counter" }
    })
}

pub(super) fn create_pending() -> Value {
    json!({
        "id": HELD,
        "status": "pending",
        "postings": [{ "debit": "customers:ann", "credit": "merchants:shop", "amount": usd("30.00") }]
    })
}

pub(super) fn create_split() -> Value {
    json!({
        "id": "txn_01kppz6hx0fw5bq9n7t3hd8s2e",
        "postings": [{
            "debit": "customers:ann",
            "amount": usd("10.00"),
            "split": [
                { "account": "merchants:shop", "percent": "97.5" },
                { "account": "income:fees", "percent": "2.5" }
            ]
        }]
    })
}

pub(super) fn create_sweep() -> Value {
    json!({
        "id": "txn_01kppz8ab0g2v6xk4m9cw1r7zf",
        "postings": [{
            "debit": "customers:ann",
            "credit": "customers:bob",
            "amount": usd("500.00"),
            "up_to_available": true
        }],
        "if_version": [{ "account": "customers:bob", "version": 0 }],
        "dry_run": true
    })
}

fn after(account: &str, balances: Value) -> Value {
    let own = [("account".to_owned(), json!(account))];
    let balances = balances.as_object().cloned().unwrap_or_default();
    Value::Object(own.into_iter().chain(balances).collect())
}

/// An account without a floor, so `available` is absent.
fn unbounded(posted: &str, version: u64) -> Value {
    json!({
        "posted": usd(posted),
        "pending_in": usd("0.00"),
        "pending_out": usd("0.00"),
        "available": null,
        "version": version
    })
}

pub(super) fn transaction() -> Value {
    json!({
        "id": PAID_IN,
        "kind": "posted",
        "status": "posted",
        "postings": [{
            "debit": "assets:cash", "credit": "customers:ann", "amount": usd("100.00"),
            "hold": null, "overrides_floor": false
        }],
        "balances": [
            after("assets:cash", unbounded("100.00", 1)),
            after("customers:ann", balances("100.00", "0.00", "100.00", 1))
        ],
        "target": null,
        "reversed_by": null,
        "failure": null,
        "recorded_at": AT,
        "effective_at": AT,
        "expires_at": null,
        "reference": "invoice-2026-0017",
        "metadata": { "channel": "counter" },
        "replayed": false,
        "dry_run": false
    })
}

pub(super) fn declare_metadata_key() -> Value {
    json!({ "key": "channel" })
}

pub(super) fn metadata_key() -> Value {
    json!({ "key": "channel", "indexed_to_seq": 0, "replayed": false })
}

pub(super) fn metadata_keys() -> Value {
    json!([metadata_key()])
}

pub(super) fn found() -> Value {
    json!({ "items": [transaction()], "indexed_to_seq": 14, "as_of_seq": 14 })
}

pub(super) fn batch() -> Value {
    json!({
        "atomic": false,
        "lines": [
            { "create": {
                "id": PAID_IN,
                "postings": [{ "debit": "assets:cash", "credit": "customers:ann", "amount": usd("100.00") }],
                "reference": "invoice-2026-0017",
                "metadata": { "channel": "counter" }
            } },
            { "reverse": { "transaction": UNKNOWN, "id": "txn_01kppz9ws0h8c3e6b1d5f7g2kj" } }
        ]
    })
}

pub(super) fn batch_answer() -> Value {
    json!({ "lines": [
        { "status": 201, "transaction": transaction() },
        { "status": 404, "problem": super::document::problem_of("transaction_unknown") }
    ] })
}
