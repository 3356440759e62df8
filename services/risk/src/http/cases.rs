//! The review queue.

use axum::extract::State;
use platform::http::{CallCtx, Json, Path, Problem, Query};
use risk_api::{Case, CaseChange, CaseId, CaseQuery, CaseState, ChangeCase, Entity, EntityId, EntityKind, SubjectKind};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use super::answer::{Repeatable, items};

items!(CaseItems, Case, CaseId);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct CaseAt {
    /// The case's id.
    id: CaseId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CasesQuery {
    /// Only cases in this state.
    #[param(inline)]
    state: Option<CaseState>,
    /// Only cases of this person.
    assigned_to: Option<String>,
    /// Only cases about this kind of subject.
    #[param(inline)]
    kind: Option<SubjectKind>,
    /// Only escalated cases, or only others.
    escalated: Option<bool>,
    /// Only cases of this entity; needs `entity_id`.
    #[param(inline)]
    entity_kind: Option<EntityKind>,
    /// The token of that entity.
    #[param(value_type = Option<String>)]
    entity_id: Option<EntityId>,
    /// `next` of the previous page.
    before: Option<CaseId>,
    /// 50 by default, at most 500.
    limit: Option<usize>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseMove {
    /// The version that was read.
    version: u32,
    change: CaseChange,
}

/// List cases
///
/// By state, person, kind, escalation or entity, newest first. Notes are left out.
#[utoipa::path(
    get, path = "/risk/cases", tag = "Risk cases", params(CasesQuery),
    responses((status = 200, description = "Newest first, without notes", body = CaseItems))
)]
pub(super) async fn list_cases(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(query): Query<CasesQuery>,
) -> Result<Json<CaseItems>, Problem> {
    let CasesQuery { state, assigned_to, kind, escalated, entity_kind, entity_id, before, limit } = query;
    let entity = entity_kind.zip(entity_id).map(|(kind, id)| Entity { kind, id });
    let page = risk.cases(&ctx, CaseQuery { state, assigned_to, kind, escalated, entity, before, limit }).await?;
    Ok(Json(CaseItems { items: page.cases, next: page.next }))
}

/// Read a case
///
/// With its notes, oldest first, and the version that a change has to name.
#[utoipa::path(
    get, path = "/risk/cases/{id}", tag = "Risk cases", params(CaseAt),
    responses((status = 200, description = "The case", body = Case))
)]
pub(super) async fn get_case(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<CaseAt>,
) -> Result<Json<Case>, Problem> {
    Ok(Json(risk.case(&ctx, at.id).await?))
}

/// Assign, note, resolve or reopen a case
///
/// `version` is the one that was read; if the case was changed since, nothing happens. The resolution `fraud` or `genuine` becomes a
/// label of the subject.
#[utoipa::path(
    post, path = "/risk/cases/{id}/changes", tag = "Risk cases", params(CaseAt, Repeatable), request_body = CaseMove,
    responses((status = 200, description = "The case", body = Case))
)]
pub(super) async fn change_case(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<CaseAt>,
    Json(body): Json<CaseMove>,
) -> Result<Json<Case>, Problem> {
    let CaseMove { version, change } = body;
    Ok(Json(risk.change_case(&ctx, ChangeCase { id: at.id, version, change }).await?))
}
