//! What an access token says: RFC 9068 with a few words of ours.

use serde::{Deserialize, Serialize};

/// The `typ` in a token's header; a token for another purpose is never taken for one of these.
pub const TOKEN_TYPE: &str = "at+jwt";

/// What `acr` says behind a second factor of one's own: an app or a backup code. A code that was sent is worth less.
pub const ACR_MFA: &str = "mfa";

/// Times are whole seconds since 1970, as the standard has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The person's subject; of a client that acts for itself, its id.
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
    /// Tokens of an epoch before the subject's present one are refused.
    pub epoch: u64,
    /// The same for the client.
    pub client_epoch: u64,
    /// The session that a person logged in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// When the person proved who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How: pwd, otp, sms, email, backup.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// [`ACR_MFA`] behind a second factor, else "pwd": it alone says so, whatever stands in `amr`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
}
