//! What the writers of statements have in common.

use std::io;

use kernel::Money;

use super::{Entry, Statement};
use crate::mistake::Problem;

/// Why something could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("write: {0}")]
    Io(#[source] io::Error),
    #[error("{field}: {problem}")]
    Unwritable { field: &'static str, problem: Problem },
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> WriteError {
        WriteError::Io(error)
    }
}

pub(crate) fn unwritable(field: &'static str, problem: Problem) -> WriteError {
    WriteError::Unwritable { field, problem }
}

/// Writes statements of one format, one after the other, without keeping their entries.
///
/// The statement given to `begin` holds all balances, those after its entries too.
pub trait StatementWriter {
    fn begin(&mut self, statement: &Statement) -> Result<(), WriteError>;
    fn entry(&mut self, entry: &Entry) -> Result<(), WriteError>;
    fn end(&mut self) -> Result<(), WriteError>;
    /// Ends the file. Nothing may follow.
    fn finish(&mut self) -> Result<(), WriteError>;
}

/// An amount without its sign.
pub(crate) fn magnitude(money: Money) -> String {
    money.amount().trim_start_matches('-').to_owned()
}

/// Text in pieces of at most `limit` characters.
pub(crate) fn pieces(text: &str, limit: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.char_indices().nth(limit).map_or(rest.len(), |(place, _)| place);
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}
