//! Rules for categories, and profiles of CSV files.

use axum::extract::State;
use banking_api::{AddRule, Erase, Layout, Profile, ProfileList, PutProfile, Rule, RuleId, RuleList};
use http::StatusCode;
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Desk;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RuleAt {
    /// The rule's id.
    #[param(value_type = String)]
    id: RuleId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OwnerAt {
    /// The customer.
    #[param(example = "cust_ann")]
    owner: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileBody {
    /// Imports name it.
    name: String,
    /// Separator, encoding, columns, date form and decimal mark, as `florin inspect` proposes them.
    #[schema(value_type = Object)]
    layout: Layout,
}

/// List rules for categories
///
/// In the order in which they count: the first one that matches sets the category.
#[utoipa::path(
    get, path = "/rules", tag = "Bank categories",
    responses((status = 200, description = "All of them", body = RuleList))
)]
pub(super) async fn list_bank_rules(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<RuleList>, Problem> {
    Ok(Json(desk.banking.rules(&ctx).await?))
}

/// Add a rule for a category
///
/// For transactions that are told from now on. Everything that the rule names must be true.
#[utoipa::path(
    post, path = "/rules", tag = "Bank categories", params(Repeatable),
    request_body(content = AddRule, example = json!({ "category": "office rent", "words": ["rent"] })),
    responses((status = 201, description = "Added", body = Rule))
)]
pub(super) async fn add_bank_rule(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<AddRule>,
) -> Result<(StatusCode, Json<Rule>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.banking.add_rule(&ctx, body).await?)))
}

/// Remove a rule for a category
///
/// Transactions keep the categories that it set.
#[utoipa::path(
    delete, path = "/rules/{id}", tag = "Bank categories", params(RuleAt, Repeatable),
    responses((status = 204, description = "Removed"))
)]
pub(super) async fn remove_bank_rule(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<RuleAt>,
) -> Result<StatusCode, Problem> {
    desk.banking.remove_rule(&ctx, at.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List profiles of CSV files
///
/// By name, with their layouts.
#[utoipa::path(
    get, path = "/profiles", tag = "Bank categories",
    responses((status = 200, description = "All of them", body = ProfileList))
)]
pub(super) async fn list_bank_profiles(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<ProfileList>, Problem> {
    Ok(Json(desk.banking.profiles(&ctx).await?))
}

/// Save a profile of CSV files
///
/// An import names it with `profile`. A profile of the same name is replaced.
#[utoipa::path(
    post, path = "/profiles", tag = "Bank categories", request_body = ProfileBody,
    responses((status = 200, description = "As it is now", body = Profile))
)]
pub(super) async fn put_bank_profile(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(ProfileBody { name, layout }): Json<ProfileBody>,
) -> Result<Json<Profile>, Problem> {
    Ok(Json(desk.banking.put_profile(&ctx, PutProfile { name, layout }).await?))
}

/// Erase an owner
///
/// Names, numbers and texts of their accounts become unreadable for good; sums, days and categories stay. A file of such
/// an account is refused afterwards.
#[utoipa::path(
    delete, path = "/owners/{owner}", tag = "Bank accounts", params(OwnerAt),
    responses((status = 204, description = "Erased"))
)]
pub(super) async fn erase_bank_owner(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<OwnerAt>,
) -> Result<StatusCode, Problem> {
    desk.banking.erase(&ctx, Erase { owner: at.owner }).await?;
    Ok(StatusCode::NO_CONTENT)
}
