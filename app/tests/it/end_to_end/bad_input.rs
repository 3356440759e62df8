//! Invalid requests of every kind get a problem with a 4xx status that names the field, if there is one; never a 5xx,
//! and nothing changes.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::Value;

use crate::end_to_end::house::{ACCOUNTS, BATCHES, House, TRANSACTIONS, on_both};

const ID: &str = "txn_01kppyzd5gfmra2qsx5rkvr8wb";

struct Bad {
    method: &'static str,
    path: String,
    content_type: Option<&'static str>,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
    field: Option<&'static str>,
}

fn post(path: &str, body: impl Into<Vec<u8>>, status: u16, code: &'static str, field: Option<&'static str>) -> Bad {
    let (path, body) = (path.to_owned(), body.into());
    Bad { method: "POST", path, content_type: Some("application/json"), body, status, code, field }
}

fn wrong(path: &str, body: &str, field: &'static str) -> Bad {
    post(path, body, 400, "field_invalid", Some(field))
}

fn get(path: &str, status: u16, code: &'static str, field: Option<&'static str>) -> Bad {
    Bad { method: "GET", content_type: None, ..post(path, "", status, code, field) }
}

/// Bodies that no route accepts.
fn of_any_body(path: &str) -> Vec<Bad> {
    let deep = format!("{}1{}", "[".repeat(17), "]".repeat(17));
    let mut bad = vec![
        post(path, "not json", 400, "json_malformed", None),
        post(path, "{", 400, "json_malformed", None),
        post(path, deep, 400, "json_too_deep", None),
        post(path, vec![b' '; 1_048_577], 413, "body_too_large", None),
        post(path, b"{\"id\":\"\xff\xfe\"}".to_vec(), 400, "bad_utf8", None),
        post(path, "{\"id\":\"a\\u0000b\"}", 400, "nul_character", None),
        post(path, b"{\"id\":\"a\0b\"}".to_vec(), 400, "nul_character", None),
        wrong(path, "[]", "body"),
        wrong(path, "7", "body"),
        wrong(path, "\"text\"", "body"),
        wrong(path, r#"{"surprise":1}"#, "surprise"),
    ];
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        bad.push(Bad { content_type, ..post(path, "{}", 415, "content_type_wrong", None) });
    }
    bad
}

