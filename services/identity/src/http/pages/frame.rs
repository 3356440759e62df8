//! The common layout of all pages: head, headers, stylesheet.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, REFERRER_POLICY};
use http::header::{X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use maud::{DOCTYPE, Markup, html};

use super::trouble;
use crate::http::Site;

const CSS: &str = include_str!("style.css");
/// The name changes with the content.
const CACHE: &str = "public, max-age=31536000, immutable";

/// Our one stylesheet, and the name of its URL.
pub(in crate::http) struct Style {
    name: String,
}

impl Style {
    pub(in crate::http) fn new() -> Style {
        Style { name: format!("florin-{:08x}.css", crc32fast::hash(CSS.as_bytes())) }
    }
}

/// A page without its layout.
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) title: String,
    /// The other site that a form of this page may lead to in the end.
    pub(super) leads_to: Option<String>,
    pub(super) wide: bool,
    pub(super) content: Markup,
}

impl Page {
    pub(super) fn new(title: &str, content: Markup) -> Page {
        Page { status: StatusCode::OK, title: title.to_owned(), leads_to: None, wide: false, content }
    }

    pub(super) fn status(self, status: StatusCode) -> Page {
        Page { status, ..self }
    }

    pub(super) fn leading_to(self, leads_to: Option<String>) -> Page {
        Page { leads_to, ..self }
    }

    pub(super) fn wide(self) -> Page {
        Page { wide: true, ..self }
    }

    pub(super) fn response(self, site: &Site) -> Response {
        let policy = policy(self.leads_to.as_deref());
        let body = Html(framed(&site.style, &self).into_string());
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        response
    }
}

fn policy(leads_to: Option<&str>) -> HeaderValue {
    let policy = |forms: &str| {
        format!(
            "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'{forms}; frame-ancestors 'none'; \
             base-uri 'none'"
        )
    };
    let full = policy(&leads_to.map(|site| format!(" {site}")).unwrap_or_default());
    HeaderValue::from_str(&full).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

fn framed(style: &Style, page: &Page) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (page.title) " · Florin" }
                link rel="stylesheet" href={ "/assets/" (style.name) };
            }
            body.wide[page.wide] {
                a.skip href="#content" { "Skip to the content" }
                header.brand { (coin()) span { "Florin" } }
                main id="content" { (page.content) }
            }
        }
    }
}

/// Our logo; it says nothing that the name next to it does not.
fn coin() -> Markup {
    html! {
        svg.coin viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false" {
            circle cx="16" cy="16" r="15" {}
            path d="M12 24V8.5h9M12 15.5h7" {}
        }
    }
}

/// Redirects a browser; after a form it requests the next page with GET.
pub(in crate::http) fn redirect(to: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

pub(super) async fn asset(State(site): State<Arc<Site>>, Path(name): Path<String>) -> Response {
    if name != site.style.name {
        return trouble::no_such_page(State(site)).await;
    }
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    let sniff = (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, HeaderValue::from_static(CACHE)), sniff], CSS).into_response()
}
