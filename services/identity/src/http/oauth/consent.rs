//! The user's answer to a consent question.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use identity_api::Consent;

use super::Site;
use super::authorize::{asked, go_on};
use crate::http::pages::{self, Posted};

/// A browser that comes here by a link was not asked anything.
pub(in crate::http) async fn nothing_asked() -> Response {
    pages::redirect("/account")
}

pub(in crate::http) async fn answer(State(site): State<Arc<Site>>, posted: Posted) -> Response {
    let Posted { visit, fields } = posted;
    let asked = match asked(&fields, &visit) {
        Ok(asked) => asked,
        Err(what) => return pages::asked_wrongly(&site, what),
    };
    let Some(form_key) = fields.secret("form_key") else { return pages::not_from_us(&site) };
    let agreed = fields.text("answer").as_deref() == Some("allow");
    let command = Consent { asked: asked.clone(), form_key, agreed };
    match site.identity.consent(&visit.ctx, command).await {
        Ok(reply) => go_on(&site, &visit, asked, reply).await,
        Err(error) => pages::cannot_go_on(&site, &error),
    }
}
