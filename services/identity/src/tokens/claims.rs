//! The claims of tokens.

use access::Claims;
use aws_lc_rs::digest::{SHA512, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{IdKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::IdentityService;
use crate::clients::ClientRow;

pub(super) enum TokenKind {}

impl IdKind for TokenKind {
    const PREFIX: &'static str = "tok";
}

/// The `typ` of an id token, which no access token has.
pub(super) const ID_TOKEN_TYPE: &str = "JWT";

/// With a second factor, and without.
pub(super) use access::ACR_MFA;
const ACR_PWD: &str = "pwd";

/// The id token's claims about the login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IdClaims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: String,
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) auth_time: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nonce: Option<String>,
    pub(super) acr: String,
    pub(super) amr: Vec<String>,
    pub(super) at_hash: String,
    pub(super) sid: String,
}

/// How a user logged in, for their tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proved {
    pub(super) sid: String,
    pub(super) auth_time: Timestamp,
    pub(super) amr: Vec<String>,
    pub(super) second_factor: bool,
}

impl Proved {
    pub(super) fn acr(&self) -> &'static str {
        if self.second_factor { ACR_MFA } else { ACR_PWD }
    }
}

/// The token's owner.
pub(super) struct Holder<'a> {
    pub(super) subject: &'a str,
    pub(super) kind: &'a str,
    pub(super) roles: Vec<String>,
    pub(super) epoch: u64,
    pub(super) proved: Option<&'a Proved>,
}

impl IdentityService {
    /// An access token's claims; the caller shortens its lifetime if something else ends sooner.
    pub(super) fn access_claims(&self, client: &ClientRow, holder: Holder<'_>, scopes: &[String]) -> Claims {
        let now = seconds(self.clock.now());
        let life = client.access_seconds.min(self.config.access_seconds);
        Claims {
            iss: self.config.issuer.clone(),
            aud: self.config.audience.clone(),
            sub: holder.subject.to_owned(),
            exp: now + life,
            nbf: now,
            iat: now,
            jti: self.ids.make::<TokenKind>().to_string(),
            client_id: client.id.clone(),
            scope: scopes.join(" "),
            kind: holder.kind.to_owned(),
            roles: holder.roles,
            epoch: holder.epoch,
            client_epoch: client.epoch,
            sid: holder.proved.map(|proved| proved.sid.clone()),
            auth_time: holder.proved.map(|proved| seconds(proved.auth_time)),
            amr: holder.proved.map(|proved| proved.amr.clone()).unwrap_or_default(),
            acr: holder.proved.map(|proved| proved.acr().to_owned()),
        }
    }
}

pub(super) fn seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// The left half of the digest that belongs to the algorithm: for Ed25519 it is SHA-512.
pub(super) fn at_hash(access_token: &str) -> String {
    let digest = digest(&SHA512, access_token.as_bytes());
    let half = digest.as_ref().iter().take(digest.as_ref().len() / 2).copied().collect::<Vec<u8>>();
    URL_SAFE_NO_PAD.encode(half)
}
