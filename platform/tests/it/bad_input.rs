//! Careless or hostile requests: always a 4xx problem that names what is wrong, never a 500.

use crate::common::{Answer, config, open, raw, routes, send};

const JSON: &str = "content-type: application/json\r\n";

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, field: Option<&str>) {
    let body = answer.json();
    assert_eq!((answer.status, body["code"].as_str().unwrap()), (status, code), "{body}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.head);
    assert_eq!(body["type"], format!("/problems/{code}"));
    assert_eq!(body["status"], status);
    assert_eq!(body["request_id"].as_str(), answer.header("x-request-id"));
    assert_eq!(body["errors"][0]["field"].as_str(), field, "{body}");
}

#[tokio::test]
async fn malformed_bodies_are_refused_by_name() {
    let server = open(routes(), &config(&[("FLORIN__SERVER__BODY_BYTES_MAX", "4096")])).await;
    let at = server.address();
    let post = async |headers: &str, body: &[u8]| send(at, "POST", "/orders", headers, body).await;

    assert_eq!(post(JSON, br#"{"id":1,"lines":[{"amount":"1.00"}]}"#).await.status, 200);
    assert_eq!(post("content-type: application/json; charset=utf-8\r\n", br#"{"id":1,"lines":[]}"#).await.status, 200);
    refused(&post("", b"").await, 400, "body_missing", None);
    refused(&post("origin: https://elsewhere.test\r\n", b"").await, 415, "content_type_wrong", None);
    refused(&post("", b"{}").await, 415, "content_type_wrong", None);
    refused(&post("content-type: text/plain\r\n", b"{}").await, 415, "content_type_wrong", None);
    refused(&post("content-type: application/jsonp\r\n", b"{}").await, 415, "content_type_wrong", None);
    refused(&post(JSON, b"").await, 400, "body_missing", None);
    refused(&post(JSON, b"hello").await, 400, "json_malformed", None);
    refused(&post(JSON, b"{\"id\":\xc3\x28}").await, 400, "bad_utf8", None);
    refused(&post(JSON, b"{\"id\":\"\\u0000\"}").await, 400, "nul_character", None);
    refused(&post(JSON, b"{\"id\":\0}").await, 400, "nul_character", None);
    refused(&post(JSON, &[b'['; 17]).await, 400, "json_too_deep", None);
    refused(&post(JSON, br#"{"id":"x","lines":[]}"#).await, 400, "field_invalid", Some("id"));
    refused(&post(JSON, br#"{"id":1,"lines":[{"amount":1}]}"#).await, 400, "field_invalid", Some("lines[0].amount"));
    refused(&post(JSON, br#"{"id":1,"lines":[],"fee":1}"#).await, 400, "field_invalid", Some("fee"));
    refused(&post(JSON, br#"{"id":1}"#).await, 400, "field_invalid", Some("lines"));
    refused(&post(JSON, &[b' '; 5_000]).await, 413, "body_too_large", None);
}

#[tokio::test]
async fn a_body_without_a_length_is_bounded() {
    let server = open(routes(), &config(&[("FLORIN__SERVER__BODY_BYTES_MAX", "1024")])).await;
    let head = "POST /orders HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n";
    let chunk = format!("800\r\n{}\r\n0\r\n\r\n", " ".repeat(0x800));
    let answer = raw(server.address(), format!("{head}{JSON}\r\n{chunk}").as_bytes()).await;
    refused(&answer, 413, "body_too_large", None);
}

#[tokio::test]
async fn malformed_paths_and_queries_are_refused_by_name() {
    let server = open(routes(), &config(&[])).await;
    let at = server.address();
    let get = async |path: &str| send(at, "GET", path, "", b"").await;

    assert_eq!(get("/orders?limit=500").await.json()["items"].as_array().unwrap().len(), 500);
    assert_eq!(get("/orders").await.json()["items"].as_array().unwrap().len(), 50);
    refused(&get("/orders?limit=501").await, 400, "limit_too_large", Some("limit"));
    refused(&get("/orders?limit=many").await, 400, "field_invalid", Some("limit"));
    refused(&get("/orders?limit=1&limit=2").await, 400, "field_invalid", Some("limit"));
    refused(&get("/orders?page=2").await, 400, "field_invalid", Some("page"));
    refused(&get("/orders?limit=%ff").await, 400, "bad_utf8", Some("query"));
    refused(&get("/orders?limit=%00").await, 400, "nul_character", Some("query"));
    refused(&get("/orders/%ff").await, 400, "bad_utf8", Some("path"));
    refused(&get("/orders/1%00").await, 400, "nul_character", Some("path"));
    refused(&get("/orders/first").await, 400, "field_invalid", Some("number"));
    refused(&get("/orders/../../etc/passwd").await, 404, "route_unknown", None);
    refused(&get(&format!("/{}", "a".repeat(20_000))).await, 404, "route_unknown", None);
    assert_eq!(get(&format!("/{}", "a".repeat(200_000))).await.status, 431);
    assert_eq!(get("/orders/7").await.json()["number"], 7);
}

#[tokio::test]
async fn unknown_routes_and_methods_are_refused() {
    let server = open(routes(), &config(&[])).await;
    refused(&send(server.address(), "GET", "/nowhere", "", b"").await, 404, "route_unknown", None);
    let answer = send(server.address(), "DELETE", "/orders", "", b"").await;
    refused(&answer, 405, "method_not_allowed", None);
    assert!(
        answer.header("allow").is_some_and(|allow| allow.contains("POST") && allow.contains("GET")),
        "{}",
        answer.head
    );
    refused(&send(server.address(), "BREW", "/orders", "", b"").await, 405, "method_not_allowed", None);
    let head = send(server.address(), "HEAD", "/nowhere", "", b"").await;
    assert_eq!((head.status, head.body.as_str()), (404, ""));
}

#[tokio::test]
async fn unknown_hosts_are_refused() {
    let server = open(routes(), &config(&[("FLORIN__SERVER__HOSTS", "bank.test")])).await;
    let at = server.address();
    let get = async |headers: &str| send(at, "GET", "/whoami", headers, b"").await;
    for good in ["Host: localhost:8080\r\n", "Host: [::1]\r\n", "Host: Bank.Test\r\n"] {
        assert_eq!(get(good).await.status, 200, "{good}");
    }
    for bad in
        ["Host: evil.test\r\n", "Host: localhost.evil.test\r\n", "Host:\r\n", "Host: localhost\r\nHost: evil.test\r\n"]
    {
        refused(&get(bad).await, 421, "host_unknown", None);
    }
    refused(&raw(at, b"GET /whoami HTTP/1.0\r\n\r\n").await, 421, "host_unknown", None);
    let absolute = b"GET http://evil.test/whoami HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    refused(&raw(at, absolute).await, 421, "host_unknown", None);
}

#[tokio::test]
async fn malformed_or_repeated_headers_are_refused() {
    let server = open(routes(), &config(&[])).await;
    let at = server.address();
    let get = async |path: &str, headers: &str| send(at, "GET", path, headers, b"").await;

    let named = get("/whoami", "X-Request-Id: order-17\r\nIdempotency-Key: k-1\r\n").await;
    assert_eq!(named.header("x-request-id"), Some("order-17"));
    assert_eq!((&named.json()["request_id"], &named.json()["key"]), (&"order-17".into(), &"k-1".into()));
    let hostile = get("/whoami", "X-Request-Id: <script>\r\n").await;
    assert!(hostile.header("x-request-id").unwrap().starts_with("req_"));

    let bad_key = "idempotency_key_invalid";
    refused(&get("/whoami", "Idempotency-Key: two words\r\n").await, 400, bad_key, Some("Idempotency-Key"));
    refused(
        &get("/whoami", "Idempotency-Key: a\r\nIdempotency-Key: b\r\n").await,
        400,
        bad_key,
        Some("Idempotency-Key"),
    );
    refused(&get("/whoami", "X-Deadline-Ms: soon\r\n").await, 400, "deadline_invalid", Some("X-Deadline-Ms"));
    refused(&get("/nobody", "").await, 401, "unauthenticated", None);
}

#[tokio::test]
async fn internal_failures_do_not_reveal_their_cause() {
    let server = open(routes(), &config(&[])).await;
    for path in ["/panic", "/broken"] {
        let answer = send(server.address(), "GET", path, "", b"").await;
        assert!(!answer.body.contains("planted") && !answer.head.contains("planted"), "{}", answer.body);
        refused(&answer, 500, "internal", None);
    }
}

#[tokio::test]
async fn a_response_that_takes_too_long_is_abandoned() {
    let server = open(routes(), &config(&[("FLORIN__SERVER__DEADLINE_MS", "100")])).await;
    refused(&send(server.address(), "GET", "/slow/5000", "", b"").await, 504, "deadline_passed", None);
    let longer = send(server.address(), "GET", "/slow/5000", "X-Deadline-Ms: 9000\r\n", b"").await;
    refused(&longer, 504, "deadline_passed", None);
}
