//! The register of books: rows in the store of the book `main`.
//!
//! Invariant: a book has its row before it has a store, and the row is marked once the store exists, before anybody
//! gets the book. So a row without a store is a book that was never written to, or one whose store was lost, and the
//! mark tells which.

use kernel::Timestamp;
use ledger_api::{BookName, limits};
use platform::db::{Db, DbError, Row, Tx, Value};

use super::sql;
use crate::store::sql::MIGRATIONS;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    pub book: BookName,
    pub created_at: Timestamp,
    /// Its store was created. Without that nothing was ever written to it.
    pub stored: bool,
}

pub(super) enum Created {
    New(Registered),
    Known(Registered),
    /// The maximum number exists already.
    Full,
}

/// The books listed in the store of `main`, by name, for callers that run no ledger. A store on which no ledger was
/// started yet lists none, not even itself.
pub async fn registered(main: &Db) -> Result<Vec<Registered>, DbError> {
    main.check_version(MIGRATIONS).await?;
    list(main).await
}

/// Registers a book, for callers that fill its store without a ledger. An existing one stays as it is; nothing is done
/// if there are too many.
pub async fn register(main: &Db, book: &BookName, now: Timestamp) -> Result<Option<Registered>, DbError> {
    enter_main(main, now).await?;
    Ok(match create(main, book, now).await? {
        Created::New(row) | Created::Known(row) => Some(row),
        Created::Full => None,
    })
}

pub(super) async fn list(main: &Db) -> Result<Vec<Registered>, DbError> {
    main.read().await?.query(sql::BOOK_LIST, &[]).await?.iter().map(row).collect()
}

pub(super) async fn find(main: &Db, book: &BookName) -> Result<Option<Registered>, DbError> {
    find_in(&main.read().await?, book).await
}

async fn find_in(tx: &Tx, book: &BookName) -> Result<Option<Registered>, DbError> {
    tx.query(sql::BOOK_FIND, &[Value::Text(book.as_str())]).await?.first().map(row).transpose()
}

fn row(row: &Row) -> Result<Registered, DbError> {
    let malformed = |_| DbError::shape("a book with a malformed name");
    let (book, created_at) = (row.text(0)?.parse().map_err(malformed)?, Timestamp::from_micros(row.int(1)?));
    Ok(Registered { book, created_at, stored: row.int(2)? != 0 })
}

/// Books of an earlier version have no row yet: they are as old as their first group.
pub(super) async fn enter_main(main: &Db, now: Timestamp) -> Result<(), DbError> {
    if find(main, &BookName::main()).await?.is_some() {
        return Ok(());
    }
    let tx = main.begin_alone().await?;
    let first = tx.query(sql::FIRST_GROUP, &[]).await?.first().map(|row| row.int(0)).transpose()?;
    tx.execute(sql::BOOK_MAIN, &[Value::Int(first.unwrap_or(now.micros()))]).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn create(main: &Db, book: &BookName, now: Timestamp) -> Result<Created, DbError> {
    // Reading does not have to wait for the writer.
    if let Some(known) = find(main, book).await? {
        return Ok(Created::Known(known));
    }
    let tx = main.begin_alone().await?;
    if let Some(known) = find_in(&tx, book).await? {
        return Ok(Created::Known(known));
    }
    let counted = tx.query(sql::BOOK_COUNT, &[]).await?;
    let (count, last) = counted.first().map_or(Ok((0, 0)), |row| Ok::<_, DbError>((row.int(0)?, row.int(1)?)))?;
    if count >= limits::BOOKS_MAX as i64 {
        return Ok(Created::Full);
    }
    let params = [Value::Int(last + 1), Value::Text(book.as_str()), Value::Int(now.micros())];
    tx.execute(sql::BOOK_CREATE, &params).await?;
    tx.commit().await?;
    Ok(Created::New(Registered { book: book.clone(), created_at: now, stored: false }))
}

/// The book's store was created.
pub async fn mark_stored(main: &Db, book: &BookName) -> Result<(), DbError> {
    let tx = main.begin_alone().await?;
    tx.execute(sql::BOOK_STORED, &[Value::Text(book.as_str())]).await?;
    Ok(tx.commit().await?)
}
