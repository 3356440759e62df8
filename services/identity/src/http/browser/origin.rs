//! Whether a form was sent from one of our pages. Used in addition to the form key: either alone would do.

use http::Uri;
use http::header::{HOST, HeaderMap, ORIGIN};

/// The browser's `Sec-Fetch-Site`, if present; otherwise its `Origin`, which must be the host of the request.
pub(in crate::http) fn is_ours(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let origin = text(ORIGIN.as_str());
    match text("sec-fetch-site") {
        Some("same-origin" | "none") => origin.is_none_or(|origin| is_of(origin, headers, uri)),
        Some(_) => false,
        None => origin.is_some_and(|origin| is_of(origin, headers, uri)),
    }
}

fn is_of(origin: &str, headers: &HeaderMap, uri: &Uri) -> bool {
    let asked = uri.authority().map(|authority| authority.as_str());
    let asked = asked.or_else(|| headers.get(HOST).and_then(|host| host.to_str().ok()));
    let (Some(asked), Some((scheme, host))) = (asked, origin.split_once("://")) else { return false };
    matches!(scheme, "http" | "https") && host.eq_ignore_ascii_case(asked)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn ours(headers: &[(&'static str, &'static str)]) -> bool {
        let host = [("host", "bank.test:8080")];
        let headers = host.iter().chain(headers);
        let headers =
            headers.map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_ours(&headers.collect(), &Uri::from_static("/login/password"))
    }

    #[test]
    fn only_forms_from_our_own_pages_are_accepted() {
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("sec-fetch-site", "same-origin"), ("origin", "http://bank.test:8080")]));
        assert!(ours(&[("origin", "https://bank.test:8080")]));
        for bad in [
            &[][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "http://bank.test:8080")],
            &[("sec-fetch-site", "same-origin"), ("origin", "http://evil.test")],
            &[("origin", "null")],
            &[("origin", "http://bank.test")],
            &[("origin", "http://bank.test:8080.evil.test")],
            &[("origin", "ftp://bank.test:8080")],
        ] {
            assert!(!ours(bad), "{bad:?}");
        }
    }
}
