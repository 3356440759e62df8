//! Why an export or an import did not come to its end, each in a sentence.

use std::path::PathBuf;

use ledger_api::BookName;
use platform::db::{DbError, Fault};

#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error(transparent)]
    Store(#[from] DbError),
    #[error("the export cannot be written: {0}")]
    Write(std::io::Error),
    #[error("the export cannot be read behind line {line}: {cause}")]
    Read { line: u64, cause: std::io::Error },
    #[error("this is not an export of florin: line 1: {0}")]
    NotAnExport(String),
    #[error("this is an export of format {found}, and this florin reads format {known}; use a newer florin")]
    Newer { found: u32, known: u32 },
    #[error("this is an export of book {found}, and not of book {wanted}")]
    OtherBook { found: String, wanted: BookName },
    #[error("line {line} is damaged: {what}")]
    Damaged { line: u64, what: String },
    #[error("the export was cut: it ends behind line {line}, without its last line")]
    Cut { line: u64 },
    #[error("group {group} of the log does not have the hash that it says; `florin verify` tells more")]
    LogDamaged { group: u64 },
    #[error(
        "{path} is an export of another log: its group {group} is not in this one with the same hash; name another file"
    )]
    OtherFile { path: PathBuf, group: u64 },
    #[error("{path} is not an export that can be gone on with: {cause}; name another file, or remove this one")]
    Unusable { path: PathBuf, cause: Box<TransferError> },
    #[error("no service has opened these books yet, so that they have no idempotency keys; export without them")]
    NoSecret,
    #[error("{path} cannot be written: {cause}")]
    File { path: PathBuf, cause: std::io::Error },
    #[error("{path} is being written by another export")]
    Busy { path: PathBuf },
    #[error(
        "the books are not empty, and are not the beginning of this export: their group {group} has another hash; import \
         into an empty book"
    )]
    OtherLog { group: u64 },
    #[error(
        "the books go on behind this export: they end with group {book}, and the export with group {file}; there is \
         nothing to import"
    )]
    Behind { book: u64, file: u64 },
    #[error("line {line} cannot follow what stands before it: {what}")]
    Unsound { line: u64, what: String },
    #[error(
        "the books have idempotency keys of their own, which were made under another secret; import into an empty book"
    )]
    OtherSecret,
}

impl TransferError {
    /// Whether the books or the export are not what they should be, as opposed to not being readable or writable now.
    pub fn is_disagreement(&self) -> bool {
        match self {
            TransferError::Store(error) => error.fault == Fault::Corrupt,
            TransferError::Write(_) | TransferError::Read { .. } | TransferError::File { .. } => false,
            TransferError::Busy { .. } | TransferError::NoSecret => false,
            TransferError::NotAnExport(_) | TransferError::Newer { .. } | TransferError::OtherBook { .. } => true,
            TransferError::Damaged { .. } | TransferError::Cut { .. } | TransferError::LogDamaged { .. } => true,
            TransferError::OtherFile { .. } | TransferError::Unusable { .. } | TransferError::OtherLog { .. } => true,
            TransferError::Behind { .. } | TransferError::Unsound { .. } | TransferError::OtherSecret => true,
        }
    }

    /// Whether the reading stopped at a place behind which the same file goes on once it is whole.
    pub(super) fn is_cut(&self) -> bool {
        matches!(self, TransferError::Cut { .. })
    }
}
