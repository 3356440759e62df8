//! Responses to changes: with secrets that must not be cached, and marked if they answer a repeat.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use platform::error::REPLAYED;
use platform::http::Json;
use serde::Serialize;

/// A response that may contain a secret, shown once.
pub(super) struct Kept<T> {
    status: StatusCode,
    replayed: bool,
    body: T,
}

impl<T> Kept<T> {
    /// 201, or 200 for a repeat, which created nothing.
    pub(super) fn made(body: T, replayed: bool) -> Kept<T> {
        Kept { status: if replayed { StatusCode::OK } else { StatusCode::CREATED }, replayed, body }
    }

    pub(super) fn changed(body: T, replayed: bool) -> Kept<T> {
        Kept { status: StatusCode::OK, replayed, body }
    }
}

impl<T: Serialize> IntoResponse for Kept<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}
