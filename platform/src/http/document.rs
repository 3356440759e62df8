//! Finishes a service's part of the OpenAPI document: the prefix, what its tags mean, and the refusals of every operation.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::problem::refusals as kit;
use super::{Problem, ProblemBody};

const PREFIX: &str = "/v1";
const PROBLEM: &str = "Problem";
/// The name under which the document keeps the problems that any operation can answer.
const GENERAL: &str = "GeneralProblem";
/// What every example was logged under.
const REQUEST_ID: &str = "req_01kppyy0k0f4g8n1vpdkpr5g3a";

/// What a service says of its operations.
pub struct Part<'a> {
    /// Their names and what they are about.
    pub tags: &'a [(&'a str, &'a str)],
    /// One of each refusal.
    pub samples: Vec<Sample>,
    /// Codes that any operation can answer; the document has them once.
    pub general: &'a [&'a str],
    /// Codes of each operation, by its name, beside those.
    pub operations: &'a [(&'a str, &'a [&'a [&'a str]])],
    /// What a status says.
    pub meaning: fn(u16) -> &'static str,
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

    pub fn body(&self) -> Value {
        serde_json::to_value(self.problem.body(REQUEST_ID)).unwrap_or_default()
    }
}

/// What the HTTP kit refuses for its form, before a service is asked.
pub fn of_form() -> Vec<Sample> {
    let all: [(Problem, &str); 14] = [
        (kit::CURSOR_INVALID.into(), "The cursor was changed, or belongs to another list."),
        (kit::BAD_UTF8.into(), "The body, the path or the query is not UTF-8."),
        (kit::NUL_CHARACTER.into(), "The body, the path or the query holds U+0000."),
        (kit::JSON_MALFORMED.into(), "The body is not JSON; `detail` says where."),
        (kit::JSON_TOO_DEEP.into(), "The body nests deeper than 16 levels."),
        (kit::BODY_MISSING.into(), "There is no body, and one is needed."),
        (kit::BODY_UNREADABLE.into(), "The body broke off."),
        (kit::BODY_TOO_LARGE.into(), "The body is larger than 1 MiB."),
        (
            kit::CONTENT_TYPE_WRONG.into(),
            "The header `Content-Type: application/json` is missing; it is wanted for every POST and PUT.",
        ),
        (kit::IDEMPOTENCY_KEY_INVALID.into(), "The Idempotency-Key is not 1 to 128 visible ASCII characters."),
        (
            kit::DEADLINE_INVALID.into(),
            "X-Deadline-Ms, with which a caller may shorten the wait, is not a number above 0.",
        ),
        (kit::ROUTE_UNKNOWN.into(), "No route has this path."),
        (
            kit::METHOD_NOT_ALLOWED.into(),
            "The path does not answer this method; the header `Allow` says which it answers.",
        ),
        (kit::HOST_UNKNOWN.into(), "The Host header names a server that this one is not."),
    ];
    all.into_iter().map(|(problem, when)| Sample { problem, when }).collect()
}

/// Every operation of a document's paths; ours have these methods.
pub fn operations(api: &mut OpenApi) -> impl Iterator<Item = &mut Operation> {
    let items = api.paths.paths.values_mut();
    items.flat_map(|item| [&mut item.get, &mut item.post, &mut item.put, &mut item.delete]).flatten()
}

