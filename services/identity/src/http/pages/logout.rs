//! Logging out, requested by the user or by a client.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::header::SET_COOKIE;
use identity_api::{EndSessionReply, IdentityError, Refusal, SecurityAct, SecurityStep};
use maud::html;

use super::account::seen;
use super::frame::{Page, redirect};
use super::parts::form;
use super::posted::Posted;
use super::trouble;
use crate::http::Site;
use crate::http::browser::{Kind, Visit, policy_source};
use crate::http::oauth::wanted;

type Hidden = Vec<(&'static str, String)>;

pub(super) async fn page(State(site): State<Arc<Site>>, visit: Visit) -> Response {
    ask_to_log_out(&site, &visit, Hidden::new()).await
}

/// A browser that is not logged in need not be asked.
pub(in crate::http) async fn ask_to_log_out(site: &Site, visit: &Visit, hidden: Hidden) -> Response {
    let view = match seen(site, visit).await {
        Ok(view) => view,
        Err(IdentityError::Refused { refusal: Refusal::NotLoggedIn, .. }) => return logged_out(site, visit),
        Err(error) => return trouble::cannot_go_on(site, &error),
    };
    let to = hidden.iter().find(|(name, _)| *name == "post_logout_redirect_uri").and_then(|(_, to)| policy_source(to));
    let content = html! {
        h1 { "Log out?" }
        p { "You are logged in as " strong { (view.user.username) } "." }
        (form("/logout", &view.form_key, &html! {
            @for (name, value) in &hidden { input type="hidden" name=(name) value=(value); }
            div.choices {
                button.primary type="submit" { "Log out" }
                a.button.quiet href="/account" { "Stay logged in" }
            }
        }))
    };
    Page::new("Log out?", content).leading_to(to).response(site)
}

/// From our own page; if a client wants the browser back, identity is asked afterwards.
pub(super) async fn log_out(State(site): State<Arc<Site>>, posted: Posted) -> Response {
    let Posted { visit, fields } = posted;
    let Some(session) = visit.jar.session() else { return logged_out(&site, &visit) };
    let Some(form_key) = fields.secret("form_key") else { return trouble::not_from_us(&site) };
    let command = SecurityStep { session, form_key, origin: visit.origin.clone(), act: SecurityAct::LogOut };
    match site.identity.secure(&visit.ctx, command).await {
        Ok(_) | Err(IdentityError::Refused { refusal: Refusal::NotLoggedIn, .. }) => {}
        Err(error) if trouble::is_not_from_us(&error) => return trouble::not_from_us(&site),
        Err(error) => return trouble::cannot_go_on(&site, &error),
    }
    let mut back = wanted(&fields, &visit);
    back.session = None;
    if back.post_logout_redirect_uri.is_none() {
        return logged_out(&site, &visit);
    }
    match site.identity.end_session(&visit.ctx, back).await {
        Ok(EndSessionReply::Redirect { to }) => logged_out_to(&visit, &to),
        _ => logged_out(&site, &visit),
    }
}

pub(in crate::http) fn logged_out(site: &Site, visit: &Visit) -> Response {
    let content = html! {
        h1 { "You are logged out" }
        p { "You can close this window." }
        p.actions { a.button.quiet href="/login" { "Log in again" } }
    };
    forgetting(Page::new("You are logged out", content).response(site), visit)
}

pub(in crate::http) fn logged_out_to(visit: &Visit, to: &str) -> Response {
    forgetting(redirect(to), visit)
}

fn forgetting(mut response: Response, visit: &Visit) -> Response {
    for kind in [Kind::Session, Kind::Login] {
        response.headers_mut().append(SET_COOKIE, visit.jar.forget(kind));
    }
    response
}
