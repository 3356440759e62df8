//! Several books behind one API: created, filled and queried separately.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::end_to_end::house::{ACCOUNTS, BATCHES, House, TRANSACTIONS, on_both, own, posting};

const BOOKS: &str = "/v1/ledger/books";

fn named(book: &str, amount: &str) -> Value {
    let mut posting = posting("assets:cash", "customers:ann", amount);
    posting["book"] = json!(book);
    posting
}

async fn people(house: &House, book: &str) {
    let at = format!("{ACCOUNTS}?book={book}");
    let cash = json!({ "path": "assets:cash", "currency": "USD", "normal": "debit", "may_go_negative": true });
    house.create(&at, cash).await;
    for path in ["customers:ann", "customers:bob"] {
        house.create(&at, json!({ "path": path, "currency": "USD", "normal": "credit" })).await;
    }
}

async fn posted(house: &House, book: &str) -> String {
    let account = house.get(&format!("{ACCOUNTS}/customers:ann?book={book}")).await;
    account["balances"]["posted"]["amount"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_book_is_a_separate_ledger() {
    on_both(async |house: &House| {
        let made = house.create(BOOKS, json!({ "book": "acme-uk" })).await;
        assert_eq!((&made["book"], &made["replayed"]), (&json!("acme-uk"), &json!(false)));
        let again = house.again(BOOKS, json!({ "book": "acme-uk" })).await;
        assert_eq!((&again["created_at"], &again["replayed"]), (&made["created_at"], &json!(true)));
        for book in ["main", "acme-uk"] {
            people(house, book).await;
        }
        let listed = house.get(BOOKS).await;
        let names: Vec<&str> = listed.as_array().unwrap().iter().map(|book| book["book"].as_str().unwrap()).collect();
        assert_eq!(names, ["acme-uk", "main"]);

        // By the query, by the postings, by both.
        let acme = |path: &str| format!("{path}?book=acme-uk");
        house.create(TRANSACTIONS, own(json!({ "postings": [named("main", "1.00")] }))).await;
        let second = own(json!({ "postings": [named("acme-uk", "20.00")] }));
        house.create(TRANSACTIONS, second.clone()).await;
        house.create(&acme(TRANSACTIONS), own(json!({ "postings": [named("acme-uk", "300.00")] }))).await;
        // The same command, however it names its book.
        let mut bare = second.clone();
        bare["postings"] = json!([posting("assets:cash", "customers:ann", "20.00")]);
        assert_eq!(house.again(&acme(TRANSACTIONS), bare).await["replayed"], true);
        let lines = json!([{ "create": own(json!({ "postings": [named("acme-uk", "4000.00")] })) }]);
        house.again(BATCHES, json!({ "atomic": true, "lines": lines })).await;
        assert_eq!((posted(house, "main").await, posted(house, "acme-uk").await), ("1.00".into(), "4320.00".into()));
        assert_eq!(house.client.get(&format!("{TRANSACTIONS}/{}", second["id"].as_str().unwrap())).await.status, 404);

        let mixed = json!({ "postings": [named("main", "1.00"), named("acme-uk", "1.00")] });
        for (path, body) in [
            (TRANSACTIONS.to_owned(), own(mixed.clone())),
            (acme(TRANSACTIONS), own(json!({ "postings": [named("main", "1.00")] }))),
            (BATCHES.to_owned(), json!({ "atomic": false, "lines": [{ "create": own(mixed.clone()) }] })),
        ] {
            let refused = house.refused(&path, body, 400, "books_differ").await;
            assert!(refused["book"] != refused["other"], "{refused}");
        }

        let status = house.get(&format!("{BOOKS}/acme-uk")).await;
        assert!(status["head"].as_str().unwrap().starts_with("florin-1:acme-uk:"), "{status}");
        assert_eq!((&status["rows"], &status["accepting"]), (&json!(6), &json!(true)));
        let events = house.get("/v1/ledger/events?after=0&book=acme-uk").await;
        let events = events["items"].as_array().unwrap();
        assert!(events.len() == 6 && events.iter().all(|event| event["source"] == "/ledger/acme-uk"), "{events:?}");
    })
    .await;
}

/// A page continues in the book that its cursor is from, even if the book is also given.
#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_refused_in_another_book() {
    let house = House::start(&[]).await;
    house.create(BOOKS, json!({ "book": "acme" })).await;
    for book in ["main", "acme"] {
        people(&house, book).await;
        for _ in 0..2 {
            house.create(TRANSACTIONS, own(json!({ "postings": [named(book, "1.00")] }))).await;
        }
    }
    for list in [format!("{ACCOUNTS}?limit=1"), format!("{ACCOUNTS}/customers:ann/statement?limit=1")] {
        let page = house.get(&format!("{list}&book=acme")).await;
        let cursor = page["next"].as_str().unwrap();
        assert_eq!(page["as_of_seq"], 5);
        let next = house.get(&format!("{list}&book=acme&cursor={cursor}")).await;
        assert_ne!(next, page);
        let foreign = house.client.get(&format!("{list}&cursor={cursor}")).await;
        assert_eq!((foreign.status, &foreign.json()["code"]), (StatusCode::BAD_REQUEST, &json!("cursor_invalid")));
    }
    let page = house.client.get(&format!("{ACCOUNTS}/customers:ann/statement?limit=1&format=page&book=acme")).await;
    assert!(page.text().contains("&amp;book=acme"), "{}", page.text());
    let shown = house.get("/status").await["services"]["ledger"].clone();
    assert_eq!((&shown["books_in_all"], &shown["books"]["acme"]["rows"]), (&json!(2), &json!(5)));
    let (status, output) = house.server.stop().await;
    assert!(status.success());
    let heads: Vec<&str> = output.lines().filter_map(|line| line.strip_prefix("florin: ledger head ")).collect();
    assert!(heads.len() == 2 && heads[0].contains(":main:") && heads[1].contains(":acme:5:5:"), "{heads:?}");
}
