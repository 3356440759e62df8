//! Patterns of event types, and URLs that may be endpoints. Pure.

use platform::outbound::AddressRules;
use url::{Host, Url};

pub(crate) const PATTERNS_MAX: usize = 32;
const PATTERN_BYTES_MAX: usize = 100;
const URL_BYTES_MAX: usize = 2_000;

/// Whether an event's type is meant: `*`, `ledger.*`, or the type itself.
pub(crate) fn fits(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => kind.starts_with(start),
        None => pattern == kind,
    }
}

pub(crate) fn is_pattern(text: &str) -> bool {
    let name = text.strip_suffix('*').unwrap_or(text);
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'.' || byte == b'_');
    let whole = text == "*" || (text.ends_with('*') && name.ends_with('.')) || (!name.is_empty() && name == text);
    plain && whole && text.len() <= PATTERN_BYTES_MAX
}

/// An endpoint's URL: HTTPS, without a password, and not at an address that is not public. A name is resolved and checked
/// when something is posted.
pub(crate) fn endpoint(text: &str, allows_http: bool) -> Result<Url, &'static str> {
    let expected = "expected an HTTPS URL at a public address";
    let url: Url = text.parse().map_err(|_| expected)?;
    let is_secure = url.scheme() == "https" || (allows_http && url.scheme() == "http");
    if !is_secure || text.len() > URL_BYTES_MAX || url.password().is_some() || !url.username().is_empty() {
        return Err(expected);
    }
    let rules = AddressRules::new(Vec::new());
    let is_public = match url.host() {
        Some(Host::Ipv4(address)) => rules.allows(address.into()),
        Some(Host::Ipv6(address)) => rules.allows(address.into()),
        Some(Host::Domain(name)) => name != "localhost" && !name.ends_with(".localhost"),
        None => false,
    };
    if is_public || allows_http { Ok(url) } else { Err(expected) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_type_or_its_beginning() {
        for (pattern, kind, expected) in [
            ("*", "ledger.transaction.posted", true),
            ("ledger.*", "ledger.transaction.posted", true),
            ("ledger.transaction.posted", "ledger.transaction.posted", true),
            ("ledger.transaction", "ledger.transaction.posted", false),
            ("identity.*", "ledger.transaction.posted", false),
        ] {
            assert_eq!(fits(pattern, kind), expected, "{pattern}");
            assert!(is_pattern(pattern), "{pattern}");
        }
        for bad in ["", "Ledger.*", "ledger*", "*.posted", "ledger.**", "a b", &"x".repeat(101)] {
            assert!(!is_pattern(bad), "{bad}");
        }
    }

    #[test]
    fn no_form_of_an_internal_address_is_an_endpoint() {
        for bad in [
            "http://shop.example.com/",
            "https://user:password@shop.example.com/",
            "https://user@shop.example.com/",
            "ftp://shop.example.com/",
            "https://",
            "shop.example.com",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://0x7f.1/",
            "https://127.0.0.1./",
            "https://①②⑦.⓪.⓪.①/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://0.0.0.0/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://192.168.0.1/",
            "https://[fd00:ec2::254]/",
            "https://localhost/",
            "https://api.localhost/",
        ] {
            assert!(endpoint(bad, false).is_err(), "{bad}");
        }
        for good in ["https://shop.example.com/hooks?x=1", "https://1.1.1.1/", "https://bücher.example/"] {
            assert!(endpoint(good, false).is_ok(), "{good}");
        }
        assert!(endpoint("http://127.0.0.1:9/", true).is_ok());
    }
}
