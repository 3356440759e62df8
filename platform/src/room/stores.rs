//! Further stores of a room, next to its own: which exist, and whether they are intact.

use std::future::Future;
use std::pin::Pin;

use super::Later;
use crate::db::Target;

/// For a room with several stores of one kind: for commands that work on stores without running the room.
#[derive(Debug, Clone, Copy)]
pub struct Further {
    /// Lists those next to the room's own store, which has this version's schema.
    pub find: fn(Target) -> Later<Found>,
    /// Checks all of the room's stores, its own and further ones, while nobody writes.
    pub check: fn(Target, Progress) -> Checking,
}

/// Further stores.
#[derive(Debug, Default)]
pub struct Found {
    /// What people call each, and its location.
    pub stores: Vec<(String, Target)>,
    /// A message for each store that is missing or does not belong.
    pub wrong: Vec<String>,
}

/// Receives what is being checked, how much is done, and how much there is.
pub type Progress = Box<dyn FnMut(&str, u64, u64) + Send>;

pub type Checking = Pin<Box<dyn Future<Output = Result<Checked, CheckError>> + Send>>;

/// The result of checking a room's stores.
#[derive(Debug, Default)]
pub struct Checked {
    /// A summary for people: `3 books, 4711 rows`.
    pub summary: String,
    /// The head of each store's log, by the name of its file without extension.
    pub heads: Vec<(String, String)>,
    /// Messages about harmless oddities.
    pub strange: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The store's contents are not what was written.
    #[error("{0}")]
    Disagrees(String),
    #[error("{0}")]
    CouldNotRun(String),
}
