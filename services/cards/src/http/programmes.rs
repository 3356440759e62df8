//! Programmes.

use axum::extract::State;
use http::StatusCode;
use platform::http::{CallCtx, Json, Path, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use crate::face::PutProgramme;
use crate::programme::{Programme, ProgrammeId, Terms};
use crate::settle::{Settle, Settlement};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ProgrammeAt {
    /// The programme's id.
    pub(super) programme: ProgrammeId,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProgrammeList {
    items: Vec<Programme>,
}

/// Create a programme
///
/// Its accounts in the ledger must be able to go below zero, apart from holders' own: what the network has paid is
/// booked in any case. Send an Idempotency-Key, so that a repeat creates nothing twice.
#[utoipa::path(
    post, path = "/cards/programmes", tag = "Programmes", request_body = Terms,
    responses((status = 201, description = "Created", body = Programme))
)]
pub(super) async fn create_programme(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(terms): Json<Terms>,
) -> Result<(StatusCode, Json<Programme>), Problem> {
    Ok((StatusCode::CREATED, Json(cards.put_programme(&ctx, PutProgramme { id: None, terms }).await?)))
}

/// Change a programme
///
/// All terms are replaced. Authorizations that exist keep the accounts that they began with.
#[utoipa::path(
    put, path = "/cards/programmes/{programme}", tag = "Programmes", params(ProgrammeAt), request_body = Terms,
    responses((status = 200, description = "Changed", body = Programme))
)]
pub(super) async fn set_programme(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ProgrammeAt>,
    Json(terms): Json<Terms>,
) -> Result<Json<Programme>, Problem> {
    Ok(Json(cards.put_programme(&ctx, PutProgramme { id: Some(at.programme), terms }).await?))
}

/// Settle a business day
///
/// Nets what the network is owed for all clearings, refunds and disputes of the day to one transaction in the ledger,
/// between the programme's accounts `settlement` and `bank`. A day is settled once; send it again to get the result.
#[utoipa::path(
    post, path = "/cards/settlements", tag = "Programmes", request_body = Settle,
    responses((status = 200, description = "The settlement", body = Settlement))
)]
pub(super) async fn settle_day(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<Settle>,
) -> Result<Json<Settlement>, Problem> {
    Ok(Json(cards.settle(&ctx, body).await?))
}

/// List programmes
///
/// All of them with their present terms, the oldest first.
#[utoipa::path(
    get, path = "/cards/programmes", tag = "Programmes",
    responses((status = 200, description = "All of them", body = ProgrammeList))
)]
pub(super) async fn list_programmes(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<ProgrammeList>, Problem> {
    Ok(Json(ProgrammeList { items: cards.programmes(&ctx).await? }))
}
