//! Every reason for refusing a token, by name. The names are for the log; a caller gets one of a few codes.

use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use platform::http::{Problem, Refusal};

/// Why a token is refused. Contains nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    #[error("the token is longer than {max} bytes")]
    TooLong { max: usize },
    #[error("the token is malformed")]
    Malformed,
    #[error("the token is not signed")]
    Unsigned,
    #[error("the token is not signed with its key's algorithm")]
    WrongAlgorithm,
    #[error("the token does not name its key")]
    NoKeyId,
    #[error("the token names an unknown key")]
    UnknownKey,
    #[error("the token requires an unknown extension")]
    Critical,
    #[error("the token has another type")]
    WrongType,
    #[error("the signature is wrong")]
    WrongSignature,
    #[error("the token lacks claims of an access token")]
    WrongClaims,
    #[error("the token is from another issuer")]
    WrongIssuer,
    #[error("the token is for another audience")]
    WrongAudience,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYetValid,
    #[error("the {0}'s tokens were revoked")]
    Revoked(RevokedAs),
    #[error("no terms were received yet")]
    NoCopy,
    #[error("no terms were received for too long")]
    Stale,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokedAs {
    Subject,
    Client,
    Session,
    Token,
}

impl std::fmt::Display for RevokedAs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            RevokedAs::Subject => "subject",
            RevokedAs::Client => "client",
            RevokedAs::Session => "session",
            RevokedAs::Token => "token",
        })
    }
}

/// The refusals that callers see, in one table.
pub mod refusals {
    use super::{Refusal, StatusCode};

    pub const TOKEN_MALFORMED: Refusal =
        Refusal::new(StatusCode::UNAUTHORIZED, "token_malformed", "The access token is malformed");
    pub const TOKEN_EXPIRED: Refusal =
        Refusal::new(StatusCode::UNAUTHORIZED, "token_expired", "The access token has expired");
    pub const TOKEN_NOT_YET_VALID: Refusal =
        Refusal::new(StatusCode::UNAUTHORIZED, "token_not_yet_valid", "The access token is not valid yet");
    pub const TOKEN_REVOKED: Refusal =
        Refusal::new(StatusCode::UNAUTHORIZED, "token_revoked", "The access token was revoked");
    pub const TOKEN_INVALID: Refusal =
        Refusal::new(StatusCode::UNAUTHORIZED, "token_invalid", "The access token is not valid");
    pub const ACCESS_STALE: Refusal = Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "access_stale",
        "Cannot check now whether the access token was revoked",
    );

    pub const ALL: &[Refusal] =
        &[TOKEN_MALFORMED, TOKEN_EXPIRED, TOKEN_NOT_YET_VALID, TOKEN_REVOKED, TOKEN_INVALID, ACCESS_STALE];
}

const RETRY_AFTER_S: u32 = 1;
const INVALID_TOKEN: HeaderValue = HeaderValue::from_static("Bearer error=\"invalid_token\"");

impl TokenRefusal {
    /// The token may be valid; this cannot be determined now.
    pub fn is_of_the_moment(self) -> bool {
        matches!(self, TokenRefusal::NoCopy | TokenRefusal::Stale)
    }

    fn refusal(self) -> Refusal {
        match self {
            TokenRefusal::TooLong { .. } | TokenRefusal::Malformed => refusals::TOKEN_MALFORMED,
            TokenRefusal::Expired => refusals::TOKEN_EXPIRED,
            TokenRefusal::NotYetValid => refusals::TOKEN_NOT_YET_VALID,
            TokenRefusal::Revoked(_) => refusals::TOKEN_REVOKED,
            TokenRefusal::NoCopy | TokenRefusal::Stale => refusals::ACCESS_STALE,
            TokenRefusal::Unsigned
            | TokenRefusal::WrongAlgorithm
            | TokenRefusal::NoKeyId
            | TokenRefusal::UnknownKey
            | TokenRefusal::Critical
            | TokenRefusal::WrongType
            | TokenRefusal::WrongSignature
            | TokenRefusal::WrongClaims
            | TokenRefusal::WrongIssuer
            | TokenRefusal::WrongAudience => refusals::TOKEN_INVALID,
        }
    }
}

impl From<TokenRefusal> for Problem {
    fn from(refused: TokenRefusal) -> Problem {
        let problem = Problem::from(refused.refusal());
        if refused.is_of_the_moment() {
            return problem.retry_after_s(RETRY_AFTER_S);
        }
        problem.header(WWW_AUTHENTICATE, INVALID_TOKEN)
    }
}
