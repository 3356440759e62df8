//! Redirect URIs.

use identity_api::{Refusal, limits};
use url::{Host, Url};

const URI_BYTES_MAX: usize = 2_048;

/// https, or http on this machine; complete, without a fragment, a user, a wildcard or characters that a browser would
/// change.
pub(super) fn checked(field: &str, uris: &[String]) -> Result<(), Refusal> {
    if uris.len() > limits::REDIRECT_URIS_MAX {
        let (given, max) = (uris.len(), limits::REDIRECT_URIS_MAX);
        return Err(Refusal::TooMany { what: field.to_owned(), given, max });
    }
    uris.iter().try_for_each(|uri| check(uri).map_err(|detail| Refusal::field(field, detail)))
}

fn check(text: &str) -> Result<(), &'static str> {
    if text.len() > URI_BYTES_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("expected visible ASCII of at most 2048 bytes");
    }
    let uri = Url::parse(text).map_err(|_| "expected an absolute URL")?;
    if uri.fragment().is_some() {
        return Err("expected a URL without a fragment");
    }
    if !uri.username().is_empty() || uri.password().is_some() {
        return Err("expected a URL without a user");
    }
    if text.contains(['*', '\\']) {
        return Err("expected a URL without a wildcard; list each one");
    }
    // A browser would read a non-canonical URL as a different one than it looks like.
    if uri.as_str().trim_end_matches('/') != text.trim_end_matches('/') {
        return Err("expected a URL in canonical form");
    }
    match uri.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&uri) => Ok(()),
        _ => Err("expected https; http only on 127.0.0.1, [::1] and localhost"),
    }
}

fn is_loopback(uri: &Url) -> bool {
    match uri.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// For programs on a user's machine, which take any free port: the same URL except for the port (RFC 8252).
pub(crate) fn same_but_port(listed: &str, given: &str) -> bool {
    let (Ok(mut listed), Ok(mut whole)) = (Url::parse(listed), Url::parse(given)) else { return false };
    if listed.scheme() != "http" || !is_loopback(&listed) || whole.as_str() != given {
        return false;
    }
    listed.set_port(None).is_ok() && whole.set_port(None).is_ok() && listed == whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ambiguous_redirect_uris_are_refused() {
        for good in
            ["https://app.example.com/back", "https://app.example.com", "http://127.0.0.1/cb", "http://[::1]:8000/cb"]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "http://app.example.com/back",
            "https://app.example.com/back#part",
            "https://*.example.com/back",
            "https://ann@app.example.com/back",
            "https://ann:secret@app.example.com/back",
            "https://app.example.com/a/../b",
            "https:\\\\app.example.com/",
            "https://app.example.com/ä",
            "https://app.example.com/a b",
            "javascript:alert(1)",
            "data:text/html,hello",
            "ftp://app.example.com/",
            "/back",
            "",
            &format!("https://app.example.com/{}", "x".repeat(2_048)),
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_the_port_of_a_loopback_address_is_free() {
        let listed = "http://127.0.0.1/cb";
        for good in ["http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"] {
            assert!(same_but_port(listed, good), "{good}");
        }
        for bad in [
            "http://127.0.0.1:51004/other",
            "http://127.0.0.1:51004/cb?x=1",
            "http://localhost:51004/cb",
            "https://127.0.0.1:51004/cb",
            "http://ann@127.0.0.1:51004/cb",
            "http://127.0.0.1:51004/cb#part",
            "http://127.0.0.1.example.com:51004/cb",
            "http://127.0.0.1:51004/x/../cb",
        ] {
            assert!(!same_but_port(listed, bad), "{bad}");
        }
        assert!(!same_but_port("https://app.example.com/cb", "https://app.example.com:444/cb"));
    }
}
