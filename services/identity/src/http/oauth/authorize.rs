//! A client sends a person's browser here to get a code. What is wrong with the client itself is shown to the person; all
//! else goes back to the client.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::Uri;
use identity_api::{Authorize, AuthorizeReply, BeginLogin};

use super::{AUTHORIZE, Site, Visit};
use crate::http::browser::{FieldFault, Fields, Kind, after_login};
use crate::http::pages;

/// Longer requests are nobody's; this one has to fit where browsers and proxies keep addresses.
const QUERY_BYTES_MAX: usize = 8 * 1_024;

/// The parameters that mean something here; others are left out, as the standard has it.
pub(super) const PARAMETERS: [&str; 11] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "acr_values",
];

pub(super) async fn by_link(State(site): State<Arc<Site>>, visit: Visit, uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default();
    if query.len() > QUERY_BYTES_MAX {
        return pages::asked_wrongly(&site, &FieldFault::TooLarge.to_string());
    }
    answer(&site, visit, Fields::parse(query)).await
}

/// The same with the parameters in a form of the client's page. Browsers send our cookies with a link only, so it is made one.
pub(super) async fn by_form(State(site): State<Arc<Site>>, request: Request) -> Response {
    match Fields::of(request).await {
        Ok(fields) => pages::redirect(&format!("{AUTHORIZE}?{}", query(&fields))),
        Err(fault) => pages::asked_wrongly(&site, &fault.to_string()),
    }
}

async fn answer(site: &Site, visit: Visit, fields: Result<Fields, FieldFault>) -> Response {
    let fields = match fields {
        Ok(fields) => fields,
        Err(fault) => return pages::asked_wrongly(site, &fault.to_string()),
    };
    let asked = match asked(&fields, &visit) {
        Ok(asked) => asked,
        Err(what) => return pages::asked_wrongly(site, what),
    };
    match site.identity.authorize(&visit.ctx, asked.clone()).await {
        Ok(reply) => go_on(site, &visit, &fields, asked, reply).await,
        Err(error) => pages::cannot_go_on(site, &error),
    }
}

/// What was asked, in the words of identity.
pub(super) fn asked(fields: &Fields, visit: &Visit) -> Result<Authorize, &'static str> {
    let age = |text: String| text.parse::<i64>().map_err(|_| "max_age is not a number of seconds");
    Ok(Authorize {
        response_type: fields.text("response_type"),
        client_id: fields.text("client_id"),
        redirect_uri: fields.text("redirect_uri"),
        scope: fields.text("scope"),
        state: fields.text("state"),
        nonce: fields.text("nonce"),
        code_challenge: fields.text("code_challenge"),
        code_challenge_method: fields.text("code_challenge_method"),
        prompt: fields.text("prompt"),
        max_age: fields.text("max_age").map(age).transpose()?,
        acr_values: fields.text("acr_values"),
        session: visit.jar.session(),
        origin: visit.origin.clone(),
    })
}

pub(super) async fn go_on(
    site: &Site,
    visit: &Visit,
    fields: &Fields,
    asked: Authorize,
    reply: AuthorizeReply,
) -> Response {
    match reply {
        AuthorizeReply::Redirect { to } => pages::redirect(to.expose()),
        AuthorizeReply::Ask { client_name, redirect_host, scopes, username, form_key } => {
            let ask = pages::Asking { client_name, redirect_host, scopes, username, form_key };
            let hidden = PARAMETERS.iter().filter_map(|name| Some((*name, fields.text(name)?))).collect();
            pages::consent(site, &ask, hidden, asked.redirect_uri.as_deref())
        }
        AuthorizeReply::LogIn { again, second_factor } => {
            let command = BeginLogin {
                return_to: after_login(&query(fields)),
                origin: asked.origin,
                again: asked.session.filter(|_| again),
                second_factor,
            };
            match site.identity.begin_login(&visit.ctx, command).await {
                Ok(login) => pages::to_login(visit.jar.keep(Kind::Login, &login.key)),
                Err(error) => pages::cannot_go_on(site, &error),
            }
        }
    }
}

/// What was asked, as a link.
fn query(fields: &Fields) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in PARAMETERS {
        if let Some(value) = fields.text(name) {
            query.append_pair(name, &value);
        }
    }
    query.finish()
}
