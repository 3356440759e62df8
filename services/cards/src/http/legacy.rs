//! Leaving an old system.

use axum::extract::State;
use platform::http::{CallCtx, Json, Path, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Shared;
use super::programmes::ProgrammeAt;
use crate::legacy::{ImportCards, Imported, Legacy, LegacyCard, LegacyReport, SetLegacy};
use crate::programme::Programme;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CardsBody {
    /// At most 500.
    cards: Vec<LegacyCard>,
}

/// Set how far a programme has left the old system
///
/// Accounts then move by themselves, one at a time, to where the mode wants them, and back in the same way. One moves only
/// if both sides agree about balance, held sum and number of holds; the first that does not stops the others, and is in the
/// report. The same mode again tries it again.
#[utoipa::path(
    put, path = "/cards/legacy/{programme}", tag = "Legacy", params(ProgrammeAt), request_body = Legacy,
    responses((status = 200, description = "Set", body = Programme))
)]
pub(super) async fn set_legacy(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ProgrammeAt>,
    Json(legacy): Json<Legacy>,
) -> Result<Json<Programme>, Problem> {
    Ok(Json(cards.set_legacy(&ctx, SetLegacy { programme: at.programme, legacy }).await?))
}

/// See how far a programme has left the old system
///
/// Accounts on each side, decisions that were compared and how they differed, and accounts about which the two sides
/// disagree.
#[utoipa::path(
    get, path = "/cards/legacy/{programme}", tag = "Legacy", params(ProgrammeAt),
    responses((status = 200, description = "The report", body = LegacyReport))
)]
pub(super) async fn get_legacy(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ProgrammeAt>,
) -> Result<Json<LegacyReport>, Problem> {
    Ok(Json(cards.legacy_report(&ctx, at.programme).await?))
}

/// Import cards of the old system
///
/// They become cards of ours for which the old system answers until their account has moved. A card that was imported
/// before is left as it is, so send the same cards again after an answer that was lost.
#[utoipa::path(
    post, path = "/cards/legacy/{programme}/cards", tag = "Legacy", params(ProgrammeAt), request_body = CardsBody,
    responses((status = 200, description = "What became of the cards", body = Imported))
)]
pub(super) async fn import_legacy_cards(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ProgrammeAt>,
    Json(body): Json<CardsBody>,
) -> Result<Json<Imported>, Problem> {
    Ok(Json(cards.import_cards(&ctx, ImportCards { programme: at.programme, cards: body.cards }).await?))
}
