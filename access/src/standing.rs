//! The data that every process follows, so that each can verify and decide by itself.

use kernel::{Permission, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a process already has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// Version of the terms; 0: none yet.
    pub version: u64,
    /// The last revocation that it has.
    pub revoked: u64,
    /// How long to wait if nothing changed.
    pub wait_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Rises with every change of the terms.
    pub version: u64,
    /// `None`: the process already has them.
    pub terms: Option<Terms>,
    /// Those after `Since::revoked`, in order.
    pub revoked: Vec<Revoked>,
    /// There are more than one reply holds: until the rest is requested, nothing is known to be unrevoked.
    #[serde(default)]
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    pub issuer: String,
    pub audience: String,
    /// All keys that tokens may still be signed with, including the next one.
    pub keys: Vec<PublicKey>,
    pub roles: Vec<Role>,
    pub policies: Vec<Policy>,
    /// The institution's time zone, `Europe/Berlin`, for office hours.
    pub zone: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicKey {
    pub kid: String,
    /// `EdDSA` or `ES256`.
    pub alg: String,
    /// The public key as in a JSON Web Key: `x`, and `y` if there is one, in base64url.
    pub x: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Role {
    pub name: String,
    pub description: String,
    #[schema(value_type = Vec<String>, example = json!(["transactions:read:own"]))]
    pub permissions: Vec<Permission>,
    /// Built in: it can be read but not changed.
    pub built_in: bool,
}

/// A rule in the Cedar language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    pub id: String,
    pub description: String,
    pub text: String,
    /// A disabled one is stored but not evaluated.
    pub enabled: bool,
    pub built_in: bool,
}

/// A revocation: it ends tokens although they were signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    pub seq: u64,
    pub what: RevokedWhat,
    /// When the last token that it concerns has expired.
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokedWhat {
    /// All tokens of the subject with an earlier epoch.
    Subject { subject: String, epoch: u64 },
    /// All tokens issued to the client with an earlier epoch.
    Client { client: String, epoch: u64 },
    /// All tokens of one session.
    Session { session: String },
    /// One token.
    Token { jti: String },
}

/// A copy in the process in which the terms are made.
pub trait Hears: Send + Sync {
    /// Called after the commit, and before the change is answered.
    fn hear(&self, standing: Standing);

    /// What it already has.
    fn since(&self) -> Since;
}
