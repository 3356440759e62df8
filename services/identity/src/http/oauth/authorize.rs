//! A client sends a user's browser here to get a code. Errors about the client itself are shown to the user; all others
//! go back to the client.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::Uri;
use identity_api::{Authorize, AuthorizeReply, BeginLogin, Origin};

use super::forms::AuthorizeParameters;
use super::{AUTHORIZE, Site, Visit};
use crate::http::browser::{FieldFault, Fields, Kind};
use crate::http::pages;

/// No legitimate request is longer; this one has to fit where a login stores the way back.
const QUERY_BYTES_MAX: usize = 4_000;

/// Request an authorization code
///
/// A client sends its user's browser here. We log the user in, ask for consent if necessary, and redirect the browser
/// to `redirect_uri` with `code`, `state` and `iss`. The client's mistakes come back the same way, as `error`:
/// `invalid_request`, `unauthorized_client`, `unsupported_response_type`, `invalid_scope`, `access_denied`,
/// `login_required`, `consent_required`, `request_not_supported` or `request_uri_not_supported`. Until the redirect URI
/// is verified to be the client's, nothing is sent there, and the user sees a page.
#[utoipa::path(
    get, path = "/oauth2/authorize", operation_id = "authorize", tag = "OAuth", params(AuthorizeParameters),
    responses(
        (status = 303, description = "To our login page, or back to the client", headers(
            ("Location" = String, description = "Where the browser continues")
        )),
        (status = 200, description = "A page that asks the user", content_type = "text/html", body = String),
        (status = 400, description = "A page that says what is wrong", content_type = "text/html", body = String),
    ),
    security((), ("session" = []))
)]
pub(super) async fn authorize(State(site): State<Arc<Site>>, visit: Visit, uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default();
    if query.len() > QUERY_BYTES_MAX {
        return pages::asked_wrongly(&site, &FieldFault::TooLarge.to_string());
    }
    answer(&site, visit, Fields::parse(query)).await
}

/// Request an authorization code, by a form
///
/// The same with the parameters in a form on the client's page. Browsers only send our cookies with a link, so it
/// redirects to one.
#[utoipa::path(
    post, path = "/oauth2/authorize", operation_id = "authorize_by_form", tag = "OAuth",
    request_body(
        content = AuthorizeParameters, content_type = "application/x-www-form-urlencoded"
    ),
    responses(
        (status = 303, description = "To the same as a link", headers(
            ("Location" = String, description = "`/oauth2/authorize` with the parameters as its query")
        )),
        (status = 400, description = "A page that says what is wrong", content_type = "text/html", body = String),
    ),
    security((), ("session" = []))
)]
pub(super) async fn authorize_by_form(State(site): State<Arc<Site>>, request: Request) -> Response {
    match Fields::of(request).await {
        Ok(fields) => match read(&fields) {
            Ok(asked) => pages::redirect(&link(&asked)),
            Err(what) => pages::asked_wrongly(&site, what),
        },
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
        Ok(reply) => go_on(site, &visit, asked, reply).await,
        Err(error) => pages::cannot_go_on(site, &error),
    }
}

/// The request as a command.
pub(super) fn asked(fields: &Fields, visit: &Visit) -> Result<Authorize, &'static str> {
    read(fields).map(|asked| Authorize { session: visit.jar.session(), origin: visit.origin.clone(), ..asked })
}

/// The parameters that have a meaning here; others are ignored, as the standard requires.
fn read(fields: &Fields) -> Result<Authorize, &'static str> {
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
        id_token_hint: fields.secret("id_token_hint"),
        request: fields.text("request"),
        request_uri: fields.text("request_uri"),
        logged_in: fields.text("logged_in").is_some(),
        session: None,
        origin: Origin::default(),
    })
}

/// The same as names and values.
fn parameters(asked: &Authorize) -> Vec<(&'static str, String)> {
    let hint = asked.id_token_hint.as_ref().map(|hint| hint.expose().to_owned());
    let all = [
        ("response_type", &asked.response_type),
        ("client_id", &asked.client_id),
        ("redirect_uri", &asked.redirect_uri),
        ("scope", &asked.scope),
        ("state", &asked.state),
        ("nonce", &asked.nonce),
        ("code_challenge", &asked.code_challenge),
        ("code_challenge_method", &asked.code_challenge_method),
        ("prompt", &asked.prompt),
        ("max_age", &asked.max_age.map(|age| age.to_string())),
        ("acr_values", &asked.acr_values),
        ("id_token_hint", &hint),
        ("request", &asked.request),
        ("request_uri", &asked.request_uri),
        ("logged_in", &asked.logged_in.then(|| "yes".to_owned())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
}

fn link(asked: &Authorize) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters(asked)).finish();
    format!("{AUTHORIZE}?{query}")
}

/// From identity's reply to the browser's response.
pub(super) async fn go_on(site: &Site, visit: &Visit, asked: Authorize, reply: AuthorizeReply) -> Response {
    match reply {
        AuthorizeReply::Redirect { to } => pages::redirect(to.expose()),
        AuthorizeReply::Ask { client_name, redirect_host, scopes, username, form_key } => {
            let ask = pages::Asking { client_name, redirect_host, scopes, username, form_key };
            pages::consent(site, &ask, &parameters(&asked), asked.redirect_uri.as_deref())
        }
        AuthorizeReply::LogIn { again, second_factor } => log_in(site, visit, asked, again, second_factor).await,
    }
}

/// After the login the browser comes back with the same request.
async fn log_in(site: &Site, visit: &Visit, asked: Authorize, again: bool, second_factor: bool) -> Response {
    let (origin, again) = (asked.origin.clone(), asked.session.clone().filter(|_| again));
    let command = BeginLogin { return_to: link(&asked.behind_login()), origin, again, second_factor };
    match site.identity.begin_login(&visit.ctx, command).await {
        Ok(login) => pages::to_login(visit.jar.keep(Kind::Login, &login.key)),
        Err(error) => pages::cannot_go_on(site, &error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_unchanged_after_a_login() {
        let query = "client_id=a&state=x+y%26z&prompt=login+consent&other=1&redirect_uri=https%3A%2F%2Fapp.test%2Fcb";
        let asked = read(&Fields::parse(query).unwrap()).unwrap();
        assert_eq!(
            link(&asked),
            "/oauth2/authorize?client_id=a&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&state=x+y%26z&prompt=login+consent"
        );
        let behind = link(&asked.behind_login());
        assert!(behind.ends_with("&prompt=consent&max_age=300&logged_in=yes"), "{behind}");
        let query = "client_id=a&id_token_hint=a.b.c&request=d.e.f&request_uri=g";
        let asked = read(&Fields::parse(query).unwrap()).unwrap();
        assert_eq!(link(&asked), format!("/oauth2/authorize?{query}"));
        assert!(read(&Fields::parse("max_age=soon").unwrap()).is_err());
    }
}
