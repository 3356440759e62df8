//! The OpenAPI document: what all operations have in common, and how a room's part is completed.
//!
//! A room says which of its refusals each operation can return. The refusals of the HTTP kit and the failures of any
//! service are added automatically, once for queries and once for changes. The example of each refusal is defined once,
//! in the components. Invariant: one name has one meaning. A room's schemas are prefixed with its name, and [`merge`]
//! refuses duplicates.

mod form;
mod named;
mod told;

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::{Operation as Described, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::{Problem, ProblemBody};
use crate::error;
use crate::room::Operation;

pub use named::{Clash, merge};
pub use told::show as show_story;

const PREFIX: &str = "/v1";
const PROBLEM: &str = "Problem";
/// The names under which the document defines the common refusals of queries and of changes.
const OF_QUESTIONS: &str = "QuestionProblem";
const OF_CHANGES: &str = "ChangeProblem";
/// The request id of every example.
const REQUEST_ID: &str = "req_01kppyy0k0f4g8n1vpdkpr5g3a";
/// Failures of changes only: a query has no unknown outcome, no repeat and nothing to store.
const CHANGES_ONLY: [&str; 6] = [
    "outcome_unknown",
    "storage_full",
    "clock_behind",
    "idempotency_key_invalid",
    "idempotency_key_taken",
    "idempotency_key_busy",
];
/// Codes that only some operations return, as those say.
const BY_NAME: [&str; 8] = [
    "not_found",
    "step_up_required",
    "idempotency_missing",
    "limit_too_large",
    "page_size",
    "cursor_invalid",
    "cursor_ahead",
    "events_gone",
];

/// A room's description of its operations.
pub struct Part<'a> {
    pub room: &'static str,
    /// Names of groups, each with its topic.
    pub tags: &'a [(&'a str, &'a str)],
    /// One example of each of its refusals: [`error::samples`].
    pub samples: Vec<Sample>,
    pub operations: &'a [Operation],
    /// The exchanges recorded when the room's story was run: its `story.json`.
    pub story: &'a str,
}

/// One refusal as the document shows it.
pub struct Sample {
    pub problem: Problem,
    pub when: &'static str,
}

impl Sample {
    pub fn code(&self) -> &'static str {
        self.problem.refusal().code
    }

    pub fn status(&self) -> u16 {
        self.problem.refusal().status.as_u16()
    }

    pub fn body(&self) -> Value {
        serde_json::to_value(self.problem.body(REQUEST_ID)).unwrap_or_default()
    }

    fn example(&self) -> Example {
        let title = self.problem.refusal().title;
        ExampleBuilder::new().summary(title).description(self.when).value(Some(self.body())).build()
    }
}

/// The refusals of every operation: those of the HTTP kit, and failures of any service.
pub fn general() -> Vec<Sample> {
    form::samples().into_iter().chain(error::failures()).collect()
}

/// Adds what all rooms' operations refer to.
pub fn add_general(api: &mut OpenApi) {
    let general = general();
    let components = api.components.get_or_insert_with(Components::new);
    let mut nested = Vec::new();
    ProblemBody::schemas(&mut nested);
    components.schemas.extend(nested);
    components.schemas.insert(PROBLEM.to_owned(), ProblemBody::schema());
    for sample in &general {
        components.examples.insert(sample.code().to_owned(), RefOr::T(sample.example()));
    }
    let anywhere = general.iter().map(Sample::code).filter(|code| !BY_NAME.contains(code));
    let codes = |of_changes: bool| {
        let mut codes: Vec<&str> = anywhere.clone().collect();
        codes.retain(|code| of_changes || !CHANGES_ONLY.contains(code));
        codes.into_iter().map(|code| (code, code.to_owned())).collect::<Vec<_>>()
    };
    for (name, of_changes, words) in
        [(OF_QUESTIONS, false, "Common refusals of queries"), (OF_CHANGES, true, "Common refusals of changes")]
    {
        components.responses.insert(name.to_owned(), RefOr::T(response(words, codes(of_changes))));
    }
}

/// Every operation of a document's paths, and whether it changes something; only these methods are used.
pub fn operations(api: &mut OpenApi) -> impl Iterator<Item = (&mut Described, bool)> {
    api.paths.paths.values_mut().flat_map(|PathItem { get, post, put, delete, .. }| {
        let changes = [post, put, delete].into_iter().flatten().map(|operation| (operation, true));
        get.iter_mut().map(|operation| (operation, false)).chain(changes)
    })
}

