//! What comes back from outside, without a token: receipts of SMS, returned mails, and links that unsubscribe.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Html;
use axum::routing::{get, post};
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use http::{HeaderMap, StatusCode, Uri};
use kernel::{Ctx, Deadline, Principal, Secret};
use notifications_api::{NotificationsError, Refusal, ReturnedMail, SmsForm, Unsubscribe};
use platform::http::{Path, Problem};
use serde::Deserialize;
use url::form_urlencoded;

use super::Desk;
use crate::template::language;

const FORM_BYTES_MAX: usize = 64 << 10;
/// A report returns the whole mail.
const MAIL_BYTES_MAX: usize = 1 << 20;
const FIELDS_MAX: usize = 200;
const DEADLINE_MS: u64 = 10_000;

pub(super) fn routes() -> Router<Desk> {
    let mails = Router::new()
        .route("/v1/notifications/receipts/bounce", post(mail))
        .layer(DefaultBodyLimit::max(MAIL_BYTES_MAX));
    Router::new()
        .route("/v1/notifications/receipts/twilio", post(sms))
        .route("/u/{token}", get(page).post(unsubscribe))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .merge(mails)
}

#[derive(Deserialize)]
struct At {
    token: String,
}

fn ctx(desk: &Desk) -> Ctx {
    let (principal, request_id) = (Principal::nobody(), Arc::from("from-outside"));
    Ctx { principal, deadline: Deadline::after_millis(&*desk.1, DEADLINE_MS), request_id, idempotency_key: None }
}

fn unproven(expected: &str) -> NotificationsError {
    Refusal::ProofInvalid { detail: expected.to_owned() }.into()
}

/// A receipt, or a message that a person sent to us. The signature is over the address too, as it was called.
async fn sms(State(desk): State<Desk>, uri: Uri, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Problem> {
    let signature = headers.get("x-twilio-signature").and_then(|value| value.to_str().ok());
    let signature = signature.ok_or_else(|| unproven("expected X-Twilio-Signature"))?.to_owned();
    let fields = form_urlencoded::parse(&body).into_owned().take(FIELDS_MAX).collect();
    let path = uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string);
    desk.0.sms_form(&ctx(&desk), SmsForm { path, fields, signature }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A whole mail, from a mail server that has the secret as its bearer token.
async fn mail(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let secret = text(AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    let secret = Secret::new(secret.ok_or_else(|| unproven("expected the secret as a bearer token"))?);
    let to = text("x-original-to").map(str::to_owned);
    let mail = ReturnedMail { secret, to, mail: String::from_utf8_lossy(&body).into_owned() };
    desk.0.returned_mail(&ctx(&desk), mail).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mail programs and scanners follow links, so that this only asks.
async fn page(headers: HeaderMap) -> Html<String> {
    let (locale, question, button, _) = texts(&headers);
    let form = format!(
        "<form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">\
         <button>{button}</button></form>"
    );
    Html(whole(locale, question, &form))
}

/// One click of a mail program (RFC 8058), or of a person on the page above.
async fn unsubscribe(
    State(desk): State<Desk>,
    Path(At { token }): Path<At>,
    headers: HeaderMap,
) -> Result<Html<String>, Problem> {
    desk.0.unsubscribe(&ctx(&desk), Unsubscribe { token }).await?;
    let (locale, _, _, done) = texts(&headers);
    Ok(Html(whole(locale, done, "")))
}

/// Language, question, button, and what is said afterwards.
fn texts(headers: &HeaderMap) -> (&'static str, &'static str, &'static str, &'static str) {
    let asked = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match language(asked.split([',', ';']).next().unwrap_or_default().trim()) {
        "de" => ("de", "Solche Nachrichten nicht mehr erhalten?", "Abbestellen", "Sie sind abgemeldet."),
        "es" => ("es", "¿No quiere recibir más mensajes como este?", "Darse de baja", "Se ha dado de baja."),
        _ => ("en", "Stop getting messages like this one?", "Unsubscribe", "You are unsubscribed."),
    }
}

fn whole(locale: &str, text: &str, form: &str) -> String {
    format!(
        "<!doctype html><html lang=\"{locale}\"><head><meta charset=\"utf-8\"><meta name=\"robots\" content=\"noindex\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{text}</title></head><body><p>{text}</p>{form}\
         </body></html>"
    )
}
