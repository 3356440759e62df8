//! Pages of other origins that may call the API (CORS), by the list in the settings.
//!
//! It is outside of the edge, so that such a page can also read a refusal. Without a list no browser lets a page of
//! another origin read anything.

use std::time::Duration;

use axum::Router;
use http::{HeaderName, HeaderValue, Method, Uri};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config;

/// What pages may read besides the body.
const EXPOSED: [&str; 7] = [
    "idempotency-replayed",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "www-authenticate",
    "x-request-id",
];
const METHODS: [Method; 6] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// `None` if the list of origins is empty.
///
/// # Errors
/// The key of a malformed setting, and a sentence.
pub(crate) fn layer(edge: &config::Edge) -> Result<Option<CorsLayer>, (&'static str, String)> {
    let origins = edge.cors_origins.iter().map(|given| {
        let expected = "expected an origin, such as \"https://app.example.com\" or \"http://localhost:3000\"";
        origin(given).ok_or_else(|| ("edge.cors_origins", format!("{expected}, found \"{given}\"")))
    });
    let origins: Vec<HeaderValue> = origins.collect::<Result<_, _>>()?;
    let headers = edge.cors_headers.iter().map(|given| {
        let name = given.parse::<HeaderName>();
        name.map_err(|_| ("edge.cors_headers", format!("expected the name of a header, found \"{given}\"")))
    });
    let headers: Vec<HeaderName> = headers.collect::<Result<_, _>>()?;
    if origins.is_empty() {
        return Ok(None);
    }
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods(METHODS)
        .allow_headers(headers)
        .expose_headers(EXPOSED.map(HeaderName::from_static))
        .allow_credentials(edge.cors_credentials)
        .max_age(Duration::from_secs(edge.cors_max_age_s));
    Ok(Some(layer))
}

pub(super) fn shared(router: Router, layer: Option<CorsLayer>) -> Router {
    match layer {
        Some(layer) => router.layer(layer),
        None => router,
    }
}

/// As browsers send it: scheme, host and perhaps a port, and nothing after them.
fn origin(given: &str) -> Option<HeaderValue> {
    let (scheme, rest) = given.split_once("://")?;
    let uri: Uri = given.parse().ok()?;
    let bare = matches!(scheme, "https" | "http") && !rest.contains(['/', '?', '@', '*']);
    let lower = !given.bytes().any(|byte| byte.is_ascii_uppercase());
    (bare && lower && uri.host().is_some_and(|host| !host.is_empty())).then(|| given.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_send_them() {
        for good in ["https://app.example.com", "http://localhost:3000", "https://[2001:db8::1]:8443"] {
            assert!(origin(good).is_some(), "{good}");
        }
        for bad in [
            "*",
            "app.example.com",
            "https://app.example.com/",
            "https://*.example.com",
            "https://App.example.com",
            "https://a@b",
            "ftp://a",
            "https://",
            "null",
        ] {
            assert!(origin(bad).is_none(), "{bad}");
        }
    }
}
