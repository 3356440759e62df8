//! Lists in pages, roll-ups, and the feed.

use serde_json::{Value, json};

use crate::end_to_end::house::{ACCOUNTS, House, on_both, refusal, usd};

fn paths(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["path"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn search_pages_have_no_gaps_or_repeats() {
    on_both(async |house: &House| {
        for place in 0..23 {
            let (owner, tier) = if place % 2 == 0 { ("even", "gold") } else { ("odd", "silver") };
            let body = json!({
                "path": format!("customers:{place:02}"), "currency": "USD", "normal": "credit", "owner": owner,
                "reference": format!("ref-{place}"), "metadata": { "tier": tier, "a b&c": "d=e" }
            });
            house.create(ACCOUNTS, body).await;
        }
        house.open("customersx").await;
        let (mut seen, mut query) = (Vec::new(), format!("{ACCOUNTS}?prefix=customers&limit=5"));
        let mut pages = 0;
        loop {
            let page = house.get(&query).await;
            seen.extend(paths(&page));
            pages += 1;
            let Some(next) = page["next"].as_str() else { break };
            query = format!("{ACCOUNTS}?prefix=customers&limit=5&cursor={next}");
        }
        let all: Vec<String> = (0..23).map(|place| format!("customers:{place:02}")).collect();
        assert_eq!((seen, pages), (all, 5));
        assert_eq!(paths(&house.get(&format!("{ACCOUNTS}?owner=odd")).await).len(), 11);
        assert_eq!(paths(&house.get(&format!("{ACCOUNTS}?owner=odd&prefix=customers:01")).await), ["customers:01"]);
        assert_eq!(paths(&house.get(&format!("{ACCOUNTS}?metadata.tier=gold")).await).len(), 12);
        assert_eq!(paths(&house.get(&format!("{ACCOUNTS}?metadata.a%20b%26c=d%3De")).await).len(), 23);
        assert_eq!(paths(&house.get(&format!("{ACCOUNTS}?reference=ref-7")).await), ["customers:07"]);
        assert_eq!(paths(&house.get(&format!("{ACCOUNTS}?owner=nobody")).await), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_query_is_refused_by_parameter() {
    let house = House::start(&[]).await;
    for (query, code, field) in [
        ("limit=0", "page_size", Some("limit")),
        ("limit=501", "page_size", Some("limit")),
        ("limit=ten", "field_invalid", Some("limit")),
        ("limit=1&limit=2", "field_invalid", Some("limit")),
        ("cursor=zzz", "cursor_invalid", Some("cursor")),
        ("prefix=a::b", "field_invalid", Some("prefix")),
        ("owner=a%20b", "field_invalid", Some("owner")),
        ("colour=red", "field_invalid", Some("colour")),
        ("owner=a&metadata.b=c", "query_unsupported", None),
    ] {
        let body = refusal(&house.client.get(&format!("{ACCOUNTS}?{query}")).await, 400, code);
        assert_eq!(body["errors"][0]["field"].as_str(), field, "{query}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roll_ups_are_summed_per_currency() {
    on_both(async |house: &House| {
        house.open_three().await;
        house.create(ACCOUNTS, json!({ "path": "customers:kyo", "currency": "JPY", "normal": "credit" })).await;
        house.pay_in("customers:ann", "100.00").await;
        house.pay_in("customers:bob", "20.00").await;
        house.hold("customers:ann", "customers:bob", "30.00").await;
        let sums = house.get("/v1/ledger/balances?prefix=customers").await;
        assert_eq!((&sums["accounts"], sums["currencies"].as_array().unwrap().len()), (&json!(3), 2));
        let dollars = &sums["currencies"][1];
        assert_eq!((&dollars["currency"], &dollars["accounts"]), (&json!("USD"), &json!(2)));
        assert_eq!((&dollars["posted_credits"], &dollars["pending_debits"]), (&usd("120.00"), &usd("30.00")));
        assert_eq!(dollars["net_debit"], usd("-120.00"));
        assert_eq!(house.get("/v1/ledger/balances?prefix=customers:ann").await["accounts"], 1);
        assert_eq!(house.get("/v1/ledger/balances?prefix=custom").await["accounts"], 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_read_in_order_from_any_position() {
    on_both(async |house: &House| {
        house.open_three().await;
        house.pay_in("customers:ann", "10.00").await;
        let kinds = |page: &Value| -> Vec<String> {
            page["items"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
        };
        let all = house.get("/v1/ledger/events").await;
        let opened = "ledger.account.opened";
        assert_eq!(kinds(&all), [opened, opened, opened, "ledger.transaction.posted"]);
        let first = house.get("/v1/ledger/events?limit=3").await;
        let rest = house.get(&format!("/v1/ledger/events?after={}", first["next"])).await;
        assert_eq!((&rest["items"], &rest["next"]), (&json!([all["items"][3]]), &all["next"]));
        let waiting = format!("/v1/ledger/events?after={}&wait_ms=4000", all["next"]);
        let listener = house.client.clone();
        let news = tokio::spawn(async move { listener.get(&waiting).await.json() });
        house.hold("customers:ann", "customers:bob", "1.00").await;
        assert_eq!(kinds(&news.await.unwrap()), ["ledger.transaction.held"]);
        for (query, code) in [
            ("limit=0", "page_size"),
            ("limit=1001", "page_size"),
            ("after=-1", "field_invalid"),
            ("from=1", "field_invalid"),
        ] {
            refusal(&house.client.get(&format!("/v1/ledger/events?{query}")).await, 400, code);
        }
    })
    .await;
}
