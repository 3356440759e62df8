//! The user's account.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::SET_COOKIE;
use identity_api::{IdentityError, Refusal, SecurityView, limits};

use super::account_view as view;
use super::frame::{Page, redirect};
use super::trouble;
use crate::http::Site;
use crate::http::browser::{Fields, Kind, Visit};

/// Checked before identity would ask for a recent authentication, so that nobody fills in a form in vain.
const MARGIN_SECONDS: i64 = 30;

pub(super) async fn overview(State(site): State<Arc<Site>>, visit: Visit, RawQuery(query): RawQuery) -> Response {
    let fields = Fields::parse(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let done = fields.text("done");
    show(&site, &visit, "/account", |view| view::overview(view, done.as_deref(), None)).await
}

pub(super) async fn password(State(site): State<Arc<Site>>, visit: Visit) -> Response {
    fresh(&site, &visit, "/account/password", |view| view::password(view, None)).await
}

pub(super) async fn app(State(site): State<Arc<Site>>, visit: Visit) -> Response {
    fresh(&site, &visit, "/account/app", |view| view::app(view, None)).await
}

pub(super) async fn backup_codes(State(site): State<Arc<Site>>, visit: Visit) -> Response {
    fresh(&site, &visit, "/account/backup-codes", |view| view::backup_codes(view, None)).await
}

async fn show(site: &Site, visit: &Visit, path: &str, page: impl FnOnce(&SecurityView) -> Page) -> Response {
    match seen(site, visit).await {
        Ok(view) => page(&view).response(site),
        Err(error) => not_seen(site, visit, &error, path),
    }
}

/// For pages whose forms need a recent authentication, which comes first.
async fn fresh(site: &Site, visit: &Visit, path: &str, page: impl FnOnce(&SecurityView) -> Page) -> Response {
    show(site, visit, path, |view| if is_fresh(site, view) { page(view) } else { view::confirm(view, path) }).await
}

fn is_fresh(site: &Site, view: &SecurityView) -> bool {
    let fresh = platform::access::is_fresh(site.clock.now(), view.auth_time, limits::FRESH_SECONDS - MARGIN_SECONDS);
    fresh && (view.second_factor || !view.totp)
}

pub(super) async fn seen(site: &Site, visit: &Visit) -> Result<SecurityView, IdentityError> {
    let session = visit.jar.session().ok_or(Refusal::NotLoggedIn)?;
    site.identity.security(&visit.ctx, session).await
}

/// A browser that is not logged in does that first, and then comes back.
pub(super) fn not_seen(site: &Site, visit: &Visit, error: &IdentityError, path: &str) -> Response {
    match error {
        IdentityError::Refused { refusal: Refusal::NotLoggedIn, .. } => {
            let mut response = redirect(&format!("/login?return_to={path}"));
            response.headers_mut().append(SET_COOKIE, visit.jar.forget(Kind::Session));
            response
        }
        error => trouble::cannot_go_on(site, error),
    }
}

/// The page that an act came from, with the error.
pub(super) fn refused(page: Page, error: &IdentityError) -> Page {
    page.status(trouble::status(error))
}
