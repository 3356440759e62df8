//! Households and their members.

use axum::extract::State;
use http::StatusCode;
use planning_api::*;
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{Desk, Nothing};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct HouseholdAt {
    /// The household's id.
    #[param(value_type = String)]
    pub(super) id: HouseholdId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct MemberAt {
    /// The household's id.
    #[param(value_type = String)]
    id: HouseholdId,
    /// The member's subject.
    #[param(example = "cust_bob")]
    subject: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct SubjectAt {
    /// The subject of their tokens.
    #[param(example = "cust_ann")]
    subject: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonsBody {
    persons: Vec<Person>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InviteBody {
    /// The subject of their tokens.
    subject: String,
    role: Role,
}

/// Create a household
///
/// A customer becomes its owner. Names and months of birth are sealed under the key of the person they belong to.
#[utoipa::path(
    post, path = "/households", tag = "Households", params(Repeatable),
    request_body(content = CreateHousehold, example = json!({
        "name": "Ann and Bob", "currency": "USD", "persons": [{ "name": "Ann", "born": "1985-04", "retires_at": 65 }]
    })),
    responses((status = 201, description = "Created", body = Household))
)]
pub(super) async fn create_household(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(command): Json<CreateHousehold>,
) -> Result<(StatusCode, Json<Household>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.create_household(&ctx, command).await?)))
}

/// List households
///
/// Those in which the caller is a member, and the caller's open invitations.
#[utoipa::path(
    get, path = "/households", tag = "Households",
    responses((status = 200, description = "All of them", body = HouseholdList))
)]
pub(super) async fn list_households(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<HouseholdList>, Problem> {
    Ok(Json(desk.households(&ctx).await?))
}

/// Read a household
///
/// With its members and persons.
#[utoipa::path(
    get, path = "/households/{id}", tag = "Households", params(HouseholdAt),
    responses((status = 200, description = "The household", body = Household))
)]
pub(super) async fn get_household(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<HouseholdAt>,
) -> Result<Json<Household>, Problem> {
    Ok(Json(desk.household(&ctx, at.id).await?))
}

/// Set the persons of a household
///
/// Instead of those before.
#[utoipa::path(
    put, path = "/households/{id}/persons", tag = "Households", params(HouseholdAt, Repeatable),
    request_body(content = PersonsBody, example = json!({
        "persons": [{ "name": "Ann", "born": "1985-04", "retires_at": 65, "until_age": 95 }]
    })),
    responses((status = 200, description = "As it is now", body = Household))
)]
pub(super) async fn put_household_persons(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<HouseholdAt>,
    Json(PersonsBody { persons }): Json<PersonsBody>,
) -> Result<Json<Household>, Problem> {
    Ok(Json(desk.put_persons(&ctx, PutPersons { household: at.id, persons }).await?))
}

/// Invite a member
///
/// By the subject of their tokens. They see nothing until they accept.
#[utoipa::path(
    post, path = "/households/{id}/members", tag = "Households", params(HouseholdAt, Repeatable),
    request_body(content = InviteBody, example = json!({ "subject": "cust_bob", "role": "partner" })),
    responses((status = 201, description = "Invited", body = Household))
)]
pub(super) async fn invite_household_member(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<HouseholdAt>,
    Json(InviteBody { subject, role }): Json<InviteBody>,
) -> Result<(StatusCode, Json<Household>), Problem> {
    let command = Invite { household: at.id, subject, role };
    Ok((StatusCode::CREATED, Json(desk.invite(&ctx, command).await?)))
}

/// Accept an invitation
///
/// The caller's own.
#[utoipa::path(
    post, path = "/households/{id}/accept", tag = "Households", params(HouseholdAt, Repeatable),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "The household", body = Household))
)]
pub(super) async fn accept_invitation(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<HouseholdAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Household>, Problem> {
    Ok(Json(desk.accept(&ctx, at.id).await?))
}

/// Remove a member
///
/// Owners remove others; everybody may leave, or decline an invitation. What the member sees ends at once.
#[utoipa::path(
    delete, path = "/households/{id}/members/{subject}", tag = "Households", params(MemberAt, Repeatable),
    responses((status = 204, description = "Removed"))
)]
pub(super) async fn remove_household_member(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(MemberAt { id, subject }): Path<MemberAt>,
) -> Result<StatusCode, Problem> {
    desk.remove_member(&ctx, RemoveMember { household: id, subject }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Erase a subject
///
/// Names, months of birth, goals and plans that they wrote become unreadable; amounts and days stay, and so does everything
/// that others wrote.
#[utoipa::path(
    delete, path = "/subjects/{subject}", tag = "Households", params(SubjectAt, Repeatable),
    responses((status = 204, description = "Erased"))
)]
pub(super) async fn erase_subject(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(SubjectAt { subject }): Path<SubjectAt>,
) -> Result<StatusCode, Problem> {
    desk.erase(&ctx, EraseSubject { subject }).await?;
    Ok(StatusCode::NO_CONTENT)
}
