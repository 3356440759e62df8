//! Every way in which identity says no, by name. One row of `Refusal::facts` gives a refusal its code and its HTTP status.
//!
//! Invariant: what is said before somebody has proved who they are is the same whether the account exists or not.

use serde::{Deserialize, Serialize};

/// The texts name what a caller can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    // Of form.
    #[error("{field}: {detail}")]
    FieldInvalid { field: String, detail: String },
    #[error("a page has 1 to {max} entries, not {given}")]
    PageSize { given: usize, max: usize },
    /// What the reader has not seen yet was removed: it finds out otherwise what it missed, and goes on before `first`.
    #[error("events before {first} were removed, and some of them were not read; go on behind {}", first.saturating_sub(1))]
    EventsGone { first: u64 },

    // Of logins.
    /// One word for an unknown name, a wrong password and an account that is disabled.
    #[error("the name and the password do not fit together")]
    WrongCredentials,
    #[error("too many attempts failed; try again in {retry_after_s} s")]
    TooManyFailures { retry_after_s: u32 },
    #[error("the login has expired or was never begun; begin again")]
    LoginUnknown,
    #[error("this is not the next step of the login")]
    StepOutOfTurn,
    /// A wrong one, an old one and one that was used.
    #[error("the code is not right, or is no longer valid")]
    WrongCode,
    #[error("codes are not sent by {channel} here, or not to this person")]
    ChannelOff { channel: String },
    #[error("nobody is logged in, or no longer")]
    NotLoggedIn,

    // Of credentials.
    #[error("a password has at least {min} characters")]
    PasswordTooShort { min: usize },
    #[error("a password has at most {max} bytes")]
    PasswordTooLong { max: usize },
    #[error("{detail}")]
    PasswordTooWeak { detail: String },
    #[error("this password is among those that were stolen elsewhere; choose another one")]
    PasswordBreached,
    #[error("the new password is the old one")]
    PasswordUnchanged,
    #[error("a second factor is there already; remove it first")]
    FactorExists,
    #[error("there is no second factor")]
    FactorMissing,
    #[error("this account has to have a second factor")]
    FactorRequired,

    // Of people, clients, roles and policies.
    #[error("{what} {name} does not exist")]
    NotFound { what: String, name: String },
    #[error("{what} {name} exists already")]
    Taken { what: String, name: String },
    #[error("the last administrator cannot be disabled or lose the role")]
    LastAdmin,
    #[error("{what} {name} comes with the product and stays as it is")]
    BuiltIn { what: String, name: String },
    #[error("role {role} is held by {holders} and cannot be removed")]
    RoleInUse { role: String, holders: u64 },
    /// Nobody hands out more than they hold, or gets hold of somebody who holds more.
    #[error("{what} {name} reaches further than you do")]
    ReachesFurther { what: String, name: String },
    #[error("{detail}")]
    PolicyInvalid { detail: String },
    #[error("{given} {what}, {max} at most")]
    TooMany { what: String, given: usize, max: usize },

    /// Of the token endpoint and its neighbours, in the words of the standard.
    #[error("{description}")]
    OAuth { error: OAuthError, description: String },
}

/// The error codes of RFC 6749, RFC 6750, RFC 7009 and OpenID Connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OAuthError {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
    UnsupportedTokenType,
    InvalidScope,
    InvalidToken,
    InsufficientScope,
    AccessDenied,
    LoginRequired,
    ConsentRequired,
    RequestNotSupported,
    RequestUriNotSupported,
    TemporarilyUnavailable,
}

