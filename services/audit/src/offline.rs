//! The log as a folder that can be checked without this program, and the check of it.
//!
//! The folder is laid out as tlog-tiles: `checkpoint`, `tile/LEVEL/NUMBER` with the hashes, `tile/entries/NUMBER` with the
//! entries. The check needs the folder and a key alone.

mod export;
mod verify;

pub use export::{ExportError, Exported, export};
pub use verify::{Evidence, Finding, Verified, verify};

/// The signed head, in the folder.
const CHECKPOINT: &str = "checkpoint";

#[cfg(test)]
mod tests;
