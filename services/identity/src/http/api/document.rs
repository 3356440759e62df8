//! Finishes the OpenAPI document: the prefix, what the tags mean, and the refusals of every operation.

use std::collections::BTreeMap;

use platform::http::ProblemBody;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::refusals::{self, Sample};

const PREFIX: &str = "/v1";
const PROBLEM: &str = "Problem";
/// The name under which the document keeps the problems that any operation can answer.
const GENERAL: &str = "GeneralProblem";

const TAGS: [(&str, &str); 6] = [
    (
        "People",
        "Who has an account, and which roles they hold. The same routes answer under /v1/users and /api/v1/users, where \
         older guides call them.",
    ),
    ("Clients", "Programs that get tokens, for themselves or for people."),
    ("Keys", "What tokens are signed with."),
    ("Roles", "Names for what people and programs may do: `resource:action:scope`."),
    ("Policies", "Rules in the Cedar language that narrow what roles grant, such as office hours."),
    ("Identity events", "Logins and changes, in order, for whoever has to know."),
];

pub(super) fn finished(api: OpenApi) -> OpenApi {
    let mut api = OpenApi::default().nest(PREFIX, api);
    let samples: BTreeMap<&str, Sample> = refusals::all().into_iter().map(|sample| (sample.code(), sample)).collect();
    for item in api.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
        operations.into_iter().flatten().for_each(|operation| refuse(operation, &samples));
    }
    let components = api.components.get_or_insert_with(Components::new);
    let mut nested = Vec::new();
    ProblemBody::schemas(&mut nested);
    components.schemas.extend(nested);
    components.schemas.insert(PROBLEM.to_owned(), ProblemBody::schema());
    let general = refusals::GENERAL.iter().filter_map(|code| samples.get(code));
    let general = response("What any operation may answer, whatever it is about", general);
    components.responses.insert(GENERAL.to_owned(), RefOr::T(general));
    api.tags = Some(TAGS.map(|(name, words)| TagBuilder::new().name(name).description(Some(words)).build()).into());
    api
}

fn refuse(operation: &mut Operation, samples: &BTreeMap<&str, Sample>) {
    let name = operation.operation_id.as_deref().unwrap_or_default();
    let lists = refusals::OPERATIONS.iter().filter(|(operation, _)| *operation == name).flat_map(|(_, lists)| *lists);
    let mut by_status: BTreeMap<u16, Vec<&Sample>> = BTreeMap::new();
    for sample in lists.copied().flatten().filter_map(|code| samples.get(code)) {
        by_status.entry(sample.problem.refusal().status.as_u16()).or_default().push(sample);
    }
    let responses = &mut operation.responses.responses;
    for (status, samples) in by_status {
        responses.insert(status.to_string(), RefOr::T(response(meaning(status), samples)));
    }
    responses.insert("default".to_owned(), RefOr::Ref(Ref::from_response_name(GENERAL)));
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

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request has the wrong form; nothing happened",
        401 => "Who you are is not known, or not proved lately enough",
        403 => "You may not do this",
        404 => "It does not exist",
        409 => "As things stand, this cannot be done; nothing happened",
        503 => "Not now; nothing happened, try again after the seconds in Retry-After",
        504 => "The time was over",
        507 => "No space is left",
        _ => "Refused",
    }
}
