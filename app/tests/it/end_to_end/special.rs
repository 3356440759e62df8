//! What a posting can do in addition to moving an amount.

use serde_json::json;

use crate::end_to_end::house::{ACCOUNTS, House, TRANSACTIONS, on_both, own, posting, usd};

#[tokio::test(flavor = "multi_thread")]
async fn a_split_loses_no_smallest_unit() {
    on_both(async |house: &House| {
        house.open_three().await;
        house.open("income:fees").await;
        house.pay_in("customers:ann", "100.00").await;
        let share = |account: &str, percent: &str| json!({ "account": account, "percent": percent });
        let body = json!({ "postings": [{
            "debit": "customers:ann", "amount": usd("0.05"),
            "split": [share("customers:bob", "50"), share("income:fees", "50")]
        }] });
        let split = house.create(TRANSACTIONS, own(body)).await;
        let amounts: Vec<_> = split["postings"].as_array().unwrap().iter().map(|leg| leg["amount"].clone()).collect();
        assert_eq!(amounts, [usd("0.03"), usd("0.02")]);
        assert_eq!(house.balances("customers:ann").await[0], "99.95");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn up_to_available_takes_what_is_there_or_refuses() {
    on_both(async |house: &House| {
        house.open_three().await;
        house.pay_in("customers:ann", "12.34").await;
        let mut sweep = posting("customers:ann", "customers:bob", "500.00");
        sweep["up_to_available"] = json!(true);
        let body = json!({ "postings": [sweep] });
        let swept = house.create(TRANSACTIONS, own(body.clone())).await;
        assert_eq!(swept["postings"][0]["amount"], usd("12.34"));
        let empty = house.refused(TRANSACTIONS, own(body), 422, "insufficient_funds").await;
        assert_eq!((&empty["asked"], &empty["available"]), (&usd("500.00"), &usd("0.00")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_answers_like_the_command_and_changes_nothing() {
    on_both(async |house: &House| {
        house.open_three().await;
        let before = house.head().await;
        let body = json!({ "postings": [posting("assets:cash", "customers:ann", "7.00")], "dry_run": true });
        let answer = house.again(TRANSACTIONS, body).await;
        assert_eq!((&answer["dry_run"], &answer["replayed"]), (&json!(true), &json!(false)));
        assert_eq!(answer["balances"][1]["posted"], usd("7.00"));
        let id = answer["id"].as_str().unwrap();
        let refused = json!({ "postings": [posting("customers:ann", "customers:bob", "7.00")], "dry_run": true });
        house.refused(TRANSACTIONS, refused, 422, "insufficient_funds").await;
        let batch = json!({ "atomic": true, "dry_run": true, "lines": [
            { "create": { "postings": [posting("assets:cash", "customers:ann", "7.00")] } }
        ] });
        let lines = house.again("/v1/ledger/batches", batch).await;
        assert_eq!(
            (&lines["lines"][0]["status"], &lines["lines"][0]["transaction"]["dry_run"]),
            (&json!(200), &json!(true))
        );
        assert_eq!(house.head().await, before);
        assert_eq!(house.client.get(&format!("{TRANSACTIONS}/{id}")).await.status, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_condition_detects_a_concurrent_change() {
    on_both(async |house: &House| {
        house.open_three().await;
        house.pay_in("customers:ann", "10.00").await;
        let transfer = |version: u64| {
            own(json!({
                "postings": [posting("customers:ann", "customers:bob", "1.00")],
                "if_version": [{ "account": "customers:ann", "version": version }]
            }))
        };
        house.create(TRANSACTIONS, transfer(1)).await;
        let late = house.refused(TRANSACTIONS, transfer(1), 409, "version_mismatch").await;
        assert_eq!((&late["expected"], &late["found"]), (&json!(1), &json!(2)));
        assert_eq!(late["errors"][0]["field"], "if_version");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_floor_is_overridden_only_by_naming_it() {
    on_both(async |house: &House| {
        house.open_three().await;
        let plain = json!({ "postings": [posting("customers:ann", "customers:bob", "5.00")] });
        house.refused(TRANSACTIONS, own(plain.clone()), 422, "insufficient_funds").await;
        let mut named = plain;
        named["postings"][0]["override"] = json!("floor");
        let passed = house.create(TRANSACTIONS, own(named)).await;
        assert_eq!(passed["postings"][0]["overrides_floor"], true);
        assert_eq!(house.balances("customers:ann").await, ["-5.00", "0.00", "0.00", "-5.00"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_asset_moves_like_money() {
    on_both(async |house: &House| {
        let declare = json!({ "code": "POINTS", "scale": 0 });
        house.create("/v1/ledger/assets", declare.clone()).await;
        assert_eq!(house.again("/v1/ledger/assets", declare).await["replayed"], true);
        assert_eq!(house.get("/v1/ledger/assets").await[0]["code"], "POINTS");
        for (path, normal) in [("points:issued", "debit"), ("points:ann", "credit")] {
            house.create(ACCOUNTS, json!({ "path": path, "currency": "POINTS/0", "normal": normal })).await;
        }
        let amount = json!({ "amount": "250", "currency": "POINTS" });
        let body = json!({ "postings": [{ "debit": "points:issued", "credit": "points:ann", "amount": amount }] });
        let given = house.create(TRANSACTIONS, own(body)).await;
        assert_eq!(given["balances"][1]["posted"], amount);
    })
    .await;
}
