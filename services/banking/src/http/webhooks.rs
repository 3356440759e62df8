//! Webhooks of Plaid, which has no token of ours: its signature says who it is.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use banking_api::{ConnectionId, PartBytes, Refusal, Webhook};
use http::{HeaderMap, StatusCode};
use kernel::{Ctx, Deadline, Principal};
use platform::http::{Path, Problem};
use serde::Deserialize;

use super::Desk;

const BODY_BYTES_MAX: usize = 64 << 10;
const DEADLINE_MS: u64 = 10_000;

#[derive(Deserialize)]
struct At {
    id: ConnectionId,
}

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/v1/banking/webhooks/{id}", post(receive)).layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

async fn receive(
    State(desk): State<Desk>,
    Path(At { id }): Path<At>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let signature = headers.get("plaid-verification").and_then(|value| value.to_str().ok());
    let invalid = || Refusal::WebhookInvalid { detail: "expected a token in Plaid-Verification".to_owned() };
    let signature = signature.ok_or_else(invalid).map_err(banking_api::BankingError::from)?.to_owned();
    let deadline = Deadline::after_millis(&*desk.clock, DEADLINE_MS);
    let (principal, request_id) = (Principal::nobody(), Arc::from("webhook"));
    let ctx = Ctx { principal, deadline, request_id, idempotency_key: None };
    desk.banking.webhook(&ctx, Webhook { connection: id, body: PartBytes(body.to_vec()), signature }).await?;
    Ok(StatusCode::NO_CONTENT)
}
