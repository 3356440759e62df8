//! The routes of accounts, and the document that describes them.

mod accounts;
mod customers;
mod days;
mod export;
mod fees;
mod pipe;
mod products;
mod rules;
mod statements;
mod transactions;

use std::sync::Arc;

use accounts_api::{Accounts, Refusal, SERVICE};
use axum::routing::post;
use axum::{Extension, Router};
use kernel::Clock;
use platform::error;
use platform::http::Nothing;
use platform::http::document::Part;
use platform::room::{Operation, Routes, Word, needs};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What handlers have.
type Desk = Arc<dyn Accounts>;

pub(crate) const TAGS: [(&str, &str); 7] = [
    ("Customers", "Persons and businesses, what they are found by, and who acts for them."),
    ("Products", "Terms under which accounts are opened: interest, limits, overdraft; rates by day."),
    (
        "Customer accounts",
        "Accounts of customers: holders, blocks, overdraft, interest. The ledger keeps their balances.",
    ),
    ("Fees", "What accounts are charged, at most once for an occasion."),
    ("Statements", "A month of an account, numbered, the same whenever it is read."),
    ("Days", "The end of a day: interest accrues, is booked, and is posted at the end of its period."),
    (
        "Movements",
        "What the ledger booked to accounts of customers, searched by time, amount, kind, category and words.",
    ),
];

const CUSTOMERS_READ: Word = needs("customers", "read");
const CUSTOMERS_CHANGE: Word = needs("customers", "change");
const PRODUCTS_READ: Word = needs("products", "read");
const PRODUCTS_CHANGE: Word = needs("products", "change");
const READ: Word = needs("accounts", "read");
const CHANGE: Word = needs("accounts", "change");
const RUN: Word = needs("accounts", "run");
const MOVEMENTS_READ: Word = needs("transactions", "read");
const CATEGORISE: Word = needs("transactions", "categorise");
const PAGE: &[&str] = &["cursor_invalid", "limit_too_large"];

