//! A transaction for the end of the month, and its cancellation.

use serde_json::{Value, json};

use super::{AT, usd};

const SCHEDULED: &str = "txn_01kppzc0x0g4t9v2n7b5h8k1ms";
const CANCELLED: &str = "txn_01kppzd6y0fz3r8w1q6j4c9e2a";
const DUE: &str = "2026-02-28T09:00:00.000000Z";

pub(in crate::http) fn create_scheduled() -> Value {
    json!({
        "id": SCHEDULED,
        "scheduled": true,
        "effective_at": DUE,
        "postings": [{ "debit": "customers:ann", "credit": "merchants:shop", "amount": usd("15.00") }],
        "reference": "rent-2026-02"
    })
}

pub(in crate::http) fn scheduled_list() -> Value {
    json!({ "items": [{
        "id": SCHEDULED,
        "kind": "scheduled",
        "status": "scheduled",
        "postings": [{
            "debit": "customers:ann", "credit": "merchants:shop", "amount": usd("15.00"),
            "hold": null, "overrides_floor": false
        }],
        "balances": [],
        "target": null,
        "reversed_by": null,
        "failure": null,
        "recorded_at": AT,
        "effective_at": DUE,
        "expires_at": null,
        "reference": "rent-2026-02",
        "metadata": {},
        "replayed": false,
        "dry_run": false
    }], "as_of_seq": 14 })
}

pub(in crate::http) fn cancel() -> Value {
    json!({ "id": CANCELLED })
}

pub(in crate::http) fn cancellation() -> Value {
    json!({
        "id": CANCELLED,
        "kind": "cancellation",
        "status": "cancelled",
        "postings": [],
        "balances": [],
        "target": SCHEDULED,
        "reversed_by": null,
        "failure": null,
        "recorded_at": AT,
        "effective_at": AT,
        "expires_at": null,
        "reference": null,
        "metadata": {},
        "replayed": false,
        "dry_run": false
    })
}
