//! A client as it is stored.

use identity_api::{Client, ClientKind, CreateClient};
use kernel::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: ClientKind,
    /// The secret's digest, sealed for this row.
    pub(crate) secret: Option<Vec<u8>>,
    /// The same for the last one that came from outside.
    pub(crate) put_secret: Option<Vec<u8>>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) post_logout_redirect_uris: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) first_party: bool,
    pub(crate) access_seconds: i64,
    pub(crate) epoch: u64,
    pub(crate) enabled: bool,
    pub(crate) created_at: Timestamp,
}

impl ClientRow {
    /// As requested, and not stored yet.
    pub(super) fn new(command: CreateClient, access_seconds: i64, now: Timestamp) -> ClientRow {
        ClientRow {
            id: command.id,
            name: command.name,
            kind: command.kind,
            secret: None,
            put_secret: None,
            redirect_uris: command.redirect_uris,
            post_logout_redirect_uris: command.post_logout_redirect_uris,
            scopes: command.scopes,
            roles: command.roles,
            first_party: command.first_party,
            access_seconds: command.access_seconds.map_or(access_seconds, i64::from),
            epoch: 1,
            enabled: true,
            created_at: now,
        }
    }

    pub(crate) fn shown(self) -> Client {
        Client {
            id: self.id,
            name: self.name,
            kind: self.kind,
            redirect_uris: self.redirect_uris,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            scopes: self.scopes,
            roles: self.roles,
            first_party: self.first_party,
            access_seconds: u32::try_from(self.access_seconds).unwrap_or(u32::MAX),
            enabled: self.enabled,
            created_at: self.created_at,
        }
    }
}

pub(super) fn kind_name(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Service => "service",
        ClientKind::Confidential => "confidential",
        ClientKind::Public => "public",
    }
}

pub(super) fn kind_of(name: &str) -> Option<ClientKind> {
    let kinds = [ClientKind::Service, ClientKind::Confidential, ClientKind::Public];
    kinds.into_iter().find(|kind| kind_name(*kind) == name)
}
