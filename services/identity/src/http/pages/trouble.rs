//! Pages for when the user cannot continue: what happened and what to do, without internal details.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use identity_api::{IdentityError, Refusal};
use maud::{Markup, html};
use platform::error::Failure;

use super::frame::Page;
use super::words;
use crate::http::Site;

fn page(site: &Site, status: StatusCode, title: &str, content: &Markup) -> Response {
    let content = html! { h1 { (title) } (content) };
    Page::new(title, content).status(status).response(site)
}

/// An invalid client request or form.
pub(in crate::http) fn asked_wrongly(site: &Site, what: &str) -> Response {
    let content = html! {
        p { "The link or form that brought you here is not complete, or was changed on the way." }
        p { "Go back to the app that you came from and try again. If it happens again, contact the makers of the app." }
        p.detail { "For them: " (what) "." }
    };
    page(site, StatusCode::BAD_REQUEST, "This does not work", &content)
}

/// An error that identity cannot send back to the client.
pub(in crate::http) fn cannot_go_on(site: &Site, error: &IdentityError) -> Response {
    match error {
        IdentityError::Refused { refusal: Refusal::OAuth { description, .. }, .. } => asked_wrongly(site, description),
        IdentityError::Refused { refusal: Refusal::NotLoggedIn | Refusal::LoginUnknown, .. } => expired(site),
        IdentityError::Refused { refusal: _, .. }
        | IdentityError::Failed(Failure::Forbidden)
        | IdentityError::Failed(Failure::StepUpRequired { .. }) => {
            let said = words::said(error);
            page(site, status(error), "This does not work", &html! { p { (said) } })
        }
        _ => later(site, error),
    }
}

/// Our own failure.
fn later(site: &Site, error: &IdentityError) -> Response {
    let content = html! {
        p { (words::said(error)) }
        p { "Nothing is lost. Wait a moment, then go back and try again." }
    };
    let mut response = page(site, status(error), "Not available right now", &content);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

pub(super) fn status(error: &IdentityError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

pub(super) fn expired(site: &Site) -> Response {
    let content = html! {
        p { "You took a while, or you logged in in another window. For your safety a login does not stay open for long." }
        p { "If you came from an app, go back to it and start again. Otherwise log in again here." }
        p.actions { a.button.primary href="/login" { "Log in again" } }
    };
    page(site, StatusCode::BAD_REQUEST, "This login has expired", &content)
}

/// A form that another site sent, or that was open for too long.
pub(in crate::http) fn not_from_us(site: &Site) -> Response {
    let content = html! {
        p { "We could not make sure that you sent this from our own page, so nothing was changed." }
        p { "Open the page again and repeat what you did. Your browser must accept our cookies." }
        p.actions { a.button.primary href="/account" { "Go to your account" } }
    };
    page(site, StatusCode::FORBIDDEN, "Nothing was changed", &content)
}

/// Identity found that a form key does not belong to the session.
pub(super) fn is_not_from_us(error: &IdentityError) -> bool {
    matches!(error, IdentityError::Refused { refusal: Refusal::FieldInvalid { field, .. }, .. } if field == "form_key")
}

pub(super) async fn no_such_page(State(site): State<Arc<Site>>) -> Response {
    nowhere(&site)
}

pub(super) fn nowhere(site: &Site) -> Response {
    let content = html! {
        p { "There is no page at this address. It may have been mistyped, or cut off." }
        p.actions { a.button.primary href="/account" { "Go to your account" } }
    };
    page(site, StatusCode::NOT_FOUND, "Page not found", &content)
}
