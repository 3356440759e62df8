//! Every operation: its permission, and its own refusals.

use platform::room::{Operation, needs};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "create_programme", word: needs("programmes", "change"), refusals: &["terms_invalid"] },
    Operation {
        name: "set_programme",
        word: needs("programmes", "change"),
        refusals: &["terms_invalid", "programme_unknown"],
    },
    Operation { name: "list_programmes", word: needs("programmes", "read"), refusals: &[] },
    Operation {
        name: "issue_card",
        word: needs("cards", "issue"),
        refusals: &[
            "idempotency_missing",
            "terms_invalid",
            "programme_unknown",
            "card_unknown",
            "account_unsuitable",
            "expiry_too_early",
            "bin_mismatch",
            "number_taken",
        ],
    },
    Operation {
        name: "settle_day",
        word: needs("settlements", "create"),
        refusals: &["programme_unknown", "terms_invalid", "day_not_over", "settlement_refused"],
    },
    Operation { name: "list_cards", word: needs("cards", "read"), refusals: &["limit_too_large", "cursor_invalid"] },
    Operation { name: "get_card", word: needs("cards", "read"), refusals: &["card_unknown"] },
    Operation { name: "change_card", word: needs("cards", "change"), refusals: &["card_unknown", "card_state"] },
    Operation { name: "pause_card", word: needs("cards", "pause"), refusals: &["card_unknown", "card_state"] },
    Operation { name: "resume_card", word: needs("cards", "pause"), refusals: &["card_unknown", "card_state"] },
    Operation {
        name: "renew_card",
        word: needs("cards", "change"),
        refusals: &["card_unknown", "card_state", "expiry_too_early"],
    },
    Operation {
        name: "set_card_controls",
        word: needs("cards", "change"),
        refusals: &["card_unknown", "terms_invalid"],
    },
    Operation {
        name: "authorize_payment",
        word: needs("authorizations", "create"),
        refusals: &["amount_invalid", "acceptor_invalid", "card_missing", "request_id_taken"],
    },
    Operation {
        name: "list_authorizations",
        word: needs("authorizations", "read"),
        refusals: &["card_unknown", "limit_too_large", "cursor_invalid"],
    },
    Operation {
        name: "get_authorization",
        word: needs("authorizations", "read"),
        refusals: &["authorization_unknown"],
    },
    Operation {
        name: "find_authorization",
        word: needs("authorizations", "read"),
        refusals: &["authorization_unknown"],
    },
    Operation {
        name: "take_authorization_step",
        word: needs("authorizations", "advance"),
        refusals: &[
            "amount_invalid",
            "rate_missing",
            "request_id_taken",
            "authorization_unknown",
            "authorization_state",
            "nothing_held",
            "above_cleared",
            "above_refunded",
            "above_disputed",
            "step_running",
        ],
    },
    Operation {
        name: "take_card_step",
        word: needs("authorizations", "advance"),
        refusals: &[
            "amount_invalid",
            "acceptor_invalid",
            "card_missing",
            "card_unknown",
            "rate_missing",
            "request_id_taken",
        ],
    },
];
