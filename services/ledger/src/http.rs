//! The ledger over HTTP: its routes, and the document that describes them.
//!
//! Handlers parse, call the trait and map the reply; nothing is decided here. Invariants: a route that changes
//! something requires a JSON content type, even for an empty body, so that no page from elsewhere can call it; every
//! refusal has its code, status and details, and a replayed one says so. Start reading at [`routes`], then
//! `transactions`.

mod accounts;
mod answer;
mod assets;
mod batches;
mod body;
mod book;
mod books;
mod changes;
mod document;
mod erasure;
mod events;
mod history;
mod operations;
mod schedule;
mod search;
mod settle;
mod statement;
mod transactions;

use std::sync::Arc;

use axum::Router;
use ledger_api::{Books, Ledger};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use document::TAGS;
pub(crate) use operations::OPERATIONS;

/// The ledger of the book that a request is about.
type Shared = Arc<dyn Ledger>;

/// What the handlers share.
type All = Arc<dyn Books>;

/// The ledger's routes without version prefix, and their description as mounted under `/v1`.
pub fn routes(books: Arc<dyn Books>) -> (Router, OpenApi) {
    let (routes, api) = under_ledger().split_for_parts();
    (routes.with_state(books), document::finished(api))
}

/// Only the description.
pub fn api() -> OpenApi {
    document::finished(under_ledger().into_openapi())
}

fn under_ledger() -> OpenApiRouter<All> {
    OpenApiRouter::new().nest("/ledger", accounts().merge(transactions()).merge(others()))
}

fn accounts() -> OpenApiRouter<All> {
    OpenApiRouter::new()
        .routes(routes!(accounts::open_account, accounts::list_accounts))
        .routes(routes!(accounts::get_account))
        .routes(routes!(history::account_balance))
        .routes(routes!(statement::account_statement))
        .routes(routes!(changes::freeze_account))
        .routes(routes!(changes::unfreeze_account))
        .routes(routes!(changes::close_account))
        .routes(routes!(changes::set_limits))
        .routes(routes!(changes::set_metadata))
}

fn transactions() -> OpenApiRouter<All> {
    OpenApiRouter::new()
        .routes(routes!(transactions::create_transaction, search::find_transaction))
        .routes(routes!(transactions::get_transaction))
        .routes(routes!(settle::post_transaction))
        .routes(routes!(settle::void_transaction))
        .routes(routes!(settle::increase_transaction))
        .routes(routes!(settle::reverse_transaction))
        .routes(routes!(schedule::cancel_transaction))
}

fn others() -> OpenApiRouter<All> {
    OpenApiRouter::new()
        .routes(routes!(books::create_book, books::list_books))
        .routes(routes!(books::get_book))
        .routes(routes!(assets::declare_asset, assets::list_assets))
        .routes(routes!(history::roll_up))
        .routes(routes!(history::trial_balance))
        .routes(routes!(schedule::list_scheduled))
        .routes(routes!(batches::submit_batch))
        .routes(routes!(events::events_after))
        .routes(routes!(search::declare_metadata_key, search::list_metadata_keys))
        .routes(routes!(search::remove_metadata_key))
        .routes(routes!(erasure::erase_metadata))
}

#[cfg(test)]
mod tests;
