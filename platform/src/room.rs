//! Rooms: services that describe themselves, so that nothing else keeps lists of what they have.
//!
//! A room is a static description ([`Room`]) that everything else iterates over: start and help, migrations, backup,
//! settings, permissions, the API's document. It has a face ([`Face`]), its interface for other rooms and the edge, and
//! an `open` function in its own crate, which takes a [`Site`] and the faces that it calls, and returns what has to be
//! served and run ([`Opened`]).
//!
//! Invariant: a description is data. Nothing in it depends on the configuration or on the process that reads it.

pub mod about;
mod opened;
mod part;
mod site;
mod stores;
mod tables;
mod tasks;

use std::path::Path;
use std::sync::Arc;

use utoipa::openapi::OpenApi;

use crate::config::{Operators, Section, Settings};
use crate::db::Migration;
use crate::rpc::{Methods, RpcClient};
use crate::telemetry::Metric;

pub use opened::{Introduction, Last, Later, OpenError, Opened, Periodic, Routes};
pub use part::OnStore;
pub use site::{Door, OwnClient, Shared, Site};
pub use stores::{CheckError, Checked, Checking, Found, Further, Progress};
pub use tables::{check, check_copy, migrate};
pub use tasks::Tasks;

/// A service's interface: its name, and both halves of its remote calls.
pub struct Face<S: ?Sized + 'static> {
    /// The room's name.
    pub name: &'static str,
    pub serve: fn(Arc<S>) -> Methods,
    pub remote: fn(RpcClient) -> Arc<S>,
}

/// One operation of the API, by its `operationId`.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    pub name: &'static str,
    pub word: Word,
    /// Codes of the room's own refusals; the general ones are added by HTTP method.
    pub refusals: &'static [&'static str],
}

/// The permission that an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Needs {
        resource: &'static str,
        action: &'static str,
    },
    /// Everybody may call it, or the request itself proves the right to.
    Nothing,
}

/// The permission to do `action` with a `resource`.
pub const fn needs(resource: &'static str, action: &'static str) -> Word {
    Word::Needs { resource, action }
}

/// A resource and its actions.
pub type Resource = (&'static str, &'static [&'static str]);

/// The name of a built-in role, and permissions that it has.
pub type Grant = (&'static str, &'static [&'static str]);

/// A service as it describes itself.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Also the name of its crate, file, schema, settings section and calls.
    pub name: &'static str,
    /// The name that operators use for such a service; `florin serve` accepts either.
    pub service: &'static str,
    /// One clause for the help of `florin serve`.
    pub about: &'static str,
    /// Its own tables. Those of outbox, `once` and consumed feeds come with the fields below.
    pub migrations: &'static [Migration],
    pub outbox: bool,
    pub once: bool,
    /// Names of the faces whose feeds it consumes.
    pub consumes: &'static [&'static str],
    /// It seals columns: it has data keys, and gets the key-encryption key.
    pub seals: bool,
    /// It seals columns under the keys of data subjects, and gets these.
    pub subjects: bool,
    /// If several processes share its store, one writes and the others stand by.
    pub one_writer: bool,
    pub settings: Settings,
    /// What operators' guides call its settings and its place.
    pub operators: Operators,
    pub words: &'static [Resource],
    pub grants: &'static [Grant],
    /// What the room itself may do in other rooms, beside the built-in role `service`: the permissions of its own role,
    /// `florin-ROOM`, which only the room has.
    pub own: &'static [&'static str],
    /// What it reports besides the metrics of the platform.
    pub metrics: &'static [Metric],
    pub operations: &'static [Operation],
    pub tags: &'static [(&'static str, &'static str)],
    /// Its operations, as mounted under `/v1`.
    pub document: fn() -> OpenApi,
    /// Paths below `/v1` besides those of the document, for older guides.
    pub aliases: &'static [&'static str],
    /// Paths, and the name by which operators know the service that answers there, where that is not `service`.
    pub names: &'static [(&'static str, &'static str)],
    /// Requests to try first, shown at the start.
    pub first_steps: &'static [FirstStep],
    /// For a room with more than one store.
    pub further: Option<Further>,
    /// Settings of its process where each room runs in its own process on one machine.
    pub apart: fn(&Apart<'_>) -> Told,
}

/// A deployment with each room in its own process on one machine.
#[derive(Debug, Clone, Copy)]
pub struct Apart<'a> {
    /// The address at which outside callers reach the edge.
    pub edge: &'a str,
    /// For files kept apart from the data.
    pub keys: &'a Path,
}

/// Settings of a room's own section, and messages for the terminal.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub settings: Vec<(&'static str, String)>,
    pub lines: Vec<String>,
}

/// A POST that works on a new store and on a demo store.
#[derive(Debug, Clone, Copy)]
pub struct FirstStep {
    /// Below `/v1`.
    pub path: &'static str,
    pub body: &'static str,
    pub idempotency_key: Option<&'static str>,
}

impl Room {
    /// Its section of the configuration.
    pub fn section(&self) -> Section {
        Section { name: self.name, settings: self.settings, operators: self.operators }
    }

    /// A room with nothing but its name: `Room { migrations: .., ..Room::named("notifications") }`.
    pub const fn named(name: &'static str) -> Room {
        Room {
            name,
            service: name,
            about: "",
            migrations: &[],
            outbox: false,
            once: false,
            consumes: &[],
            seals: false,
            subjects: false,
            one_writer: false,
            settings: Settings::NONE,
            operators: Operators::NONE,
            words: &[],
            grants: &[],
            own: &[],
            metrics: &[],
            operations: &[],
            tags: &[],
            document: OpenApi::default,
            aliases: &[],
            names: &[],
            first_steps: &[],
            further: None,
            apart: |_| Told::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static PEBBLES: Room = Room {
        service: "pebble-service",
        words: &[("pebbles", &["read", "throw"])],
        operations: &[Operation { name: "throw_pebble", word: needs("pebbles", "throw"), refusals: &["pond_frozen"] }],
        ..Room::named("pebbles")
    };

    #[test]
    fn a_rooms_unset_fields_are_empty() {
        assert_eq!((PEBBLES.name, PEBBLES.service), ("pebbles", "pebble-service"));
        assert_eq!(PEBBLES.operations[0].word, Word::Needs { resource: "pebbles", action: "throw" });
        assert!(!PEBBLES.outbox && !PEBBLES.once && PEBBLES.migrations.is_empty() && PEBBLES.further.is_none());
        assert!((PEBBLES.document)().paths.paths.is_empty());
    }
}
