//! Risk's routes, its operations with the permission that each needs, and the document that describes them.

mod answer;
mod cases;
mod decisions;
mod lists;
mod models;
mod page;
mod reports;
mod rule_sets;

use std::sync::Arc;

use axum::Router;
use platform::error;
use platform::http::document::Part;
use platform::room::{Operation, Routes, needs};
use risk_api::{Refusal, Risk};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Shared = Arc<dyn Risk>;

const FORM: &str = "field_invalid";

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "decide", word: needs("risk", "decide"), refusals: &["too_many"] },
    Operation { name: "give_feedback", word: needs("labels", "create"), refusals: &["too_many"] },
    Operation { name: "get_decision", word: needs("risk", "read"), refusals: &["not_found"] },
    Operation { name: "get_entity", word: needs("risk", "read"), refusals: &[] },
    Operation { name: "list_entries", word: needs("risk", "read"), refusals: &[] },
    Operation { name: "put_entries", word: needs("lists", "change"), refusals: &["too_many", FORM] },
    Operation { name: "remove_entries", word: needs("lists", "change"), refusals: &["too_many"] },
    Operation { name: "list_rule_sets", word: needs("risk", "read"), refusals: &[] },
    Operation { name: "get_rule_set", word: needs("risk", "read"), refusals: &["not_found"] },
    Operation {
        name: "draft_rule_set",
        word: needs("rules", "change"),
        refusals: &["too_many", FORM, "rule_set_state", "not_found"],
    },
    Operation {
        name: "edit_rule_set",
        word: needs("rules", "change"),
        refusals: &["rules_unsound", "rule_set_state", "not_found"],
    },
    Operation {
        name: "promote_rule_set",
        word: needs("rules", "promote"),
        refusals: &[
            "rules_unsound",
            "rule_set_state",
            "not_proposed",
            "second_person_needed",
            "nothing_before",
            "not_found",
        ],
    },
    Operation { name: "try_rule", word: needs("rules", "change"), refusals: &[FORM, "not_found"] },
    Operation {
        name: "backtest",
        word: needs("rules", "change"),
        refusals: &["rules_unsound", "range_empty", "job_running", "not_found"],
    },
    Operation { name: "train_model", word: needs("models", "train"), refusals: &[FORM, "range_empty", "job_running"] },
    Operation { name: "get_job", word: needs("risk", "read"), refusals: &["not_found"] },
    Operation { name: "cancel_training", word: needs("models", "train"), refusals: &["not_found"] },
    Operation { name: "cancel_backtest", word: needs("rules", "change"), refusals: &["not_found"] },
    Operation { name: "list_models", word: needs("risk", "read"), refusals: &[] },
    Operation { name: "get_model", word: needs("risk", "read"), refusals: &["not_found"] },
    Operation { name: "compare_model", word: needs("risk", "read"), refusals: &["not_found"] },
    Operation {
        name: "edit_model",
        word: needs("models", "train"),
        refusals: &["model_state", "model_unsound", "challengers_full", "not_found"],
    },
    Operation {
        name: "promote_model",
        word: needs("models", "promote"),
        refusals: &[
            "model_state",
            "model_unsound",
            "challenger_worse",
            "not_proposed",
            "second_person_needed",
            "nothing_before",
            "not_found",
        ],
    },
    Operation { name: "list_cases", word: needs("cases", "read"), refusals: &[] },
    Operation { name: "get_case", word: needs("cases", "read"), refusals: &["not_found"] },
    Operation {
        name: "change_case",
        word: needs("cases", "change"),
        refusals: &[FORM, "case_changed", "case_resolved", "case_open", "not_found"],
    },
    Operation { name: "get_report", word: needs("risk", "read"), refusals: &[FORM] },
    Operation { name: "show_report", word: needs("risk", "read"), refusals: &[FORM] },
];

pub(crate) const TAGS: &[(&str, &str)] = &[
    ("Risk decisions", "Decisions about payments and logins, and their explanations."),
    ("Risk lists", "Entities that are always declined, always approved, or watched."),
    ("Risk rules", "Versions of the rules: drafts, backtests, approval by two people, roll-back."),
    ("Risk models", "Training, and the registry of models."),
    ("Risk cases", "The review queue."),
    ("Risk reports", "Daily reports about decisions, rules and the model."),
];

pub(crate) fn api() -> OpenApi {
    let part = Part {
        room: "risk",
        tags: TAGS,
        samples: error::samples::<Refusal>(),
        operations: OPERATIONS,
        story: include_str!("../story.json"),
    };
    part.finish(router().into_openapi())
}

pub(crate) fn routes(risk: Shared) -> Routes {
    Routes::under_v1(Router::from(router()).with_state(risk))
}

fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(decisions::decide))
        .routes(routes!(decisions::give_feedback))
        .routes(routes!(decisions::get_decision))
        .routes(routes!(decisions::get_entity))
        .routes(routes!(lists::list_entries, lists::put_entries))
        .routes(routes!(lists::remove_entries))
        .routes(routes!(rule_sets::list_rule_sets, rule_sets::draft_rule_set))
        .routes(routes!(rule_sets::get_rule_set))
        .routes(routes!(rule_sets::edit_rule_set))
        .routes(routes!(rule_sets::promote_rule_set))
        .routes(routes!(rule_sets::try_rule))
        .routes(routes!(rule_sets::backtest))
        .routes(routes!(models::list_models, models::train_model))
        .routes(routes!(models::get_model))
        .routes(routes!(models::compare_model))
        .routes(routes!(models::edit_model))
        .routes(routes!(models::promote_model))
        .routes(routes!(models::get_job))
        .routes(routes!(models::cancel_training))
        .routes(routes!(models::cancel_backtest))
        .routes(routes!(cases::list_cases))
        .routes(routes!(cases::get_case))
        .routes(routes!(cases::change_case))
        .routes(routes!(reports::get_report))
        .routes(routes!(reports::show_report))
}
