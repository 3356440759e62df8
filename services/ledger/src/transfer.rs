//! The whole log as lines of text, and back: for moving books to another machine or engine, and for keeping them where no
//! database is.
//!
//! `docs/ledger-format.md` has the lines one by one. An export is read in pages, each of one snapshot, beside whoever writes
//! the books. An import keeps every byte: bounds of groups, times, ids, refusals and salts, so that the hash chain comes out
//! the same, and it works all other tables out from the rows. The rules in `decide` are not run: limits have changed since.
//!
//! Start reading at `line` (what a line is), then `reader` (what a file has to be), `export` and `import`.

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
