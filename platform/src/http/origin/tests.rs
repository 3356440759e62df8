use http::HeaderValue;

use super::*;

const PROXY: &str = "10.0.0.1";

fn origin(from: &str, tls: bool, headers: &[(HeaderName, &str)]) -> (String, bool) {
    let proxies = Proxies::new(&["10.0.0.0/8".to_owned(), "2001:db8::1".to_owned()]);
    let peer = Peer { address: from.parse().unwrap(), local: None, tls };
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    let origin = proxies.origin(Some(&peer), &map);
    (origin.from.unwrap().to_string(), origin.secure)
}

#[test]
fn forwarding_headers_from_strangers_are_ignored() {
    let lies = [(FORWARDED_FOR, "127.0.0.1"), (FORWARDED_PROTO, "https")];
    assert_eq!(origin("192.0.2.7", false, &lies), ("192.0.2.7".to_owned(), false));
    assert_eq!(origin("192.0.2.7", true, &[(FORWARDED_PROTO, "http")]), ("192.0.2.7".to_owned(), true));
}

#[test]
fn the_rightmost_address_that_is_no_proxy_counts() {
    for (said, from) in [
        ("192.0.2.7", "192.0.2.7"),
        ("127.0.0.1, 192.0.2.7", "192.0.2.7"),
        ("127.0.0.1, 192.0.2.7, 10.2.3.4", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8::7]:4711, 2001:db8::1", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("10.2.3.4", "10.2.3.4"),
        ("", PROXY),
        ("192.0.2.7, unknown", PROXY),
        ("192.0.2.7, unknown, 10.2.3.4", "10.2.3.4"),
    ] {
        assert_eq!(origin(PROXY, false, &[(FORWARDED_FOR, said)]).0, from, "{said}");
    }
    let lines = [(FORWARDED_FOR, "192.0.2.9"), (FORWARDED_FOR, "192.0.2.7, 10.2.3.4")];
    assert_eq!(origin(PROXY, false, &lines).0, "192.0.2.7", "lines are one list");
    assert_eq!(origin(PROXY, false, &[]).0, PROXY);
}

#[test]
fn a_trusted_proxy_reports_whether_the_request_was_encrypted() {
    for (said, secure) in
        [("https", true), ("HTTPS", true), ("http", false), ("http, https", true), ("https, http", false), ("", false)]
    {
        assert_eq!(origin(PROXY, false, &[(FORWARDED_PROTO, said)]).1, secure, "{said}");
    }
    assert!(!origin(PROXY, false, &[]).1 && origin(PROXY, true, &[]).1);
    assert!(!origin(PROXY, true, &[(FORWARDED_PROTO, "http")]).1, "the caller's own way was in the clear");
    assert!(!origin(PROXY, false, &[(FORWARDED_PROTO, "https"), (FORWARDED_PROTO, "http")]).1);
}

#[test]
fn without_a_listener_the_origin_is_unknown() {
    assert_eq!(Proxies::new(&[]).origin(None, &HeaderMap::new()), Origin { from: None, secure: false });
}
