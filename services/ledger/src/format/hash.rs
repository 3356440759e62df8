//! The hash chain: every commit group has a hash over its rows and the previous group, so that a row cannot be changed,
//! dropped, added or moved without changing all later hashes. SHA-256, so that anybody can check it.

use ledger_api::BookName;
use sha2::{Digest, Sha256};

pub(crate) type Hash = [u8; 32];

/// The hash before the first group of the book `main`.
const MAIN: Hash = [0; 32];

/// Each kind of hash has its own prefix.
const ROWS_DOMAIN: &[u8] = b"florin.rows.1";
const GROUP_DOMAIN: &[u8] = b"florin.group.1";
const METADATA_DOMAIN: &[u8] = b"florin.metadata.1";
const BOOK_DOMAIN: &[u8] = b"florin.book.1";

/// The hash before a book's first group: the name is in every hash, so that one book's log cannot be passed off as
/// another's.
pub(crate) fn genesis(book: &BookName) -> Hash {
    if book.is_main() {
        return MAIN;
    }
    Sha256::new_with_prefix(BOOK_DOMAIN).chain_update(book.as_str()).finalize().into()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupStamp {
    pub number: u64,
    /// Record time in microseconds.
    pub at: i64,
    pub first_seq: u64,
    pub last_seq: u64,
}

/// Collects the rows of a group one after the other.
pub(crate) struct RowsHash(Sha256);

impl RowsHash {
    pub(crate) fn new() -> RowsHash {
        RowsHash(Sha256::new_with_prefix(ROWS_DOMAIN))
    }

    pub(crate) fn row(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Hash {
        self.0.finalize().into()
    }
}

pub(crate) fn group_hash(previous: &Hash, stamp: GroupStamp, rows: &Hash) -> Hash {
    let mut hash = Sha256::new_with_prefix(GROUP_DOMAIN);
    hash.update(previous);
    hash.update(stamp.number.to_be_bytes());
    hash.update(stamp.at.to_be_bytes());
    hash.update(stamp.first_seq.to_be_bytes());
    hash.update(stamp.last_seq.to_be_bytes());
    hash.update(rows);
    hash.finalize().into()
}

/// Metadata enters the log only as this hash, so that it can be erased without breaking the chain; the salt keeps short
/// metadata from being guessed.
pub(crate) fn metadata_hash(salt: &[u8], body: &str) -> Hash {
    let mut hash = Sha256::new_with_prefix(METADATA_DOMAIN);
    hash.update((salt.len() as u64).to_be_bytes());
    hash.update(salt);
    hash.update(body.as_bytes());
    hash.finalize().into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn parse_hex(text: &str) -> Option<Hash> {
    let digits: Vec<u8> =
        text.chars().map(|digit| digit.to_digit(16).map(|value| value as u8)).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.last()?)).collect();
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}
