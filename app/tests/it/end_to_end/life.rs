//! Money from its arrival to its return.

use std::time::Duration;

use hyper::StatusCode;
use kernel::{Clock, SystemClock};
use serde_json::json;

use crate::end_to_end::house::{ACCOUNTS, House, TRANSACTIONS, on_both, own, posting, refusal, shown, usd};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_opened_limited_frozen_described_and_closed() {
    on_both(async |house: &House| {
        let body = json!({
            "path": "customers:zoe", "currency": "USD", "normal": "credit", "floor": usd("-10.00"),
            "ceiling": usd("500.00"), "owner": "cust_zoe", "reference": "CRM-1", "metadata": { "tier": "gold" }
        });
        let opened = house.create(ACCOUNTS, body.clone()).await;
        assert_eq!((&opened["floor"], &opened["may_go_negative"]), (&usd("-10.00"), &json!(false)));
        assert_eq!(shown(&opened["balances"]), ["0.00", "0.00", "0.00", "10.00"]);
        let again = house.again(ACCOUNTS, body).await;
        assert_eq!(again["replayed"], true);

        let zoe = format!("{ACCOUNTS}/customers:zoe");
        let frozen = house.again(&format!("{zoe}/freeze"), json!({})).await;
        assert_eq!(frozen["status"], "frozen");
        assert_eq!(house.again(&format!("{zoe}/unfreeze"), json!({})).await["status"], "open");
        let limits = house.put(&format!("{zoe}/limits"), json!({ "may_go_negative": true })).await;
        assert_eq!(limits.status, StatusCode::OK, "{}", limits.text());
        assert_eq!((&limits.json()["floor"], &limits.json()["may_go_negative"]), (&json!(null), &json!(true)));
        let described = house.put(&format!("{zoe}/metadata"), json!({ "metadata": { "tier": "silver" } })).await;
        assert_eq!(described.json()["metadata"], json!({ "tier": "silver" }));
        assert_eq!(house.again(&format!("{zoe}/close"), json!({})).await["status"], "closed");
        assert_eq!(house.get(&zoe).await["status"], "closed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_posted_in_parts_and_the_rest_released() {
    on_both(async |house: &House| {
        house.open_three().await;
        let paid_in = house.pay_in("customers:ann", "100.00").await;
        assert_eq!(shown(&paid_in["balances"][1]), ["100.00", "0.00", "0.00", "100.00"]);
        assert_eq!(paid_in["balances"][0]["account"], "assets:cash");

        let hold = house.hold("customers:ann", "customers:bob", "30.00").await;
        assert_eq!(house.balances("customers:ann").await, ["100.00", "0.00", "30.00", "70.00"]);
        assert_eq!(house.balances("customers:bob").await, ["0.00", "30.00", "0.00", "0.00"]);
        let hold_path = format!("{TRANSACTIONS}/{hold}");

        house.create(&format!("{hold_path}/increase"), own(json!({ "amount": usd("5.00") }))).await;
        assert_eq!(house.balances("customers:ann").await, ["100.00", "0.00", "35.00", "65.00"]);
        let part = json!({ "amount": usd("20.00"), "final": false });
        let posted = house.create(&format!("{hold_path}/post"), own(part)).await;
        assert_eq!((&posted["kind"], &posted["target"]), (&json!("post"), &json!(hold)));
        let left = house.get(&hold_path).await;
        let expected = json!({ "posted": usd("20.00"), "released": usd("0.00"), "remaining": usd("15.00") });
        assert_eq!((&left["status"], &left["postings"][0]["hold"]), (&json!("pending"), &expected));
        house.create(&format!("{hold_path}/void"), own(json!({ "amount": usd("4.00") }))).await;
        house.create(&format!("{hold_path}/post"), own(json!({ "amounts": [usd("10.00")] }))).await;
        let over = house.get(&hold_path).await;
        let expected = json!({ "posted": usd("30.00"), "released": usd("5.00"), "remaining": usd("0.00") });
        assert_eq!((&over["status"], &over["postings"][0]["hold"]), (&json!("posted"), &expected));
        assert_eq!(house.balances("customers:ann").await, ["70.00", "0.00", "0.00", "70.00"]);
        assert_eq!(house.balances("customers:bob").await, ["30.00", "0.00", "0.00", "30.00"]);

        let posted = posted["id"].as_str().unwrap();
        let reversal = house.create(&format!("{TRANSACTIONS}/{posted}/reverse"), own(json!({}))).await;
        assert_eq!((&reversal["kind"], &reversal["target"]), (&json!("reversal"), &json!(posted)));
        assert_eq!(house.get(&format!("{TRANSACTIONS}/{posted}")).await["reversed_by"], reversal["id"]);
        assert_eq!(house.balances("customers:ann").await, ["90.00", "0.00", "0.00", "90.00"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_voided_without_a_body_or_expires() {
    on_both(async |house: &House| {
        house.open_three().await;
        house.pay_in("customers:ann", "50.00").await;
        let hold = house.hold("customers:ann", "customers:bob", "20.00").await;
        // Everything that remains, with only a key to make it idempotent.
        let headers = [("content-type", "application/json"), ("idempotency-key", "void-1")];
        let path = format!("{TRANSACTIONS}/{hold}/void");
        let voided = house.client.send(hyper::Method::POST, &path, &headers, None).await.unwrap();
        assert_eq!(voided.status, StatusCode::CREATED, "{}", voided.text());
        assert_eq!(house.get(&format!("{TRANSACTIONS}/{hold}")).await["status"], "voided");

        let expires_at = SystemClock.now().plus_seconds(1);
        let body = json!({
            "status": "pending", "postings": [posting("customers:ann", "customers:bob", "20.00")], "expires_at": expires_at
        });
        let hold = house.create(TRANSACTIONS, own(body)).await;
        let path = format!("{TRANSACTIONS}/{}", hold["id"].as_str().unwrap());
        for _ in 0..400 {
            if house.get(&path).await["status"] == "expired" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let expired = house.get(&path).await;
        assert_eq!((&expired["status"], &expired["postings"][0]["hold"]["released"]), (&json!("expired"), &usd("20.00")));
        assert_eq!(house.balances("customers:ann").await, ["50.00", "0.00", "0.00", "50.00"]);
        let late = house.refused(&format!("{path}/post"), own(json!({})), 409, "expired").await;
        assert_eq!(late["expired_at"], json!(expires_at));
    })
    .await;
}

/// One is listed while waiting and cancelled, one is executed within a second of its time, and one fails for funds.
#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_transaction_waits_and_then_executes() {
    on_both(async |house: &House| {
        house.open_three().await;
        house.pay_in("customers:ann", "10.00").await;
        let at = SystemClock.now().plus_seconds(2);
        let plan = |amount: &str, at: kernel::Timestamp| {
            let postings = json!([posting("customers:ann", "customers:bob", amount)]);
            own(json!({ "scheduled": true, "effective_at": at, "postings": postings, "metadata": { "why": "rent" } }))
        };
        let body = plan("7.00", at);
        let comes = house.create(TRANSACTIONS, body.clone()).await;
        assert_eq!((&comes["status"], &comes["kind"], &comes["effective_at"]), (&json!("scheduled"), &json!("scheduled"), &json!(at)));
        let fails = house.create(TRANSACTIONS, plan("7.00", at.plus_micros(1))).await;
        let far = house.create(TRANSACTIONS, plan("1.00", at.plus_seconds(86_400))).await;
        let list = house.get("/v1/ledger/scheduled?limit=2").await;
        assert_eq!((&list["items"][0], &list["items"][1]["id"]), (&comes, &fails["id"]));
        let next = list["next"].as_str().unwrap();
        let rest = house.get(&format!("/v1/ledger/scheduled?cursor={next}")).await;
        assert_eq!((&rest["items"], rest.get("next")), (&json!([far]), None));
        let path = |of: &serde_json::Value| format!("{TRANSACTIONS}/{}", of["id"].as_str().unwrap());
        let cancelled = house.create(&format!("{}/cancel", path(&far)), own(json!({}))).await;
        assert_eq!((&cancelled["kind"], &cancelled["target"]), (&json!("cancellation"), &far["id"]));
        assert_eq!(house.get(&path(&far)).await["status"], "cancelled");
        // Nothing is reserved until then.
        assert_eq!(house.balances("customers:ann").await, ["10.00", "0.00", "0.00", "10.00"]);
        tokio::time::sleep(Duration::from_millis(3_000)).await;
        let came = house.get(&path(&comes)).await;
        assert_eq!((&came["kind"], &came["status"], &came["effective_at"]), (&json!("posted"), &json!("posted"), &json!(at)));
        assert_eq!((&came["metadata"]["why"], &came["balances"][0]["posted"]), (&json!("rent"), &usd("3.00")));
        let recorded: kernel::Timestamp = came["recorded_at"].as_str().unwrap().parse().unwrap();
        assert!((0..1_000_000).contains(&recorded.micros_since(at)), "{recorded} for {at}");
        let failed = house.get(&path(&fails)).await;
        assert_eq!((&failed["status"], &failed["failure"]["code"]), (&json!("failed"), &json!("insufficient_funds")));
        assert_eq!(house.balances("customers:bob").await, ["7.00", "0.00", "0.00", "7.00"]);
        let again = house.again(TRANSACTIONS, body).await;
        assert_eq!((&again["status"], &again["replayed"]), (&json!("scheduled"), &json!(true)));
        let batch = json!({ "atomic": false, "lines": [{ "cancel": { "transaction": comes["id"], "id": crate::end_to_end::house::new_id() } }] });
        let line = &house.again("/v1/ledger/batches", batch).await["lines"][0];
        assert_eq!((&line["status"], &line["problem"]["code"]), (&json!(409), &json!("already_carried_out")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn older_paths_lead_to_the_same_books() {
    on_both(async |house: &House| {
        house.open_three().await;
        let paid = house.pay_in("customers:ann", "10.00").await;
        let id = paid["id"].as_str().unwrap();
        for prefix in ["/v1/ledger", "/api/v1/ledger"] {
            assert_eq!(house.get(&format!("{prefix}/accounts/customers:ann")).await["balances"]["version"], 1);
            assert_eq!(house.get(&format!("{prefix}/transactions/{id}")).await["id"], id);
        }
        let body = own(json!({ "postings": [posting("assets:cash", "customers:bob", "1.00")] }));
        house.create("/api/v1/ledger/transactions", body.clone()).await;
        assert_eq!(house.again(TRANSACTIONS, body).await["replayed"], true);
        let unknown = house.client.get("/api/v1/ledger/accounts/customers:nobody").await;
        refusal(&unknown, 404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_counted_by_kind_and_outcome() {
    let house = House::start(&[]).await;
    house.open_three().await;
    let body = own(json!({ "postings": [posting("assets:cash", "customers:ann", "1.00")] }));
    house.create(TRANSACTIONS, body.clone()).await;
    house.again(TRANSACTIONS, body).await;
    house.hold("customers:ann", "customers:bob", "1.00").await;
    let refused = own(json!({ "postings": [posting("customers:ann", "customers:bob", "1.00")] }));
    house.refused(TRANSACTIONS, refused.clone(), 422, "insufficient_funds").await;
    let batch = json!({ "atomic": false, "lines": [{ "create": refused }], "dry_run": true });
    house.again("/v1/ledger/batches", batch).await;
    let metrics = house.client.get("/metrics").await.text();
    for (kind, outcome) in
        [("posted", "recorded"), ("posted", "replayed"), ("pending", "recorded"), ("posted", "insufficient_funds")]
    {
        let line = format!("ledger_transactions_total{{kind=\"{kind}\",outcome=\"{outcome}\"}} 1\n");
        assert!(metrics.contains(&line), "{line} is not in {metrics}");
    }
    assert!(metrics.contains("database_connections_max{service=\"ledger\"} 9"), "{metrics}");
}
