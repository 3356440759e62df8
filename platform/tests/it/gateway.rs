//! What the settings put around the edge: other origins, other paths and headers, and bounds of single routes.

use std::sync::Arc;

use kernel::SystemClock;
use platform::config::Config;
use platform::http::{Edge, Listener, Settings, gateway, guard};

use crate::common::{config, raw, routes, send};

const PAGE: &str = "https://app.example.com";

async fn open(config: &Config) -> Listener {
    let guarded = guard(routes(), Edge::new(config, Arc::new(SystemClock)));
    let settings = Settings::new("test", &config.server);
    let router = gateway(guarded, &config.edge).unwrap();
    Listener::open("127.0.0.1:0".parse().unwrap(), "server.listen", router, settings).await.unwrap()
}

#[tokio::test]
async fn a_listed_origin_may_call_and_read() {
    let server =
        open(&config(&[("FLORIN__EDGE__CORS_ORIGINS", "https://app.example.com,http://localhost:3000")])).await;
    let asked = |origin: &str| {
        format!(
            "origin: {origin}\r\naccess-control-request-method: POST\r\naccess-control-request-headers: authorization\r\n"
        )
    };
    let preflight = send(server.address(), "OPTIONS", "/orders", &asked(PAGE), b"").await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (200, Some(PAGE)));
    assert!(preflight.header("access-control-allow-headers").unwrap().contains("idempotency-key"));
    assert!(preflight.header("access-control-allow-methods").unwrap().contains("POST"));
    assert_eq!(preflight.header("access-control-max-age"), Some("600"));
    assert_eq!(preflight.header("access-control-allow-credentials"), None);
    // A refusal can be read as well.
    for (path, status) in [("/orders/7", 200), ("/nowhere", 404), ("/broken", 500)] {
        let answer = send(server.address(), "GET", path, &format!("origin: {PAGE}\r\n"), b"").await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, Some(PAGE)), "{path}");
        assert!(answer.header("access-control-expose-headers").unwrap().contains("retry-after"));
    }
}

#[tokio::test]
async fn other_origins_get_no_permission() {
    for listed in ["", "https://app.example.com"] {
        let server = open(&config(&[("FLORIN__EDGE__CORS_ORIGINS", listed)])).await;
        for origin in ["https://evil.test", "https://app.example.com.evil.test", "http://app.example.com", "null"] {
            let headers = format!("origin: {origin}\r\naccess-control-request-method: POST\r\n");
            for method in ["OPTIONS", "GET"] {
                let answer = send(server.address(), method, "/orders", &headers, b"").await;
                assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
            }
        }
    }
}

#[tokio::test]
async fn paths_and_headers_are_changed_before_the_edge_sees_them() {
    let server = open(&config(&[
        ("FLORIN__EDGE__PATHS", "/shop/orders /orders,/me /whoami"),
        ("FLORIN__EDGE__REQUEST_HEADERS", "rename x-trace-id x-request-id,remove x-deadline-ms"),
        ("FLORIN__EDGE__RESPONSE_HEADERS", "set x-zone eu,remove referrer-policy"),
    ]))
    .await;
    let order = send(server.address(), "GET", "/shop/orders/7?x=1", "", b"").await;
    assert_eq!((order.status, order.body.as_str()), (200, r#"{"number":7}"#));
    assert_eq!((order.header("x-zone"), order.header("referrer-policy")), (Some("eu"), None));
    let me = send(server.address(), "GET", "/me", "x-trace-id: order-17\r\nx-deadline-ms: soon\r\n", b"").await;
    assert_eq!((me.status, &me.json()["request_id"]), (200, &"order-17".into()));
    assert_eq!(send(server.address(), "GET", "/orders/7", "", b"").await.status, 200);
    assert_eq!(send(server.address(), "GET", "/shop", "", b"").await.status, 404);
}

#[tokio::test]
async fn a_route_has_its_own_largest_body_and_time() {
    let server = open(&config(&[
        ("FLORIN__SERVER__DEADLINE_MS", "300"),
        ("FLORIN__EDGE__ROUTES", "/orders body_bytes_max=64,/slow/900 deadline_ms=3000"),
    ]))
    .await;
    let json = "content-type: application/json\r\n";
    let long = format!(r#"{{"id":1,"lines":[{{"amount":"{}"}}]}}"#, "1".repeat(64));
    let refused = send(server.address(), "POST", "/orders", json, long.as_bytes()).await;
    assert_eq!((refused.status, &refused.json()["code"]), (413, &"body_too_large".into()));
    assert_eq!(send(server.address(), "POST", "/orders", json, br#"{"id":1,"lines":[]}"#).await.status, 200);
    assert_eq!(send(server.address(), "GET", "/slow/900", "", b"").await.status, 200);
    assert_eq!(send(server.address(), "GET", "/slow/800", "", b"").await.status, 504);
}

#[tokio::test]
async fn a_head_of_sixty_kilobytes_of_limits_is_bounded() {
    let server = open(&config(&[("FLORIN__EDGE__REQUEST_HEADERS", "rename ratelimit x-ratelimit")])).await;
    let line = "ratelimit: \"minute\";r=999;t=60\r\n";
    let head = |bytes: usize| {
        format!(
            "GET /orders/7 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{}\r\n",
            line.repeat(bytes / line.len())
        )
    };
    // hyper reads at most a hundred headers, and at most 64 KiB of them.
    assert_eq!(raw(server.address(), head(60 << 10).as_bytes()).await.status, 431);
    let one = format!(
        "GET /orders/7 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nratelimit: {}\r\n\r\n",
        "r".repeat(60 << 10)
    );
    assert_eq!(raw(server.address(), one.as_bytes()).await.status, 200);
    assert_eq!(raw(server.address(), one.replace("rrrr", "rrrrr").as_bytes()).await.status, 431);
    assert_eq!(send(server.address(), "GET", "/orders/7", "", b"").await.status, 200);
}
