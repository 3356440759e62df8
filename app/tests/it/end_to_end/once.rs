//! Repeats are harmless, and a caller who never got the answer loses nothing.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::Answer;

use crate::end_to_end::house::{ACCOUNTS, House, TRANSACTIONS, on_both, own, posting, refusal, usd};

async fn keyed(house: &House, path: &str, key: &str, body: &Value) -> Answer {
    house.client.send(Method::POST, path, &[("idempotency-key", key)], Some(body)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_id_always_gets_the_first_answer() {
    on_both(async |house: &House| {
        house.open_three().await;
        let body = own(json!({ "postings": [posting("assets:cash", "customers:ann", "10.00")], "reference": "inv-1" }));
        let first = house.create(TRANSACTIONS, body.clone()).await;
        house.pay_in("customers:ann", "1.00").await;
        let answer = house.client.post(TRANSACTIONS, &body).await;
        assert_eq!((answer.status, answer.header("idempotency-replayed")), (StatusCode::OK, Some("true")));
        let mut again = answer.json();
        assert_eq!(again["replayed"], true);
        again["replayed"] = json!(false);
        assert_eq!(again, first, "the first answer, with the balances of then");
        let mut other = body.clone();
        other["postings"][0]["amount"] = usd("11.00");
        let taken = house.refused(TRANSACTIONS, other, 422, "id_taken").await;
        assert_eq!((&taken["field"], &taken["errors"][0]["field"]), (&json!("amount"), &json!("id")));
        assert_eq!(house.balances("customers:ann").await[0], "11.00");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_repeats_its_answer_and_refuses_another_command() {
    on_both(async |house: &House| {
        house.open_three().await;
        let body = json!({ "postings": [posting("assets:cash", "customers:ann", "10.00")] });
        let first = keyed(house, TRANSACTIONS, "order-1", &body).await;
        assert_eq!((first.status, first.header("idempotency-replayed")), (StatusCode::CREATED, None));
        let again = keyed(house, TRANSACTIONS, "order-1", &body).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (StatusCode::OK, Some("true")));
        assert_eq!(again.json()["id"], first.json()["id"]);
        let other = json!({ "postings": [posting("assets:cash", "customers:ann", "12.00")] });
        refusal(&keyed(house, TRANSACTIONS, "order-1", &other).await, 422, "idempotency_key_taken");
        let found = house.get(&format!("{TRANSACTIONS}?idempotency_key=order-1")).await;
        assert_eq!(found["id"], first.json()["id"]);
        refusal(&house.client.get(&format!("{TRANSACTIONS}?idempotency_key=order-2")).await, 404, "not_found");

        let open = json!({ "path": "customers:zoe", "currency": "USD", "normal": "credit" });
        assert_eq!(keyed(house, ACCOUNTS, "open-1", &open).await.status, StatusCode::CREATED);
        assert_eq!(keyed(house, ACCOUNTS, "open-1", &open).await.status, StatusCode::OK);
        let freeze = format!("{ACCOUNTS}/customers:zoe/freeze");
        for replayed in [None, Some("true")] {
            let frozen = keyed(house, &freeze, "freeze-1", &json!({})).await;
            assert_eq!((frozen.status, frozen.header("idempotency-replayed")), (StatusCode::OK, replayed));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_stored_and_can_be_looked_up() {
    on_both(async |house: &House| {
        house.open_three().await;
        let body = json!({ "postings": [posting("customers:ann", "customers:bob", "10.00")] });
        let first = keyed(house, TRANSACTIONS, "too-early", &body).await;
        refusal(&first, 422, "insufficient_funds");
        assert_eq!(first.header("idempotency-replayed"), None);
        house.pay_in("customers:ann", "100.00").await;
        let late = keyed(house, TRANSACTIONS, "too-early", &body).await;
        let again = refusal(&late, 422, "insufficient_funds");
        assert_eq!((late.header("idempotency-replayed"), &again["replayed"]), (Some("true"), &json!(true)));
        assert_eq!((&again["account"], &again["available"]), (&json!("customers:ann"), &usd("0.00")));
        let found = house.client.get(&format!("{TRANSACTIONS}?idempotency_key=too-early")).await;
        refusal(&found, 422, "insufficient_funds");
        assert_eq!(found.header("idempotency-replayed"), Some("true"));
        assert_eq!(house.balances("customers:ann").await[0], "100.00");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_found_by_reference_and_by_id() {
    on_both(async |house: &House| {
        house.open_three().await;
        let body = own(json!({
            "postings": [posting("assets:cash", "customers:ann", "10.00")], "reference": "inv-7", "metadata": { "by": "post" }
        }));
        let made = house.create(TRANSACTIONS, body).await;
        for path in ["?reference=inv-7".to_owned(), format!("/{}", made["id"].as_str().unwrap())] {
            let mut found = house.get(&format!("{TRANSACTIONS}{path}")).await;
            // The lookup also reports the log position: four rows were there, three accounts and this.
            assert_eq!(found.as_object_mut().unwrap().shift_remove("as_of_seq"), Some(json!(4)));
            assert_eq!(found, made);
        }
        for query in ["", "?reference=inv-7&idempotency_key=k"] {
            let answer = house.client.get(&format!("{TRANSACTIONS}{query}")).await;
            refusal(&answer, 400, "query_unsupported");
        }
        refusal(&house.client.get(&format!("{TRANSACTIONS}?reference=inv-8")).await, 404, "not_found");
    })
    .await;
}
