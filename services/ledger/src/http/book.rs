//! The book of a request: the one in the query's `book`, or the one its postings name, or `main`.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use ledger_api::{BookName, Books, LedgerError, Operation, Refusal, Shape};
use platform::http::{Problem, take_parameter};

use super::answer::problem;
use super::{All, Shared};

/// The parameter's name.
pub(super) const BOOK: &str = "book";

/// The ledger of the query's book. It comes before `Query` in a handler, which does not see the parameter.
pub(super) struct InBook {
    pub(super) ledger: Shared,
    pub(super) book: BookName,
}

impl InBook {
    /// A list's name in its cursors, so that another book's cursor is refused.
    pub(super) fn list(&self, name: &str) -> String {
        list(&self.book, name)
    }
}

pub(super) fn list(book: &BookName, name: &str) -> String {
    if book.is_main() { name.to_owned() } else { format!("{name} in {book}") }
}

impl FromRequestParts<All> for InBook {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, all: &All) -> Result<InBook, Problem> {
        let Chosen { all, named } = Chosen::from_request_parts(parts, all).await?;
        let book = named.unwrap_or_else(BookName::main);
        Ok(InBook { ledger: ledger(&all, &book).await?, book })
    }
}

/// For operations whose postings may name the book too.
pub(super) struct Chosen {
    all: Arc<dyn Books>,
    named: Option<BookName>,
}

impl Chosen {
    /// The ledger of some operations: all names must agree on one book.
    pub(super) async fn ledger_of(self, operations: &[Operation]) -> Result<Shared, Problem> {
        let mut names = self.named.iter().chain(operations.iter().flat_map(Operation::books));
        let book = names.next().cloned().unwrap_or_else(BookName::main);
        match names.find(|other| **other != book).cloned() {
            Some(other) => Err(problem(Refusal::BooksDiffer { book, other }.into(), Shape::Postings)),
            None => ledger(&self.all, &book).await,
        }
    }
}

impl FromRequestParts<All> for Chosen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, all: &All) -> Result<Chosen, Problem> {
        let named = take_parameter(parts, BOOK)?.map(|name| name.parse());
        let named =
            named.transpose().map_err(|error: ledger_api::BookNameError| Problem::field(BOOK, error.to_string()));
        Ok(Chosen { all: Arc::clone(all), named: named? })
    }
}

async fn ledger(all: &All, book: &BookName) -> Result<Shared, Problem> {
    all.book(book).await.map_err(|error: LedgerError| problem(error, Shape::Postings))
}
