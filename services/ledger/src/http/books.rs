//! Books: creating, listing, and reading the state of one.

use axum::extract::State;
use http::StatusCode;
use kernel::Timestamp;
use ledger_api::{Book, BookName, CreateBook, LedgerError, LedgerStatus, Refusal, Shape};
use platform::http::{CallCtx, Json, Path, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::All;
use super::answer::problem;

fn failed(error: LedgerError) -> Problem {
    problem(error, Shape::Postings)
}

/// Create a book
///
/// A separate ledger with its own accounts, log, hash chain, events and proof: for tenants and legal entities, never
/// for customers. Every operation takes `book` in its query; the default is `main`, which always exists. There can be
/// at most 256 books. Creating the same book again is safe and answers 200.
#[utoipa::path(
    post, path = "/books", tag = "Books",
    request_body = CreateBook,
    responses(
        (status = 201, description = "Created", body = Book),
        (status = 200, description = "It already existed", body = Book),
    )
)]
pub(super) async fn create_book(
    State(all): State<All>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<CreateBook>,
) -> Result<(StatusCode, Json<Book>), Problem> {
    let book = all.create_book(&ctx, body).await.map_err(failed)?;
    let status = if book.replayed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(book)))
}

/// List the books
///
/// All of them, by name.
#[utoipa::path(
    get, path = "/books", tag = "Books",
    responses((status = 200, description = "All books", body = Vec<Book>))
)]
pub(super) async fn list_books(State(all): State<All>, CallCtx(ctx): CallCtx) -> Result<Json<Vec<Book>>, Problem> {
    all.books(&ctx).await.map(Json).map_err(failed)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct BookAt {
    /// The book's name.
    #[param(value_type = String, example = "acme-uk")]
    book: BookName,
}

/// The state of a book.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BookAnswer {
    book: BookName,
    created_at: Timestamp,
    /// The head of its hash chain: keep it, and `florin verify --against` can prove later that nothing before it was
    /// changed.
    head: String,
    /// Commits in its log.
    groups: u64,
    /// Rows in its log.
    rows: u64,
    /// Whether it accepts commands now.
    accepting: bool,
    /// Commands waiting to be committed.
    waiting: u64,
}

/// Read the state of a book
///
/// The head of its hash chain, and the size of its log.
#[utoipa::path(
    get, path = "/books/{book}", tag = "Books", params(BookAt),
    responses((status = 200, description = "The book", body = BookAnswer))
)]
pub(super) async fn get_book(
    State(all): State<All>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<BookAt>,
) -> Result<Json<BookAnswer>, Problem> {
    let known = all.books(&ctx).await.map_err(failed)?;
    let unknown = || failed(Refusal::BookUnknown { book: at.book.clone() }.into());
    let Book { book, created_at, .. } = known.into_iter().find(|book| book.book == at.book).ok_or_else(unknown)?;
    let status = all.book(&book).await.map_err(failed)?.status(&ctx).await.map_err(failed)?;
    let LedgerStatus { head, groups, rows, accepting, waiting, .. } = status;
    Ok(Json(BookAnswer { book, created_at, head, groups, rows, accepting, waiting }))
}
