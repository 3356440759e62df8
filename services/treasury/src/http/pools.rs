//! Pools and sweeps.

use axum::extract::State;
use http::StatusCode;
use platform::http::{
    CallCtx, Json, Nothing, Page, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor, page_limit,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{PageParams, Shared};
use crate::face::*;

const LIST: &str = "treasury-sweeps";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct PoolAt {
    /// The pool's name.
    #[param(example = "acme")]
    pool: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct SweepAt {
    /// The sweep's id.
    #[param(value_type = String)]
    id: SweepId,
}

/// Put a pool
///
/// Makes it, or gives it these terms instead of those before. All its accounts are in one currency.
#[utoipa::path(
    put, path = "/pools/{pool}", tag = "Sweeps", params(PoolAt),
    request_body(content = PoolTerms, example = json!({
        "header": "tacc_01kppyzd5gfmra2qsx5rkvr8wb", "members": [{
            "account": "tacc_01kppyzd5gfmra2qsx5rkvr8wc", "rule": { "target": { "amount": "5000.00", "currency": "USD" } },
            "minimum": { "amount": "100.00", "currency": "USD" }
        }]
    })),
    responses((status = 200, description = "As it is now", body = Pool))
)]
pub(super) async fn put_pool(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PoolAt>,
    Json(terms): Json<PoolTerms>,
) -> Result<Json<Pool>, Problem> {
    Ok(Json(treasury.put_pool(&ctx, PutPool { name: at.pool, terms }).await?))
}

/// List pools
///
/// By name.
#[utoipa::path(
    get, path = "/pools", tag = "Sweeps",
    responses((status = 200, description = "All of them", body = PoolList))
)]
pub(super) async fn list_pools(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<PoolList>, Problem> {
    Ok(Json(treasury.pools(&ctx).await?))
}

/// Propose a sweep
///
/// By the rules of the pool, or with `days` by a plan that earns the most over so many days while every account stays at its
/// floor. It moves nothing before another person approves it, on the same day. With nothing to move its state is `nothing`.
#[utoipa::path(
    post, path = "/sweeps", tag = "Sweeps", params(Repeatable),
    request_body(content = ProposeSweep, example = json!({ "pool": "acme", "days": 14 })),
    responses((status = 201, description = "The sweep", body = Sweep))
)]
pub(super) async fn propose_sweep(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(command): Json<ProposeSweep>,
) -> Result<(StatusCode, Json<Sweep>), Problem> {
    Ok((StatusCode::CREATED, Json(treasury.propose(&ctx, command).await?)))
}

/// List sweeps
///
/// The newest first.
#[utoipa::path(
    get, path = "/sweeps", tag = "Sweeps", params(PageParams),
    responses((status = 200, description = "One page", body = Page<Sweep>))
)]
pub(super) async fn list_sweeps(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(PageParams { cursor, limit }): Query<PageParams>,
) -> Result<Json<Page<Sweep>>, Problem> {
    let before = cursor.map(|cursor| decode_cursor::<SweepId>(LIST, &cursor)).transpose()?;
    let SweepPage { items, next } = treasury.sweeps(&ctx, SweepQuery { before, limit: page_limit(limit)? }).await?;
    Ok(Json(Page { items, next: next.map(|next| encode_cursor(LIST, &next)) }))
}

/// Get a sweep
///
/// With its moves, and what of the rules was left out and why.
#[utoipa::path(
    get, path = "/sweeps/{id}", tag = "Sweeps", params(SweepAt),
    responses((status = 200, description = "The sweep", body = Sweep))
)]
pub(super) async fn get_sweep(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<SweepAt>,
) -> Result<Json<Sweep>, Problem> {
    Ok(Json(treasury.sweep(&ctx, at.id).await?))
}

/// Approve a sweep
///
/// By a person who did not propose it and has authenticated in the last five minutes. Balances are read again before. If all
/// accounts are in the ledger, the moves of the day are made at once, all or none; otherwise they are a list for a person, and
/// the sweep stays `executing` until it is finished.
#[utoipa::path(
    post, path = "/sweeps/{id}/approve", tag = "Sweeps", params(SweepAt, Repeatable), request_body = Option<Nothing>,
    responses((status = 200, description = "The sweep as it is now", body = Sweep))
)]
pub(super) async fn approve_sweep(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<SweepAt>,
    _: Json<Nothing>,
) -> Result<Json<Sweep>, Problem> {
    Ok(Json(treasury.decide(&ctx, DecideSweep { sweep: at.id, verdict: Verdict::Approve }).await?))
}

/// Reject a sweep
///
/// It moves nothing.
#[utoipa::path(
    post, path = "/sweeps/{id}/reject", tag = "Sweeps", params(SweepAt, Repeatable), request_body = Option<Nothing>,
    responses((status = 200, description = "The sweep as it is now", body = Sweep))
)]
pub(super) async fn reject_sweep(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<SweepAt>,
    _: Json<Nothing>,
) -> Result<Json<Sweep>, Problem> {
    Ok(Json(treasury.decide(&ctx, DecideSweep { sweep: at.id, verdict: Verdict::Reject }).await?))
}

/// Finish a sweep
///
/// The moves of its list were made at the banks.
#[utoipa::path(
    post, path = "/sweeps/{id}/finish", tag = "Sweeps", params(SweepAt, Repeatable), request_body = Option<Nothing>,
    responses((status = 200, description = "The sweep as it is now", body = Sweep))
)]
pub(super) async fn finish_sweep(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<SweepAt>,
    _: Json<Nothing>,
) -> Result<Json<Sweep>, Problem> {
    Ok(Json(treasury.decide(&ctx, DecideSweep { sweep: at.id, verdict: Verdict::Done }).await?))
}
