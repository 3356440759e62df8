//! Every refusal of identity, by name.
//!
//! Invariant: before authentication, an answer is the same whether the account exists or not.

mod rows;

use std::borrow::Cow;

use platform::error::{self, Row, ServiceError};
use serde::{Deserialize, Serialize};

/// Why a call to identity has no result.
pub type IdentityError = ServiceError<Refusal>;

/// The texts name what a caller can act on.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    // Invalid requests.
    #[error("{field}: {detail}")]
    FieldInvalid { field: String, detail: String },
    #[error("expected a page size of 1 to {max}, found {given}")]
    PageSize { given: usize, max: usize },

    // Logins.
    /// One answer for an unknown name, a wrong password and a disabled account.
    #[error("the name and the password do not match")]
    WrongCredentials,
    #[error("too many attempts failed; try again in {retry_after_s} s")]
    TooManyFailures { retry_after_s: u32 },
    #[error("the login has expired or does not exist; start again")]
    LoginUnknown,
    #[error("this is not the next step of the login")]
    StepOutOfTurn,
    /// A wrong, an expired or a used one.
    #[error("the code is wrong or no longer valid")]
    WrongCode,
    #[error("codes are not sent by {channel}, or not to this user")]
    ChannelOff { channel: String },
    #[error("not logged in, or the session has ended")]
    NotLoggedIn,

    // Credentials.
    #[error("a password has at least {min} characters")]
    PasswordTooShort { min: usize },
    #[error("a password has at most {max} bytes")]
    PasswordTooLong { max: usize },
    #[error("{detail}")]
    PasswordTooWeak { detail: String },
    #[error("this password is in a list of stolen passwords; choose another one")]
    PasswordBreached,
    #[error("the new password is the same as the old one")]
    PasswordUnchanged,
    #[error("there is already a second factor; remove it first")]
    FactorExists,
    #[error("there is no second factor")]
    FactorMissing,
    #[error("this account needs a second factor")]
    FactorRequired,

    // Users, clients, roles and policies.
    #[error("{what} {name} does not exist")]
    NotFound { what: String, name: String },
    #[error("{what} {name} already exists")]
    Taken { what: String, name: String },
    #[error("the last administrator cannot be disabled or lose the role")]
    LastAdmin,
    #[error("{what} {name} is built in and cannot be changed")]
    BuiltIn { what: String, name: String },
    #[error("role {role} is held by {holders} and cannot be removed")]
    RoleInUse { role: String, holders: u64 },
    /// A caller cannot grant more than they hold, or take control of a user who holds more.
    #[error("{what} {name} has more permissions than you")]
    ReachesFurther { what: String, name: String },
    #[error("{detail}")]
    PolicyInvalid { detail: String },
    #[error("expected at most {max} {what}, found {given}")]
    TooMany { what: String, given: usize, max: usize },

    /// Of the token endpoint and other OAuth endpoints, in the terms of the standard.
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

impl error::Refusal for Refusal {
    /// Refusals of the OAuth endpoints, in the terms of their standards.
    fn code(&self) -> &'static str {
        match self {
            Refusal::OAuth { error, .. } => error.code(),
            other => other.into(),
        }
    }

    fn row(&self) -> Row {
        rows::of(self)
    }

    fn samples() -> Vec<Refusal> {
        rows::samples()
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        match self {
            Refusal::FieldInvalid { field, .. } => Some(field.clone().into()),
            Refusal::PageSize { .. } => Some("limit".into()),
            Refusal::PolicyInvalid { .. } => Some("text".into()),
            _ => None,
        }
    }

    fn retry_after_s(&self) -> Option<u32> {
        match self {
            Refusal::TooManyFailures { retry_after_s } => Some(*retry_after_s),
            _ => None,
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
}

#[cfg(test)]
mod tests {
    use platform::error::Refusal as _;

    use super::*;

    #[test]
    fn each_refusal_has_one_code_row_and_sample() {
        // The codes of OAuth are the standard's, not names of variants.
        let broken = error::check::<Refusal>().unwrap_err();
        assert!(matches!(broken.as_slice(), [only] if only.contains("invalid_client")), "{broken:?}");
        assert_eq!(Refusal::oauth(OAuthError::InvalidGrant, "used").code(), "invalid_grant");
    }
}
