//! Products, their versions and rates.

use accounts_api::{CreateProduct, NewVersion, Product, ProductId, ProductQuery, Rates, SetRates, Terms};
use axum::extract::State;
use http::StatusCode;
use platform::http::{CallCtx, Json, Page, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor, page_limit};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{Desk, Nothing, PageParams};

const LIST: &str = "products";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ProductAt {
    /// The product's id.
    #[param(value_type = String)]
    id: ProductId,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RatesBody {
    rates: Rates,
    /// For days that are over: they are computed again, and the difference accrues today.
    #[serde(default)]
    correction: bool,
}

/// Create a product
///
/// As a draft. Activate it before accounts are opened under it.
#[utoipa::path(
    post, path = "/products", tag = "Products", params(Repeatable),
    request_body(content = CreateProduct, example = json!({
        "name": "Savings", "kind": "savings", "currency": "EUR",
        "terms": { "interest": { "day_count": "act/365f", "tiers": "whole", "posting": "monthly" } },
        "rates": { "from": "2026-01-01", "credit": [{ "from": { "amount": "0.00", "currency": "EUR" }, "rate": "2.5" }] }
    })),
    responses((status = 201, description = "The draft", body = Product))
)]
pub(super) async fn create_product(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<CreateProduct>,
) -> Result<(StatusCode, Json<Product>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.create_product(&ctx, body).await?)))
}

/// List products
///
/// In order of creation.
#[utoipa::path(
    get, path = "/products", tag = "Products", params(PageParams),
    responses((status = 200, description = "One page", body = Page<Product>))
)]
pub(super) async fn list_products(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<PageParams>,
) -> Result<Json<Page<Product>>, Problem> {
    let after = params.cursor.as_deref().map(|cursor| decode_cursor(LIST, cursor)).transpose()?;
    let page = desk.products(&ctx, ProductQuery { after, limit: page_limit(params.limit)? }).await?;
    let next = page.items.last().filter(|_| page.more).map(|last| encode_cursor(LIST, &last.id));
    Ok(Json(Page { items: page.items, next }))
}

/// Read a product
///
/// With the terms of its newest version and all its rates.
#[utoipa::path(
    get, path = "/products/{id}", tag = "Products", params(ProductAt),
    responses((status = 200, description = "The product", body = Product))
)]
pub(super) async fn get_product(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ProductAt>,
) -> Result<Json<Product>, Problem> {
    Ok(Json(desk.product(&ctx, at.id).await?))
}

/// Draft a version of a product
///
/// It replaces a draft; a version in use never changes. Accounts keep the version under which they were opened.
#[utoipa::path(
    post, path = "/products/{id}/versions", tag = "Products", params(ProductAt, Repeatable),
    request_body(content = Terms, example = json!({ "notice_days": 30 })),
    responses((status = 201, description = "The product with its draft", body = Product))
)]
pub(super) async fn add_product_version(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ProductAt>,
    Json(terms): Json<Terms>,
) -> Result<(StatusCode, Json<Product>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.new_version(&ctx, NewVersion { id: at.id, terms }).await?)))
}

/// Activate a product
///
/// Its accounts in the ledger are opened, and new customer accounts get its newest version.
#[utoipa::path(
    post, path = "/products/{id}/activate", tag = "Products", params(ProductAt), request_body = Nothing,
    responses((status = 200, description = "As it is now", body = Product))
)]
pub(super) async fn activate_product(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ProductAt>,
    _: Json<Option<Nothing>>,
) -> Result<Json<Product>, Problem> {
    Ok(Json(desk.activate_product(&ctx, at.id).await?))
}

/// Retire a product
///
/// No account is opened under it any more. Accounts that are open go on.
#[utoipa::path(
    post, path = "/products/{id}/retire", tag = "Products", params(ProductAt), request_body = Nothing,
    responses((status = 200, description = "As it is now", body = Product))
)]
pub(super) async fn retire_product(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ProductAt>,
    _: Json<Option<Nothing>>,
) -> Result<Json<Product>, Problem> {
    Ok(Json(desk.retire_product(&ctx, at.id).await?))
}

/// Announce rates of a product
///
/// From a day on, as many days ahead as the terms say. With `correction` the day may be over.
#[utoipa::path(
    post, path = "/products/{id}/rates", tag = "Products", params(ProductAt, Repeatable),
    request_body(content = RatesBody, example = json!({
        "rates": { "from": "2027-01-01", "credit": [{ "from": { "amount": "0.00", "currency": "EUR" }, "rate": "3" }] }
    })),
    responses((status = 201, description = "The product with its rates", body = Product))
)]
pub(super) async fn set_product_rates(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ProductAt>,
    Json(RatesBody { rates, correction }): Json<RatesBody>,
) -> Result<(StatusCode, Json<Product>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.set_rates(&ctx, SetRates { id: at.id, rates, correction }).await?)))
}
