//! Every operation: its permission, and its own refusals.

use platform::room::{Operation, Word, needs};

const READ: Word = needs("positions", "read");
const CHANGE: Word = needs("positions", "change");
const READ_FLOWS: Word = needs("flows", "read");
const FLOWS: Word = needs("flows", "change");
const FORECASTS: Word = needs("forecasts", "read");
const READ_SWEEPS: Word = needs("sweeps", "read");
const PROPOSE: Word = needs("sweeps", "propose");
const APPROVE: Word = needs("sweeps", "approve");
const READ_RISK: Word = needs("market-risk", "read");
const RISK: Word = needs("market-risk", "change");
const RUN: Word = needs("market-risk", "run");
const PAGE: &[&str] = &["cursor_invalid", "limit_too_large"];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "put_treasury_entity", word: CHANGE, refusals: &["field_invalid", "too_many"] },
    Operation { name: "list_treasury_entities", word: READ, refusals: &[] },
    Operation {
        name: "add_treasury_account",
        word: CHANGE,
        refusals: &[
            "field_invalid",
            "entity_unknown",
            "source_unknown",
            "source_linked",
            "currency_differs",
            "floor_below_limit",
            "too_many",
        ],
    },
    Operation { name: "list_treasury_accounts", word: READ, refusals: &[] },
    Operation {
        name: "change_treasury_account",
        word: CHANGE,
        refusals: &["field_invalid", "account_unknown", "currency_differs", "floor_below_limit"],
    },
    Operation { name: "get_positions", word: READ, refusals: &["field_invalid"] },
    Operation {
        name: "put_treasury_rates",
        word: needs("rates", "change"),
        refusals: &["field_invalid", "rate_invalid", "pair_invalid", "table_invalid", "too_many"],
    },
    Operation { name: "list_treasury_rates", word: needs("rates", "read"), refusals: &["limit_too_large"] },
    Operation {
        name: "add_flows",
        word: FLOWS,
        refusals: &["field_invalid", "table_invalid", "account_unknown", "currency_differs", "too_many"],
    },
    Operation { name: "list_flows", word: READ_FLOWS, refusals: PAGE },
    Operation { name: "cancel_flow", word: FLOWS, refusals: &["flow_unknown", "flow_state"] },
    Operation {
        name: "put_recurring_flow",
        word: FLOWS,
        refusals: &["field_invalid", "out_of_range", "account_unknown", "currency_differs", "too_many"],
    },
    Operation { name: "list_recurring_flows", word: READ_FLOWS, refusals: &[] },
    Operation { name: "get_forecast", word: FORECASTS, refusals: &["field_invalid", "account_unknown"] },
    Operation { name: "train_forecasts", word: needs("forecasts", "train"), refusals: &[] },
    Operation { name: "get_forecast_accuracy", word: FORECASTS, refusals: &["account_unknown"] },
    Operation {
        name: "put_pool",
        word: PROPOSE,
        refusals: &[
            "field_invalid",
            "account_unknown",
            "currency_differs",
            "pool_of_one",
            "member_twice",
            "header_cycle",
            "too_many",
        ],
    },
    Operation { name: "list_pools", word: READ_SWEEPS, refusals: &[] },
    Operation {
        name: "propose_sweep",
        word: PROPOSE,
        refusals: &["out_of_range", "pool_unknown", "balance_unknown", "infeasible"],
    },
    Operation { name: "list_sweeps", word: READ_SWEEPS, refusals: PAGE },
    Operation { name: "get_sweep", word: READ_SWEEPS, refusals: &["sweep_unknown"] },
    Operation {
        name: "approve_sweep",
        word: APPROVE,
        refusals: &["sweep_unknown", "sweep_state", "own_work", "positions_changed"],
    },
    Operation { name: "reject_sweep", word: APPROVE, refusals: &["sweep_unknown", "sweep_state"] },
    Operation { name: "finish_sweep", word: APPROVE, refusals: &["sweep_unknown", "sweep_state"] },
    Operation { name: "put_exposures", word: RISK, refusals: &["field_invalid", "currency_differs", "too_many"] },
    Operation { name: "list_exposures", word: READ_RISK, refusals: &[] },
    Operation {
        name: "put_factor",
        word: RISK,
        refusals: &["field_invalid", "table_invalid", "too_few", "series_invalid", "too_many"],
    },
    Operation { name: "list_factors", word: READ_RISK, refusals: &[] },
    Operation {
        name: "ask_value_at_risk",
        word: RUN,
        refusals: &["out_of_range", "too_many", "too_few", "series_invalid", "factor_unknown", "level_outside_sample"],
    },
    Operation {
        name: "ask_backtest",
        word: RUN,
        refusals: &[
            "field_invalid",
            "out_of_range",
            "too_few",
            "series_invalid",
            "factor_unknown",
            "level_outside_sample",
        ],
    },
    Operation { name: "get_risk_run", word: READ_RISK, refusals: &["run_unknown"] },
];
