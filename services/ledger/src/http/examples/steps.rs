//! The life of a hold of 30.00: increased, partly posted, released, and the posted part reversed.

use serde_json::{Value, json};

use super::{AT, HELD, LATER, POSTED, REVERSED, after, balances, usd};

/// A step in the life of the hold of 30.00.
struct Step {
    id: &'static str,
    kind: &'static str,
    status: &'static str,
    target: Value,
    expires_at: Value,
    amount: &'static str,
    /// Posted, released, remaining.
    hold: [&'static str; 3],
    ann: Value,
    shop: Value,
}

fn step(step: Step) -> Value {
    let [posted, released, remaining] = step.hold.map(usd);
    json!({
        "id": step.id,
        "kind": step.kind,
        "status": step.status,
        "postings": [{
            "debit": "customers:ann", "credit": "merchants:shop", "amount": usd(step.amount),
            "hold": { "posted": posted, "released": released, "remaining": remaining }, "overrides_floor": false
        }],
        "balances": [after("customers:ann", step.ann), after("merchants:shop", step.shop)],
        "target": step.target,
        "reversed_by": null,
        "failure": null,
        "recorded_at": AT,
        "effective_at": AT,
        "expires_at": step.expires_at,
        "reference": null,
        "metadata": {},
        "replayed": false,
        "dry_run": false
    })
}

fn shop(posted: &str, pending_in: &str, version: u64) -> Value {
    json!({
        "posted": usd(posted),
        "pending_in": usd(pending_in),
        "pending_out": usd("0.00"),
        "available": usd(posted),
        "version": version
    })
}

pub(in crate::http) fn pending() -> Value {
    step(Step {
        id: HELD,
        kind: "pending",
        status: "pending",
        target: Value::Null,
        expires_at: json!(LATER),
        amount: "30.00",
        hold: ["0.00", "0.00", "30.00"],
        ann: balances("100.00", "30.00", "70.00", 2),
        shop: shop("0.00", "30.00", 1),
    })
}

pub(in crate::http) fn increase() -> Value {
    json!({ "id": "txn_01kppz0xq0e5t8r3y6n2mk4b9g", "amount": usd("5.00") })
}

pub(in crate::http) fn increased() -> Value {
    step(Step {
        id: "txn_01kppz0xq0e5t8r3y6n2mk4b9g",
        kind: "increase",
        status: "pending",
        target: json!(HELD),
        expires_at: Value::Null,
        amount: "5.00",
        hold: ["0.00", "0.00", "35.00"],
        ann: balances("100.00", "35.00", "65.00", 3),
        shop: shop("0.00", "35.00", 2),
    })
}

pub(in crate::http) fn post() -> Value {
    json!({ "id": POSTED, "amount": usd("20.00"), "final": false })
}

pub(in crate::http) fn posted() -> Value {
    step(Step {
        id: POSTED,
        kind: "post",
        status: "posted",
        target: json!(HELD),
        expires_at: Value::Null,
        amount: "20.00",
        hold: ["20.00", "0.00", "15.00"],
        ann: balances("80.00", "15.00", "65.00", 4),
        shop: shop("20.00", "15.00", 3),
    })
}

pub(in crate::http) fn void() -> Value {
    json!({ "id": "txn_01kppz3cd0fq2w8s5x7j9v1t4h" })
}

pub(in crate::http) fn voided() -> Value {
    step(Step {
        id: "txn_01kppz3cd0fq2w8s5x7j9v1t4h",
        kind: "void",
        status: "voided",
        target: json!(HELD),
        expires_at: Value::Null,
        amount: "15.00",
        hold: ["20.00", "15.00", "0.00"],
        ann: balances("80.00", "0.00", "80.00", 5),
        shop: shop("20.00", "0.00", 4),
    })
}

pub(in crate::http) fn reverse() -> Value {
    json!({ "id": REVERSED, "reference": "refund-2026-0003" })
}

pub(in crate::http) fn reversal() -> Value {
    json!({
        "id": REVERSED,
        "kind": "reversal",
        "status": "posted",
        "postings": [{
            "debit": "merchants:shop", "credit": "customers:ann", "amount": usd("20.00"),
            "hold": null, "overrides_floor": false
        }],
        "balances": [
            after("merchants:shop", shop("0.00", "0.00", 5)),
            after("customers:ann", balances("100.00", "0.00", "100.00", 6))
        ],
        "target": POSTED,
        "reversed_by": null,
        "failure": null,
        "recorded_at": AT,
        "effective_at": AT,
        "expires_at": null,
        "reference": "refund-2026-0003",
        "metadata": {},
        "replayed": false,
        "dry_run": false
    })
}
