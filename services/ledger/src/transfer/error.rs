//! Why an export or an import failed.

use std::path::PathBuf;

use ledger_api::BookName;
use platform::db::{DbError, Fault};

#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error(transparent)]
    Store(#[from] DbError),
    #[error("the export cannot be written: {0}")]
    Write(std::io::Error),
    #[error("the export cannot be read after line {line}: {cause}")]
    Read { line: u64, cause: std::io::Error },
    #[error("this is not an export of florin: line 1: {0}")]
    NotAnExport(String),
    #[error("the export has format {found}, but this version reads format {known}; use a newer florin")]
    Newer { found: u32, known: u32 },
    #[error("expected an export of book {wanted}, found book {found}")]
    OtherBook { found: String, wanted: BookName },
    #[error("line {line} is damaged: {what}")]
    Damaged { line: u64, what: String },
    #[error("the export was truncated: it ends after line {line}, without its last line")]
    Cut { line: u64 },
    #[error("group {group} of the log does not match its hash; run `florin verify`")]
    LogDamaged { group: u64 },
    #[error(
        "{path} is an export of another log: its group {group} is not in this log with the same hash; use another file"
    )]
    OtherFile { path: PathBuf, group: u64 },
    #[error("{path} is not an export that can be continued: {cause}; use another file, or remove this one")]
    Unusable { path: PathBuf, cause: Box<TransferError> },
    #[error("no service has opened these books yet, so they have no idempotency keys; export without them")]
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
        "the books are ahead of this export: they end with group {book}, the export with group {file}; there is \
         nothing to import"
    )]
    Behind { book: u64, file: u64 },
    #[error("line {line} cannot follow the lines before it: {what}")]
    Unsound { line: u64, what: String },
    #[error("the book already has idempotency keys made with another secret; import into an empty book")]
    OtherSecret,
}

impl TransferError {
    /// Whether the books or the export are damaged, as opposed to unreadable or unwritable now.
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

    /// Whether reading stopped at a point after which the same file can be continued once it is whole.
    pub(super) fn is_cut(&self) -> bool {
        matches!(self, TransferError::Cut { .. })
    }
}
