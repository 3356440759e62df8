//! Logout requested by a client (OpenID Connect RP-initiated logout).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::Uri;
use identity_api::{EndSession, EndSessionReply};

use super::forms::LogoutParameters;
use super::{Site, Visit};
use crate::http::browser::{FieldFault, Fields};
use crate::http::pages;

/// Passed along with the question to the user.
const PARAMETERS: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

/// Log a user out
///
/// A client sends its user's browser here at the end (RP-initiated logout). With an ID token of the browser's session
/// and a registered redirect URI, the browser comes straight back; otherwise our page asks the user.
#[utoipa::path(
    get, path = "/oauth2/logout", operation_id = "end_session", tag = "OAuth", params(LogoutParameters),
    responses(
        (status = 303, description = "Logged out, and back to the client", headers(
            ("Location" = String, description = "`post_logout_redirect_uri`, with `state`")
        )),
        (status = 200, description = "A page that asks the user, or confirms the logout", content_type = "text/html", body = String),
        (status = 400, description = "A page that says what is wrong", content_type = "text/html", body = String),
    ),
    security((), ("session" = []))
)]
pub(super) async fn end_session(State(site): State<Arc<Site>>, visit: Visit, uri: Uri) -> Response {
    answer(&site, &visit, Fields::parse(uri.query().unwrap_or_default())).await
}

/// Log a user out, by a form
///
/// The same with the parameters in a form on the client's page. Browsers do not send our cookies with it, so the user
/// is asked, or has no session here.
#[utoipa::path(
    post, path = "/oauth2/logout", operation_id = "end_session_by_form", tag = "OAuth",
    request_body(
        content = LogoutParameters, content_type = "application/x-www-form-urlencoded"
    ),
    responses(
        (status = 303, description = "Logged out, and back to the client", headers(
            ("Location" = String, description = "`post_logout_redirect_uri`, with `state`")
        )),
        (status = 200, description = "A page that asks the user, or confirms the logout", content_type = "text/html", body = String),
        (status = 400, description = "A page that says what is wrong", content_type = "text/html", body = String),
    ),
    security((), ("session" = []))
)]
pub(super) async fn end_session_by_form(State(site): State<Arc<Site>>, visit: Visit, request: Request) -> Response {
    answer(&site, &visit, Fields::of(request).await).await
}

async fn answer(site: &Site, visit: &Visit, fields: Result<Fields, FieldFault>) -> Response {
    let fields = match fields {
        Ok(fields) => fields,
        Err(fault) => return pages::asked_wrongly(site, &fault.to_string()),
    };
    match site.identity.end_session(&visit.ctx, wanted(&fields, visit)).await {
        Ok(EndSessionReply::Redirect { to }) => pages::logged_out_to(visit, &to),
        Ok(EndSessionReply::Ended) => pages::logged_out(site, visit),
        Ok(EndSessionReply::Ask) => {
            let hidden = PARAMETERS.iter().filter_map(|name| Some((*name, fields.text(name)?))).collect();
            pages::ask_to_log_out(site, visit, hidden).await
        }
        Err(error) => pages::cannot_go_on(site, &error),
    }
}

pub(in crate::http) fn wanted(fields: &Fields, visit: &Visit) -> EndSession {
    EndSession {
        id_token_hint: fields.secret("id_token_hint"),
        client_id: fields.text("client_id"),
        post_logout_redirect_uri: fields.text("post_logout_redirect_uri"),
        state: fields.text("state"),
        session: visit.jar.session(),
        origin: visit.origin.clone(),
    }
}
