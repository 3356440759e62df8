//! Each book is a separate ledger: the same paths, ids, keys and references in two of them are unrelated, and so are
//! their logs.

use kernel::Clock;
use ledger::verify;
use ledger_api::{Books, FindTransaction};
use platform::db::{Access, Db};
use platform::feed::Pull;
use testkit::{TestStore, for_each_engine};

use super::{Shelf, beside, name};
use crate::service::harness::{id, pay, referenced, scheduled};

pub(super) async fn verified(store: &TestStore, book: &str) -> Result<String, String> {
    let target = beside(store).target(&name(book));
    let db = Db::open(target, Access::ReadOnly, 1).await.unwrap();
    verify(&db, &name(book), None, |_| ()).await.map(|report| report.head.to_string()).map_err(|e| e.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_names_in_two_books_are_unrelated() {
    for_each_engine(async |store| {
        let shelf = Shelf::open(store).await;
        assert!(!shelf.create("acme-uk").await.unwrap().replayed);
        for book in ["main", "acme-uk"] {
            shelf.people(book).await;
        }
        shelf.run("main", pay(1, "bank", "ann", 700)).await.unwrap();
        shelf.run("acme-uk", pay(1, "bank", "ann", 40)).await.unwrap();
        shelf.run("main", referenced(2)).await.unwrap();
        shelf.run("acme-uk", referenced(2)).await.unwrap();
        assert_eq!((shelf.posted("main", "ann").await, shelf.posted("acme-uk", "ann").await), (701, 41));

        let acme = shelf.book("acme-uk").await;
        let status = acme.status(&shelf.ctx).await.unwrap();
        assert_eq!((status.book.as_str(), status.rows), ("acme-uk", 4));
        assert!(status.head.starts_with("florin-1:acme-uk:4:4:"), "{}", status.head);
        let events =
            acme.events_after(&shelf.ctx, Pull { after: 0, max: 10, wait_ms: 0, consumer: None }).await.unwrap();
        assert!(events.iter().all(|event| event.event.source == "/ledger/acme-uk") && events.len() == 4);

        let shelf = shelf.reopen(store).await;
        let found = shelf.book("acme-uk").await.transaction(&shelf.ctx, FindTransaction::Id(id(1))).await.unwrap();
        assert_eq!(found.postings[0].amount.minor(), 40);
        let heads = shelf.close().await;
        assert_eq!(heads.iter().map(|(book, _)| book.as_str()).collect::<Vec<_>>(), ["main", "acme-uk"]);
        for (book, head) in heads {
            assert_eq!(verified(store, book.as_str()).await.unwrap(), head);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_a_book_again_returns_the_first_one() {
    for_each_engine(async |store| {
        let shelf = Shelf::open(store).await;
        let first = shelf.create("acme").await.unwrap();
        shelf.clock.advance_millis(5_000);
        let again = shelf.create("acme").await.unwrap();
        assert_eq!(again, ledger_api::Book { replayed: true, ..first.clone() });
        assert!(shelf.create("main").await.unwrap().replayed);
        let listed = shelf.books.books(&shelf.ctx).await.unwrap();
        assert_eq!(listed.iter().map(|book| book.book.as_str()).collect::<Vec<_>>(), ["acme", "main"]);
        assert_eq!(listed[0], first);
        shelf.close().await;
    })
    .await;
}

/// Sixteen concurrent callers, in two processes as far as the store can tell.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_creations_of_a_book_create_one() {
    for_each_engine(async |store| {
        let shelf = Shelf::open(store).await;
        let answers = (0..16).map(|place| shelf.create(if place % 2 == 0 { "acme" } else { "beta" }));
        let answers = futures(answers).await;
        let new = answers.iter().filter(|answer| !answer.as_ref().unwrap().replayed).count();
        assert_eq!(new, 2);
        assert_eq!(shelf.books.books(&shelf.ctx).await.unwrap().len(), 3);
        shelf.close().await;
    })
    .await;
}

async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in all.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(answer) = future.as_mut().poll(cx)
            {
                *done = Some(answer);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// One book's log in the place of another's: every hash is wrong from the first group on.
#[tokio::test(flavor = "multi_thread")]
async fn one_books_log_cannot_be_passed_off_as_anothers() {
    for_each_engine(async |store| {
        let shelf = Shelf::open(store).await;
        shelf.create("acme").await.unwrap();
        shelf.people("main").await;
        shelf.people("acme").await;
        shelf.close().await;
        let acme = Db::open(beside(store).target(&name("acme")), Access::ReadOnly, 1).await.unwrap();
        for other in ["main", "beta"] {
            let error = verify(&acme, &name(other), None, |_| ()).await.unwrap_err();
            assert!(error.is_disagreement() && error.to_string().contains("group 1"), "{error}");
        }
        verify(&acme, &name("acme"), None, |_| ()).await.unwrap();
    })
    .await;
}

/// Why books are opened at the start: nobody uses this one.
#[tokio::test(flavor = "multi_thread")]
async fn due_work_in_an_unused_book_is_done() {
    for_each_engine(async |store| {
        let shelf = Shelf::open(store).await;
        shelf.create("acme").await.unwrap();
        shelf.people("acme").await;
        let at = shelf.clock.now().plus_seconds(60);
        shelf.run("acme", scheduled(pay(1, "bank", "ann", 7), at)).await.unwrap();
        shelf.close().await;
        let target = beside(store).target(&name("acme"));
        shelf.clock.advance_millis(61_000);
        let shelf = Shelf::open_at(std::sync::Arc::new(beside(store)), shelf.clock).await;
        let db = Db::open(target, Access::ReadOnly, 1).await.unwrap();
        let waits = async || {
            let rows = db.read().await.unwrap().query("select seq from scheduled where state = 0", &[]).await.unwrap();
            !rows.is_empty()
        };
        for _ in 0..200 {
            if !waits().await {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert!(!waits().await);
        assert_eq!(shelf.posted("acme", "ann").await, 7);
        let page = shelf.book("acme").await.scheduled(&shelf.ctx, Default::default()).await.unwrap();
        assert!(page.items.is_empty() && page.as_of_seq == 4, "{page:?}");
        shelf.close().await;
    })
    .await;
}
