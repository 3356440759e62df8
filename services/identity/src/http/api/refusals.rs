//! Every refusal with an example and a sentence that says when it happens, and which operation can answer which.
//!
//! Invariant: a new refusal does not compile without its row here, and a test finds a row that nobody answers.

mod general;

use identity_api::{IdentityError, OAuthError, Refusal};
use platform::http::document::Sample;

use super::answer::problem;
use general::general_form;

pub(super) fn all() -> Vec<Sample> {
    let refused = refusals().into_iter().map(|(refusal, when)| (IdentityError::from(refusal), when));
    let failures = errors().into_iter().filter(|(error, _)| !matches!(error, IdentityError::Refused(_)));
    let ours = refused.chain(failures).map(|(error, when)| Sample { problem: problem(error), when });
    ours.chain(general_form()).collect()
}

macro_rules! table {
    ($all:ident, $check:ident, $kind:ident:
     $($variant:ident $({ $($field:tt: $value:expr),* $(,)? })? => $when:literal;)*) => {
        pub(super) fn $all() -> Vec<($kind, &'static str)> {
            vec![$(($kind::$variant $({ $($field: $value),* })?, $when)),*]
        }

        /// Does not compile while a variant has no row.
        #[expect(dead_code, reason = "it is only there to be compiled")]
        fn $check(value: &$kind) {
            match value {
                $($kind::$variant { .. } => {})*
            }
        }
    };
}

table! { refusals, every_refusal_has_a_row, Refusal:
    FieldInvalid { field: "username".to_owned(), detail: "is empty".to_owned() } =>
        "A field is missing, unknown or has the wrong form; `errors` names it.";
    PageSize { given: 1_001, max: 1_000 } => "limit is not between 1 and the most that one answer holds.";
    EventsGone { first: 4_711 } =>
        "Events are kept for some days, and what you have not read is gone. Look at how things stand, and go on behind the event before `first`.";
    WrongCredentials => "On the login page: an unknown name, a wrong password and a disabled account look the same.";
    TooManyFailures { retry_after_s: 30 } => "Too many attempts failed for this account or from this address.";
    LoginUnknown => "On the login page: the login has expired, or the browser sent no cookie.";
    StepOutOfTurn => "On the login page: the login has moved on, in another window perhaps.";
    WrongCode => "On the login page: the code is wrong, old, or was used.";
    ChannelOff { channel: "sms".to_owned() } => "On the login page: codes are not sent this way.";
    NotLoggedIn => "On the account page: the session has ended.";
    PasswordTooShort { min: 12 } => "On a page: the new password has fewer than 12 characters.";
    PasswordTooLong { max: 256 } => "On a page: the new password has more than 256 bytes.";
    PasswordTooWeak { detail: "a password is not made of one's own name".to_owned() } =>
        "On a page: the new password is easy to guess.";
    PasswordBreached => "On a page: the new password is in lists that attackers try first.";
    PasswordUnchanged => "On a page: the new password is the old one.";
    FactorExists => "On the account page: an authenticator app is there already.";
    FactorMissing => "On the account page: no second factor is there to remove.";
    FactorRequired => "On the account page: the role asks for a second factor, so it cannot be removed.";
    NotFound { what: "user".to_owned(), name: "usr_01kppyy0k0f4g8n1vpdkpr5g3a".to_owned() } => "It does not exist.";
    Taken { what: "username".to_owned(), name: "ann@example.com".to_owned() } =>
        "The name is taken; a repeat of what was created finds it so, too.";
    LastAdmin => "Nobody would be left who can administer.";
    BuiltIn { what: "role".to_owned(), name: "customer".to_owned() } => "It comes with the product. Make one of your own.";
    RoleInUse { role: "auditor".to_owned(), holders: 3 } => "Take the role from everybody first.";
    ReachesFurther { what: "role".to_owned(), name: "admin".to_owned() } =>
        "It grants, or its holder has, more than you hold with this token. Somebody who holds as much can do it.";
    PolicyInvalid { detail: "unexpected end of input at line 1".to_owned() } =>
        "The text is not one policy of the Cedar language, or names what does not exist.";
    TooMany { what: "roles".to_owned(), given: 33, max: 32 } => "More than there may be.";
    OAuth { error: OAuthError::InvalidClient, description: "the client is unknown, or its secret is wrong".to_owned() } =>
        "At the endpoints of OAuth, in the form of its standard.";
}

