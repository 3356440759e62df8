//! Moving money between books: wherever the driver stops, money is never doubled or lost.

mod recipe;

use std::sync::Arc;

use kernel::Clock;
use ledger_api::{AccountChange, ChangeAccount, Side, TransactionId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use testkit::{TestStore, for_each_engine};

use super::Shelf;
use super::separate::verified;
use crate::service::harness::{id, may_go_negative, opening, path, pay};
use recipe::{Ended, MARGIN_SECONDS, Move, drive, sweep};

const START: i64 = 10_000;
const LONG: i64 = 30 * 86_400;

async fn shelf(store: &TestStore) -> Shelf {
    let shelf = Shelf::open(store).await;
    for (book, clearing, side, person) in
        [("a", "between:b", Side::Credit, "ann"), ("b", "between:a", Side::Debit, "bob")]
    {
        shelf.create(book).await.unwrap();
        let ledger = shelf.book(book).await;
        for (account, normal, limits) in [
            ("bank", Side::Debit, may_go_negative()),
            (clearing, side, may_go_negative()),
            (person, Side::Credit, Default::default()),
        ] {
            ledger.open_account(&shelf.ctx, opening(account, normal, limits)).await.unwrap();
        }
    }
    shelf.run("a", pay(9_999, "bank", "ann", START)).await.unwrap();
    shelf
}

fn new_move(shelf: &Shelf, number: u128, seconds: i64) -> Move {
    let expires_at = shelf.clock.now().plus_seconds(seconds);
    Move { id: id(number * 2), end: id(number * 2 + 1), amount: 100, expires_at }
}

/// Nothing is in transit, and what left here is there.
async fn settled(shelf: &Shelf, done: i64) {
    let (out, into) = (shelf.account("a", "between:b").await, shelf.account("b", "between:a").await);
    for account in [&out, &into] {
        let (held_in, held_out) = (account.balances.pending_in.minor(), account.balances.pending_out.minor());
        assert_eq!((held_in, held_out), (0, 0), "{}", account.path);
    }
    assert_eq!((out.balances.posted.minor(), into.balances.posted.minor()), (done * 100, done * 100));
    assert_eq!(shelf.posted("a", "ann").await, START - done * 100);
    assert_eq!(shelf.posted("b", "bob").await, done * 100);
}

async fn freeze(shelf: &Shelf, book: &str, account: &str, change: AccountChange) {
    let change = ChangeAccount { path: path(account), change };
    shelf.book(book).await.change_account(&shelf.ctx, change).await.unwrap();
}

async fn swept(shelf: &Shelf, it: &Move) -> Ended {
    let ended = sweep(shelf, it.id).await;
    // A repeat is safe.
    assert_eq!(sweep(shelf, it.id).await, ended);
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweeper_finishes_a_move_stopped_after_any_step() {
    for_each_engine(async |store| {
        let mut shelf = shelf(store).await;
        let mut done = 0;
        for steps in 0..=3 {
            let it = new_move(&shelf, steps as u128 + 1, LONG);
            drive(&shelf, &it, steps).await;
            shelf = shelf.reopen(store).await;
            let ended = swept(&shelf, &it).await;
            assert_eq!(ended, if steps == 0 { Ended::NotBegun } else { Ended::Done }, "{steps} steps");
            done += i64::from(steps > 0);
            settled(&shelf, done).await;
            // A driver that was only slow reaches the same end.
            if steps > 0 {
                assert_eq!(drive(&shelf, &it, 3).await, Some(Ended::Done));
                settled(&shelf, done).await;
            }
        }
        shelf.close().await;
        verified(store, "a").await.unwrap();
        verified(store, "b").await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_refused_by_the_other_book_is_returned() {
    for_each_engine(async |store| {
        let mut shelf = shelf(store).await;
        freeze(&shelf, "b", "bob", AccountChange::Freeze).await;
        for steps in 1..=3 {
            let it = new_move(&shelf, steps as u128, LONG);
            drive(&shelf, &it, steps).await;
            shelf = shelf.reopen(store).await;
            assert_eq!(swept(&shelf, &it).await, Ended::GivenBack, "{steps} steps");
            // The refusal stands, whatever happened to its reason and however late the driver is.
            freeze(&shelf, "b", "bob", AccountChange::Unfreeze).await;
            drive(&shelf, &it, 3).await;
            assert_eq!(swept(&shelf, &it).await, Ended::GivenBack);
            freeze(&shelf, "b", "bob", AccountChange::Freeze).await;
            settled(&shelf, 0).await;
        }
        let dear = Move { amount: START + 1, ..new_move(&shelf, 50, LONG) };
        assert_eq!(drive(&shelf, &dear, 3).await, Some(Ended::NotBegun));
        assert_eq!(swept(&shelf, &dear).await, Ended::NotBegun);
        settled(&shelf, 0).await;
        shelf.close().await;
    })
    .await;
}

/// Too near its expiry, a hold is given up: first the id is used up in the other book, then the money is returned.
#[tokio::test(flavor = "multi_thread")]
async fn a_booking_after_the_hold_was_given_up_is_refused() {
    for_each_engine(async |store| {
        let shelf = shelf(store).await;
        for (number, seconds) in [(1, MARGIN_SECONDS - 1), (2, MARGIN_SECONDS + 100)] {
            let it = new_move(&shelf, number, seconds);
            drive(&shelf, &it, 1).await;
            // The second one expires before anybody looks.
            if number == 2 {
                shelf.clock.advance_millis(1_000 * (MARGIN_SECONDS as u64 + 101));
                shelf.run("a", pay(5_000, "bank", "ann", 1)).await.unwrap();
                shelf.run("a", pay(5_001, "ann", "bank", 1)).await.unwrap();
            }
            assert_eq!(sweep(&shelf, it.id).await, Ended::GivenBack);
            // The booking was on its way all the time.
            let late = ledger_api::NewTransaction {
                postings: vec![crate::service::harness::posting("between:a", "bob", 100)],
                id: Some(it.id),
                ..Default::default()
            };
            shelf.run("b", ledger_api::Operation::Create(late)).await.unwrap_err();
            assert_eq!(swept(&shelf, &it).await, Ended::GivenBack);
            settled(&shelf, 0).await;
        }
        shelf.close().await;
    })
    .await;
}

/// What a too short hold makes possible, and how it is repaired.
#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_expires_after_the_booking_is_repaired() {
    for_each_engine(async |store| {
        let shelf = shelf(store).await;
        let it = new_move(&shelf, 1, 60);
        drive(&shelf, &it, 2).await;
        shelf.clock.advance_millis(61_000);
        shelf.run("a", pay(5_000, "bank", "ann", 1)).await.unwrap();
        shelf.run("a", pay(5_001, "ann", "bank", 1)).await.unwrap();
        assert_eq!(swept(&shelf, &it).await, Ended::Done);
        settled(&shelf, 1).await;

        // Ann spends the returned money: then bob has to give it back.
        let it = new_move(&shelf, 2, 60);
        drive(&shelf, &it, 2).await;
        shelf.clock.advance_millis(61_000);
        shelf.run("a", pay(5_002, "ann", "bank", START - 100)).await.unwrap();
        assert_eq!(swept(&shelf, &it).await, Ended::GivenBack);
        shelf.run("a", pay(5_003, "bank", "ann", START - 100)).await.unwrap();
        settled(&shelf, 1).await;
        shelf.close().await;
        verified(store, "a").await.unwrap();
        verified(store, "b").await.unwrap();
    })
    .await;
}

/// Drivers killed anywhere, a sweeper that knows nothing of it, and a crash of everything.
#[tokio::test(flavor = "multi_thread")]
async fn killed_and_swept_drivers_move_money_at_most_once() {
    const MOVES: u128 = 40;
    for_each_engine(async |store| {
        let shelf = Arc::new(shelf(store).await);
        let mut random = StdRng::seed_from_u64(4);
        let mut tasks = Vec::new();
        for number in 1..=MOVES {
            let it = new_move(&shelf, number, LONG);
            let patience = std::time::Duration::from_micros(random.random_range(0..20_000));
            let driven = Arc::clone(&shelf);
            tasks.push(tokio::spawn(async move {
                let _ = tokio::time::timeout(patience, drive(&driven, &it, 3)).await;
            }));
            let swept = Arc::clone(&shelf);
            tasks.push(tokio::spawn(async move {
                sweep(&swept, it.id).await;
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let shelf = Arc::into_inner(shelf).unwrap().reopen(store).await;
        let mut done = 0;
        for number in 1..=MOVES {
            let ended = sweep(&shelf, TransactionId::from_bits(number * 2)).await;
            assert!(matches!(ended, Ended::Done | Ended::NotBegun), "{ended:?}");
            done += i64::from(ended == Ended::Done);
        }
        settled(&shelf, done).await;
        shelf.close().await;
    })
    .await;
}
