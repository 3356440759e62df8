//! A program's request to an OAuth endpoint: a form, and its sender.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, HeaderMap};
use identity_api::ClientAuth;

use super::answer::OAuthFailure;
use super::{Site, Visit, client};
use crate::http::browser::Fields;

pub(super) struct OAuthForm {
    pub(super) visit: Visit,
    pub(super) client: ClientAuth,
    pub(super) fields: Fields,
}

impl FromRequest<Arc<Site>> for OAuthForm {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<OAuthForm, Response> {
        let (parts, body) = request.into_parts();
        let visit = Visit::of(&parts, site).map_err(IntoResponse::into_response)?;
        let headers: HeaderMap = parts.headers.clone();
        let read = Fields::of(Request::from_parts(parts, body)).await;
        let fields = read.map_err(|fault| OAuthFailure::request(fault.to_string()).into_response())?;
        let client = client::auth(headers.get_all(AUTHORIZATION), &fields).map_err(IntoResponse::into_response)?;
        Ok(OAuthForm { visit, client, fields })
    }
}

impl OAuthForm {
    pub(super) fn wanted(&self, name: &'static str) -> Result<kernel::Secret, OAuthFailure> {
        self.fields.secret(name).ok_or_else(|| OAuthFailure::request(format!("the parameter {name} is missing")))
    }
}