impl Part<'_> {
    /// The description of routes without prefix becomes that of the same under `/v1`, with refusals.
    pub fn finish(&self, api: OpenApi) -> OpenApi {
        let mut api = OpenApi::default().nest(PREFIX, api);
        let samples: BTreeMap<&str, &Sample> = self.samples.iter().map(|sample| (sample.code(), sample)).collect();
        operations(&mut api).for_each(|operation| self.refuse(operation, &samples));
        let components = api.components.get_or_insert_with(Components::new);
        let mut nested = Vec::new();
        ProblemBody::schemas(&mut nested);
        components.schemas.extend(nested);
        components.schemas.insert(PROBLEM.to_owned(), ProblemBody::schema());
        let general = self.general.iter().filter_map(|code| samples.get(code)).copied();
        let general = response("What any operation may answer, whatever it is about", general);
        components.responses.insert(GENERAL.to_owned(), RefOr::T(general));
        let tag = |(name, words): &(&str, &str)| TagBuilder::new().name(*name).description(Some(*words)).build();
        api.tags = Some(self.tags.iter().map(tag).collect());
        api
    }

    fn refuse(&self, operation: &mut Operation, samples: &BTreeMap<&str, &Sample>) {
        let name = operation.operation_id.as_deref().unwrap_or_default();
        let lists = self.operations.iter().filter(|(operation, _)| *operation == name).flat_map(|(_, lists)| *lists);
        let mut by_status: BTreeMap<u16, Vec<&Sample>> = BTreeMap::new();
        for sample in lists.copied().flatten().filter_map(|code| samples.get(code)) {
            by_status.entry(sample.problem.refusal().status.as_u16()).or_default().push(sample);
        }
        let responses = &mut operation.responses.responses;
        for (status, samples) in by_status {
            responses.insert(status.to_string(), RefOr::T(response((self.meaning)(status), samples)));
        }
        responses.insert("default".to_owned(), RefOr::Ref(Ref::from_response_name(GENERAL)));
    }
}

fn response<'a>(description: &str, samples: impl IntoIterator<Item = &'a Sample>) -> Response {
    let example = |sample: &Sample| {
        let example = ExampleBuilder::new().summary(sample.problem.refusal().title).description(sample.when);
        (sample.code(), example.value(Some(sample.body())).build())
    };
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(PROBLEM)))
        .examples_from_iter(samples.into_iter().map(example))
        .build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}

#[cfg(test)]
mod tests {
    use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, PathsBuilder};
    use utoipa::openapi::{Info, Paths};

    use super::*;

    fn described() -> Paths {
        let get = OperationBuilder::new().operation_id(Some("look")).build();
        let put = OperationBuilder::new().operation_id(Some("put")).build();
        let mut item = PathItem::new(HttpMethod::Get, get);
        item.merge_operations(PathItem::new(HttpMethod::Put, put));
        PathsBuilder::new().path("/things", item).build()
    }

    #[test]
    fn each_operation_has_its_refusals_by_status_and_all_have_what_is_general() {
        let sample = |kind: super::super::Refusal| Sample { problem: kind.into(), when: "Now and then." };
        let part = Part {
            tags: &[("Things", "What there is.")],
            samples: vec![sample(kit::NOT_FOUND), sample(kit::UNAUTHENTICATED), sample(kit::LIMIT_TOO_LARGE)],
            general: &["unauthenticated"],
            operations: &[("look", &[&["limit_too_large"], &["not_found"]])],
            meaning: |status| if status == 404 { "It is not there" } else { "Refused" },
        };
        let api = part.finish(OpenApi::new(Info::new("test", "1"), described()));
        let api = serde_json::to_value(&api).unwrap();
        let look = &api["paths"]["/v1/things"]["get"]["responses"];
        assert_eq!(look["404"]["description"], "It is not there");
        let shown = &look["404"]["content"]["application/problem+json"]["examples"]["not_found"];
        assert_eq!((&shown["value"]["status"], &shown["description"]), (&404.into(), &"Now and then.".into()));
        assert!(look["400"]["content"]["application/problem+json"]["examples"]["limit_too_large"].is_object());
        let put = &api["paths"]["/v1/things"]["put"]["responses"];
        assert_eq!(put.as_object().unwrap().len(), 1, "only what is general: {put}");
        assert_eq!(put["default"]["$ref"], "#/components/responses/GeneralProblem");
        let general = &api["components"]["responses"]["GeneralProblem"]["content"]["application/problem+json"];
        assert_eq!(general["examples"].as_object().unwrap().keys().collect::<Vec<_>>(), ["unauthenticated"]);
        assert_eq!(api["tags"][0]["name"], "Things");
    }
}
