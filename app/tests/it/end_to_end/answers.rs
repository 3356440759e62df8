//! The content type of each answer, and what strangers who probe addresses must not find.

use hyper::Method;
use serde_json::Value;
use testkit::{Answer, Client};

use crate::end_to_end::document::{operations, printed};
use crate::end_to_end::house::House;

const PAGES: [&str; 16] = [
    "/",
    "/docs",
    "/openapi.json",
    "/login",
    "/login/forgot",
    "/login/nothing",
    "/account",
    "/logout",
    "/consent",
    "/oauth2/authorize",
    "/oauth2/userinfo",
    "/oauth2/jwks",
    "/oauth2/logout",
    "/.well-known/openid-configuration",
    "/metrics",
    "/health",
];

/// What a development server or a careless one would answer.
const ABSENT: [&str; 16] = [
    "/assets",
    "/assets/",
    "/assets/..",
    "/assets/%2e%2e/%2e%2e/etc/passwd",
    "/static/",
    "/debug",
    "/debug/pprof/",
    "/v1/debug",
    "/actuator/env",
    "/actuator/heapdump",
    "/server-status",
    "/trace",
    "/.git/config",
    "/.env",
    "/Cargo.toml",
    "/florin.toml",
];

/// Whether the body matches its content type.
fn typed(what: &str, answer: &Answer) {
    if answer.bytes.is_empty() {
        return;
    }
    let kind = answer.header("content-type").unwrap_or_else(|| panic!("{what}: no type: {}", answer.text()));
    let is_json = serde_json::from_slice::<Value>(&answer.bytes).is_ok();
    match kind {
        "application/json" | "application/problem+json" => assert!(is_json, "{what}: {kind}: {}", answer.text()),
        text if text.starts_with("text/") => {
            assert!(text.contains("charset=utf-8") && !is_json, "{what}: {kind}: {}", answer.text());
            let is_page = answer.text().starts_with("<!DOCTYPE html>");
            assert_eq!(text.starts_with("text/html"), is_page, "{what}: {kind}: {}", answer.text());
        }
        other => panic!("{what}: {other}"),
    }
}

async fn ask(client: &Client, method: Method, path: &str, body: Option<&Value>) -> Answer {
    let answer = client.send(method.clone(), path, &[], body).await.unwrap();
    typed(&format!("{method} {path} {}", answer.status), &answer);
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_its_content_type() {
    let house = House::start(&[]).await;
    house.open_three().await;
    let stranger = house.client.stranger();
    for path in PAGES {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::TRACE] {
            ask(&stranger, method, path, None).await;
        }
    }
    for path in ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/login/password", "/account/confirm"] {
        ask(&stranger, Method::POST, path, Some(&Value::Null)).await;
    }
    let document: Value = serde_json::from_str(&printed()).unwrap();
    let mut good = 0;
    for operation in operations(&document) {
        let path = operation.path.replace("{path}", "customers:ann").replace("{book}", "main");
        let path = path.replace("{name}", "customer").replace("{key}", "channel").replace("{id}", "tests");
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        ask(&stranger, method.clone(), &path, None).await;
        // Changes have no body, and are refused.
        good += usize::from(ask(&house.client, method, &path, None).await.status.is_success());
    }
    assert!(good > 10, "only {good} good answers");
    house.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_debug_pages_or_directory_listings_exist() {
    let house = House::start(&[]).await;
    for path in ABSENT {
        for client in [&house.client, &house.client.stranger()] {
            let answer = ask(client, Method::GET, path, None).await;
            let status = answer.status.as_u16();
            assert!(matches!(status, 401 | 404), "{path}: {status} {}", answer.text());
            for inside in ["Index of", "[package]", "root:", "panicked", "src/", ".rs:"] {
                assert!(!answer.text().contains(inside), "{path}: {}", answer.text());
            }
        }
    }
    house.server.stop().await;
}
