//! Further stores of a room, beside its own: which there are, and whether they are as they should be.

use super::Later;
use crate::db::Target;

/// Of a room that keeps several stores of one kind: for commands that work on stores without running the room.
#[derive(Debug, Clone, Copy)]
pub struct Further {
    /// Looks which there are beside the room's own, which is at this version's schema.
    pub find: fn(Target) -> Later<Found>,
    /// Checks all that the room's stores hold, its own and further ones, which nobody writes.
    pub check: fn(Target) -> Later<Checked>,
}

/// Further stores.
#[derive(Debug, Default)]
pub struct Found {
    /// What people call each, and where it is.
    pub stores: Vec<(String, Target)>,
    /// A sentence for each that is missing or belongs to nobody.
    pub wrong: Vec<String>,
}

/// What a check of a room's stores found.
#[derive(Debug, Default)]
pub struct Checked {
    pub rows: u64,
    /// The end of each store's log, by the name of its file without ending.
    pub heads: Vec<(String, String)>,
    /// Sentences about what is strange and does no harm.
    pub strange: Vec<String>,
}
