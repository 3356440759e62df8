//! Many operations in one request.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::end_to_end::house::{BATCHES, House, TRANSACTIONS, on_both, own, posting, refusal};

fn create(debit: &str, credit: &str, amount: &str) -> Value {
    json!({ "create": own(json!({ "postings": [posting(debit, credit, amount)] })) })
}

fn statuses(lines: &Value) -> Vec<u64> {
    lines.as_array().unwrap().iter().map(|line| line["status"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_a_non_atomic_batch_have_their_own_outcomes() {
    on_both(async |house: &House| {
        house.open_three().await;
        let hold = house.hold("assets:cash", "customers:bob", "3.00").await;
        let lines = json!([
            create("assets:cash", "customers:ann", "10.00"),
            create("customers:ann", "customers:bob", "99.00"),
            create("customers:ann", "customers:bob", "4.00"),
            create("customers:ann", "customers:bob", "0.00"),
            { "post": own(json!({ "transaction": hold })) },
            { "void": own(json!({ "transaction": hold })) },
        ]);
        let body = json!({ "atomic": false, "lines": lines });
        let answer = house.again(BATCHES, body.clone()).await;
        assert_eq!(statuses(&answer["lines"]), [201, 422, 201, 400, 201, 409], "{answer}");
        let refused = &answer["lines"][1]["problem"];
        assert_eq!((&refused["code"], &refused["account"]), (&json!("insufficient_funds"), &json!("customers:ann")));
        assert_eq!(answer["lines"][3]["problem"]["errors"][0]["field"], "lines[3].create.postings[0].amount");
        assert_eq!(answer["lines"][5]["problem"]["code"], "already_posted");
        assert_eq!(house.balances("customers:bob").await[0], "7.00");
        let again = house.again(BATCHES, body).await;
        assert_eq!(statuses(&again["lines"]), [200, 422, 200, 400, 200, 409], "{again}");
        assert_eq!(again["lines"][1]["problem"]["replayed"], true);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_batch_is_all_or_nothing() {
    on_both(async |house: &House| {
        house.open_three().await;
        let lines = json!([
            create("assets:cash", "customers:ann", "10.00"),
            create("customers:ann", "customers:bob", "99.00"),
            create("assets:cash", "customers:bob", "1.00"),
        ]);
        let answer = house.client.post(BATCHES, &json!({ "atomic": true, "lines": lines })).await;
        let body = refusal(&answer, 422, "insufficient_funds");
        assert_eq!(statuses(&body["lines"]), [422, 422, 422]);
        assert_eq!((&body["line"], &body["lines"][0]["problem"]["code"]), (&json!(1), &json!("sibling_failed")));
        assert_eq!(body["lines"][1]["problem"]["available"]["amount"], "10.00", "the line before was counted");
        assert_eq!(house.balances("customers:ann").await[0], "0.00");
        let first = lines[0]["create"]["id"].as_str().unwrap();
        refusal(&house.client.get(&format!("{TRANSACTIONS}/{first}")).await, 422, "sibling_failed");

        let malformed = json!({ "atomic": true, "lines": [
            create("assets:cash", "customers:ann", "10.00"), create("assets:cash", "customers:ann", "-1.00")
        ] });
        let answer = house.client.post(BATCHES, &malformed).await;
        let body = refusal(&answer, 422, "amount_negative");
        assert_eq!(body["errors"][0]["field"], "lines[1].create.postings[0].amount");

        let good = json!({ "atomic": true, "lines": [
            create("assets:cash", "customers:ann", "10.00"), create("customers:ann", "customers:bob", "10.00")
        ] });
        assert_eq!(statuses(&house.again(BATCHES, good).await["lines"]), [201, 201]);
        assert_eq!(house.balances("customers:bob").await[0], "10.00");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_makes_a_batch_idempotent() {
    on_both(async |house: &House| {
        house.open_three().await;
        let line = json!({ "create": { "postings": [posting("assets:cash", "customers:ann", "1.00")] } });
        let body = json!({ "atomic": true, "lines": [line, line] });
        let send = async || {
            house.client.send(Method::POST, BATCHES, &[("idempotency-key", "b-1")], Some(&body)).await.unwrap()
        };
        let first = send().await;
        assert_eq!((first.status, statuses(&first.json()["lines"])), (StatusCode::OK, vec![201, 201]));
        assert_eq!(statuses(&send().await.json()["lines"]), [200, 200]);
        assert_eq!(house.balances("customers:ann").await[0], "2.00");
        let keyless = house.client.post(BATCHES, &body).await;
        refusal(&keyless, 422, "idempotency_missing");
    })
    .await;
}
