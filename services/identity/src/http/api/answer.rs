//! Responses with secrets, which must not be cached.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use platform::http::Json;
use serde::Serialize;

/// A response that may contain a secret, shown once.
pub(super) struct Kept<T>(pub(super) StatusCode, pub(super) T);

impl<T: Serialize> IntoResponse for Kept<T> {
    fn into_response(self) -> Response {
        let mut response = (self.0, Json(self.1)).into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