const fn operation(name: &'static str, word: Word, refusals: &'static [&'static str]) -> Operation {
    Operation { name, word, refusals }
}

pub(crate) const OPERATIONS: &[Operation] = &[
    operation("create_customer", needs("customers", "create"), &["field_invalid", "customer_exists", "too_many"]),
    operation("list_customers", CUSTOMERS_READ, &["cursor_invalid", "limit_too_large", "field_invalid"]),
    operation("get_customer", CUSTOMERS_READ, &["customer_unknown"]),
    operation(
        "change_customer",
        CUSTOMERS_CHANGE,
        &["customer_unknown", "field_invalid", "customer_state", "customer_has_accounts"],
    ),
    operation("list_customer_users", CUSTOMERS_READ, &["customer_unknown"]),
    operation(
        "put_customer_user",
        CUSTOMERS_CHANGE,
        &["customer_unknown", "field_invalid", "customer_state", "too_many"],
    ),
    operation("remove_customer_user", CUSTOMERS_CHANGE, &["customer_unknown", "user_unknown"]),
    operation("erase_customer", needs("customers", "erase"), &["customer_unknown", "customer_has_accounts"]),
    operation("create_product", PRODUCTS_CHANGE, &["field_invalid", "too_many"]),
    operation("list_products", PRODUCTS_READ, PAGE),
    operation("get_product", PRODUCTS_READ, &["product_unknown"]),
    operation("add_product_version", PRODUCTS_CHANGE, &["product_unknown", "product_state", "field_invalid"]),
    operation("activate_product", PRODUCTS_CHANGE, &["product_unknown", "product_state"]),
    operation("retire_product", PRODUCTS_CHANGE, &["product_unknown"]),
    operation(
        "set_product_rates",
        PRODUCTS_CHANGE,
        &["product_unknown", "field_invalid", "notice_too_short", "too_many"],
    ),
    operation(
        "open_customer_account",
        needs("accounts", "open"),
        &[
            "field_invalid",
            "too_many",
            "product_unknown",
            "product_state",
            "customer_unknown",
            "customer_state",
            "overdraft_too_large",
            "rest_refused",
        ],
    ),
    operation("list_customer_accounts", READ, &["cursor_invalid", "limit_too_large", "customer_unknown"]),
    operation("resolve_account", READ, &["field_invalid", "account_unknown"]),
    operation("get_customer_account", READ, &["account_unknown"]),
    operation(
        "change_customer_account",
        CHANGE,
        &["account_unknown", "account_state", "field_invalid", "overdraft_too_large"],
    ),
    operation("add_account_block", CHANGE, &["account_unknown", "account_state", "field_invalid", "too_many"]),
    operation("remove_account_block", CHANGE, &["account_unknown", "block_unknown"]),
    operation(
        "close_customer_account",
        needs("accounts", "close"),
        &["account_unknown", "account_state", "account_not_empty", "rest_refused"],
    ),
    operation("list_account_interest", READ, &["account_unknown", "limit_too_large"]),
    operation("get_day", RUN, &["day_unknown"]),
    operation("close_day", RUN, &["day_unknown", "day_not_over"]),
    operation(
        "list_movements",
        MOVEMENTS_READ,
        &["cursor_invalid", "limit_too_large", "account_unknown", "field_invalid", "too_many"],
    ),
    operation("get_movement", MOVEMENTS_READ, &["movement_unknown"]),
    operation("categorise_movement", CATEGORISE, &["movement_unknown", "field_invalid", "too_many"]),
    operation("summarise_movements", MOVEMENTS_READ, &["account_unknown", "field_invalid"]),
    operation("export_movements", MOVEMENTS_READ, &["account_unknown"]),
    operation("list_category_rules", MOVEMENTS_READ, &["customer_unknown"]),
    operation("add_category_rule", CATEGORISE, &["customer_unknown", "customer_state", "field_invalid", "too_many"]),
    operation("remove_category_rule", CATEGORISE, &["customer_unknown", "rule_unknown"]),
    operation("list_account_statements", READ, &["account_unknown"]),
    operation("get_account_statement", READ, &["account_unknown", "statement_unknown"]),
    operation("list_account_fees", READ, &["account_unknown"]),
    operation("charge_account_fee", CHANGE, &["account_unknown", "account_state", "fee_unknown", "field_invalid"]),
    operation("waive_account_fee", CHANGE, &["account_unknown", "charge_unknown", "charge_state"]),
    operation("refund_account_fee", CHANGE, &["account_unknown", "charge_unknown", "charge_state", "refund_refused"]),
];

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PageParams {
    /// Items on one page, 1 to 500.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before, unchanged.
    #[serde(default)]
    cursor: Option<String>,
}

pub(crate) fn routes(accounts: Desk, clock: Arc<dyn Clock>) -> Routes {
    let elsewhere = Router::new().route("/transactions", post(transactions::elsewhere));
    Routes::under_v1(Router::from(router()).merge(elsewhere).layer(Extension(clock)).with_state(accounts))
}

pub(crate) fn document() -> OpenApi {
    let part = Part {
        room: SERVICE,
        tags: &TAGS,
        samples: error::samples::<Refusal>(),
        operations: OPERATIONS,
        story: include_str!("../story.json"),
    };
    part.finish(router().into_openapi())
}

fn router() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().merge(of_customers()).merge(of_products()).merge(of_accounts()).merge(of_transactions())
}

fn of_customers() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(customers::create_customer, customers::list_customers))
        .routes(routes!(customers::get_customer, customers::change_customer))
        .routes(routes!(customers::list_customer_users))
        .routes(routes!(customers::put_customer_user, customers::remove_customer_user))
        .routes(routes!(customers::erase_customer))
}

fn of_products() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(products::create_product, products::list_products))
        .routes(routes!(products::get_product))
        .routes(routes!(products::add_product_version))
        .routes(routes!(products::activate_product))
        .routes(routes!(products::retire_product))
        .routes(routes!(products::set_product_rates))
}

fn of_accounts() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(accounts::open_customer_account, accounts::list_customer_accounts))
        .routes(routes!(accounts::resolve_account))
        .routes(routes!(accounts::get_customer_account))
        .routes(routes!(accounts::change_customer_account))
        .routes(routes!(accounts::add_account_block))
        .routes(routes!(accounts::remove_account_block))
        .routes(routes!(accounts::close_customer_account))
        .routes(routes!(accounts::list_account_interest))
        .routes(routes!(statements::list_account_statements))
        .routes(routes!(statements::get_account_statement))
        .routes(routes!(fees::list_account_fees, fees::charge_account_fee))
        .routes(routes!(fees::waive_account_fee))
        .routes(routes!(fees::refund_account_fee))
        .routes(routes!(days::get_day))
        .routes(routes!(days::close_day))
}

fn of_transactions() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(transactions::list_movements))
        .routes(routes!(transactions::get_movement))
        .routes(routes!(transactions::categorise_movement))
        .routes(routes!(export::summarise_movements))
        .routes(routes!(export::export_movements))
        .routes(routes!(rules::list_category_rules, rules::add_category_rule))
        .routes(routes!(rules::remove_category_rule))
}
