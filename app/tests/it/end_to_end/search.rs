//! A shop looks up its payments by order number.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::end_to_end::house::{House, TRANSACTIONS, on_both, own, posting, refusal};

const KEYS: &str = "/v1/ledger/metadata-keys";

async fn pay(house: &House, order: &str) -> String {
    let body = json!({
        "postings": [posting("assets:cash", "customers:ann", "1.00")],
        "metadata": { "order": order, "a b&c": "d=e" }
    });
    house.create(TRANSACTIONS, own(body)).await["id"].as_str().unwrap().to_owned()
}

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn caught_up(house: &House) {
    for _ in 0..200 {
        let rows = &house.get("/v1/ledger/events?limit=1000").await["next"];
        let keys = house.get(KEYS).await;
        if keys.as_array().unwrap().iter().all(|key| key["indexed_to_seq"] == *rows) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the index does not reach the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_are_found_by_order_number() {
    on_both(async |house: &House| {
        house.open_three().await;
        let early = pay(house, "4711").await;
        let key = house.create(KEYS, json!({ "key": "order" })).await;
        assert_eq!((&key["indexed_to_seq"], &key["replayed"]), (&json!(0), &json!(false)));
        assert_eq!(house.again(KEYS, json!({ "key": "order" })).await["replayed"], json!(true));
        let mut wanted = vec![early];
        for _ in 0..4 {
            pay(house, "4712").await;
            wanted.insert(0, pay(house, "4711").await);
        }
        house.create(KEYS, json!({ "key": "a b&c" })).await;
        caught_up(house).await;
        let (mut found, mut path) = (Vec::new(), format!("{TRANSACTIONS}?metadata.order=4711&limit=2"));
        loop {
            let page = house.get(&path).await;
            assert!(page["indexed_to_seq"].as_u64().unwrap() > 10, "{page}");
            found.extend(ids(&page));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("{TRANSACTIONS}?metadata.order=4711&limit=2&cursor={next}");
        }
        assert_eq!(found, wanted);
        assert_eq!(ids(&house.get(&format!("{TRANSACTIONS}?metadata.a%20b%26c=d%3De")).await).len(), 9);
        assert_eq!(ids(&house.get(&format!("{TRANSACTIONS}?metadata.order=4713")).await), Vec::<String>::new());
        let gone = house.send(Method::DELETE, &format!("{KEYS}/a%20b%26c"), None).await;
        assert!(gone.status.is_success(), "{}", gone.text());
        assert_eq!(house.get(KEYS).await.as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undeclared_key_is_refused_with_the_declared_ones() {
    let house = House::start(&[]).await;
    house.create(KEYS, json!({ "key": "order" })).await;
    for (query, status, code, field) in [
        ("metadata.order=1&limit=0", 400, "page_size", Some("limit")),
        ("metadata.order=1&limit=x", 400, "field_invalid", Some("limit")),
        ("metadata.order=1&cursor=zzz", 400, "cursor_invalid", Some("cursor")),
        ("metadata.order=1&metadata.shop=2", 400, "query_unsupported", None),
        ("metadata.order=1&reference=x", 400, "query_unsupported", None),
        ("reference=x&limit=1", 400, "query_unsupported", None),
        ("reference=x&reference=y", 400, "field_invalid", Some("reference")),
        ("limit=1", 400, "query_unsupported", None),
        ("amount=1", 400, "field_invalid", Some("amount")),
        ("metadata.shop=1", 422, "metadata_key_undeclared", None),
        ("metadata.=1", 422, "metadata_key_undeclared", None),
    ] {
        let body = refusal(&house.client.get(&format!("{TRANSACTIONS}?{query}")).await, status, code);
        assert_eq!(body["errors"][0]["field"].as_str(), field, "{query}: {body}");
    }
}
