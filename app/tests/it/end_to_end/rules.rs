//! The expressions of operators' dashboards and alert rules, as their guides write them, evaluated by promtool over two
//! scrapes of a running server: each has a value. Conditions such as `> 1` are left out, so that the value shows.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Command;

use hyper::{Method, StatusCode};
use serde_json::json;

use crate::end_to_end::house::{ACCOUNTS, House};

const EXPRESSIONS: [&str; 10] = [
    r#"sum(rate(http_requests_total{service="payment-service"}[5m]))"#,
    r#"sum(rate(http_requests_total{service="transaction-service"}[5m]))"#,
    r#"100 * (sum(rate(http_requests_total{service="account-service", code=~"2.."}[5m])) / sum(rate(http_requests_total{service="account-service"}[5m])))"#,
    r#"(sum(rate(http_requests_total{service="transaction-service", code!~"2.."}[5m])) / sum(rate(http_requests_total{service="transaction-service"}[5m]))) * 100"#,
    r#"increase(http_requests_total{code="401"}[5m])"#,
    r#"rate(http_requests_total{endpoint=~"/api/v1/(accounts|transactions).*"}[1m])"#,
    r#"sum(rate(http_requests_total{status=~"4..", endpoint=~"/api/v1/(accounts|transactions).*"}[1m])) by (source_ip)"#,
    r#"histogram_quantile(0.95, rate(http_request_duration_seconds_bucket{job="florin"}[5m]))"#,
    r#"rate(http_requests_total{job="florin",status=~"5.."}[5m])"#,
    r#"sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))"#,
];

/// Seconds between two scrapes, and how many there are of each state.
const EVERY_S: u64 = 15;
const EACH: usize = 3;

/// Good requests, refused ones, strangers' and failed ones, under the paths of the guides.
async fn traffic(house: &House) {
    for _ in 0..3 {
        assert_eq!(house.client.get("/api/v1/accounts").await.status, StatusCode::OK);
        assert_eq!(house.client.get(ACCOUNTS).await.status, StatusCode::OK);
        assert_eq!(house.client.get("/api/v1/transactions?limit=0").await.status, StatusCode::BAD_REQUEST);
    }
    let empty = house.client.send(Method::POST, "/payments/authorize", &[], Some(&json!({}))).await.unwrap();
    assert!(empty.status.is_client_error(), "{}", empty.text());
    let stranger = testkit::Client::new(house.server.address());
    assert_eq!(stranger.get("/v1/ledger/accounts").await.status, StatusCode::UNAUTHORIZED);
    // The password of a new user cannot be hashed within a millisecond.
    let user = json!({ "username": "late", "roles": ["customer"] });
    let hurried = [("x-deadline-ms", "1")];
    let late = house.client.send(Method::POST, "/v1/identity/users", &hurried, Some(&user)).await.unwrap();
    assert!(late.status.is_server_error(), "{}", late.text());
}

async fn scrape(house: &House) -> BTreeMap<String, String> {
    let text = house.client.get("/metrics").await.text();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(series, value)| (series.to_owned(), value.to_owned()))
        .collect()
}

/// A Prometheus adds the job.
fn with_job(series: &str) -> String {
    match series.split_once('{') {
        Some((name, labels)) => format!("{name}{{job=\"florin\",{labels}"),
        None => format!("{series}{{job=\"florin\"}}"),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A unit test of rules: the samples as they came, and for each expression that it has a value.
fn test_of(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> String {
    let mut text = format!("evaluation_interval: {EVERY_S}s\ntests:\n  - interval: {EVERY_S}s\n    input_series:\n");
    for (series, now) in after.iter().filter(|(series, _)| series.starts_with("http_request")) {
        let then = before.get(series).map_or("0", String::as_str);
        let values = [vec![then; EACH], vec![now; EACH]].concat().join(" ");
        writeln!(text, "      - series: {}\n        values: '{values}'", quoted(&with_job(series))).unwrap();
    }
    text.push_str("    promql_expr_test:\n");
    let at = EVERY_S * (2 * EACH as u64 - 1);
    for expression in EXPRESSIONS {
        let has_value = quoted(&format!("count({expression}) > bool 0"));
        writeln!(text, "      - expr: {has_value}\n        eval_time: {at}s\n        exp_samples:").unwrap();
        writeln!(text, "          - labels: '{{}}'\n            value: 1").unwrap();
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guides_expressions_have_values() {
    let house = House::start(&[]).await;
    traffic(&house).await;
    let before = scrape(&house).await;
    traffic(&house).await;
    let after = scrape(&house).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rules.yml");
    std::fs::write(&file, test_of(&before, &after)).unwrap();
    let checked = Command::new("promtool").args(["test", "rules"]).arg(&file).output();
    let checked = checked.expect("promtool is missing: run scripts/install");
    let told = [checked.stdout, checked.stderr].concat();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&told));
}
