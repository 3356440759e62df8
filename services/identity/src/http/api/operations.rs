//! One row per operation: the permission that it needs, and its refusals besides the common ones.

use platform::room::{Operation, Word, needs};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "create_user",
        word: needs("users", "create"),
        refusals: &["taken", "not_found", "too_many", "reaches_further", "step_up_required"],
    },
    Operation { name: "list_users", word: needs("users", "read"), refusals: &["limit_too_large", "cursor_invalid"] },
    Operation { name: "get_user", word: needs("users", "read"), refusals: &["not_found"] },
    Operation {
        name: "set_user_roles",
        word: needs("users", "change"),
        refusals: &["not_found", "last_admin", "too_many", "reaches_further", "step_up_required"],
    },
    Operation {
        name: "set_user_contact",
        word: needs("users", "change"),
        refusals: &["not_found", "reaches_further", "step_up_required"],
    },
    Operation {
        name: "disable_user",
        word: needs("users", "change"),
        refusals: &["not_found", "last_admin", "reaches_further", "step_up_required"],
    },
    Operation {
        name: "enable_user",
        word: needs("users", "change"),
        refusals: &["not_found", "reaches_further", "step_up_required"],
    },
    Operation {
        name: "reset_user_password",
        word: needs("users", "change"),
        refusals: &["not_found", "reaches_further", "step_up_required"],
    },
    Operation {
        name: "remove_user_factors",
        word: needs("users", "change"),
        refusals: &["not_found", "reaches_further", "step_up_required"],
    },
    Operation {
        name: "end_user_sessions",
        word: needs("users", "change"),
        refusals: &["not_found", "reaches_further", "step_up_required"],
    },
    Operation {
        name: "create_client",
        word: needs("clients", "create"),
        refusals: &["taken", "not_found", "too_many", "reaches_further", "step_up_required"],
    },
    Operation { name: "list_clients", word: needs("clients", "read"), refusals: &[] },
    Operation { name: "get_client", word: needs("clients", "read"), refusals: &["not_found"] },
    Operation {
        name: "new_client_secret",
        word: needs("clients", "change"),
        refusals: &["not_found", "reaches_further", "step_up_required"],
    },
    Operation {
        name: "set_client_roles",
        word: needs("clients", "change"),
        refusals: &["not_found", "too_many", "reaches_further", "step_up_required"],
    },
    Operation {
        name: "set_client_scopes",
        word: needs("clients", "change"),
        refusals: &["not_found", "too_many", "reaches_further", "step_up_required"],
    },
    Operation {
        name: "set_client_redirect_uris",
        word: needs("clients", "change"),
        refusals: &["not_found", "too_many", "reaches_further", "step_up_required"],
    },
    Operation {
        name: "disable_client",
        word: needs("clients", "change"),
        refusals: &["not_found", "reaches_further", "step_up_required"],
    },
    Operation {
        name: "enable_client",
        word: needs("clients", "change"),
        refusals: &["not_found", "reaches_further", "step_up_required"],
    },
    Operation { name: "list_keys", word: needs("keys", "read"), refusals: &[] },
    Operation { name: "rotate_keys", word: needs("keys", "rotate"), refusals: &["step_up_required"] },
    Operation { name: "list_roles", word: needs("roles", "read"), refusals: &[] },
    Operation { name: "get_role", word: needs("roles", "read"), refusals: &["not_found"] },
    Operation {
        name: "put_role",
        word: needs("roles", "change"),
        refusals: &["built_in", "too_many", "reaches_further", "step_up_required"],
    },
    Operation {
        name: "remove_role",
        word: needs("roles", "change"),
        refusals: &["not_found", "built_in", "role_in_use", "reaches_further", "step_up_required"],
    },
    Operation { name: "list_policies", word: needs("policies", "read"), refusals: &[] },
    Operation { name: "get_policy", word: needs("policies", "read"), refusals: &["not_found"] },
    Operation {
        name: "put_policy",
        word: needs("policies", "change"),
        refusals: &["built_in", "policy_invalid", "too_many", "step_up_required"],
    },
    Operation {
        name: "remove_policy",
        word: needs("policies", "change"),
        refusals: &["not_found", "built_in", "step_up_required"],
    },
    // Of a policy: policies:change.
    Operation {
        name: "try_change",
        word: needs("roles", "change"),
        refusals: &["not_found", "built_in", "policy_invalid", "too_many", "reaches_further"],
    },
    // The OAuth endpoints, whose refusals are those of their standards.
    endpoint("openid_configuration"),
    endpoint("oauth_authorization_server"),
    endpoint("jwks"),
    endpoint("authorize"),
    endpoint("authorize_by_form"),
    endpoint("token"),
    endpoint("introspect"),
    endpoint("revoke"),
    endpoint("user_info"),
    endpoint("user_info_by_post"),
    endpoint("end_session"),
    endpoint("end_session_by_form"),
];

const fn endpoint(name: &'static str) -> Operation {
    Operation { name, word: Word::Nothing, refusals: &[] }
}

/// Refusals of pages, of OAuth endpoints and of calls between processes: no API operation returns them.
#[cfg(test)]
pub(super) const ELSEWHERE: &[&str] = &[
    "wrong_credentials",
    "too_many_failures",
    "login_unknown",
    "step_out_of_turn",
    "wrong_code",
    "channel_off",
    "not_logged_in",
    "password_too_short",
    "password_too_long",
    "password_too_weak",
    "password_breached",
    "password_unchanged",
    "factor_exists",
    "factor_missing",
    "factor_required",
    "invalid_client",
    "page_size",
];
