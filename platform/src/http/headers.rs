//! Security headers of every response.

use http::header::{CACHE_CONTROL, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue};

/// A year.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// A handler's own referrer and cache policy wins; a response with neither may be about money.
pub(super) fn protect(headers: &mut HeaderMap, secure: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if secure {
        headers.insert(STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    }
}
