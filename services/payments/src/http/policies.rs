//! Policies.

use axum::extract::State;
use http::StatusCode;
use platform::http::Nothing;
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Shared;
use crate::face::*;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct PolicyAt {
    /// The policy's id.
    #[param(value_type = String)]
    policy: PolicyId,
}

/// Propose a policy
///
/// It has no effect before another person confirms it.
#[utoipa::path(
    post, path = "/payments/policies", tag = "Payment policies", params(Repeatable),
    request_body(content = PolicyTerms, example = json!({
        "name": "Large payments need two people", "from_amount": { "amount": "10000.00", "currency": "USD" }, "approvals": 2
    })),
    responses((status = 201, description = "Proposed", body = Policy))
)]
pub(super) async fn propose_payment_policy(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<PolicyTerms>,
) -> Result<(StatusCode, Json<Policy>), Problem> {
    let policy = payments.propose_policy(&ctx, ProposePolicy::New(Box::new(body))).await?;
    Ok((StatusCode::CREATED, Json(policy)))
}

/// List policies
///
/// Those that ended included.
#[utoipa::path(
    get, path = "/payments/policies", tag = "Payment policies",
    responses((status = 200, description = "All of them", body = PolicyList))
)]
pub(super) async fn list_payment_policies(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<PolicyList>, Problem> {
    Ok(Json(payments.policies(&ctx).await?))
}

/// Propose the end of a policy
///
/// It applies until another person confirms its end.
#[utoipa::path(
    post, path = "/payments/policies/{policy}/end", tag = "Payment policies", params(PolicyAt, Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "The policy as it is now", body = Policy))
)]
pub(super) async fn end_payment_policy(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PolicyAt>,
    _: Json<Nothing>,
) -> Result<Json<Policy>, Problem> {
    Ok(Json(payments.propose_policy(&ctx, ProposePolicy::End(at.policy)).await?))
}

/// Confirm a policy, or its end
///
/// By a person who did not propose it and has authenticated in the last five minutes.
#[utoipa::path(
    post, path = "/payments/policies/{policy}/confirm", tag = "Payment policies", params(PolicyAt, Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "The policy as it is now", body = Policy))
)]
pub(super) async fn confirm_payment_policy(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PolicyAt>,
    _: Json<Nothing>,
) -> Result<Json<Policy>, Problem> {
    Ok(Json(payments.confirm_policy(&ctx, ConfirmPolicy { policy: at.policy, confirm: true }).await?))
}

/// Refuse a policy, or its end
///
/// A policy that was to begin never does; one that was to end goes on.
#[utoipa::path(
    post, path = "/payments/policies/{policy}/refuse", tag = "Payment policies", params(PolicyAt, Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "The policy as it is now", body = Policy))
)]
pub(super) async fn refuse_payment_policy(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PolicyAt>,
    _: Json<Nothing>,
) -> Result<Json<Policy>, Problem> {
    Ok(Json(payments.confirm_policy(&ctx, ConfirmPolicy { policy: at.policy, confirm: false }).await?))
}
