use super::*;
use crate::config::Config;

fn rules(paths: &[&str], requests: &[&str], answers: &[&str]) -> Result<Rules, String> {
    let list = |rules: &[&str]| rules.iter().map(|rule| (*rule).to_owned()).collect();
    let mut edge = Config::defaults().unwrap().edge;
    (edge.paths, edge.request_headers, edge.response_headers) = (list(paths), list(requests), list(answers));
    Rules::of(&edge).map_err(|(key, sentence)| format!("{key}: {sentence}"))
}

#[test]
fn a_prefix_of_a_path_is_replaced_once() {
    let rules = rules(&["/payments /v1/payments", "/bank/ /", "/payments/old /payments"], &[], &[]).unwrap();
    for (given, expected) in [
        ("/payments", Some("/v1/payments")),
        ("/payments/7?state=open", Some("/v1/payments/7?state=open")),
        ("/payments/old/7", Some("/payments/7")),
        ("/bank/v1/users", Some("/v1/users")),
        ("/bank", Some("/")),
        ("/paymentsolutions", None),
        ("/v1/payments", None),
        ("http://florin.internal/payments/a%2Fb", Some("http://florin.internal/v1/payments/a%2Fb")),
    ] {
        let changed = rules.path(&given.parse().unwrap());
        assert_eq!(changed.map(|uri| uri.to_string()).as_deref(), expected, "{given}");
    }
}

#[test]
fn headers_are_added_set_removed_and_renamed_in_order() {
    let listed = [
        "add x-env production",
        "set x-zone  eu 1",
        "remove x-internal",
        "rename x-trace traceparent",
        "add x-zone us",
    ];
    let rules = rules(&[], &listed, &[]).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in [("x-env", "test"), ("x-internal", "1"), ("x-trace", "a"), ("x-zone", "us")] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.append("x-trace", HeaderValue::from_static("b"));
    change(&rules.requests, &mut headers);
    let shown: Vec<String> =
        headers.iter().map(|(name, value)| format!("{name}={}", value.to_str().unwrap())).collect();
    let mut shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    shown.sort_unstable();
    assert_eq!(shown, ["traceparent=a", "traceparent=b", "x-env=test", "x-zone=eu 1"]);
}

#[test]
fn malformed_rules_are_refused_by_key() {
    for bad in ["", "/a", "a /b", "/a b", "/a /b /c", "/a /b?c=d"] {
        assert!(rules(&[bad], &[], &[]).unwrap_err().starts_with("edge.paths: expected a prefix"), "{bad}");
    }
    for bad in [
        "x-env",
        "add x-env",
        "replace x-env a",
        "set host a",
        "remove content-length",
        "rename x-a transfer-encoding",
        "remove a b",
        "add x a\u{1}",
    ] {
        assert!(rules(&[], &[bad], &[]).unwrap_err().starts_with("edge.request_headers: expected"), "{bad}");
        assert!(rules(&[], &[], &[bad]).unwrap_err().starts_with("edge.response_headers: expected"), "{bad}");
    }
    assert!(rules(&["/a /b"; RULES_MAX + 1], &[], &[]).is_err());
}
