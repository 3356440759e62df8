//! Rule sets, trying a single rule, and backtests.

use axum::extract::State;
use http::StatusCode;
use platform::http::{CallCtx, Json, Path, Problem, Query};
use risk_api::{
    Backtest, ChangeRuleSet, DraftRuleSet, Job, RuleResult, RuleSet, RuleSetChange, RuleSetId, RuleSetQuery,
    RuleSetState, SubjectKind, TryRule,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use super::answer::{Repeatable, items};

items!(RuleSetItems, RuleSet, u32);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RuleSetAt {
    /// The rule set's id.
    id: RuleSetId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RuleSetsQuery {
    /// Only sets in this state.
    #[param(inline)]
    state: Option<RuleSetState>,
    /// Only sets for this kind of subject.
    #[param(inline)]
    kind: Option<SubjectKind>,
    /// `next` of the previous page.
    before: Option<u32>,
    /// 50 by default, at most 500.
    limit: Option<usize>,
}

/// A change of a rule set that needs `rules:change`.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Edit {
    Validate,
    Shadow,
    Retire,
}

/// A change of a rule set that needs `rules:promote`.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Promotion {
    Propose,
    Approve,
    RollBack,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EditRuleSet {
    change: Edit,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PromoteRuleSet {
    change: Promotion,
}

/// List rule sets
///
/// All versions, newest first; by state or kind of subject.
#[utoipa::path(
    get, path = "/risk/rule-sets", tag = "Risk rules", params(RuleSetsQuery),
    responses((status = 200, description = "Newest first", body = RuleSetItems))
)]
pub(super) async fn list_rule_sets(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(query): Query<RuleSetsQuery>,
) -> Result<Json<RuleSetItems>, Problem> {
    let RuleSetsQuery { state, kind, before, limit } = query;
    let page = risk.rule_sets(&ctx, RuleSetQuery { state, kind, before, limit }).await?;
    Ok(Json(RuleSetItems { items: page.rule_sets, next: page.next }))
}

/// Draft a rule set
///
/// A draft may have mistakes; validation reports them with line and column. With `replaces` it replaces another draft.
#[utoipa::path(
    post, path = "/risk/rule-sets", tag = "Risk rules", params(Repeatable), request_body = DraftRuleSet,
    responses((status = 201, description = "Drafted", body = RuleSet))
)]
pub(super) async fn draft_rule_set(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<DraftRuleSet>,
) -> Result<(StatusCode, Json<RuleSet>), Problem> {
    Ok((StatusCode::CREATED, Json(risk.draft_rule_set(&ctx, body).await?)))
}

/// Read a rule set
///
/// With its rules, the people who wrote, proposed and approved it, and the problems that validation found.
#[utoipa::path(
    get, path = "/risk/rule-sets/{id}", tag = "Risk rules", params(RuleSetAt),
    responses((status = 200, description = "The rule set", body = RuleSet))
)]
pub(super) async fn get_rule_set(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<RuleSetAt>,
) -> Result<Json<RuleSet>, Problem> {
    Ok(Json(risk.rule_set(&ctx, at.id).await?))
}

/// Validate a rule set, run it as a shadow, or retire it
///
/// A set with `problems` stays a draft. A shadow runs beside the live set without taking part in decisions.
#[utoipa::path(
    post, path = "/risk/rule-sets/{id}/edits", tag = "Risk rules", params(RuleSetAt, Repeatable),
    request_body = EditRuleSet, responses((status = 200, description = "The rule set", body = RuleSet))
)]
pub(super) async fn edit_rule_set(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<RuleSetAt>,
    Json(body): Json<EditRuleSet>,
) -> Result<Json<RuleSet>, Problem> {
    let change = match body.change {
        Edit::Validate => RuleSetChange::Validate,
        Edit::Shadow => RuleSetChange::Shadow,
        Edit::Retire => RuleSetChange::Retire,
    };
    Ok(Json(risk.change_rule_set(&ctx, ChangeRuleSet { id: at.id, change }).await?))
}

/// Propose a rule set, approve it, or roll it back
///
/// Its author and the person who proposed it cannot approve it. A roll-back restores the previous live set at once.
#[utoipa::path(
    post, path = "/risk/rule-sets/{id}/promotions", tag = "Risk rules", params(RuleSetAt, Repeatable),
    request_body = PromoteRuleSet, responses((status = 200, description = "The rule set", body = RuleSet))
)]
pub(super) async fn promote_rule_set(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<RuleSetAt>,
    Json(body): Json<PromoteRuleSet>,
) -> Result<Json<RuleSet>, Problem> {
    let change = match body.change {
        Promotion::Propose => RuleSetChange::Propose,
        Promotion::Approve => RuleSetChange::Approve,
        Promotion::RollBack => RuleSetChange::RollBack,
    };
    Ok(Json(risk.change_rule_set(&ctx, ChangeRuleSet { id: at.id, change }).await?))
}

/// Try one rule on one decision
///
/// With the inputs and the features of that time. A mistake in the rule is reported with line and column.
#[utoipa::path(
    post, path = "/risk/rule-tries", tag = "Risk rules", request_body = TryRule,
    responses((status = 200, description = "The result of the rule", body = RuleResult))
)]
pub(super) async fn try_rule(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<TryRule>,
) -> Result<Json<RuleResult>, Problem> {
    Ok(Json(risk.try_rule(&ctx, body).await?))
}

/// Start a backtest
///
/// Evaluates a rule set on imported history or stored decisions, with the features of that time: what it would have stopped, and how
/// much of that was fraud or genuine, per rule and beside the live set. The job shows progress and result.
#[utoipa::path(
    post, path = "/risk/backtests", tag = "Risk rules", params(Repeatable), request_body = Backtest,
    responses((status = 202, description = "It is running", body = Job))
)]
pub(super) async fn backtest(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<Backtest>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(risk.backtest(&ctx, body).await?)))
}
