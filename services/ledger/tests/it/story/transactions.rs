//! Refusals of new transactions and of batches.

use serde_json::{Value, json};
use testkit::{Ask, Reply, Telling};

use super::accounts::too_much_metadata;
use super::{account, id, opened, payment, posting, usd};

pub(super) async fn refused(story: &Telling) {
    of_form(story).await;
    of_accounts(story).await;
    of_limits(story).await;
    of_names(story).await;
    of_times(story).await;
    of_batches(story).await;
}

/// A payment to Ann with a change.
fn create<'t>(story: &'t Telling, change: impl Fn(&mut Value)) -> Ask<'t> {
    let mut body = payment(201, "assets:cash", "customers:ann", "1.00");
    change(&mut body);
    story.ask("create_transaction").body(body)
}

async fn of_form(story: &Telling) {
    create(story, |body| body["id"] = Value::Null).refused("idempotency_missing").await;
    create(story, |body| body["postings"] = json!([])).refused("no_postings").await;
    let many = json!(vec![posting("assets:cash", "customers:ann", "1.00"); 65]);
    create(story, |body| body["postings"] = many.clone()).refused("too_many_postings").await;
    for (amount, code) in
        [("0.00", "amount_zero"), ("-1.00", "amount_negative"), ("10000000000000.01", "amount_too_large")]
    {
        let reply = create(story, |body| body["postings"][0]["amount"] = usd(amount)).refused(code).await;
        assert_eq!(reply["errors"][0]["field"], "postings[0].amount");
    }
    create(story, |body| body["postings"][0]["amount"]["amount"] = json!(1.0)).refused("field_invalid").await;
    let same =
        create(story, |body| body["postings"][0]["debit"] = json!("customers:ann")).refused("same_account").await;
    assert_eq!((&same["posting"], &same["errors"][0]["field"]), (&json!(0), &json!("postings[0]")));
    create(story, |body| body["postings"][0]["debit"] = Value::Null).refused("posting_malformed").await;
    create(story, |body| body["expires_at"] = json!("2026-02-01T00:00:00Z")).refused("expiry_invalid").await;
    create(story, |body| body["metadata"] = too_much_metadata()).refused("metadata_too_large").await;
    let of_books = json!([posting("a", "b", "1.00"), posting("a", "b", "1.00")]);
    let differ = create(story, |body| {
        body["postings"] = of_books.clone();
        body["postings"][0]["book"] = json!("main");
        body["postings"][1]["book"] = json!("acme-uk");
    });
    let differ = differ.refused("books_differ").await;
    assert_eq!((&differ["book"], &differ["other"]), (&json!("main"), &json!("acme-uk")));
}

/// Refusals are stored under the id, so each has its own.
async fn of_accounts(story: &Telling) {
    opened(story, account("customers:cold")).await;
    story.ask("freeze_account").at("path", "customers:cold").body(json!({})).gives(200).await;
    for (number, path, code) in [
        (211, "customers:nobody", "account_unknown"),
        (212, "customers:closing", "account_closed"),
        (213, "customers:cold", "account_frozen"),
    ] {
        let reply = create(story, |body| {
            body["id"] = json!(id(number));
            body["postings"][0]["credit"] = json!(path);
        });
        assert_eq!(reply.refused(code).await["account"], path);
    }
    for (number, currency, code) in
        [(214, "EUR", "currency_mismatch"), (215, "SHELLS", "currency_unknown"), (216, "POINTS", "currency_scale")]
    {
        create(story, |body| {
            body["id"] = json!(id(number));
            body["postings"][0]["amount"] = json!({ "amount": "1.00", "currency": currency });
        })
        .refused(code)
        .await;
    }
}

async fn of_limits(story: &Telling) {
    let empty = |body: &mut Value| *body = payment(221, "merchants:shop", "customers:bob", "1000.00");
    let reply = create(story, empty).refused("insufficient_funds").await;
    assert_eq!(reply["asked"], usd("1000.00"));
    let mut capped = account("customers:cap");
    capped["ceiling"] = usd("0.50");
    opened(story, capped).await;
    let full = |body: &mut Value| *body = payment(222, "assets:cash", "customers:cap", "1.00");
    assert_eq!(create(story, full).refused("above_ceiling").await["room"], usd("0.50"));
    let stale = json!([{ "account": "customers:ann", "version": 99 }]);
    create(story, |body| {
        (body["id"], body["if_version"]) = (json!(id(223)), stale.clone());
    })
    .refused("version_mismatch")
    .await;
}

async fn of_names(story: &Telling) {
    let once = |number: u32| {
        move |body: &mut Value| {
            (body["id"], body["reference"]) = (json!(id(number)), json!("once"));
        }
    };
    create(story, once(231)).gives(201).await;
    create(story, once(232)).refused("reference_taken").await;
    let taken = create(story, |body| body["id"] = json!(id(231))).refused("id_taken").await;
    assert_eq!(taken["field"], "reference");
    let keyed = |amount: &str| {
        let body = json!({ "postings": [posting("assets:cash", "customers:ann", amount)] });
        story.ask("create_transaction").header("idempotency-key", "once").body(body)
    };
    keyed("1.00").gives(201).await;
    keyed("2.00").refused("idempotency_key_taken").await;
}

async fn of_times(story: &Telling) {
    let effective = |number: u32, at: &'static str, scheduled: bool| {
        move |body: &mut Value| {
            (body["id"], body["effective_at"]) = (json!(id(number)), json!(at));
            body["scheduled"] = json!(scheduled);
        }
    };
    create(story, effective(241, "2026-01-31T12:01:00Z", false)).refused("effective_in_future").await;
    create(story, effective(242, "2026-01-31T11:00:00Z", false)).refused("effective_before_opening").await;
    create(story, effective(243, "2026-01-31T11:59:59Z", true)).refused("schedule_in_past").await;
    create(story, effective(244, "2046-01-31T12:00:00Z", true)).refused("schedule_too_far").await;
    let missing = create(story, |body| body["scheduled"] = json!(true)).refused("schedule_time_missing").await;
    assert_eq!(missing["errors"][0]["field"], "effective_at");
    let held_until = |number: u32, at: &'static str| {
        move |body: &mut Value| {
            (body["id"], body["status"], body["expires_at"]) = (json!(id(number)), json!("pending"), json!(at));
        }
    };
    create(story, held_until(245, "2026-01-31T11:59:59Z")).refused("expires_in_past").await;
    create(story, held_until(246, "2027-02-28T12:00:00Z")).refused("expiry_too_far").await;
}

async fn of_batches(story: &Telling) {
    let batch = |lines: Value| story.ask("submit_batch").body(json!({ "atomic": true, "lines": lines }));
    batch(json!([])).refused("batch_empty").await;
    let line = json!({ "reverse": { "transaction": id(1) } });
    batch(json!(vec![line; 1_001])).refused("batch_too_large").await;
    let good = json!({ "create": payment(251, "assets:cash", "customers:bob", "1.00") });
    let bad = json!({ "create": payment(252, "customers:nobody", "customers:bob", "1.00") });
    let reply: Reply = batch(json!([good, bad])).refused("account_unknown").await;
    assert_eq!(reply["lines"][0]["problem"]["code"], "sibling_failed");
    story.ask("get_transaction").at("id", id(251)).refused("sibling_failed").await;
    batch(json!([good])).refused("sibling_failed").await;
    let mut elsewhere = good.clone();
    elsewhere["create"]["postings"][0]["book"] = json!("acme-uk");
    let mut here = good;
    here["create"]["postings"][0]["book"] = json!("main");
    batch(json!([here, elsewhere])).refused("books_differ").await;
}
