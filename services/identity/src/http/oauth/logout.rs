//! A client asks us to log its person out (OpenID Connect RP-initiated logout).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::Uri;
use identity_api::{EndSession, EndSessionReply};

use super::{Site, Visit};
use crate::http::browser::{FieldFault, Fields};
use crate::http::pages;

/// What goes along with the question whether the person wants it.
const PARAMETERS: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

pub(super) async fn by_link(State(site): State<Arc<Site>>, visit: Visit, uri: Uri) -> Response {
    answer(&site, &visit, Fields::parse(uri.query().unwrap_or_default())).await
}

pub(super) async fn by_form(State(site): State<Arc<Site>>, visit: Visit, request: Request) -> Response {
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
