//! Finishes the OpenAPI document: the prefix, what the tags mean, and the refusals of every operation.

use std::collections::BTreeMap;

use ledger_api::BookName;
use platform::http::ProblemBody;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr, Required};
use utoipa::{PartialSchema, ToSchema};

use super::book::BOOK;
use super::refusals::{self, Sample};

const PREFIX: &str = "/v1";
const PROBLEM: &str = "Problem";
/// The name under which the document keeps the problems that any operation can answer.
const GENERAL: &str = "GeneralProblem";

/// The operations about books themselves; all others are about what is in one.
const BOOKS: &str = "Books";

const TAGS: [(&str, &str); 7] = [
    (
        "Accounts",
        "Where money is. An account has a path, a currency, a normal side, limits, and three balances with a version. \
         The same routes answer under /v1/accounts and /api/v1/accounts, where older guides call them.",
    ),
    (
        "Transactions",
        "How money moves: posted at once, or pending first and then posted, voided, increased or expired; reversed if it \
         was wrong. The same routes answer under /v1/transactions and /api/v1/transactions.",
    ),
    ("History", "What the books say of the past, by two clocks: when it was recorded, and when it counts from."),
    ("Batches", "Many operations in one request, all or none or each for itself."),
    ("Events", "Everything that happened, in order, for whoever has to know."),
    ("Assets", "Units of account beside the currencies of ISO 4217."),
    (
        BOOKS,
        "Ledgers of their own, for tenants and legal entities. Without a word about it, every operation is about `main`.",
    ),
];

pub(super) fn finished(api: OpenApi) -> OpenApi {
    let mut api = OpenApi::default().nest(PREFIX, api);
    let samples: BTreeMap<&str, Sample> = refusals::all().into_iter().map(|sample| (sample.code(), sample)).collect();
    for item in api.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            refuse(operation, &samples);
            choose_book(operation);
        }
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

fn choose_book(operation: &mut Operation) {
    if operation.tags.iter().flatten().any(|tag| tag == BOOKS) {
        return;
    }
    let book = ParameterBuilder::new()
        .name(BOOK)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some("The book that is meant; `main` when left out."))
        .schema(Some(BookName::schema()))
        .build();
    operation.parameters.get_or_insert_with(Vec::new).push(RefOr::T(book));
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
        400 => "The request has the wrong form; nothing happened, and nothing is remembered",
        403 => "You may not do this",
        404 => "It does not exist, or not for you",
        409 => "It is no longer in the state that this needs; remembered under the command's id or key",
        422 => "The books do not allow it; remembered under the command's id or key",
        503 => "Not now; nothing happened, try again after the seconds in Retry-After with the same id or key",
        504 => "The time was over; try again with the same id or key",
        507 => "No space is left",
        _ => "Refused",
    }
}
