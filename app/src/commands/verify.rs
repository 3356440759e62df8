//! `florin verify`: reads the log of every book, recomputes everything and names the first thing that disagrees.

mod payments;

use ledger::{Head, Report, Shelf};
use ledger_api::BookName;

use crate::cli::{Verify, VerifyRoom};
use crate::commands::{Start, jobs};
use crate::failure::Failure;
use crate::stores::{self, COULD_NOT_RUN, DISAGREES};

pub(crate) fn run(start: Start<'_>, options: &Verify) -> Result<(), Failure> {
    match options.room {
        Some(VerifyRoom::Payments) => return payments::run(&options.whom),
        Some(VerifyRoom::Accounts) => return jobs::run_named(start, "accounts.verify"),
        None => {}
    }
    let could_not_run = |failure: Failure| failure.with_status(COULD_NOT_RUN);
    let (target, heads) = prepare(start, options).map_err(could_not_run)?;
    let runtime = stores::runtime().map_err(|error| could_not_run(error.into()))?;
    runtime.block_on(async {
        let shelf = Shelf::look(target).await.map_err(|error| could_not_run(error.into()))?;
        let wanted = wanted(&shelf, options.book.as_ref())?;
        if let Some(head) = heads.iter().find(|head| !wanted.contains(&head.book)) {
            let sentence = format!("the head {head} is of book {}, which is not being verified", head.book);
            return Err(could_not_run(Failure::new(sentence)));
        }
        let failures = verify(&shelf, &wanted, &heads).await;
        finish(&shelf, options.book.is_some(), wanted.len(), failures)
    })
}

fn prepare(start: Start<'_>, options: &Verify) -> Result<(platform::db::Target, Vec<Head>), Failure> {
    let config = start.config()?;
    let heads: Vec<Head> = options.against.iter().map(|head| head.parse()).collect::<Result<_, _>>()?;
    let twice =
        heads.iter().enumerate().find(|(place, head)| heads.iter().skip(place + 1).any(|h| h.book == head.book));
    if let Some((_, head)) = twice {
        return Err(Failure::new(format!("two heads of book {} are given; the newer one proves more", head.book)));
    }
    Ok((stores::ledger(&config)?, heads))
}

/// All books that have a store, or the requested one; an unregistered store can be requested too.
fn wanted(shelf: &Shelf, only: Option<&BookName>) -> Result<Vec<BookName>, Failure> {
    let Some(book) = only else { return Ok(shelf.books.clone()) };
    let unknown = shelf.unknown.iter().any(|name| name == book.as_str());
    if shelf.books.contains(book) || unknown {
        return Ok(vec![book.clone()]);
    }
    if shelf.missing.contains(book) {
        let sentence = format!("book {book} is registered, but its store is missing");
        return Err(Failure::new(sentence).with_status(DISAGREES));
    }
    if shelf.not_made.contains(book) {
        return Ok(Vec::new());
    }
    Err(Failure::new(format!("there is no book {book}")).with_status(COULD_NOT_RUN))
}

/// Every one of them, whatever is wrong with those before it.
async fn verify(shelf: &Shelf, wanted: &[BookName], heads: &[Head]) -> Vec<(BookName, Failure)> {
    let mut failures = Vec::new();
    for book in wanted {
        let against = heads.iter().find(|head| head.book == *book).cloned();
        let compared = against.is_some();
        match stores::verify(shelf.target(book), book, against).await {
            Ok(report) => show(&report, compared),
            Err(failure) => failures.push((book.clone(), failure)),
        }
    }
    failures
}

fn finish(shelf: &Shelf, one: bool, books: usize, failures: Vec<(BookName, Failure)>) -> Result<(), Failure> {
    for book in shelf.not_made.iter().filter(|_| !one || books == 0) {
        println!("book {book}: created, and nothing was ever written to it");
    }
    let wrong = if one { Vec::new() } else { shelf.wrong() };
    let disagrees = !wrong.is_empty() || failures.iter().any(|(_, failure)| failure.status() == DISAGREES);
    let count = wrong.len() + failures.len();
    let sentences = failures.into_iter().map(|(book, failure)| format!("book {book}: {failure}")).chain(wrong);
    let mut sentences: Vec<String> = sentences.collect();
    let Some(last) = sentences.pop() else { return Ok(()) };
    sentences.iter().for_each(|sentence| eprintln!("florin: {sentence}"));
    let last = if count == 1 { last } else { format!("{last} ({count} in all)") };
    Err(Failure::new(last).with_status(if disagrees { DISAGREES } else { COULD_NOT_RUN }))
}

fn show(report: &Report, compared: bool) {
    println!("book {}: clean", report.head.book);
    let lines = [
        ("rows", report.rows),
        ("groups", report.groups),
        ("accounts", report.accounts),
        ("transactions", report.transactions),
        ("refusals", report.refusals),
        ("open holds", report.open_holds),
        ("scheduled", report.scheduled),
        ("overrides of a floor", report.overrides),
        ("metadata erased", report.metadata_erased),
    ];
    for (name, count) in lines {
        println!("  {name:<20} {count}");
    }
    if compared {
        println!("  nothing was cut or rewritten since the given head");
    }
    println!("  {:<20} {}", "head", report.head);
}
