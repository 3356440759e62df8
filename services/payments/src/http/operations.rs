//! Every operation: its permission, and its own refusals.

use platform::room::{Operation, needs};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "create_payment",
        word: needs("payments", "create"),
        refusals: &[
            "idempotency_missing",
            "field_invalid",
            "amount_invalid",
            "same_account",
            "day_out_of_range",
            "account_unknown",
            "payee_unknown",
            "currency_mismatch",
            "rail_off",
        ],
    },
    Operation {
        name: "list_payments",
        word: needs("payments", "read"),
        refusals: &["cursor_invalid", "limit_too_large"],
    },
    Operation {
        name: "check_payments",
        word: needs("payments", "read"),
        refusals: &["cursor_invalid", "limit_too_large"],
    },
    Operation { name: "get_payment", word: needs("payments", "read"), refusals: &["payment_unknown"] },
    Operation {
        name: "approve_payment",
        word: needs("payments", "approve"),
        refusals: &["payment_unknown", "payment_state", "own_work", "already_approved", "above_own_limit"],
    },
    Operation {
        name: "reject_payment",
        word: needs("payments", "approve"),
        refusals: &["field_invalid", "payment_unknown", "payment_state", "own_work"],
    },
    Operation {
        name: "cancel_payment",
        word: needs("payments", "cancel"),
        refusals: &["field_invalid", "payment_unknown", "payment_state"],
    },
    Operation {
        name: "add_payee",
        word: needs("payees", "change"),
        refusals: &["field_invalid", "account_unknown", "too_many"],
    },
    Operation { name: "list_payees", word: needs("payees", "read"), refusals: &[] },
    Operation { name: "remove_payee", word: needs("payees", "change"), refusals: &["payee_unknown"] },
    Operation {
        name: "add_standing_order",
        word: needs("standing-orders", "change"),
        refusals: &[
            "field_invalid",
            "amount_invalid",
            "same_account",
            "day_out_of_range",
            "account_unknown",
            "payee_unknown",
            "currency_mismatch",
            "too_many",
        ],
    },
    Operation { name: "list_standing_orders", word: needs("standing-orders", "read"), refusals: &[] },
    Operation { name: "end_standing_order", word: needs("standing-orders", "change"), refusals: &["standing_unknown"] },
    Operation {
        name: "propose_payment_policy",
        word: needs("payment-policies", "change"),
        refusals: &["field_invalid", "too_many"],
    },
    Operation { name: "list_payment_policies", word: needs("payment-policies", "read"), refusals: &[] },
    Operation {
        name: "end_payment_policy",
        word: needs("payment-policies", "change"),
        refusals: &["policy_unknown", "policy_state"],
    },
    Operation {
        name: "confirm_payment_policy",
        word: needs("payment-policies", "change"),
        refusals: &["policy_unknown", "policy_state", "own_work"],
    },
    Operation {
        name: "refuse_payment_policy",
        word: needs("payment-policies", "change"),
        refusals: &["policy_unknown", "policy_state", "own_work"],
    },
    Operation {
        name: "send_payments",
        word: needs("payments", "create"),
        refusals: &["account_unknown", "upload_refused"],
    },
    Operation { name: "get_upload", word: needs("payments", "read"), refusals: &["upload_unknown"] },
    Operation {
        name: "list_upload_lines",
        word: needs("payments", "read"),
        refusals: &["upload_unknown", "cursor_invalid", "limit_too_large"],
    },
    Operation { name: "report_on_upload", word: needs("payments", "read"), refusals: &["upload_unknown"] },
    Operation { name: "make_payment_files", word: needs("payment-files", "change"), refusals: &[] },
    Operation { name: "list_payment_files", word: needs("payment-files", "read"), refusals: &[] },
    Operation { name: "get_payment_file", word: needs("payment-files", "read"), refusals: &["rail_file_unknown"] },
    Operation {
        name: "read_payment_file",
        word: needs("payment-files", "read"),
        refusals: &["rail_file_unknown", "rail_file_not_ready"],
    },
    Operation { name: "take_bank_answer", word: needs("payment-files", "change"), refusals: &["answer_refused"] },
];
