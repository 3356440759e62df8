//! Assets: units of account outside ISO 4217.

use ledger_api::{Asset, DeclareAsset, Shape};
use platform::http::{CallCtx, Json, Problem, Repeatable};

use super::answer::{Done, problem};
use super::book::InBook;

/// Declare an asset
///
/// Points, shares, tokens: anything countable that is not an ISO 4217 currency. The scale is its number of decimal
/// places and cannot be changed later. Declaring the same again is safe and answers 200.
///
/// Its amounts look like those of a currency (`{"amount": "250", "currency": "POINTS"}`). Accounts that hold it name it
/// with its scale: `"currency": "POINTS/0"`.
#[utoipa::path(
    post, path = "/assets", tag = "Assets", params(Repeatable),
    request_body = DeclareAsset,
    responses(
        (status = 201, description = "Declared", body = Asset),
        (status = 200, description = "It was already declared with this scale", body = Asset),
    )
)]
pub(super) async fn declare_asset(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Json(body): Json<DeclareAsset>,
) -> Result<Done<Asset>, Problem> {
    let asset = ledger.declare_asset(&ctx, body).await.map_err(|error| problem(error, Shape::Postings))?;
    Ok(Done::asset(asset))
}

/// List the declared assets
///
/// All of them, by code. ISO 4217 currencies need no declaration and are not listed.
#[utoipa::path(
    get, path = "/assets", tag = "Assets",
    responses((status = 200, description = "All declared assets", body = Vec<Asset>))
)]
pub(super) async fn list_assets(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
) -> Result<Json<Vec<Asset>>, Problem> {
    ledger.assets(&ctx).await.map(Json).map_err(|error| problem(error, Shape::Postings))
}
