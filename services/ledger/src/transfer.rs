//! Export and import of the whole log as text, to move books to another machine or engine, and to keep them without a
//! database.
//!
//! `docs/ledger-format.md` specifies the lines. An export is read in pages, each from one snapshot, while others write
//! the books. An import keeps every byte: bounds of groups, times, ids, refusals and salts, so that the hash chain is
//! the same, and it derives all other tables from the rows. The rules in `decide` are not applied: limits have changed
//! since.
//!
//! Start reading at `line` (what a line is), then `reader` (what a valid file is), `export` and `import`.

mod apply;
mod error;
mod export;
mod file;
mod import;
mod keys;
mod line;
mod reader;
mod sql;
#[cfg(test)]
mod tests;

pub use error::TransferError;
pub use export::{ExportOptions, Exported, export};
pub use file::export_file;
pub use import::{ImportProgress, Imported, import};
pub use reader::exported_book;

pub(crate) use sql::COMMIT_GROUP;
