//! Payments over HTTP: the routes, and the document that describes them.
//!
//! Handlers parse, call the trait and map the reply; nothing is decided here.

mod checks;
mod operations;
mod orders;
mod people;
mod policies;
mod rails;
mod uploads;

use std::sync::Arc;

use crate::face::{Payments, Refusal, SERVICE};

use axum::Router;
use platform::error;
use platform::http::document::Part;
use platform::room::Routes;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use operations::OPERATIONS;

pub(crate) const TAGS: &[(&str, &str)] = &[
    (
        "Payments",
        "Payments from one account to another. What the ledger, a limit or a person refuses is a payment with the state \
         `rejected` and its `reason`, answered with 201 like any other: act on `state`.",
    ),
    ("Payees", "Accounts that a payer knows by a name, and standing orders."),
    (
        "Payment files",
        "Payments to an IBAN leave in files to a bank. The bank's answers say what became of them: they settle, are rejected, \
         or come back.",
    ),
    ("Payment policies", "Approvals, limits and fees. Each is proposed by one person and confirmed by another."),
];

type Shared = Arc<dyn Payments>;

pub(crate) fn routes(payments: Shared) -> Routes {
    Routes::under_v1(Router::from(router()).with_state(payments))
}

pub(crate) fn document() -> OpenApi {
    let part = Part {
        room: SERVICE,
        tags: TAGS,
        samples: error::samples::<Refusal>(),
        operations: OPERATIONS,
        story: include_str!("../story.json"),
    };
    part.finish(router().into_openapi())
}

fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(orders::create_payment, orders::list_payments))
        .routes(routes!(people::add_payee, people::list_payees))
        .routes(routes!(people::remove_payee))
        .routes(routes!(people::add_standing_order, people::list_standing_orders))
        .routes(routes!(people::end_standing_order))
        .routes(routes!(policies::propose_payment_policy, policies::list_payment_policies))
        .routes(routes!(policies::end_payment_policy))
        .routes(routes!(policies::confirm_payment_policy))
        .routes(routes!(policies::refuse_payment_policy))
        .routes(routes!(uploads::send_payments))
        .routes(routes!(uploads::get_upload))
        .routes(routes!(uploads::list_upload_lines))
        .routes(routes!(uploads::report_on_upload))
        .routes(routes!(rails::make_payment_files, rails::list_payment_files))
        .routes(routes!(rails::get_payment_file))
        .routes(routes!(rails::read_payment_file))
        .routes(routes!(rails::take_bank_answer))
        .routes(routes!(checks::check_payments))
        .routes(routes!(orders::get_payment))
        .routes(routes!(orders::approve_payment))
        .routes(routes!(orders::reject_payment))
        .routes(routes!(orders::cancel_payment))
}
