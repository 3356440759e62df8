//! Books: each one a separate ledger with its own log, chain, export and proof. For tenants and legal entities, never
//! for customers.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Ctx, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Ledger, LedgerError};

/// The books of one ledger, in this process or another.
#[async_trait]
pub trait Books: Send + Sync {
    async fn create_book(&self, ctx: &Ctx, command: CreateBook) -> Result<Book, LedgerError>;
    /// All of them, by name.
    async fn books(&self, ctx: &Ctx) -> Result<Vec<Book>, LedgerError>;
    /// The ledger of one book. If the books are in another process, a missing book shows at the first call.
    async fn book(&self, name: &BookName) -> Result<Arc<dyn Ledger>, LedgerError>;
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBook {
    pub book: BookName,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Book {
    pub book: BookName,
    pub created_at: Timestamp,
    /// It already existed.
    pub replayed: bool,
}

/// A lower-case letter, then lower-case letters, digits and dashes, 1 to 40 in all: it is part of file and schema
/// names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "main")]
pub struct BookName(Arc<str>);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a book's name is 1 to 40 lower-case letters, digits and dashes, and starts with a letter")]
pub struct BookNameError;

impl BookName {
    /// The book that always exists, and that is the default.
    pub const MAIN: &'static str = "main";
    pub const BYTES_MAX: usize = 40;

    pub fn main() -> BookName {
        BookName(BookName::MAIN.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_main(&self) -> bool {
        self.as_str() == BookName::MAIN
    }
}

impl FromStr for BookName {
    type Err = BookNameError;

    fn from_str(text: &str) -> Result<BookName, BookNameError> {
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let shaped = first && text.len() <= BookName::BYTES_MAX && text.bytes().all(known);
        if shaped { Ok(BookName(text.into())) } else { Err(BookNameError) }
    }
}

impl TryFrom<String> for BookName {
    type Error = BookNameError;

    fn try_from(text: String) -> Result<BookName, BookNameError> {
        text.parse()
    }
}

impl From<BookName> for String {
    fn from(name: BookName) -> String {
        name.as_str().to_owned()
    }
}

impl fmt::Display for BookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn book_names_fit_into_file_and_schema_names() {
        for good in ["main", "a", "acme-uk", "tenant-17", &"x".repeat(40)] {
            assert_eq!(good.parse::<BookName>().unwrap().as_str(), good);
        }
        for bad in ["", "Acme", "7up", "-a", "a_b", "a/b", "a.b", "ü", &"x".repeat(41)] {
            assert_eq!(bad.parse::<BookName>(), Err(BookNameError), "{bad}");
        }
    }
}
