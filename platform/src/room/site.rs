//! What a room gets when it is opened, and when its routes are mounted.

use std::sync::Arc;

use kernel::{Clock, IdMaker, Secret};

use super::OpenError;
use crate::crypto::{Erasures, KeyEncryptionKey, SubjectKeys};
use crate::db::{Budget, Db, Target};
use crate::error::Refusal;
use crate::feed::{FeedSignal, Outbox};
use crate::frame::ActsAs;
use crate::lease::LeaseConfig;
use crate::once::Once;
use crate::outbound::Outbound;
use crate::rpc::{Connect, Credential, OwnTokens};

/// What a room is opened with; `C` is its settings struct.
pub struct Site<C> {
    /// The room's own store, with this version's schema.
    pub db: Db,
    /// Its location, for a room with further stores next to it.
    pub target: Target,
    /// The connections and memory that all stores of the process share, including further ones of this room.
    pub budget: Budget,
    pub settings: C,
    pub clock: Arc<dyn Clock>,
    pub ids: IdMaker,
    /// For a room with `outbox`: adds events to the transaction of the fact.
    pub outbox: Outbox,
    /// Notified of each commit that has an event.
    pub signal: FeedSignal,
    /// For a room with `seals` or `once`.
    pub key: Option<KeyEncryptionKey>,
    /// For a room with `subjects`.
    pub subjects: Option<SubjectKeys>,
    /// The room's own list: what it erases itself, without a whole person being erased, is added here before it is carried
    /// out. Erasures of people are on the list of [`SubjectKeys`].
    pub erasures: Erasures,
    /// For a room with `one_writer`, if several processes share the store.
    pub shared: Option<Shared>,
    /// The room itself, for what it does on its own: a principal of kind `service`, with a token where there are other
    /// processes.
    pub own: Arc<dyn ActsAs>,
    /// For calls to other organisations, by the rules of the settings.
    pub outbound: Outbound,
    /// In a process that is the edge: the address at which outside callers reach it.
    pub address: Option<String>,
    /// A new store gets some example data.
    pub demo: bool,
}

impl<C> Site<C> {
    /// The key-encryption key.
    ///
    /// # Errors
    /// The room has neither `seals` nor `once`.
    pub fn key(&self) -> Result<&KeyEncryptionKey, OpenError> {
        self.key.as_ref().ok_or_else(|| "a room with neither `seals` nor `once` gets no key".into())
    }

    /// The keys of data subjects.
    ///
    /// # Errors
    /// The room does not have `subjects`.
    pub fn subjects(&self) -> Result<&SubjectKeys, OpenError> {
        self.subjects.as_ref().ok_or_else(|| "a room without `subjects` gets no keys of data subjects".into())
    }

    /// Executes a repeatable command exactly once.
    ///
    /// # Errors
    /// As [`Site::key`].
    pub fn once<R: Refusal>(&self) -> Result<Once<R>, OpenError> {
        Ok(Once::new(self.key()?, Arc::clone(&self.clock)))
    }
}

/// How processes that share a store agree on a single writer, and call each other.
#[derive(Clone)]
pub struct Shared {
    pub lease: LeaseConfig,
    /// The address at which others call this process.
    pub address: String,
    pub credential: Credential,
    pub connect: Arc<dyn Connect>,
    /// For calls as a room of this process itself.
    pub own: Option<Arc<dyn OwnTokens>>,
    /// For calls to each of the others.
    pub connections: usize,
}

/// A room's own client, by which it calls other processes; for the room that issues tokens.
#[derive(Debug, Clone)]
pub struct OwnClient {
    pub id: String,
    pub room: &'static str,
    pub roles: Vec<String>,
    pub secret: Secret,
}

/// What routes are built with, in the process that is the edge.
pub struct Door<C> {
    pub settings: C,
    pub clock: Arc<dyn Clock>,
    /// The address at which outside callers reach this process.
    pub address: String,
    pub demo: bool,
}
