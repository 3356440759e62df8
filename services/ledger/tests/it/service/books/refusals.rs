//! Refusals about books, one test each.

use kernel::Principal;
use ledger_api::{Batch, Books, CreateBook, LedgerError, LineOutcome, Refusal, limits};
use platform::error::{Failure, Refusal as _};
use testkit::for_each_engine;

use super::{Shelf, name};
use crate::service::harness::{Answer, create, ctx, pay, posting, refusal};

fn of_form<T: std::fmt::Debug>(answer: Answer<T>, code: &str, status: u16) -> Refusal {
    let refusal = refusal(answer);
    assert_eq!((refusal.code(), refusal.status(), refusal.is_remembered()), (code, status, false));
    assert!(!refusal.to_string().is_empty() && !refusal.title().is_empty());
    refusal
}

#[tokio::test(flavor = "multi_thread")]
async fn book_unknown() {
    for_each_engine(async |store| {
        let shelf = Shelf::open(store).await;
        let Err(LedgerError::Refused { refusal, replayed: false }) = shelf.books.book(&name("acme")).await else {
            panic!("the book does not exist")
        };
        assert_eq!(refusal, Refusal::BookUnknown { book: name("acme") });
        assert_eq!((refusal.code(), refusal.status(), refusal.is_remembered()), ("book_unknown", 404, false));
        shelf.create("acme").await.unwrap();
        shelf.books.book(&name("acme")).await.map(|_| ()).unwrap();
        shelf.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn books_differ() {
    for_each_engine(async |store| {
        let shelf = Shelf::open(store).await;
        shelf.create("acme").await.unwrap();
        shelf.people("main").await;
        shelf.people("acme").await;
        let named = |book: &str| ledger_api::Posting { book: Some(name(book)), ..posting("bank", "ann", 5) };
        let mixed = ledger_api::Operation::Create(create(1, vec![named("main"), named("acme")]));
        let differ = |book: &str, other: &str| Refusal::BooksDiffer { book: name(book), other: name(other) };
        let answer = shelf.run("main", mixed.clone()).await;
        assert_eq!(of_form(answer, "books_differ", 400), differ("main", "acme"));
        assert_eq!(of_form(shelf.run("acme", mixed.clone()).await, "books_differ", 400), differ("acme", "main"));
        // A batch is in one book: a line of another one fails all, atomic or not.
        for atomic in [true, false] {
            let lines = vec![pay(2, "bank", "ann", 5), mixed.clone()];
            let reply =
                shelf.book("main").await.submit_batch(&shelf.ctx, Batch { atomic, dry_run: false, lines }).await;
            assert_eq!(of_form(reply, "books_differ", 400), differ("main", "acme"));
        }
        assert_eq!((shelf.posted("main", "ann").await, shelf.posted("acme", "ann").await), (0, 0));
        // Named or not, it is the same command, so the id and its refusal of form are free.
        let own = ledger_api::Operation::Create(create(1, vec![named("acme"), posting("bank", "ann", 5)]));
        assert!(!shelf.run("acme", own.clone()).await.unwrap().replayed);
        let bare = ledger_api::Operation::Create(create(1, vec![posting("bank", "ann", 5); 2]));
        assert!(shelf.run("acme", bare).await.unwrap().replayed);
        assert_eq!((shelf.posted("main", "ann").await, shelf.posted("acme", "ann").await), (0, 10));
        shelf.close().await;
    })
    .await;
}

/// A key recognises a command by its JSON form, and a book's name is not part of that.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_the_same_with_and_without_its_books_name() {
    for_each_engine(async |store| {
        let shelf = Shelf::open(store).await;
        shelf.create("acme").await.unwrap();
        shelf.people("acme").await;
        let acme = shelf.book("acme").await;
        let keyed = kernel::Ctx { idempotency_key: Some("once".parse().unwrap()), ..shelf.ctx.clone() };
        let bare = ledger_api::Posting { up_to_available: true, ..posting("bank", "ann", 5) };
        let named = ledger_api::Posting { book: Some(name("acme")), ..bare.clone() };
        for (posting, again) in [(&named, false), (&bare, true), (&named, true)] {
            let create = ledger_api::NewTransaction { postings: vec![posting.clone()], ..Default::default() };
            let submit = ledger_api::Submit { operation: ledger_api::Operation::Create(create), dry_run: false };
            assert_eq!(acme.submit(&keyed, submit.clone()).await.unwrap().replayed, again);
            let lines = vec![submit.operation; 2];
            let reply = acme.submit_batch(&keyed, Batch { atomic: true, dry_run: false, lines }).await.unwrap();
            let replayed = |line: &LineOutcome| matches!(line, LineOutcome::Done(done) if done.replayed == again);
            assert!(reply.lines.iter().all(replayed), "{reply:?}");
        }
        assert_eq!(shelf.posted("acme", "ann").await, 15);
        shelf.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_books() {
    for_each_engine(async |store| {
        let shelf = Shelf::open(store).await;
        // Rows alone are enough to count; `main` is one of them.
        let db = store.open().await;
        let tx = db.begin_alone().await.unwrap();
        for number in 2..limits::BOOKS_MAX {
            let sql =
                format!("insert into book (number, name, created_at, stored) values ({number}, 'b-{number}', 0, 0)");
            tx.batch(&sql).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert!(!shelf.create("last").await.unwrap().replayed);
        let refused = of_form(shelf.create("acme").await, "too_many_books", 422);
        assert_eq!(refused, Refusal::TooManyBooks { max: 256 });
        assert!(shelf.create("last").await.unwrap().replayed, "an existing book is not a new one");
        assert_eq!(shelf.books.books(&shelf.ctx).await.unwrap().len(), 256);
        shelf.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_and_listing_books_need_permissions() {
    testkit::on_sqlite(async |store| {
        let shelf = Shelf::open(store).await;
        let caller = |permission: &str| {
            let permissions = [permission.parse().unwrap()];
            ctx(&shelf.clock, Principal::new(kernel::PrincipalKind::Service, "svc", permissions))
        };
        let create = async |permission: &str| {
            shelf.books.create_book(&caller(permission), CreateBook { book: name("acme") }).await.map(|_| ())
        };
        let list = async |permission: &str| shelf.books.books(&caller(permission)).await.map(|books| books.len());
        assert_eq!(create("books:read:*").await, Err(LedgerError::Failed(Failure::Forbidden)));
        assert_eq!(list("books:create:*").await, Err(LedgerError::Failed(Failure::Forbidden)));
        assert_eq!(create("books:create:*").await, Ok(()));
        assert_eq!(list("books:read:*").await, Ok(2));
        shelf.close().await;
    })
    .await;
}
