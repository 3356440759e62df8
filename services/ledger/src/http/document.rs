//! The ledger's part of the OpenAPI document: tags, refusals, and the `book` parameter of every operation.

use ledger_api::{BookName, Refusal};
use platform::error;
use platform::http::document::{Part, operations};
use utoipa::PartialSchema;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr, Required};

use super::book::BOOK;
use super::operations::OPERATIONS;

/// Operations on books themselves; all others are about the contents of one.
const BOOKS: &str = "Books";

pub(crate) const TAGS: [(&str, &str); 7] = [
    (
        "Accounts",
        "Accounts hold money. An account has a path, a currency, a normal side, limits, and three balances with a version.",
    ),
    (
        "Transactions",
        "How money moves: posted at once, or pending first and then posted, voided, increased or expired; reversed if it \
         was wrong.",
    ),
    ("History", "Past balances, sums and statements, by record time or by event time."),
    ("Batches", "Many operations in one request: all or none, or each on its own."),
    ("Events", "Everything that happened, in order."),
    ("Assets", "Units of account outside ISO 4217."),
    (BOOKS, "Separate ledgers for tenants and legal entities. The default of every operation is `main`."),
];

pub(super) fn part() -> Part<'static> {
    Part {
        room: ledger_api::SERVICE,
        tags: &TAGS,
        samples: error::samples::<Refusal>(),
        operations: OPERATIONS,
        story: include_str!("../../story.json"),
    }
}

pub(super) fn finished(api: OpenApi) -> OpenApi {
    let mut api = part().finish(api);
    operations(&mut api).for_each(|(operation, _)| choose_book(operation));
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
        .description(Some("The book; `main` if omitted."))
        .schema(Some(BookName::schema()))
        .build();
    operation.parameters.get_or_insert_with(Vec::new).push(RefOr::T(book));
}
