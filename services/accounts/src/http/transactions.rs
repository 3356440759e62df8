//! Movements of accounts.

use accounts_api::{AccountId, Category, Direction, Kind, Movement, MovementId, MovementQuery, SetCategory};
use axum::extract::State;
use http::StatusCode;
use kernel::{Money, Timestamp};
use platform::http::{CallCtx, Json, Path, Problem, Query, Refusal, decode_cursor, encode_cursor, page_limit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Desk;

const LIST: &str = "movements";
const MOVED_ELSEWHERE: Refusal = Refusal::new(
    StatusCode::METHOD_NOT_ALLOWED,
    "method_not_allowed",
    "Money is moved by payments, or in the ledger at POST /v1/ledger/transactions",
);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct MovementAt {
    /// The movement's id.
    #[param(value_type = String)]
    id: MovementId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MovementParams {
    /// Only this account; otherwise all that the caller may see.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    account: Option<AccountId>,
    /// Recorded at or after this instant.
    #[serde(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Recorded before this instant.
    #[serde(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// The smallest amount, whatever its direction; with `currency`.
    #[serde(default)]
    #[param(example = "10.00")]
    min: Option<String>,
    /// The largest amount, likewise.
    #[serde(default)]
    #[param(example = "99.99")]
    max: Option<String>,
    /// Of `min` and `max`.
    #[serde(default)]
    #[param(example = "EUR")]
    currency: Option<String>,
    /// Only what came in, or what went out.
    #[serde(default)]
    #[param(inline)]
    direction: Option<Direction>,
    /// Only movements of this kind.
    #[serde(default)]
    #[param(inline)]
    kind: Option<Kind>,
    /// Only movements of this category.
    #[serde(default)]
    #[param(inline)]
    category: Option<Category>,
    /// Words that all occur in name, number and text.
    #[serde(default)]
    text: Option<String>,
    /// Items on one page, 1 to 500.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before, unchanged.
    #[serde(default)]
    cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MovementList {
    items: Vec<Movement>,
    /// Send this back as `cursor` for the next page. A page may be short, or even empty, and still have one: a request
    /// looks at a bounded number of rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Everything up to this row of the ledger's log was considered.
    indexed_to_seq: u64,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryBody {
    category: Category,
    /// Also for what is booked later with the same counterparty: the customer gets a rule.
    #[serde(default)]
    for_counterparty: bool,
}

/// Search movements
///
/// The newest first. A movement is a posting of the ledger, seen from one account; it appears here a moment later.
#[utoipa::path(
    get, path = "/transactions", tag = "Movements", params(MovementParams),
    responses((status = 200, description = "One page", body = MovementList))
)]
pub(super) async fn list_movements(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<MovementParams>,
) -> Result<Json<MovementList>, Problem> {
    let page = desk.movements(&ctx, query(params)?).await?;
    let next = page.next.map(|before| encode_cursor(LIST, &before));
    Ok(Json(MovementList { items: page.items, next, indexed_to_seq: page.indexed_to_seq }))
}

fn query(params: MovementParams) -> Result<MovementQuery, Problem> {
    let before = params.cursor.as_deref().map(|cursor| decode_cursor(LIST, cursor)).transpose()?;
    let amount = |field: &str, text: Option<String>| match (text, &params.currency) {
        (None, _) => Ok(None),
        (Some(_), None) => Err(Problem::field("currency", "expected the currency of the amounts")),
        (Some(text), Some(currency)) => {
            Money::parse(&text, currency).map(Some).map_err(|error| Problem::field(field, error.to_string()))
        }
    };
    let (min, max) = (amount("min", params.min)?, amount("max", params.max)?);
    let MovementParams { account, from, to, direction, kind, category, text, limit, .. } = params;
    let limit = page_limit(limit)?;
    Ok(MovementQuery { account, from, to, min, max, direction, kind, category, text, before, limit })
}

/// Read a movement
///
/// With its texts, unless the customer was erased.
#[utoipa::path(
    get, path = "/transactions/{id}", tag = "Movements", params(MovementAt),
    responses((status = 200, description = "The movement", body = Movement))
)]
pub(super) async fn get_movement(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<MovementAt>,
) -> Result<Json<Movement>, Problem> {
    Ok(Json(desk.movement(&ctx, at.id).await?))
}

/// Choose a movement's category
///
/// A person's choice stays.
#[utoipa::path(
    put, path = "/transactions/{id}/category", tag = "Movements", params(MovementAt),
    request_body(content = CategoryBody, example = json!({ "category": "groceries" })),
    responses((status = 200, description = "As it is now", body = Movement))
)]
pub(super) async fn categorise_movement(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<MovementAt>,
    Json(CategoryBody { category, for_counterparty }): Json<CategoryBody>,
) -> Result<Json<Movement>, Problem> {
    Ok(Json(desk.set_category(&ctx, SetCategory { id: at.id, category, for_counterparty }).await?))
}

/// Nothing is moved here: the answer says where.
pub(super) async fn elsewhere(CallCtx(_): CallCtx) -> Problem {
    MOVED_ELSEWHERE.because("money is moved by payments, or in the ledger at POST /v1/ledger/transactions")
}
