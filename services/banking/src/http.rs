//! Banking's routes, and the document that describes them.

mod accounts;
mod arrangements;
mod connections;
mod imports;
mod transactions;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use banking_api::{Banking, Refusal, SERVICE};
use kernel::Clock;
use platform::error;
use platform::http::Nothing;
use platform::http::document::Part;
use platform::room::{Operation, Routes, needs};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What handlers have.
#[derive(Clone)]
pub(crate) struct Desk {
    banking: Arc<dyn Banking>,
    clock: Arc<dyn Clock>,
    file_bytes_max: u64,
}

pub(crate) const TAGS: [(&str, &str); 4] = [
    ("Bank connections", "Banks whose APIs are asked for accounts, balances and transactions."),
    (
        "Bank imports",
        "Files of statements: camt.052, 053 and 054, MT940 and MT942, BAI2, OFX, CSV; known by their content.",
    ),
    ("Bank accounts", "Accounts at banks: balances, transactions, holdings, and gaps between statements."),
    ("Bank categories", "Rules that set categories, and layouts of CSV files."),
];

const READ_ACCOUNTS: platform::room::Word = needs("bank-accounts", "read");
const READ: platform::room::Word = needs("bank-transactions", "read");
const CHANGE: platform::room::Word = needs("bank-transactions", "change");
const CONNECT: platform::room::Word = needs("bank-connections", "change");
const PAGE: &[&str] = &["cursor_invalid", "limit_too_large"];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "import_statement",
        word: needs("bank-imports", "create"),
        refusals: &[
            "field_invalid",
            "file_too_large",
            "account_unknown",
            "profile_unknown",
            "upload_incomplete",
            "file_refused",
        ],
    },
    Operation { name: "list_bank_imports", word: needs("bank-imports", "read"), refusals: PAGE },
    Operation { name: "get_bank_import", word: needs("bank-imports", "read"), refusals: &["import_unknown"] },
    Operation {
        name: "withdraw_bank_import",
        word: needs("bank-imports", "withdraw"),
        refusals: &["import_unknown", "import_state"],
    },
    Operation {
        name: "restore_bank_import",
        word: needs("bank-imports", "withdraw"),
        refusals: &["import_unknown", "import_state"],
    },
    Operation { name: "list_bank_accounts", word: READ_ACCOUNTS, refusals: PAGE },
    Operation { name: "get_bank_account", word: READ_ACCOUNTS, refusals: &["account_unknown"] },
    Operation { name: "change_bank_account", word: needs("bank-accounts", "change"), refusals: &["account_unknown"] },
    Operation { name: "list_bank_balances", word: READ_ACCOUNTS, refusals: &["account_unknown"] },
    Operation { name: "list_bank_holdings", word: READ_ACCOUNTS, refusals: &["account_unknown"] },
    Operation { name: "list_bank_gaps", word: READ_ACCOUNTS, refusals: &["account_unknown"] },
    Operation {
        name: "list_bank_transactions",
        word: READ,
        refusals: &["account_unknown", "cursor_invalid", "limit_too_large"],
    },
    Operation { name: "get_bank_transaction", word: READ, refusals: &["transaction_unknown"] },
    Operation { name: "set_bank_category", word: CHANGE, refusals: &["transaction_unknown", "field_invalid"] },
    Operation { name: "keep_bank_transaction", word: CHANGE, refusals: &["transaction_unknown", "transaction_status"] },
    Operation {
        name: "merge_bank_transaction",
        word: CHANGE,
        refusals: &["transaction_unknown", "transaction_status", "merge_target"],
    },
    Operation { name: "undo_bank_decision", word: CHANGE, refusals: &["transaction_unknown", "transaction_status"] },
    Operation {
        name: "connect_bank",
        word: CONNECT,
        refusals: &["bank_unknown", "field_invalid", "live_bank", "link_refused"],
    },
    Operation { name: "link_bank", word: CONNECT, refusals: &["connection_unknown", "link_refused"] },
    Operation { name: "list_bank_connections", word: needs("bank-connections", "read"), refusals: &[] },
    Operation {
        name: "get_bank_connection",
        word: needs("bank-connections", "read"),
        refusals: &["connection_unknown"],
    },
    Operation { name: "sync_bank_connection", word: CONNECT, refusals: &["connection_unknown", "connection_disabled"] },
    Operation { name: "disable_bank_connection", word: CONNECT, refusals: &["connection_unknown"] },
    Operation { name: "renew_bank_connection", word: CONNECT, refusals: &["connection_unknown"] },
    Operation { name: "test_bank_connection", word: CONNECT, refusals: &["connection_unknown"] },
    Operation { name: "erase_bank_owner", word: needs("bank-accounts", "erase"), refusals: &[] },
    Operation { name: "list_bank_rules", word: READ, refusals: &[] },
    Operation { name: "add_bank_rule", word: CHANGE, refusals: &["field_invalid", "too_many"] },
    Operation { name: "remove_bank_rule", word: CHANGE, refusals: &["rule_unknown"] },
    Operation { name: "list_bank_profiles", word: needs("bank-imports", "read"), refusals: &[] },
    Operation {
        name: "put_bank_profile",
        word: needs("bank-imports", "create"),
        refusals: &["field_invalid", "too_many"],
    },
];

pub(crate) fn routes(banking: Arc<dyn Banking>, clock: Arc<dyn Clock>, file_bytes_max: u64) -> Routes {
    let desk = Desk { banking, clock, file_bytes_max };
    let v1 = Router::from(router()).with_state(desk.clone());
    Routes { root: webhooks::routes().with_state(desk), ..Routes::under_v1(v1) }
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
    let all = OpenApiRouter::new()
        .routes(routes!(imports::import_statement, imports::list_bank_imports))
        .routes(routes!(imports::get_bank_import))
        .routes(routes!(imports::withdraw_bank_import))
        .routes(routes!(imports::restore_bank_import))
        .routes(routes!(connections::connect_bank, connections::list_bank_connections))
        .routes(routes!(connections::link_bank))
        .routes(routes!(connections::get_bank_connection))
        .routes(routes!(connections::sync_bank_connection))
        .routes(routes!(connections::disable_bank_connection))
        .routes(routes!(connections::renew_bank_connection))
        .routes(routes!(connections::test_bank_connection))
        .routes(routes!(accounts::list_bank_accounts))
        .routes(routes!(accounts::get_bank_account, accounts::change_bank_account))
        .routes(routes!(accounts::list_bank_balances))
        .routes(routes!(accounts::list_bank_holdings))
        .routes(routes!(accounts::list_bank_gaps))
        .routes(routes!(transactions::list_bank_transactions))
        .routes(routes!(transactions::get_bank_transaction))
        .routes(routes!(transactions::set_bank_category))
        .routes(routes!(transactions::keep_bank_transaction))
        .routes(routes!(transactions::merge_bank_transaction))
        .routes(routes!(transactions::undo_bank_decision))
        .routes(routes!(arrangements::list_bank_rules, arrangements::add_bank_rule))
        .routes(routes!(arrangements::remove_bank_rule))
        .routes(routes!(arrangements::list_bank_profiles, arrangements::put_bank_profile))
        .routes(routes!(arrangements::erase_bank_owner));
    OpenApiRouter::new().nest("/banking", all)
}
