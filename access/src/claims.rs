//! The claims of an access token: RFC 9068 with a few of our own.

use serde::{Deserialize, Serialize};

/// The `typ` in a token's header; it distinguishes access tokens from other tokens.
pub const TOKEN_TYPE: &str = "at+jwt";

/// The `acr` after a second factor of the user's own: an app or a backup code. A sent code does not count.
pub const ACR_MFA: &str = "mfa";

/// Times are whole seconds since 1970, as in the standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The user's subject; for a client that acts for itself, its id.
    pub sub: String,
    pub exp: i64,
    pub nbf: i64,
    pub iat: i64,
    pub jti: String,
    pub client_id: String,
    /// Separated by spaces.
    #[serde(default)]
    pub scope: String,
    /// customer, employee, admin or service.
    pub kind: String,
    /// Names; what they permit is looked up where the token is used.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Tokens with an epoch older than the subject's current one are refused.
    pub epoch: u64,
    /// The same for the client.
    pub client_epoch: u64,
    /// The session in which the user logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// When the user authenticated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How: pwd, otp, sms, email, backup.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// [`ACR_MFA`] after a second factor, otherwise "pwd": only this counts, whatever `amr` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
}
