//! Between rows of tables and the state of the pure step: `read` fills the state, `write` stores what a group changed.

mod late;
mod read;
mod rows;
pub(crate) mod sql;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use late::BUCKET_BITS;
#[cfg(test)]
pub(crate) use late::late_rows;
pub(crate) use read::{Loader, Wanted};
pub(crate) use rows::{facts, heads_of, log_row};
pub(crate) use write::{Stored, store_group};
