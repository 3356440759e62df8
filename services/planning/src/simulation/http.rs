//! Simulation's routes, and the document that describes them.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use planning_api::*;
use platform::error;
use platform::http::document::Part;
use platform::http::{CallCtx, Json, Problem};
use platform::room::{Operation, Routes, Word, needs};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Desk = Arc<dyn Simulation>;

pub(super) const TAGS: [(&str, &str); 1] = [(
    "Simulations",
    "What comes of a plan for money in many futures, what would change it, and why it fails. Nothing is kept.",
)];

const RUN: Word = needs("simulations", "run");
const SCENARIO: &[&str] = &[
    "field_invalid",
    "out_of_range",
    "too_few",
    "too_many",
    "weights_sum",
    "correlation_invalid",
    "series_invalid",
    "name_unknown",
    "currency_differs",
    "life_invalid",
];

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "simulate", word: RUN, refusals: SCENARIO },
    Operation { name: "solve_scenario", word: RUN, refusals: SCENARIO },
    Operation { name: "vary_scenario", word: RUN, refusals: SCENARIO },
    Operation { name: "compare_scenarios", word: RUN, refusals: SCENARIO },
    Operation { name: "stress_scenario", word: RUN, refusals: SCENARIO },
];

pub(super) fn routes(simulation: Desk) -> Routes {
    Routes::under_v1(Router::from(router()).with_state(simulation))
}

pub(super) fn document() -> OpenApi {
    let part = Part {
        room: SIMULATION,
        tags: &TAGS,
        samples: error::samples::<SimulationRefusal>(),
        operations: OPERATIONS,
        story: include_str!("../../simulation/story.json"),
    };
    part.finish(router().into_openapi())
}

fn router() -> OpenApiRouter<Desk> {
    let all = OpenApiRouter::new()
        .routes(routes!(simulate))
        .routes(routes!(solve_scenario))
        .routes(routes!(vary_scenario))
        .routes(routes!(compare_scenarios))
        .routes(routes!(stress_scenario));
    OpenApiRouter::new().nest("/planning", all)
}

/// Simulate a scenario
///
/// Success is the share of paths on which something was left after every withdrawal. Fewer paths than asked for mean that
/// time ran out; they are the first ones of the whole run.
#[utoipa::path(
    post, path = "/simulate", tag = "Simulations",
    request_body(content = Scenario, example = json!({
        "mode": "monte_carlo", "paths": 10000, "seed": 7, "years": 30,
        "start": { "amount": "1000000.00", "currency": "USD" }, "weights": { "stocks": 0.6, "bonds": 0.4 },
        "policy": { "kind": "constant_real", "rate": 0.04 }
    })),
    responses((status = 200, description = "What comes of it", body = Futures))
)]
async fn simulate(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(scenario): Json<Scenario>,
) -> Result<Json<Futures>, Problem> {
    Ok(Json(desk.simulate(&ctx, scenario).await?))
}

/// Solve a scenario
///
/// The highest spending or rate, the earliest retirement, or the least saving at which a share of the paths succeeds. All
/// tries share their random numbers.
#[utoipa::path(
    post, path = "/solve", tag = "Simulations",
    request_body(content = Solve, example = json!({
        "lever": "rate", "success": 0.95,
        "scenario": {
            "years": 30, "start": { "amount": "1000000.00", "currency": "USD" },
            "weights": { "stocks": 0.6, "bonds": 0.4 }, "policy": { "kind": "constant_real", "rate": 0.04 }
        }
    })),
    responses((status = 200, description = "The value, or why there is none", body = Solved))
)]
async fn solve_scenario(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(question): Json<Solve>,
) -> Result<Json<Solved>, Problem> {
    Ok(Json(desk.solve(&ctx, question).await?))
}

/// Vary a scenario
///
/// Success for every pair of values of two levers, at most 400 pairs.
#[utoipa::path(
    post, path = "/sensitivity", tag = "Simulations",
    request_body(content = Sensitivity, example = json!({
        "rows": { "lever": "rate", "values": [0.03, 0.04] }, "columns": { "lever": "returns", "values": [-0.01, 0.0] },
        "scenario": {
            "years": 30, "start": { "amount": "1000000.00", "currency": "USD" },
            "weights": { "stocks": 0.6, "bonds": 0.4 }, "policy": { "kind": "constant_real", "rate": 0.04 }
        }
    })),
    responses((status = 200, description = "Row after row", body = Grid))
)]
async fn vary_scenario(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(question): Json<Sensitivity>,
) -> Result<Json<Grid>, Problem> {
    Ok(Json(desk.grid(&ctx, question).await?))
}

/// Compare two scenarios
///
/// On the same random numbers, so that the difference between them is not noise.
#[utoipa::path(
    post, path = "/compare", tag = "Simulations",
    request_body(content = Compare, example = json!({
        "before": {
            "years": 30, "start": { "amount": "1000000.00", "currency": "USD" },
            "weights": { "stocks": 0.6, "bonds": 0.4 }, "policy": { "kind": "constant_real", "rate": 0.05 }
        },
        "after": {
            "years": 30, "start": { "amount": "1000000.00", "currency": "USD" },
            "weights": { "stocks": 0.6, "bonds": 0.4 }, "policy": { "kind": "constant_real", "rate": 0.04 }
        }
    })),
    responses((status = 200, description = "Both, and the difference", body = Compared))
)]
async fn compare_scenarios(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(question): Json<Compare>,
) -> Result<Json<Compared>, Problem> {
    Ok(Json(desk.measure(&ctx, question).await?))
}

/// Stress a scenario
///
/// Bad sequences of years beside the scenario as it is, and why its paths fail.
#[utoipa::path(
    post, path = "/stress", tag = "Simulations",
    request_body(content = Stress, example = json!({
        "scenario": {
            "years": 30, "start": { "amount": "1000000.00", "currency": "USD" },
            "weights": { "stocks": 0.6, "bonds": 0.4 }, "policy": { "kind": "constant_real", "rate": 0.04 }
        }
    })),
    responses((status = 200, description = "Each sequence beside the base", body = Stressed))
)]
async fn stress_scenario(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(question): Json<Stress>,
) -> Result<Json<Stressed>, Problem> {
    Ok(Json(desk.stress(&ctx, question).await?))
}
