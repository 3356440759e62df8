//! Refusals of a transaction's steps: post, void, increase, reverse, cancel.

use serde_json::{Value, json};
use testkit::Telling;

use super::accounts::too_much_metadata;
use super::{account, hold, id, opened, payment, posting, recorded, step, usd};

/// A hold of two postings that stays pending.
const PAIR: u32 = 301;
/// A hold of one posting that stays pending.
const HELD: u32 = 302;
const POSTED: u32 = 303;
const TAKEN: u32 = 304;
const GIVEN_BACK: u32 = 305;
const SHORT: u32 = 306;
const PLANNED: u32 = 307;
const DONE: u32 = 308;
const FAILED: u32 = 309;
const STEPS: [&str; 3] = ["post_transaction", "void_transaction", "increase_transaction"];

pub(super) async fn refused(story: &Telling) {
    prepare(story).await;
    of_every_step(story).await;
    of_amounts(story).await;
    of_states(story).await;
    of_reversals(story).await;
    of_closed_accounts(story).await;
    of_cancelling(story).await;
}

async fn prepare(story: &Telling) {
    recorded(story, payment(300, "assets:cash", "customers:bob", "500.00")).await;
    let of_bob = |number: u32| hold(number, "customers:bob", "merchants:shop", "10.00");
    let mut pair = of_bob(PAIR);
    pair["postings"] = json!(vec![posting("customers:bob", "merchants:shop", "10.00"); 2]);
    for body in [pair, of_bob(HELD), of_bob(TAKEN), of_bob(GIVEN_BACK)] {
        recorded(story, body).await;
    }
    recorded(story, payment(POSTED, "assets:cash", "customers:bob", "1.00")).await;
    step(story, "post_transaction", TAKEN, json!({ "id": id(311) })).gives(201).await;
    step(story, "void_transaction", GIVEN_BACK, json!({ "id": id(312) })).gives(201).await;
    let mut short = of_bob(SHORT);
    short["expires_at"] = json!("2026-01-31T12:00:30Z");
    recorded(story, short).await;
    for (number, debit, at) in [
        (PLANNED, "assets:cash", "2026-03-01T00:00:00Z"),
        (DONE, "assets:cash", "2026-01-31T12:00:30Z"),
        (FAILED, "customers:cold", "2026-01-31T12:00:30Z"),
    ] {
        let mut body = payment(number, debit, "customers:bob", "1.00");
        (body["scheduled"], body["effective_at"]) = (json!(true), json!(at));
        recorded(story, body).await;
    }
    story.pass_seconds(60);
    let ends = |number: u32, status: &'static str| {
        story.ask("get_transaction").at("id", id(number)).until(move |reply| reply["status"] == status)
    };
    for (number, status) in [(SHORT, "expired"), (DONE, "posted"), (FAILED, "failed")] {
        ends(number, status).gives(200).await;
    }
}

/// Invalid forms and taken names, which every step refuses.
async fn of_every_step(story: &Telling) {
    let targets = [
        ("post_transaction", HELD),
        ("void_transaction", HELD),
        ("increase_transaction", HELD),
        ("reverse_transaction", POSTED),
        ("cancel_transaction", PLANNED),
    ];
    for ((operation, target), number) in targets.into_iter().zip(400..) {
        let send = |body: Value| {
            let mut body = body;
            if operation == "increase_transaction" {
                body["amount"] = usd("1.00");
            }
            step(story, operation, target, body)
        };
        send(json!({})).refused("idempotency_missing").await;
        send(json!({ "id": id(number), "metadata": too_much_metadata() })).refused("metadata_too_large").await;
        send(json!({ "id": id(POSTED) })).refused("id_taken").await;
        send(json!({ "id": id(number), "reference": "once" })).refused("reference_taken").await;
    }
}

async fn of_amounts(story: &Telling) {
    let mut number = 500;
    for operation in STEPS {
        for (amounts, code) in [
            (json!([usd("0.00"), usd("0.00")]), "amount_zero"),
            (json!([usd("-1.00"), usd("1.00")]), "amount_negative"),
            (json!([usd("10000000000000.01"), usd("1.00")]), "amount_too_large"),
            (json!(vec![usd("1.00"); 65]), "too_many_postings"),
            (json!([{ "amount": "1.00", "currency": "EUR" }, usd("1.00")]), "currency_mismatch"),
            (json!([usd("1.00")]), "amounts_mismatch"),
        ] {
            number += 1;
            step(story, operation, PAIR, json!({ "id": id(number), "amounts": amounts })).refused(code).await;
        }
    }
    for (operation, number) in [("post_transaction", 551), ("void_transaction", 552)] {
        let above = step(story, operation, HELD, json!({ "id": id(number), "amount": usd("10.01") }));
        let above = above.refused("amount_above_remaining").await;
        assert_eq!((&above["remaining"], &above["errors"][0]["field"]), (&usd("10.00"), &json!("amount")));
    }
    let increase = |number: u32, body: Value| {
        let mut body = body;
        body["id"] = json!(id(number));
        step(story, "increase_transaction", HELD, body)
    };
    increase(561, json!({})).refused("no_postings").await;
    let both = json!({ "amount": usd("1.00"), "amounts": [usd("1.00")] });
    increase(561, both).refused("field_invalid").await;
    assert!(
        increase(562, json!({ "amount": usd("1000.00") })).refused("increase_refused").await["available"].is_object()
    );
    recorded(story, hold(563, "assets:cash", "customers:cap", "0.50")).await;
    let full = json!({ "id": id(564), "amount": usd("0.10") });
    step(story, "increase_transaction", 563, full).refused("above_ceiling").await;
}

