//! Decisions, labels and entities.

use axum::extract::State;
use platform::http::{CallCtx, Json, Path, Problem};
use risk_api::{Decide, Decision, Entity, EntityFeatures, EntityId, EntityKind, Feedback, SubjectId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use super::answer::{DecidedAnswer, NotedAnswer};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DecidedItems {
    /// In the order of the subjects.
    items: Vec<DecidedAnswer>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotedItems {
    /// In the order of the labels.
    items: Vec<NotedAnswer>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct DecisionAt {
    /// The subject's id.
    #[param(value_type = String)]
    id: SubjectId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct EntityAt {
    /// The kind of the entity.
    #[param(inline)]
    kind: EntityKind,
    /// The entity's token.
    #[param(value_type = String, example = "tok_7f2c91")]
    id: EntityId,
}

/// Decide about payments or logins
///
/// Each subject has its own id, and a repeat gets the first decision: nothing is counted twice. Cards, accounts and other entities are
/// named by tokens; a card number is refused. A refused subject does not affect the others.
#[utoipa::path(
    post, path = "/risk/decide", tag = "Risk decisions", request_body = Decide,
    responses((status = 200, description = "A decision or an error for each subject", body = DecidedItems))
)]
pub(super) async fn decide(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<Decide>,
) -> Result<Json<DecidedItems>, Problem> {
    let decided = risk.decide(&ctx, body).await?;
    Ok(Json(DecidedItems { items: decided.into_iter().map(DecidedAnswer::from).collect() }))
}

/// Label subjects as fraud or genuine
///
/// The label that became known last is in force; earlier ones are kept as history. A label may arrive before its decision, and waits
/// for it.
#[utoipa::path(
    post, path = "/risk/feedback", tag = "Risk decisions", request_body = Feedback,
    responses((status = 200, description = "The result for each label", body = NotedItems))
)]
pub(super) async fn give_feedback(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<Feedback>,
) -> Result<Json<NotedItems>, Problem> {
    let noted = risk.feedback(&ctx, body).await?;
    Ok(Json(NotedItems { items: noted.into_iter().map(NotedAnswer::from).collect() }))
}

/// Explain a decision
///
/// Inputs, the result of every rule, the features at that time, contributions to the model's score, versions, labels, and a sentence
/// for each reason.
#[utoipa::path(
    get, path = "/risk/decisions/{id}", tag = "Risk decisions", params(DecisionAt),
    responses((status = 200, description = "The decision", body = Decision))
)]
pub(super) async fn get_decision(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<DecisionAt>,
) -> Result<Json<Decision>, Problem> {
    Ok(Json(risk.decision(&ctx, at.id).await?))
}

/// Read the features of an entity
///
/// As of its newest event, and the lists that it is on. An entity that was never seen has no features.
#[utoipa::path(
    get, path = "/risk/entities/{kind}/{id}", tag = "Risk decisions", params(EntityAt),
    responses((status = 200, description = "The entity", body = EntityFeatures))
)]
pub(super) async fn get_entity(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EntityAt>,
) -> Result<Json<EntityFeatures>, Problem> {
    Ok(Json(risk.entity(&ctx, Entity { kind: at.kind, id: at.id }).await?))
}