impl Part<'_> {
    /// Turns the description of unprefixed routes into that of the same routes under `/v1`, with refusals and the
    /// room's names.
    pub fn finish(&self, api: OpenApi) -> OpenApi {
        let mut api = named::of_room(OpenApi::default().nest(PREFIX, api), self.room);
        let statuses: BTreeMap<&str, u16> =
            general().iter().chain(&self.samples).map(|sample| (sample.code(), sample.status())).collect();
        operations(&mut api).for_each(|(operation, changes)| self.refuse(operation, changes, &statuses));
        told::show(&mut api, self.story);
        let components = api.components.get_or_insert_with(Components::new);
        for sample in &self.samples {
            components.examples.insert(self.own_name(sample.code()), RefOr::T(sample.example()));
        }
        let tag = |(name, words): &(&str, &str)| TagBuilder::new().name(*name).description(Some(*words)).build();
        api.tags = Some(self.tags.iter().map(tag).collect());
        api
    }

    /// Codes of this room and, where it has none of that name, those of every service.
    fn example_of(&self, code: &str) -> String {
        let own = self.samples.iter().any(|sample| sample.code() == code);
        if own { self.own_name(code) } else { code.to_owned() }
    }

    fn own_name(&self, code: &str) -> String {
        format!("{}.{code}", self.room)
    }

    fn refuse(&self, operation: &mut Described, changes: bool, statuses: &BTreeMap<&str, u16>) {
        let name = operation.operation_id.as_deref().unwrap_or_default();
        let row = self.operations.iter().find(|row| row.name == name);
        let mut by_status: BTreeMap<u16, Vec<(&str, String)>> = BTreeMap::new();
        for code in row.iter().flat_map(|row| row.refusals) {
            if let Some(status) = statuses.get(code) {
                by_status.entry(*status).or_default().push((code, self.example_of(code)));
            }
        }
        let responses = &mut operation.responses.responses;
        for (status, codes) in by_status {
            responses.insert(status.to_string(), RefOr::T(response(meaning(status), codes)));
        }
        let general = if changes { OF_CHANGES } else { OF_QUESTIONS };
        responses.insert("default".to_owned(), RefOr::Ref(Ref::from_response_name(general)));
    }

    /// A sentence for each inconsistency: an operation without a row, a row without an operation, an unknown code, a
    /// refusal that no operation names and that is not in `elsewhere`.
    pub fn check(&self, api: &mut OpenApi, elsewhere: &[&str]) -> Vec<String> {
        let described: Vec<String> =
            operations(api).filter_map(|(operation, _)| operation.operation_id.clone()).collect();
        let general = general();
        let is_known = |code: &str| general.iter().chain(&self.samples).any(|sample| sample.code() == code);
        let is_general = |code: &str| general.iter().any(|one| one.code() == code) && !BY_NAME.contains(&code);
        let named = |code: &str| is_general(code) || self.operations.iter().any(|row| row.refusals.contains(&code));
        let without_row = described.iter().filter(|name| !self.operations.iter().any(|row| row.name == **name));
        let without_operation = self.operations.iter().filter(|row| !described.iter().any(|name| name == row.name));
        let unknown = self.operations.iter().flat_map(|row| row.refusals.iter().map(|code| (row.name, *code)));
        let unknown = unknown.filter(|(_, code)| !is_known(code));
        let unnamed = self.samples.iter().map(Sample::code).filter(|code| !named(code) && !elsewhere.contains(code));
        let told_elsewhere = elsewhere.iter().filter(|code| named(code) || !is_known(code));
        without_row
            .map(|name| format!("operation {name} has no row"))
            .chain(without_operation.map(|row| format!("row {} has no operation", row.name)))
            .chain(unknown.map(|(row, code)| format!("row {row} names {code}, which is not a refusal")))
            .chain(unnamed.map(|code| format!("no operation names {code}")))
            .chain(told_elsewhere.map(|code| format!("{code} is listed as returned elsewhere, but is not")))
            .collect()
    }
}

/// `codes` with the names of their examples in the components.
fn response(description: &str, codes: Vec<(&str, String)>) -> Response {
    let mut content = ContentBuilder::new().schema(Some(Ref::from_schema_name(PROBLEM))).build();
    for (code, example) in codes {
        let reference = Ref::new(format!("#/components/examples/{example}"));
        content.examples.insert(code.to_owned(), RefOr::Ref(reference));
    }
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request is invalid; nothing happened or was stored",
        401 => "The caller is not authenticated, or not recently enough",
        403 => "A permission is missing",
        404 => "It does not exist, or is not this caller's",
        409 => "It is not in the state that this needs; nothing happened",
        410 => "It was removed",
        422 => "The current state does not allow it; nothing happened",
        429 => "Too many requests",
        _ => "Refused",
    }
}

#[cfg(test)]
mod tests;
