//! The id of a request, in its response, its log lines and its trace.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use kernel::{IdKind, IdMaker};

pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

struct Request;

impl IdKind for Request {
    const PREFIX: &'static str = "req";
}

/// The caller's own id if it is harmless; it ends up in logs, so only safe characters are accepted.
pub(super) fn request_id(headers: &HeaderMap, ids: &IdMaker) -> Arc<str> {
    match headers.get(HEADER).and_then(|value| value.to_str().ok()).filter(|text| sane(text)) {
        Some(given) => given.into(),
        None => ids.make::<Request>().to_string().into(),
    }
}

fn sane(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::SystemClock;

    use super::*;

    #[test]
    fn a_harmless_request_id_is_kept_and_others_replaced() {
        let ids = IdMaker::new(Arc::new(SystemClock));
        let named = |text: &'static str| {
            let headers = HeaderMap::from_iter([(HEADER, http::HeaderValue::from_static(text))]);
            request_id(&headers, &ids)
        };
        assert_eq!(&*named("order-17:3"), "order-17:3");
        for bad in ["", "two words", "a\"b", "<script>"] {
            assert!(named(bad).starts_with("req_"), "{bad}");
        }
        assert!(request_id(&HeaderMap::new(), &ids).starts_with("req_"));
    }
}
