//! What every process is told, so that each can verify and decide by itself.

use kernel::{Permission, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a process knows already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// Of the terms; 0: none yet.
    pub version: u64,
    /// The last revocation that it has.
    pub revoked: u64,
    /// How long to wait where there is nothing new.
    pub wait_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Rises with every change of the terms.
    pub version: u64,
    /// None: they are those that the process has.
    pub terms: Option<Terms>,
    /// Those behind `Since::revoked`, in order.
    pub revoked: Vec<Revoked>,
    /// There are more of them than one answer holds: until those are asked for, nothing is known to be unrevoked.
    #[serde(default)]
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    pub issuer: String,
    pub audience: String,
    /// All that tokens may still be signed with, those of tomorrow too.
    pub keys: Vec<PublicKey>,
    pub roles: Vec<Role>,
    pub policies: Vec<Policy>,
    /// Where the institution is: `Europe/Berlin`. Office hours are told by its clocks.
    pub zone: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicKey {
    pub kid: String,
    /// `EdDSA` or `ES256`.
    pub alg: String,
    /// The public key as a JSON Web Key has it: `x`, and `y` where there is one, in base64url.
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
    /// Comes with the product: it can be read and not changed.
    pub built_in: bool,
}

/// A rule in the Cedar language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    pub id: String,
    pub description: String,
    pub text: String,
    /// One that is off is kept and not asked.
    pub enabled: bool,
    pub built_in: bool,
}

/// What is no longer believed, although it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    pub seq: u64,
    pub what: RevokedWhat,
    /// When the last token that this is about has expired by itself.
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokedWhat {
    /// All tokens of the subject before this epoch.
    Subject { subject: String, epoch: u64 },
    /// All tokens that were issued to the client before this epoch.
    Client { client: String, epoch: u64 },
    /// All tokens of one login.
    Session { session: String },
    /// One token.
    Token { jti: String },
}

/// Whoever keeps a copy in the process in which the terms are made.
pub trait Hears: Send + Sync {
    /// Behind the commit, and before whoever asked for the change is answered.
    fn hear(&self, standing: Standing);

    /// What it has already.
    fn since(&self) -> Since;
}
