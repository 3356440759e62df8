//! Logging in, page by page. Identity decides which page comes next; the browser has the key of its login in a cookie.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{HeaderValue, SET_COOKIE};
use identity_api::{BeginLogin, IdentityError, LoginPage, NewSession, Refusal, Stage};

use super::frame::redirect;
use super::parts::Wrong;
use super::stages::{self, Shown};
use super::trouble;
use crate::http::Site;
use crate::http::browser::{Fields, Kind, Visit, account_path};

/// Which of a step's alternatives the user has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Usual,
    App,
    BackupCode,
    Forgot,
}

pub(super) async fn usual(State(site): State<Arc<Site>>, visit: Visit, query: RawQuery) -> Response {
    show(&site, &visit, query, Way::Usual).await
}

pub(super) async fn by_app(State(site): State<Arc<Site>>, visit: Visit, query: RawQuery) -> Response {
    show(&site, &visit, query, Way::App).await
}

pub(super) async fn by_backup_code(State(site): State<Arc<Site>>, visit: Visit, query: RawQuery) -> Response {
    show(&site, &visit, query, Way::BackupCode).await
}

pub(super) async fn forgot(State(site): State<Arc<Site>>, visit: Visit, query: RawQuery) -> Response {
    show(&site, &visit, query, Way::Forgot).await
}

async fn show(site: &Site, visit: &Visit, RawQuery(query): RawQuery, way: Way) -> Response {
    let fields = Fields::parse(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let asked = fields.text("return_to").map(|path| account_path(Some(&path)));
    match under_way(site, visit, asked.as_deref()).await {
        Ok(Some(login)) => page(site, visit, &login, way, StatusCode::OK, None, None),
        Ok(None) => begin_or_go(site, visit, asked.as_deref(), way).await,
        Err(error) => trouble::cannot_go_on(site, &error),
    }
}

/// The login that the browser has begun, unless it was for something else.
async fn under_way(site: &Site, visit: &Visit, asked: Option<&str>) -> Result<Option<LoginPage>, IdentityError> {
    let Some(key) = visit.jar.login() else { return Ok(None) };
    // Without the session to re-authenticate for there is nothing to continue.
    let of_use = |login: &LoginPage| !login.again || visit.jar.session().is_some();
    match site.identity.resume_login(&visit.ctx, key).await {
        Ok(login) if of_use(&login) && asked.is_none_or(|asked| asked == login.return_to) => Ok(Some(login)),
        Ok(_) | Err(IdentityError::Refused { refusal: Refusal::LoginUnknown, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A browser that is already logged in has nothing to do here.
async fn begin_or_go(site: &Site, visit: &Visit, asked: Option<&str>, way: Way) -> Response {
    let return_to = account_path(asked);
    if let Some(session) = visit.jar.session() {
        match site.identity.security(&visit.ctx, session).await {
            Ok(_) => return redirect(&return_to),
            Err(IdentityError::Refused { refusal: _, .. }) => {}
            Err(error) => return trouble::cannot_go_on(site, &error),
        }
    }
    let command = BeginLogin { return_to, origin: visit.origin.clone(), again: None, second_factor: false };
    match site.identity.begin_login(&visit.ctx, command).await {
        Ok(login) => page(site, visit, &login, way, StatusCode::OK, None, None),
        Err(error) => trouble::cannot_go_on(site, &error),
    }
}

/// The page of a login's current stage.
pub(super) fn page(
    site: &Site,
    visit: &Visit,
    login: &LoginPage,
    way: Way,
    status: StatusCode,
    wrong: Option<&Wrong>,
    username: Option<&str>,
) -> Response {
    if login.stage == Stage::Done {
        return redirect(&login.return_to);
    }
    let mut response = stages::page(login, way, &Shown { wrong, username }).status(status).response(site);
    response.headers_mut().append(SET_COOKIE, visit.jar.keep(Kind::Login, &login.key));
    response
}

/// To the login that was begun elsewhere.
pub(in crate::http) fn to_login(cookie: HeaderValue) -> Response {
    let mut response = redirect("/login");
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

/// The browser's cookies once the user is logged in.
pub(super) fn logged_in(response: impl IntoResponse, visit: &Visit, session: Option<&NewSession>) -> Response {
    let mut response = response.into_response();
    let headers = response.headers_mut();
    if let Some(session) = session {
        headers.append(SET_COOKIE, visit.jar.keep(Kind::Session, &session.cookie));
        if let Some(device) = &session.device {
            headers.append(SET_COOKIE, visit.jar.keep(Kind::Device, device));
        }
    }
    headers.append(SET_COOKIE, visit.jar.forget(Kind::Login));
    response
}
