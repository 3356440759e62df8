//! The book of a command. A posting may name it; the caller of this service meant this one.

use ledger_api::{Batch, BookName, Operation, Refusal};

/// Refuses another book's postings. The name is removed: with or without it, a command is the same command.
pub(super) fn strip(book: &BookName, operation: &mut Operation) -> Result<(), Refusal> {
    if let Some(other) = operation.books().find(|other| *other != book) {
        return Err(Refusal::BooksDiffer { book: book.clone(), other: other.clone() });
    }
    if let Operation::Create(create) = operation {
        create.postings.iter_mut().for_each(|posting| posting.book = None);
    }
    Ok(())
}

/// A batch is in one book: its lines go to one log in order.
pub(super) fn strip_all(book: &BookName, batch: &mut Batch) -> Result<(), Refusal> {
    batch.lines.iter_mut().try_for_each(|line| strip(book, line))
}
