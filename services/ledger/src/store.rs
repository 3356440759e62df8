//! Between table rows and the state of the pure step: `read` fills the state, `write` stores what a group changed.

mod late;
mod read;
mod rows;
mod sealed;
pub(crate) mod sql;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use late::{BUCKET_BITS, Late, late_rows};
pub(crate) use read::{Loader, Wanted};
pub(crate) use rows::{facts, heads_of, hold as hold_of, log_row, scheduled as scheduled_of};
pub(crate) use sealed::{SealedGroup, store_sealed};
pub(crate) use write::{Stored, store_group, store_heads};
