//! Health checks, status and metrics, under every path that operators use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::{config, open, routes, send};
use async_trait::async_trait;
use kernel::SystemClock;
use platform::health::{About, Facts, Health, Part, facts};
use platform::telemetry::Metrics;
use serde_json::Value;

struct Store {
    up: AtomicBool,
}

#[async_trait]
impl Part for Store {
    fn name(&self) -> &'static str {
        "store"
    }

    async fn ready(&self) -> Result<(), String> {
        if self.up.load(Ordering::Relaxed) { Ok(()) } else { Err("planted secret".to_owned()) }
    }

    async fn status(&self) -> Facts {
        facts([("rows", Value::from(7))])
    }
}

const LIVE: [&str; 5] = ["/health", "/healthz", "/api/v1/health", "/actuator/health", "/actuator/health/liveness"];
const READY: [&str; 3] = ["/ready", "/health/ready", "/actuator/health/readiness"];

#[tokio::test]
async fn every_health_path_answers_and_only_readiness_checks_parts() {
    // The recorder is process-wide, and counts the requests of every test in the process.
    if !testkit::alone("health::every_health_path_answers_and_only_readiness_checks_parts") {
        return;
    }
    let store = Arc::new(Store { up: AtomicBool::new(true) });
    let about = About { version: "9.9.9", mode: "embedded", roles: vec!["edge"], demo: true };
    let metrics = Metrics::install().unwrap();
    let health = Health::new(about, Arc::new(SystemClock), metrics, vec![store.clone()]);
    let server = open(health.routes().merge(routes()), &config(&[])).await;
    let get = async |path: &str| send(server.address(), "GET", path, "", b"").await;

    for path in LIVE.iter().chain(&READY) {
        let answer = get(path).await;
        assert_eq!((answer.status, answer.json()["status"].as_str()), (200, Some("UP")), "{path}");
    }
    let status = get("/status").await.json();
    assert_eq!(
        (&status["version"], &status["demo"], &status["mode"]),
        (&"9.9.9".into(), &true.into(), &"embedded".into())
    );
    assert_eq!(status["services"]["store"]["rows"], 7);

    store.up.store(false, Ordering::Relaxed);
    for path in READY {
        let answer = get(path).await;
        assert_eq!(
            (answer.status, answer.json()["components"]["store"]["status"].as_str()),
            (503, Some("DOWN")),
            "{path}"
        );
        assert!(!answer.body.contains("planted"));
    }
    for path in LIVE {
        assert_eq!(get(path).await.status, 200, "{path}");
    }

    store.up.store(true, Ordering::Relaxed);
    health.close();
    assert_eq!((get("/ready").await.status, get("/health").await.status), (503, 200));

    get("/orders/4711").await;
    get("/some/path/4711").await;
    for path in ["/metrics", "/actuator/prometheus"] {
        let text = get(path).await.body;
        let count = |line: &str| text.lines().any(|found| found.starts_with(line));
        for (endpoint, status) in [("/orders/{number}", 200), ("unmatched", 404)] {
            let labels = format!(r#"method="GET",endpoint="{endpoint}",status="{status}",code="{status}""#);
            assert!(count(&format!("http_requests_total{{service=\"florin\",{labels}}} 1")), "{text}");
        }
        assert!(text.contains("http_request_duration_seconds_bucket{") && text.contains(r#"le="0.005""#), "{text}");
        assert!(!text.contains("4711"), "a raw path became a label");
    }
}

#[tokio::test]
async fn outsiders_get_health_but_not_status_or_metrics() {
    let store = Arc::new(Store { up: AtomicBool::new(true) });
    let about = About { version: "9.9.9", mode: "embedded", roles: vec!["edge"], demo: true };
    let health = Health::new(about, Arc::new(SystemClock), Metrics::detached(), vec![store]);
    let server = open(health.routes_for_strangers().merge(routes()), &config(&[])).await;
    let get = async |path: &str| send(server.address(), "GET", path, "", b"").await;
    for path in LIVE.iter().chain(&READY) {
        assert_eq!(get(path).await.status, 200, "{path}");
    }
    for path in ["/metrics", "/actuator/prometheus", "/status"] {
        let answer = get(path).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (404, Some("route_unknown")), "{path}");
        assert!(answer.body.contains("server.management_listen"), "{}", answer.body);
    }
}
