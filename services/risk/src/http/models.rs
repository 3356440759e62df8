//! Training, the registry of models, and jobs.

use axum::extract::State;
use http::StatusCode;
use platform::http::{CallCtx, Json, Path, Problem, Query};
use risk_api::{
    CancelJob, ChangeModel, Comparison, Job, JobId, JobKind, Model, ModelChange, ModelId, ModelSummary, SubjectKind,
    Train,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use super::answer::Repeatable;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModelItems {
    /// Newest first.
    items: Vec<ModelSummary>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ModelAt {
    /// The model's id.
    id: ModelId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct JobAt {
    /// The job's id.
    id: JobId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ModelsQuery {
    /// The kind of subject.
    #[param(inline)]
    kind: SubjectKind,
}

/// A change of a model that needs `models:train`.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ModelEdit {
    Challenge,
    Reject,
}

/// A change of a model that needs `models:promote`.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ModelPromotion {
    Propose,
    Approve,
    RollBack,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EditModel {
    change: ModelEdit,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PromoteModel {
    change: ModelPromotion,
    /// The reason for approving it although it is worse than the champion.
    #[serde(default)]
    #[schema(max_length = 1000)]
    despite: Option<String>,
}

/// List models
///
/// All versions of one kind of subject, newest first, with state and figures.
#[utoipa::path(
    get, path = "/risk/models", tag = "Risk models", params(ModelsQuery),
    responses((status = 200, description = "Newest first", body = ModelItems))
)]
pub(super) async fn list_models(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(query): Query<ModelsQuery>,
) -> Result<Json<ModelItems>, Problem> {
    Ok(Json(ModelItems { items: risk.models(&ctx, query.kind).await? }))
}

/// Train a model
///
/// Trains on labelled history. The last `test_days` are only used to evaluate the model, and the `delay_days` before them are left out,
/// as long as labels take. The job shows the progress; its model becomes a candidate.
#[utoipa::path(
    post, path = "/risk/models", tag = "Risk models", params(Repeatable), request_body = Train,
    responses((status = 202, description = "It is running", body = Job))
)]
pub(super) async fn train_model(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<Train>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(risk.train(&ctx, body).await?)))
}

/// Read a model
///
/// Rows, features, parameters, seed and range of its training, its figures beside those of flagging nothing, the best single rule and
/// logistic regression, and the cost of each threshold.
#[utoipa::path(
    get, path = "/risk/models/{id}", tag = "Risk models", params(ModelAt),
    responses((status = 200, description = "The model", body = Model))
)]
pub(super) async fn get_model(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ModelAt>,
) -> Result<Json<Model>, Problem> {
    Ok(Json(risk.model(&ctx, at.id).await?))
}

/// Compare a model with the champion
///
/// On the labelled decisions that both scored, if there are at least 1,000; otherwise each on its own test rows.
#[utoipa::path(
    get, path = "/risk/models/{id}/comparison", tag = "Risk models", params(ModelAt),
    responses((status = 200, description = "Both, side by side", body = Comparison))
)]
pub(super) async fn compare_model(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ModelAt>,
) -> Result<Json<Comparison>, Problem> {
    Ok(Json(risk.compare(&ctx, at.id).await?))
}

/// Let a model challenge the champion, or reject it
///
/// A challenger scores live traffic without taking part in decisions; there are at most two.
#[utoipa::path(
    post, path = "/risk/models/{id}/edits", tag = "Risk models", params(ModelAt, Repeatable),
    request_body = EditModel, responses((status = 200, description = "The model", body = Model))
)]
pub(super) async fn edit_model(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ModelAt>,
    Json(body): Json<EditModel>,
) -> Result<Json<Model>, Problem> {
    let change = match body.change {
        ModelEdit::Challenge => ModelChange::Challenge,
        ModelEdit::Reject => ModelChange::Reject,
    };
    Ok(Json(risk.change_model(&ctx, ChangeModel { id: at.id, change }).await?))
}

/// Propose a model, approve it, or roll it back
///
/// The people who trained and proposed it cannot approve it. A model that is worse than the champion by more than `champion_margin`
/// needs `despite`. A roll-back restores the previous champion at once.
#[utoipa::path(
    post, path = "/risk/models/{id}/promotions", tag = "Risk models", params(ModelAt, Repeatable),
    request_body = PromoteModel, responses((status = 200, description = "The model", body = Model))
)]
pub(super) async fn promote_model(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ModelAt>,
    Json(body): Json<PromoteModel>,
) -> Result<Json<Model>, Problem> {
    let change = match body.change {
        ModelPromotion::Propose => ModelChange::Propose,
        ModelPromotion::Approve => ModelChange::Approve { despite: body.despite },
        ModelPromotion::RollBack => ModelChange::RollBack,
    };
    Ok(Json(risk.change_model(&ctx, ChangeModel { id: at.id, change }).await?))
}

/// Read a job
///
/// Progress of a training or a backtest, and its model or result once it is done.
#[utoipa::path(
    get, path = "/risk/jobs/{id}", tag = "Risk models", params(JobAt),
    responses((status = 200, description = "The job", body = Job))
)]
pub(super) async fn get_job(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<JobAt>,
) -> Result<Json<Job>, Problem> {
    Ok(Json(risk.job(&ctx, at.id).await?))
}

/// Cancel a training
///
/// A job that has ended does not change.
#[utoipa::path(
    delete, path = "/risk/trainings/{id}", tag = "Risk models", params(JobAt),
    responses((status = 200, description = "It will end soon", body = Job))
)]
pub(super) async fn cancel_training(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<JobAt>,
) -> Result<Json<Job>, Problem> {
    Ok(Json(risk.cancel_job(&ctx, CancelJob { id: at.id, kind: JobKind::Training }).await?))
}

/// Cancel a backtest
///
/// A job that has ended does not change.
#[utoipa::path(
    delete, path = "/risk/backtests/{id}", tag = "Risk rules", params(JobAt),
    responses((status = 200, description = "It will end soon", body = Job))
)]
pub(super) async fn cancel_backtest(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<JobAt>,
) -> Result<Json<Job>, Problem> {
    Ok(Json(risk.cancel_job(&ctx, CancelJob { id: at.id, kind: JobKind::Backtest }).await?))
}