/// Holds that do not exist or have ended.
async fn of_states(story: &Telling) {
    let mut number = 600;
    for operation in STEPS {
        for (target, code) in [
            (999, "pending_unknown"),
            (POSTED, "not_pending"),
            (TAKEN, "already_posted"),
            (GIVEN_BACK, "already_voided"),
            (SHORT, "expired"),
        ] {
            number += 1;
            let body = json!({ "id": id(number), "amount": usd("1.00") });
            step(story, operation, target, body).refused(code).await;
        }
    }
    let cold = story.ask("unfreeze_account").at("path", "customers:cold").body(json!({}));
    cold.gives(200).await;
    recorded(story, hold(651, "assets:cash", "customers:cold", "1.00")).await;
    recorded(story, payment(652, "assets:cash", "customers:cold", "1.00")).await;
    story.ask("freeze_account").at("path", "customers:cold").body(json!({})).gives(200).await;
    let frozen = [("post_transaction", 651), ("increase_transaction", 651), ("reverse_transaction", 652)];
    for ((operation, target), number) in frozen.into_iter().zip(661..) {
        let mut body = json!({ "id": id(number) });
        if operation == "increase_transaction" {
            body["amount"] = usd("1.00");
        }
        step(story, operation, target, body).refused("account_frozen").await;
    }
}

async fn of_reversals(story: &Telling) {
    let reverse = |number: u32, target: u32| step(story, "reverse_transaction", target, json!({ "id": id(number) }));
    reverse(701, 999).refused("transaction_unknown").await;
    reverse(702, HELD).refused("not_reversible").await;
    reverse(703, POSTED).gives(201).await;
    assert_eq!(reverse(704, POSTED).refused("already_reversed").await["reversed_by"], id(703));
    reverse(705, 703).refused("reversal_of_reversal").await;
    reverse(706, 101).refused("insufficient_funds").await;
    let mut full = account("customers:full");
    full["ceiling"] = usd("0.50");
    opened(story, full).await;
    for (number, debit, credit) in [
        (711, "assets:cash", "customers:full"),
        (712, "customers:full", "assets:cash"),
        (713, "assets:cash", "customers:full"),
    ] {
        recorded(story, payment(number, debit, credit, "0.50")).await;
    }
    reverse(714, 712).refused("above_ceiling").await;
}

/// Transactions of an account that was closed later.
async fn of_closed_accounts(story: &Telling) {
    opened(story, account("customers:left")).await;
    recorded(story, payment(721, "assets:cash", "customers:left", "1.00")).await;
    recorded(story, payment(722, "customers:left", "assets:cash", "1.00")).await;
    let mut pair = hold(723, "assets:cash", "customers:left", "1.00");
    pair["postings"] =
        json!([posting("assets:cash", "customers:left", "1.00"), posting("customers:bob", "merchants:shop", "1.00")]);
    recorded(story, pair).await;
    let of_the_first = json!({ "id": id(724), "amounts": [usd("1.00"), usd("0.00")] });
    step(story, "void_transaction", 723, of_the_first).gives(201).await;
    story.ask("close_account").at("path", "customers:left").body(json!({})).gives(200).await;
    step(story, "reverse_transaction", 721, json!({ "id": id(725) })).refused("account_closed").await;
    let more = json!({ "id": id(726), "amounts": [usd("1.00"), usd("1.00")] });
    step(story, "increase_transaction", 723, more).refused("account_closed").await;
}

async fn of_cancelling(story: &Telling) {
    let cancel = |number: u32, target: u32| step(story, "cancel_transaction", target, json!({ "id": id(number) }));
    cancel(801, 999).refused("transaction_unknown").await;
    cancel(802, HELD).refused("not_scheduled").await;
    cancel(803, PLANNED).gives(201).await;
    cancel(804, PLANNED).refused("already_cancelled").await;
    cancel(805, DONE).refused("already_carried_out").await;
    cancel(806, FAILED).refused("already_failed").await;
}
