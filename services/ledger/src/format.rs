//! The rows of the log as bytes, and the hashes over them. `docs/ledger-format.md` describes this module, with vectors.
//!
//! Invariant: the bytes of a row never change once written; a new layout is a new version, and the old one stays.

mod codec;
mod hash;
mod leg;
mod row;
mod schedule;

#[cfg(test)]
mod vectors;

pub(crate) use hash::{GroupStamp, Hash, RowsHash, genesis, group_hash, hex, metadata_hash, parse_hex};
pub(crate) use leg::{HoldAfter, LegKind, LegRow, SideAfter, Sums, TransactionHead};
pub(crate) use row::{AccountEvent, AccountRow, AccountState, AssetRow, Opening, RefusalRow, Row};
pub(crate) use schedule::{CancelledRow, FailedRow, ScheduledRow};

/// What is wrong with bytes that should be a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormatError {
    #[error("the row ends before its {0}")]
    Short(&'static str),
    #[error("{0} bytes follow the row")]
    Trailing(usize),
    #[error("format version {0} is not known")]
    Version(u8),
    #[error("row kind {0} is not known")]
    Kind(u8),
    #[error("the {0} has an invalid value")]
    Value(&'static str),
}

pub(crate) const VERSION: u8 = 1;
