//! Assets, their values, rates, and net worth.

use axum::extract::State;
use http::StatusCode;
use planning_api::*;
use platform::http::{CallCtx, Json, Path, Problem, Query, Repeatable};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::households::HouseholdAt;
use super::{Desk, OfHouseholdParams};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AssetAt {
    /// The asset's id.
    #[param(value_type = String)]
    id: AssetId,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AssetBody {
    /// Unchanged if it is left out.
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    class: Option<AssetClass>,
    #[serde(default)]
    wrapper: Option<Wrapper>,
    /// It counts until the day before.
    #[serde(default)]
    closed_on: Option<Day>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ValuesBody {
    values: Vec<DatedValue>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WorthParams {
    /// The caller's only household if it is left out.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    household: Option<HouseholdId>,
    /// The last day if it is left out; at most 3,700 days before it.
    #[serde(default)]
    from: Option<Day>,
    /// Today if it is left out.
    #[serde(default)]
    to: Option<Day>,
}

/// Set a rate
///
/// What one unit of another currency is in the household's, from a day on.
#[utoipa::path(
    put, path = "/households/{id}/rates", tag = "Net worth", params(HouseholdAt, Repeatable),
    request_body(content = Rate, example = json!({
        "currency": "EUR", "on": "2026-01-30", "rate": "1.0834", "source": "ECB"
    })),
    responses((status = 200, description = "The rate", body = Rate))
)]
pub(super) async fn put_rate(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<HouseholdAt>,
    Json(rate): Json<Rate>,
) -> Result<Json<Rate>, Problem> {
    Ok(Json(desk.put_rate(&ctx, PutRate { household: at.id, rate }).await?))
}

/// Add an asset
///
/// By hand, or linked to an account of the ledger or at a bank that the caller may read. An account counts once in a
/// household. Of a debt, values are what is owed.
#[utoipa::path(
    post, path = "/assets", tag = "Net worth", params(Repeatable),
    request_body(content = AddAsset, example = json!({
        "name": "Our home", "class": "property", "source": { "by_hand": { "currency": "USD" } },
        "values": [{ "on": "2026-01-01", "amount": { "amount": "320000.00", "currency": "USD" } }]
    })),
    responses((status = 201, description = "Added", body = Asset))
)]
pub(super) async fn add_asset(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(command): Json<AddAsset>,
) -> Result<(StatusCode, Json<Asset>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.add_asset(&ctx, command).await?)))
}

/// List assets
///
/// Of one household, closed ones included.
#[utoipa::path(
    get, path = "/assets", tag = "Net worth", params(OfHouseholdParams),
    responses((status = 200, description = "All of them", body = AssetList))
)]
pub(super) async fn list_household_assets(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(OfHouseholdParams { household }): Query<OfHouseholdParams>,
) -> Result<Json<AssetList>, Problem> {
    Ok(Json(desk.assets(&ctx, OfHousehold { household }).await?))
}

/// Read an asset
///
/// Its values are read by themselves.
#[utoipa::path(
    get, path = "/assets/{id}", tag = "Net worth", params(AssetAt),
    responses((status = 200, description = "The asset", body = Asset))
)]
pub(super) async fn get_asset(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AssetAt>,
) -> Result<Json<Asset>, Problem> {
    Ok(Json(desk.asset(&ctx, at.id).await?))
}

/// Change an asset
///
/// What is left out stays as it is. A closed asset keeps its values of before.
#[utoipa::path(
    put, path = "/assets/{id}", tag = "Net worth", params(AssetAt, Repeatable),
    request_body(content = AssetBody, example = json!({ "name": "The old home", "closed_on": "2026-01-31" })),
    responses((status = 200, description = "As it is now", body = Asset))
)]
pub(super) async fn change_asset(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AssetAt>,
    Json(AssetBody { name, class, wrapper, closed_on }): Json<AssetBody>,
) -> Result<Json<Asset>, Problem> {
    Ok(Json(desk.change_asset(&ctx, ChangeAsset { id: at.id, name, class, wrapper, closed_on }).await?))
}

/// List values of an asset
///
/// The latest first, at most 1,000.
#[utoipa::path(
    get, path = "/assets/{id}/values", tag = "Net worth", params(AssetAt),
    responses((status = 200, description = "The values", body = ValueList))
)]
pub(super) async fn list_asset_values(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AssetAt>,
) -> Result<Json<ValueList>, Problem> {
    Ok(Json(desk.values(&ctx, at.id).await?))
}

/// Set values of an asset
///
/// By day; a day that is told again is corrected.
#[utoipa::path(
    put, path = "/assets/{id}/values", tag = "Net worth", params(AssetAt, Repeatable),
    request_body(content = ValuesBody, example = json!({
        "values": [{ "on": "2026-01-31", "amount": { "amount": "325000.00", "currency": "USD" } }]
    })),
    responses((status = 200, description = "The values", body = ValueList))
)]
pub(super) async fn put_asset_values(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AssetAt>,
    Json(ValuesBody { values }): Json<ValuesBody>,
) -> Result<Json<ValueList>, Problem> {
    Ok(Json(desk.put_values(&ctx, PutValues { asset: at.id, values }).await?))
}

/// Read net worth
///
/// Each day's total from `from` to `to`, and the lines of the last day with their value, rate and source. A line without a
/// value or a rate makes the day incomplete.
#[utoipa::path(
    get, path = "/net-worth", tag = "Net worth", params(WorthParams),
    responses((status = 200, description = "Days and lines", body = NetWorth))
)]
pub(super) async fn get_net_worth(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(WorthParams { household, from, to }): Query<WorthParams>,
) -> Result<Json<NetWorth>, Problem> {
    Ok(Json(desk.net_worth(&ctx, WorthQuery { household, from, to }).await?))
}
