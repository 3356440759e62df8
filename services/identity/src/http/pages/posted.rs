//! A form of one of our pages, from a browser that was on that page. The form key is checked later.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};

use super::trouble;
use crate::http::Site;
use crate::http::browser::{Fields, Visit, is_ours};

pub(in crate::http) struct Posted {
    pub(in crate::http) visit: Visit,
    pub(in crate::http) fields: Fields,
}

impl FromRequest<Arc<Site>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<Posted, Response> {
        let (parts, body) = request.into_parts();
        let visit = Visit::of(&parts, site).map_err(IntoResponse::into_response)?;
        if !is_ours(&parts.headers, &parts.uri) {
            return Err(trouble::not_from_us(site));
        }
        let read = Fields::of(Request::from_parts(parts, body)).await;
        let fields = read.map_err(|fault| trouble::asked_wrongly(site, &fault.to_string()))?;
        Ok(Posted { visit, fields })
    }
}