fn transaction(posting: &str) -> String {
    format!(r#"{{"id":"{ID}","postings":[{posting}]}}"#)
}

fn of_transactions() -> Vec<Bad> {
    let amount =
        |amount: &str| transaction(&format!(r#"{{"debit":"assets:cash","credit":"customers:ann","amount":{amount}}}"#));
    let in_amount = |text: &str, field| wrong(TRANSACTIONS, &amount(text), field);
    let in_body = |text: &str, field| wrong(TRANSACTIONS, text, field);
    let usd = r#""amount":{"amount":"1.00","currency":"USD"}"#;
    vec![
        in_amount(r#"{"amount":10.00,"currency":"USD"}"#, "postings[0].amount.amount"),
        in_amount(r#"{"amount":10,"currency":"USD"}"#, "postings[0].amount.amount"),
        in_amount("10.00", "postings[0].amount"),
        in_amount("null", "postings[0].amount"),
        in_amount(r#""10.00 USD""#, "postings[0].amount"),
        in_amount(r#"{"amount":"10.0","currency":"USD"}"#, "postings[0].amount"),
        in_amount(r#"{"amount":"1e3","currency":"USD"}"#, "postings[0].amount"),
        in_amount(r#"{"amount":"NaN","currency":"USD"}"#, "postings[0].amount"),
        in_amount(r#"{"amount":"99999999999999999999.00","currency":"USD"}"#, "postings[0].amount"),
        in_amount(r#"{"amount":"1.00","currency":"usd"}"#, "postings[0].amount"),
        in_amount(r#"{"amount":"1.00","currency":840}"#, "postings[0].amount.currency"),
        in_amount(r#"{"amount":"1.00"}"#, "postings[0].amount.currency"),
        in_amount(r#"{"amount":"1.00","currency":"USD","scale":2}"#, "postings[0].amount.scale"),
        in_body("{}", "postings"),
        in_body(r#"{"postings":{}}"#, "postings"),
        in_body(&transaction("1"), "postings[0]"),
        in_body(&transaction(&format!(r#"{{"debit":7,{usd}}}"#)), "postings[0].debit"),
        in_body(&transaction(&format!(r#"{{"debit":"a::b",{usd}}}"#)), "postings[0].debit"),
        in_body(&transaction(&format!(r#"{{"debit":"{}",{usd}}}"#, "a".repeat(256))), "postings[0].debit"),
        in_body(&transaction(&format!(r#"{{"debit":"a/../b",{usd}}}"#)), "postings[0].debit"),
        in_body(&transaction(&format!(r#"{{"debit":"a","debit":"b",{usd}}}"#)), "postings[0].debit"),
        in_body(&transaction(&format!(r#"{{"debit":"a","override":"all",{usd}}}"#)), "postings[0].override"),
        in_body(
            &transaction(&format!(r#"{{"split":[{{"account":"a","percent":50}}],{usd}}}"#)),
            "postings[0].split[0].percent",
        ),
        in_body(&transaction(&format!(r#"{{"up_to_available":"yes",{usd}}}"#)), "postings[0].up_to_available"),
        in_body(r#"{"id":"txn_1","postings":[]}"#, "id"),
        in_body(&format!(r#"{{"id":"{}","postings":[]}}"#, ID.replace("txn", "acct")), "id"),
        in_body(r#"{"status":"done","postings":[]}"#, "status"),
        in_body(r#"{"effective_at":"yesterday","postings":[]}"#, "effective_at"),
        in_body(r#"{"expires_at":1700000000,"postings":[]}"#, "expires_at"),
        in_body(r#"{"reference":"two words","postings":[]}"#, "reference"),
        in_body(r#"{"metadata":{"a":1},"postings":[]}"#, "metadata.a"),
        in_body(r#"{"if_version":[{"account":"a","version":-1}],"postings":[]}"#, "if_version[0].version"),
        in_body(r#"{"dry_run":1,"postings":[]}"#, "dry_run"),
        wrong(BATCHES, r#"{"lines":[]}"#, "atomic"),
        wrong(BATCHES, r#"{"atomic":true,"lines":[{"destroy":{}}]}"#, "lines[0]"),
        wrong(BATCHES, r#"{"atomic":true,"lines":[{"post":{"transaction":5}}]}"#, "lines[0].post.transaction"),
    ]
}

fn of_accounts() -> Vec<Bad> {
    let with = |field: &str| format!(r#"{{"path":"a:b","currency":"USD","normal":"debit",{field}}}"#);
    vec![
        wrong(ACCOUNTS, r#"{"currency":"USD","normal":"debit"}"#, "path"),
        wrong(ACCOUNTS, r#"{"path":"","currency":"USD","normal":"debit"}"#, "path"),
        wrong(ACCOUNTS, r#"{"path":"a","currency":"XYZ","normal":"debit"}"#, "currency"),
        wrong(ACCOUNTS, r#"{"path":"a","currency":"USD","normal":"left"}"#, "normal"),
        wrong(ACCOUNTS, &with(r#""floor":0"#), "floor"),
        wrong(ACCOUNTS, &with(r#""floor":{"amount":0,"currency":"USD"}"#), "floor.amount"),
        wrong(ACCOUNTS, &with(r#""limits":{}"#), "limits"),
        wrong(ACCOUNTS, &with(r#""may_go_negative":"no""#), "may_go_negative"),
        wrong("/v1/ledger/assets", r#"{"code":"POINTS","scale":-1}"#, "scale"),
    ]
}

fn of_paths() -> Vec<Bad> {
    let transaction = |id: &str| format!("{TRANSACTIONS}/{id}");
    let account = |path: &str| format!("{ACCOUNTS}/{path}");
    vec![
        get(&transaction("txn_1"), 400, "field_invalid", Some("id")),
        get(&transaction(&"9".repeat(5_000)), 400, "field_invalid", Some("id")),
        get(&transaction("%00"), 400, "nul_character", Some("path")),
        get(&transaction("%ff%fe"), 400, "bad_utf8", Some("path")),
        get(&transaction("%2e%2e%2f%2e%2e%2fetc%2fpasswd"), 400, "field_invalid", Some("id")),
        get(&account("a::b"), 400, "field_invalid", Some("path")),
        get(&account("%F0%9F%92%B0"), 400, "field_invalid", Some("path")),
        get(&account(&"a:".repeat(200)), 400, "field_invalid", Some("path")),
        get(&account("a%00b"), 400, "nul_character", Some("path")),
        get(&format!("{ACCOUNTS}?owner=%00"), 400, "nul_character", Some("query")),
        get(&format!("{ACCOUNTS}?owner=%ff"), 400, "bad_utf8", Some("query")),
        get("/v1/ledger/balances", 400, "field_invalid", Some("prefix")),
        get("/v1/ledger/nothing", 404, "route_unknown", None),
        get("/v1/ledger/accounts/a/b/c/d", 404, "route_unknown", None),
        get(BATCHES, 405, "method_not_allowed", None),
        Bad { method: "DELETE", ..get(&account("a"), 405, "method_not_allowed", None) },
        Bad { method: "POST", ..get(&format!("{}/post", transaction(ID)), 400, "idempotency_missing", Some("id")) },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_input_is_refused_by_field_and_changes_nothing() {
    on_both(async |house: &House| {
        house.open_three().await;
        let before = house.head().await;
        let steps = ["post", "void", "increase", "reverse"].map(|step| format!("{TRANSACTIONS}/{ID}/{step}"));
        let account = format!("{ACCOUNTS}/customers:ann");
        let changes = ["freeze", "unfreeze", "close"].map(|change| format!("{account}/{change}"));
        let routes = [ACCOUNTS, TRANSACTIONS, BATCHES, "/v1/ledger/assets", "/v1/accounts"];
        let routes = routes.into_iter().map(str::to_owned).chain(steps).chain(changes);
        let mut all: Vec<Bad> = routes.flat_map(|route| of_any_body(&route)).collect();
        for route in ["limits", "metadata"] {
            let bad = of_any_body(&format!("{account}/{route}"));
            all.extend(bad.into_iter().map(|bad| Bad { method: "PUT", ..bad }));
        }
        all.extend(of_transactions().into_iter().chain(of_accounts()).chain(of_paths()));
        assert!(all.len() > 200, "{}", all.len());
        for bad in all {
            check(house, bad).await;
        }
        assert_eq!(house.head().await, before, "something was written");
        assert_eq!(house.client.get("/ready").await.status, 200);
    })
    .await;
}

async fn check(house: &House, bad: Bad) {
    let mut request = Request::builder().method(bad.method).uri(&bad.path);
    if let Some(content_type) = bad.content_type {
        request = request.header("content-type", content_type);
    }
    let shown: String = String::from_utf8_lossy(&bad.body).chars().take(120).collect();
    // Each on its own connection: the server closes one whose body it did not read to the end.
    let client = house.client.clone();
    let answer = client.send_raw(request.body(Full::new(Bytes::from(bad.body))).unwrap()).await.unwrap();
    let body: Value = answer.json();
    let got = (answer.status.as_u16(), body["code"].as_str(), body["errors"][0]["field"].as_str());
    let (method, path) = (bad.method, bad.path.chars().take(120).collect::<String>());
    assert_eq!(got, (bad.status, Some(bad.code), bad.field), "{method} {path} {shown}: {body}");
}