impl OAuthError {
    pub fn code(self) -> &'static str {
        match self {
            OAuthError::InvalidRequest => "invalid_request",
            OAuthError::InvalidClient => "invalid_client",
            OAuthError::InvalidGrant => "invalid_grant",
            OAuthError::UnauthorizedClient => "unauthorized_client",
            OAuthError::UnsupportedGrantType => "unsupported_grant_type",
            OAuthError::UnsupportedResponseType => "unsupported_response_type",
            OAuthError::UnsupportedTokenType => "unsupported_token_type",
            OAuthError::InvalidScope => "invalid_scope",
            OAuthError::InvalidToken => "invalid_token",
            OAuthError::InsufficientScope => "insufficient_scope",
            OAuthError::AccessDenied => "access_denied",
            OAuthError::LoginRequired => "login_required",
            OAuthError::ConsentRequired => "consent_required",
            OAuthError::RequestNotSupported => "request_not_supported",
            OAuthError::RequestUriNotSupported => "request_uri_not_supported",
            OAuthError::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    pub fn status(self) -> u16 {
        match self {
            OAuthError::InvalidClient | OAuthError::InvalidToken => 401,
            OAuthError::InsufficientScope => 403,
            OAuthError::TemporarilyUnavailable => 503,
            _ => 400,
        }
    }
}

impl Refusal {
    pub fn oauth(error: OAuthError, description: impl Into<String>) -> Refusal {
        Refusal::OAuth { error, description: description.into() }
    }

    pub fn not_found(what: &str, name: impl Into<String>) -> Refusal {
        Refusal::NotFound { what: what.to_owned(), name: name.into() }
    }

    pub fn field(field: &str, detail: impl Into<String>) -> Refusal {
        Refusal::FieldInvalid { field: field.to_owned(), detail: detail.into() }
    }

    /// Code, HTTP status and title.
    pub(crate) fn facts(&self) -> (&'static str, u16, &'static str) {
        match self {
            Refusal::FieldInvalid { .. } => ("field_invalid", 400, "A field is not valid"),
            Refusal::PageSize { .. } => ("page_size", 400, "A page has another size"),
            Refusal::EventsGone { .. } => ("events_gone", 410, "These events were removed"),
            Refusal::WrongCredentials => ("wrong_credentials", 401, "Name and password do not fit together"),
            Refusal::TooManyFailures { .. } => ("too_many_failures", 429, "Too many attempts failed"),
            Refusal::LoginUnknown => ("login_unknown", 400, "The login has expired"),
            Refusal::StepOutOfTurn => ("step_out_of_turn", 409, "Not the next step"),
            Refusal::WrongCode => ("wrong_code", 401, "The code is not right"),
            Refusal::ChannelOff { .. } => ("channel_off", 403, "Codes are not sent this way"),
            Refusal::NotLoggedIn => ("not_logged_in", 401, "Nobody is logged in"),
            Refusal::PasswordTooShort { .. } => ("password_too_short", 400, "The password is too short"),
            Refusal::PasswordTooLong { .. } => ("password_too_long", 400, "The password is too long"),
            Refusal::PasswordTooWeak { .. } => ("password_too_weak", 400, "The password is easy to guess"),
            Refusal::PasswordBreached => ("password_breached", 400, "The password was stolen elsewhere"),
            Refusal::PasswordUnchanged => ("password_unchanged", 400, "The password is the old one"),
            Refusal::FactorExists => ("factor_exists", 409, "There is a second factor already"),
            Refusal::FactorMissing => ("factor_missing", 409, "There is no second factor"),
            Refusal::FactorRequired => ("factor_required", 409, "A second factor has to be there"),
            Refusal::NotFound { .. } => ("not_found", 404, "Not found"),
            Refusal::Taken { .. } => ("taken", 409, "The name is taken"),
            Refusal::LastAdmin => ("last_admin", 409, "The last administrator"),
            Refusal::BuiltIn { .. } => ("built_in", 409, "Comes with the product"),
            Refusal::RoleInUse { .. } => ("role_in_use", 409, "The role is in use"),
            Refusal::ReachesFurther { .. } => ("reaches_further", 403, "More than you hold"),
            Refusal::PolicyInvalid { .. } => ("policy_invalid", 400, "The policy is not understood"),
            Refusal::TooMany { .. } => ("too_many", 400, "Too many"),
            Refusal::OAuth { error, .. } => (error.code(), error.status(), "Refused by the authorization server"),
        }
    }
}
