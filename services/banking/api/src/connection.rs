//! Connections: banks whose APIs are asked.

use kernel::{Id, IdKind, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AccountId, PartBytes};

#[derive(Debug, Clone, Copy)]
pub struct ConnectionTag;

impl IdKind for ConnectionTag {
    const PREFIX: &'static str = "conn";
}

pub type ConnectionId = Id<ConnectionTag>;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ConnectionState {
    /// No round has ended yet.
    New,
    Active,
    /// The last rounds failed; it is tried again with growing pauses.
    Failing,
    /// The bank no longer accepts the key; it is asked again after `consent`.
    ConsentNeeded,
    Disabled,
}

/// A bank whose API is asked. No answer shows its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Connection {
    pub id: ConnectionId,
    /// The name of the dialect.
    pub bank: String,
    pub base_url: String,
    pub state: ConnectionState,
    /// Of a failing one: `rate_limited`, `bank_unavailable`, `answer_unreadable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it came into this state.
    pub since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    pub accounts: Vec<AccountId>,
    /// When the last round ended well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synced_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// The name of a dialect (`chase`, `wells_fargo`, `bank_of_america`, `citi`), or `plaid`.
    pub bank: String,
    /// The bank's own address unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The company whose accounts these are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// The customer whose accounts these are. Customers always connect their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// For `plaid`: the token that its page returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_token: Option<String>,
}

/// Asks Plaid for a token that opens its page, in which a person chooses a bank.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkBank {
    /// The company whose accounts are linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// The customer whose accounts are linked. Customers always link their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// To consent again for this connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub connection: Option<ConnectionId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkToken {
    pub link_token: String,
    pub expiration: String,
}

/// A notice of Plaid, as it was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    pub connection: ConnectionId,
    pub body: PartBytes,
    /// The header `Plaid-Verification`.
    pub signature: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionChange {
    /// The next round is due now.
    Sync,
    Disable,
    /// The key was renewed, or a disabled connection is enabled again.
    Consent,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeConnection {
    pub id: ConnectionId,
    pub change: ConnectionChange,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectionList {
    pub items: Vec<Connection>,
}

/// What a test of a connection found; nothing is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectionTest {
    pub steps: Vec<TestStep>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestStep {
    /// `key`, `token`, `accounts`, `transactions`, `statement`.
    pub step: String,
    pub passed: bool,
    /// What was found; no secret, name or number.
    pub found: String,
}
