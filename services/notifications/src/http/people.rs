//! Contacts and preferences.

use axum::extract::State;
use kernel::{Secret, Timestamp};
use notifications_api::{AskNext, Contact, ContactField, Next, Preferences, PutContact, PutPreferences, Verify};
use platform::http::{CallCtx, Json, Path, Problem, Query, Repeatable};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Desk;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct SubjectAt {
    /// The person, by the owner id of their accounts.
    #[param(example = "cust_ann")]
    subject: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactBody {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    email: Option<String>,
    /// In the international form, `+4930123456`.
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    locale: Option<String>,
    #[serde(default)]
    zone: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyBody {
    field: ContactField,
    #[schema(value_type = String)]
    code: Secret,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NextParams {
    /// The kind of message.
    #[param(example = "account.money_received")]
    kind: String,
    /// Now, unless given.
    #[serde(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// Read a contact
///
/// Where a person is reached, in which language and time zone.
#[utoipa::path(
    get, path = "/contacts/{subject}", tag = "Recipients", params(SubjectAt),
    responses((status = 200, description = "The contact", body = Contact))
)]
pub(super) async fn get_contact(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<SubjectAt>,
) -> Result<Json<Contact>, Problem> {
    Ok(Json(desk.0.contact(&ctx, at.subject).await?))
}

/// Replace a contact
///
/// What is left out is removed. An address that a person gives for themselves is used once it is verified by a code. The old
/// address is told of the change.
#[utoipa::path(
    put, path = "/contacts/{subject}", tag = "Recipients", params(SubjectAt, Repeatable),
    request_body(content = ContactBody, example = json!({
        "name": "Ann", "email": "ann@example.com", "locale": "de-AT", "zone": "Europe/Vienna",
    })),
    responses((status = 200, description = "As it is now", body = Contact))
)]
pub(super) async fn put_contact(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(SubjectAt { subject }): Path<SubjectAt>,
    Json(body): Json<ContactBody>,
) -> Result<Json<Contact>, Problem> {
    let ContactBody { name, email, phone, locale, zone } = body;
    Ok(Json(desk.0.put_contact(&ctx, PutContact { subject, name, email, phone, locale, zone }).await?))
}

/// Verify a new address
///
/// With the code that was sent to it. After five wrong codes, put the contact again for a new one.
#[utoipa::path(
    post, path = "/contacts/{subject}/verify", tag = "Recipients", params(SubjectAt, Repeatable),
    request_body(content = VerifyBody, example = json!({ "field": "email", "code": "123456" })),
    responses((status = 200, description = "As it is now", body = Contact))
)]
pub(super) async fn verify_contact(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(SubjectAt { subject }): Path<SubjectAt>,
    Json(VerifyBody { field, code }): Json<VerifyBody>,
) -> Result<Json<Contact>, Problem> {
    Ok(Json(desk.0.verify(&ctx, Verify { subject, field, code }).await?))
}

/// Read preferences
///
/// Empty if the person has chosen nothing.
#[utoipa::path(
    get, path = "/preferences/{subject}", tag = "Recipients", params(SubjectAt),
    responses((status = 200, description = "The preferences", body = Preferences))
)]
pub(super) async fn get_preferences(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<SubjectAt>,
) -> Result<Json<Preferences>, Problem> {
    Ok(Json(desk.0.preferences(&ctx, at.subject).await?))
}

/// Replace preferences
///
/// By category and channel, with quiet hours, digests and thresholds. Security and legal messages cannot be chosen.
#[utoipa::path(
    put, path = "/preferences/{subject}", tag = "Recipients", params(SubjectAt),
    request_body(content = Preferences, example = json!({
        "categories": { "account": { "channels": { "sms": true }, "digest": { "rhythm": "daily", "at": "08:00" } } },
        "quiet_hours": { "start": "22:00", "end": "07:00" },
        "thresholds": { "money_in": { "amount": "10.00", "currency": "USD" } },
    })),
    responses((status = 200, description = "As they are now", body = Preferences))
)]
pub(super) async fn put_preferences(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(SubjectAt { subject }): Path<SubjectAt>,
    Json(preferences): Json<Preferences>,
) -> Result<Json<Preferences>, Problem> {
    Ok(Json(desk.0.put_preferences(&ctx, PutPreferences { subject, preferences }).await?))
}

/// Ask when a message would go
///
/// By channel, with the reason.
#[utoipa::path(
    get, path = "/preferences/{subject}/next", tag = "Recipients", params(SubjectAt, NextParams),
    responses((status = 200, description = "When, and why", body = Next))
)]
pub(super) async fn next_message(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(SubjectAt { subject }): Path<SubjectAt>,
    Query(NextParams { kind, at }): Query<NextParams>,
) -> Result<Json<Next>, Problem> {
    Ok(Json(desk.0.next(&ctx, AskNext { subject, kind, at }).await?))
}
