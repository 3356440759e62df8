//! Entities, accounts, rates and positions.

use axum::extract::State;
use http::StatusCode;
use kernel::{Currency, Timestamp};
use platform::http::{CallCtx, Json, Path, Problem, Query, Repeatable, page_limit};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Shared;
use crate::face::*;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct EntityAt {
    /// The entity's name.
    #[param(example = "acme-us")]
    entity: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AccountAt {
    /// The account's id.
    #[param(value_type = String)]
    id: AccountId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PositionParams {
    /// An instant in the past; now if it is left out.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// `record`: as it was known then. `event`: as it is known now about then.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    by: KnownBy,
    /// Any of `account`, `bank`, `entity`, `currency` and `pool`, separated by commas.
    #[param(example = "entity,currency")]
    group: Option<String>,
    /// Of the total, instead of the house's reporting currency.
    #[param(value_type = Option<String>)]
    currency: Option<Currency>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RateParams {
    /// The currency whose unit is worth something.
    #[param(value_type = String, example = "EUR")]
    base: Currency,
    /// The currency in which that is told.
    #[param(value_type = String, example = "USD")]
    quote: Currency,
    /// 50 unless given, 500 at most.
    limit: Option<u32>,
}

/// Put an entity
///
/// Makes it, or gives it these terms instead of those before.
#[utoipa::path(
    put, path = "/entities/{entity}", tag = "Positions", params(EntityAt),
    request_body(content = EntityTerms, example = json!({
        "title": "Acme Inc.", "currency": "USD", "calendar": "united_states"
    })),
    responses((status = 200, description = "As it is now", body = Entity))
)]
pub(super) async fn put_treasury_entity(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EntityAt>,
    Json(terms): Json<EntityTerms>,
) -> Result<Json<Entity>, Problem> {
    Ok(Json(treasury.put_entity(&ctx, PutEntity { name: at.entity, terms }).await?))
}

/// List entities
///
/// By name.
#[utoipa::path(
    get, path = "/entities", tag = "Positions",
    responses((status = 200, description = "All of them", body = EntityList))
)]
pub(super) async fn list_treasury_entities(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<EntityList>, Problem> {
    Ok(Json(treasury.entities(&ctx).await?))
}

/// Link an account
///
/// An account of banking or of the ledger becomes one of an entity. From then on treasury follows its balances.
#[utoipa::path(
    post, path = "/accounts", tag = "Positions", params(Repeatable),
    request_body(content = AddAccount, example = json!({
        "entity": "acme-us", "source": { "ledger": "assets:cash" },
        "terms": { "name": "Operating account", "floor": { "amount": "1000.00", "currency": "USD" } }
    })),
    responses((status = 201, description = "Linked", body = Account))
)]
pub(super) async fn add_treasury_account(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(command): Json<AddAccount>,
) -> Result<(StatusCode, Json<Account>), Problem> {
    Ok((StatusCode::CREATED, Json(treasury.add_account(&ctx, command).await?)))
}

/// List accounts
///
/// In the order in which they were linked.
#[utoipa::path(
    get, path = "/accounts", tag = "Positions",
    responses((status = 200, description = "All of them", body = AccountList))
)]
pub(super) async fn list_treasury_accounts(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<AccountList>, Problem> {
    Ok(Json(treasury.accounts(&ctx).await?))
}

/// Change an account
///
/// All its terms at once.
#[utoipa::path(
    put, path = "/accounts/{id}", tag = "Positions", params(AccountAt),
    request_body(content = AccountTerms, example = json!({
        "name": "Operating account", "bank": "chase", "floor": { "amount": "2000.00", "currency": "USD" }
    })),
    responses((status = 200, description = "As it is now", body = Account))
)]
pub(super) async fn change_treasury_account(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
    Json(terms): Json<AccountTerms>,
) -> Result<Json<Account>, Problem> {
    Ok(Json(treasury.change_account(&ctx, ChangeAccount { id: at.id, terms }).await?))
}

/// Read positions
///
/// Types of balances are never mixed. A line is of one currency; what has no rate says `no_rate` and is not in the total, which
/// then is `incomplete`.
#[utoipa::path(
    get, path = "/positions", tag = "Positions", params(PositionParams),
    responses((status = 200, description = "Lines and their total", body = Positions))
)]
pub(super) async fn get_positions(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(PositionParams { at, by, group, currency }): Query<PositionParams>,
) -> Result<Json<Positions>, Problem> {
    let names = group.iter().flat_map(|names| names.split(','));
    let group: Result<Vec<GroupBy>, _> = names.map(str::parse).collect();
    let expected = "expected some of account, bank, entity, currency and pool, separated by commas";
    let group = group.map_err(|_| Problem::field("group", expected))?;
    Ok(Json(treasury.positions(&ctx, PositionQuery { at, by, group, currency }).await?))
}

/// Put rates
///
/// One by one or as a table. A rate of a day that is told again is corrected; what was known before stays known as of then.
#[utoipa::path(
    post, path = "/rates", tag = "Positions",
    request_body(content = PutRates, example = json!({
        "csv": "base,quote,on,rate,source\nEUR,USD,2026-01-30,1.0834,ECB\nGBP,USD,2026-01-30,1.25,BoE\n"
    })),
    responses((status = 200, description = "The rates that were put", body = RateList))
)]
pub(super) async fn put_treasury_rates(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(command): Json<PutRates>,
) -> Result<Json<RateList>, Problem> {
    Ok(Json(treasury.put_rates(&ctx, command).await?))
}

/// List rates
///
/// Of one pair, the newest day first.
#[utoipa::path(
    get, path = "/rates", tag = "Positions", params(RateParams),
    responses((status = 200, description = "The newest ones", body = RateList))
)]
pub(super) async fn list_treasury_rates(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(RateParams { base, quote, limit }): Query<RateParams>,
) -> Result<Json<RateList>, Problem> {
    Ok(Json(treasury.rates(&ctx, RateQuery { base, quote, limit: page_limit(limit)? }).await?))
}
