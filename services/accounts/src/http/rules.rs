//! A customer's own rules for categories.

use accounts_api::{AddRule, Category, CustomerId, RemoveRule, Rule, RuleId, RuleList};
use axum::extract::State;
use http::StatusCode;
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Desk;
use super::customers::CustomerAt;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RuleAt {
    /// The customer's id.
    #[param(value_type = String)]
    id: CustomerId,
    /// The rule's id.
    #[param(value_type = String)]
    rule: RuleId,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleBody {
    category: Category,
    /// Words that all occur in name and text.
    words: Vec<String>,
}

/// List a customer's rules
///
/// In the order in which they count: the first one that matches sets the category.
#[utoipa::path(
    get, path = "/customers/{id}/rules", tag = "Movements", params(CustomerAt),
    responses((status = 200, description = "All of them", body = RuleList))
)]
pub(super) async fn list_category_rules(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<CustomerAt>,
) -> Result<Json<RuleList>, Problem> {
    Ok(Json(desk.rules(&ctx, at.id()).await?))
}

/// Add a rule for categories
///
/// For movements that are booked from now on.
#[utoipa::path(
    post, path = "/customers/{id}/rules", tag = "Movements", params(CustomerAt, Repeatable),
    request_body(content = RuleBody, example = json!({ "category": "groceries", "words": ["corner", "shop"] })),
    responses((status = 201, description = "The rule", body = Rule))
)]
pub(super) async fn add_category_rule(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<CustomerAt>,
    Json(RuleBody { category, words }): Json<RuleBody>,
) -> Result<(StatusCode, Json<Rule>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.add_rule(&ctx, AddRule { customer: at.id(), category, words }).await?)))
}

/// Remove a rule for categories
///
/// Movements keep the categories that it set.
#[utoipa::path(
    delete, path = "/customers/{id}/rules/{rule}", tag = "Movements", params(RuleAt, Repeatable),
    responses((status = 204, description = "Removed"))
)]
pub(super) async fn remove_category_rule(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(RuleAt { id, rule }): Path<RuleAt>,
) -> Result<StatusCode, Problem> {
    desk.remove_rule(&ctx, RemoveRule { customer: id, rule }).await?;
    Ok(StatusCode::NO_CONTENT)
}
