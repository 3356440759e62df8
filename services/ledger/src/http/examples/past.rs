//! The story's history.

use serde_json::{Value, json};

use super::{AT, PAID_IN, usd};

pub(in super::super) fn account_balance() -> Value {
    json!({
        "path": "customers:ann",
        "currency": "USD",
        "posted": usd("100.00"),
        "pending_in": usd("0.00"),
        "pending_out": usd("30.00"),
        "posted_debits": usd("0.00"),
        "posted_credits": usd("100.00"),
        "pending_debits": usd("30.00"),
        "pending_credits": usd("0.00"),
        "version": 2,
        "at": AT,
        "by": "record",
        "as_of_seq": 9
    })
}

pub(in super::super) fn trial_balance() -> Value {
    let line = |path: &str, accounts: u64, debits: &str, credits: &str, debit: Value, credit: Value| {
        json!({
            "path": path, "accounts": accounts, "debits": usd(debits), "credits": usd(credits),
            "debit_balance": debit, "credit_balance": credit
        })
    };
    json!({
        "at": null,
        "by": "record",
        "as_of_seq": 14,
        "prefix": null,
        "depth": 1,
        "accounts": 3,
        "currencies": [{
            "currency": "USD",
            "lines": [
                line("assets", 1, "140.00", "0.00", usd("140.00"), Value::Null),
                line("customers", 2, "0.00", "140.00", Value::Null, usd("140.00"))
            ],
            "debits": usd("140.00"),
            "credits": usd("140.00"),
            "debit_balances": usd("140.00"),
            "credit_balances": usd("140.00"),
            "balanced": true
        }]
    })
}

pub(in super::super) fn statement() -> Value {
    let balance =
        |posted: &str| json!({ "posted": usd(posted), "pending_in": usd("0.00"), "pending_out": usd("0.00") });
    json!({
        "path": "customers:ann",
        "currency": "USD",
        "normal": "credit",
        "from": "2026-01-01T00:00:00.000000Z",
        "to": null,
        "by": "record",
        "order": "oldest_first",
        "as_of_seq": 14,
        "opening": balance("0.00"),
        "closing": balance("100.00"),
        "movements": [{
            "seq": 9,
            "transaction": PAID_IN,
            "kind": "posted",
            "direction": "credit",
            "counterpart": "assets:cash",
            "amount": usd("100.00"),
            "reference": "invoice-2026-0017",
            "recorded_at": AT,
            "effective_at": AT,
            "balance": balance("100.00")
        }],
        "next": null,
        "previous": null
    })
}
