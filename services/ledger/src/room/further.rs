//! The stores of other books, for commands that work on them without a running ledger.

use ledger_api::BookName;
use platform::db::{Access, Db, Target};
use platform::room::{CheckError, Checked, Checking, Found, Further, Later, Progress};

use super::ROOM;
use crate::{Report, Shelf, verify};

pub(super) const FURTHER: Further = Further { find, check };

fn find(main: Target) -> Later<Found> {
    Box::pin(async move {
        let shelf = Shelf::look(main).await?;
        let others = shelf.books.iter().filter(|book| !book.is_main());
        let stores = others.map(|book| (format!("book {book}"), shelf.target(book))).collect();
        Ok(Found { stores, wrong: shelf.wrong() })
    })
}

/// Every book; an error at the first damaged one.
fn check(main: Target, progress: Progress) -> Checking {
    Box::pin(every_book(main, progress))
}

async fn every_book(main: Target, mut progress: Progress) -> Result<Checked, CheckError> {
    let shelf = Shelf::look(main).await.map_err(could_not_run)?;
    if let Some(wrong) = shelf.missing.first() {
        return Err(CheckError::Disagrees(format!("book {wrong} is registered, but its store is missing")));
    }
    let mut reports = Vec::with_capacity(shelf.books.len());
    for book in &shelf.books {
        reports.push(one_book(shelf.target(book), book, &mut progress).await?);
    }
    let heads = reports.iter().map(|report| (name(&report.head.book), report.head.to_string())).collect();
    Ok(Checked { summary: rows(&reports), heads, strange: shelf.wrong() })
}

async fn one_book(target: Target, book: &BookName, progress: &mut Progress) -> Result<Report, CheckError> {
    let db = Db::open(target, Access::ReadOnly, 1).await.map_err(could_not_run)?;
    let what = if book.is_main() { "verifying".to_owned() } else { format!("verifying {book}") };
    let report = verify(&db, book, None, |seen| progress(&what, seen.rows, seen.rows_in_all)).await;
    report.map_err(|error| match error.is_disagreement() {
        true => CheckError::Disagrees(error.to_string()),
        false => CheckError::CouldNotRun(error.to_string()),
    })
}

fn could_not_run(error: impl std::fmt::Display) -> CheckError {
    CheckError::CouldNotRun(error.to_string())
}

/// A book's file, without its extension.
fn name(book: &BookName) -> String {
    if book.is_main() { ROOM.name.to_owned() } else { format!("{}-{book}", ROOM.name) }
}

fn rows(reports: &[Report]) -> String {
    let rows: u64 = reports.iter().map(|report| report.rows).sum();
    if reports.len() == 1 { format!("{rows} rows") } else { format!("{} books, {rows} rows", reports.len()) }
}
