//! Security headers of every response, and the origin of a request.

use crate::common::{config, open, routes, send};

const TRUSTED: [(&str, &str); 1] = [("FLORIN__SERVER__TRUSTED_PROXIES", "127.0.0.0/8")];

#[tokio::test]
async fn every_response_has_security_headers_unless_its_handler_sets_them() {
    let server = open(routes(), &config(&[])).await;
    for (path, headers) in
        [("/whoami", ""), ("/nowhere", ""), ("/broken", ""), ("/panic", ""), ("/whoami", "host: evil.test\r\n")]
    {
        let answer = send(server.address(), "GET", path, headers, b"").await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        let policy = "default-src 'none'; frame-ancestors 'none'";
        assert_eq!(answer.header("content-security-policy"), Some(policy), "{path}");
        assert_eq!(answer.header("strict-transport-security"), None, "it was plain HTTP: {path}");
    }
    let kept = send(server.address(), "GET", "/kept", "", b"").await;
    assert_eq!(kept.header("cache-control"), Some("max-age=60"));
    assert_eq!(kept.header("referrer-policy"), Some("same-origin"));
    assert_eq!(kept.head.to_ascii_lowercase().matches("cache-control:").count(), 1);
}

#[tokio::test]
async fn forwarding_headers_from_unlisted_callers_are_ignored() {
    let server = open(routes(), &config(&[])).await;
    let lies = "x-forwarded-for: 192.0.2.7\r\nx-forwarded-proto: https\r\nx-real-ip: 192.0.2.7\r\nforwarded: for=192.0.2.7\r\n";
    let answer = send(server.address(), "GET", "/origin", lies, b"").await;
    assert_eq!(answer.body, r#"{"from":"127.0.0.1","secure":false}"#);
    assert_eq!(answer.header("strict-transport-security"), None);
}

#[tokio::test]
async fn only_a_trusted_proxys_own_forwarding_headers_count() {
    let server = open(routes(), &config(&TRUSTED)).await;
    for (headers, body) in [
        (
            "x-forwarded-for: 127.0.0.9, 192.0.2.7\r\nx-forwarded-proto: https\r\n",
            r#"{"from":"192.0.2.7","secure":true}"#,
        ),
        ("x-forwarded-for: 198.51.100.1, 192.0.2.7, 127.0.0.2\r\n", r#"{"from":"192.0.2.7","secure":false}"#),
        ("x-forwarded-for: 192.0.2.7\r\nx-forwarded-for: nonsense\r\n", r#"{"from":"127.0.0.1","secure":false}"#),
        ("x-real-ip: 192.0.2.7\r\nforwarded: for=192.0.2.7;proto=https\r\n", r#"{"from":"127.0.0.1","secure":false}"#),
    ] {
        let answer = send(server.address(), "GET", "/origin", headers, b"").await;
        assert_eq!(answer.body, body, "{headers}");
        assert_eq!(answer.header("strict-transport-security").is_some(), body.contains("true"), "{headers}");
    }
}