table! { errors, every_error_has_a_row, IdentityError:
    Refused { 0: Refusal::WrongCode } => "Its refusal says when.";
    Forbidden => "You lack the right for this.";
    StepUp { seconds: 300 } =>
        "Log in again with a second factor: ask for a token with `acr_values=mfa` and `max_age` as the header says.";
    Overloaded => "Too much is waiting. Send the same again.";
    AccessStale => "A process has not heard of revoked tokens for too long. Send the same again.";
    DeadlineExceeded => "The time was over before it began. Nothing happened; send the same again.";
    OutcomeUnknown => "The time was over while it was under way. Read how things stand before you send it again.";
    StorageFull => "No space is left to write to. Nothing happened.";
    Unavailable => "The store cannot be reached or written just now. Nothing happened.";
    Internal => "A fault of ours; the log has its cause under the request id.";
}

/// Refusals of pages and of OAuth endpoints: no operation of the API answers them, and so the document leaves them out.
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
];

/// Those of every operation; the document has them once.
pub(super) const GENERAL: &[&str] = &[
    "bad_utf8",
    "nul_character",
    "json_malformed",
    "json_too_deep",
    "body_missing",
    "body_unreadable",
    "body_too_large",
    "content_type_wrong",
    "idempotency_key_invalid",
    "deadline_invalid",
    "unauthenticated",
    "access_stale",
    "route_unknown",
    "method_not_allowed",
    "host_unknown",
    "deadline_passed",
    "internal",
];

/// Of every operation that asks.
const READ: &[&str] = &["forbidden", "overloaded", "deadline_exceeded", "unavailable"];
/// Of every operation that changes something.
const WRITE: &[&str] = &[
    "field_invalid",
    "forbidden",
    "step_up_required",
    "overloaded",
    "deadline_exceeded",
    "outcome_unknown",
    "storage_full",
    "unavailable",
];

/// What each operation can answer, beside what is general.
pub(super) const OPERATIONS: &[(&str, &[&[&str]])] = &[
    ("create_user", &[WRITE, &["taken", "not_found", "too_many", "reaches_further"]]),
    ("list_users", &[READ, &["field_invalid", "limit_too_large", "cursor_invalid"]]),
    ("get_user", &[READ, &["field_invalid", "not_found"]]),
    ("set_user_roles", &[WRITE, &["not_found", "last_admin", "too_many", "reaches_further"]]),
    ("set_user_contact", &[WRITE, &["not_found", "reaches_further"]]),
    ("disable_user", &[WRITE, &["not_found", "last_admin", "reaches_further"]]),
    ("enable_user", &[WRITE, &["not_found", "reaches_further"]]),
    ("reset_user_password", &[WRITE, &["not_found", "reaches_further"]]),
    ("remove_user_factors", &[WRITE, &["not_found", "reaches_further"]]),
    ("end_user_sessions", &[WRITE, &["not_found", "reaches_further"]]),
    ("create_client", &[WRITE, &["taken", "not_found", "too_many", "reaches_further"]]),
    ("list_clients", &[READ]),
    ("get_client", &[READ, &["not_found"]]),
    ("new_client_secret", &[WRITE, &["not_found", "reaches_further"]]),
    ("set_client_roles", &[WRITE, &["not_found", "too_many", "reaches_further"]]),
    ("set_client_scopes", &[WRITE, &["not_found", "too_many", "reaches_further"]]),
    ("set_client_redirect_uris", &[WRITE, &["not_found", "too_many", "reaches_further"]]),
    ("disable_client", &[WRITE, &["not_found", "reaches_further"]]),
    ("enable_client", &[WRITE, &["not_found", "reaches_further"]]),
    ("list_keys", &[READ]),
    ("rotate_keys", &[WRITE]),
    ("identity_events", &[READ, &["field_invalid", "page_size", "events_gone"]]),
    ("list_roles", &[READ]),
    ("get_role", &[READ, &["not_found"]]),
    ("put_role", &[WRITE, &["built_in", "too_many", "reaches_further"]]),
    ("remove_role", &[WRITE, &["not_found", "built_in", "role_in_use", "reaches_further"]]),
    ("list_policies", &[READ]),
    ("get_policy", &[READ, &["not_found"]]),
    ("put_policy", &[WRITE, &["built_in", "policy_invalid", "too_many"]]),
    ("remove_policy", &[WRITE, &["not_found", "built_in"]]),
    (
        "try_change",
        &[
            READ,
            &["field_invalid", "not_found", "built_in", "role_in_use", "policy_invalid", "too_many", "reaches_further"],
        ],
    ),
];
