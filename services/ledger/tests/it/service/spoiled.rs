//! Due work that can neither be executed nor refused in the usual way does not affect others: neither other due work,
//! nor commands that arrive meanwhile.

use std::time::Duration;

use kernel::Clock;
use ledger::verify;
use ledger_api::TransactionStatus;
use platform::db::Access;
use testkit::{TestStore, on_sqlite};

use crate::service::harness::{Desk, hold, pay, scheduled};

const DAY_MS: u64 = 86_400_000;

/// Transactions 1 to 9, each of one cent to ann, due at the same time.
async fn nine_planned(store: &TestStore) -> Desk {
    let desk = Desk::with_people(store).await;
    let at = desk.clock.now().plus_seconds(60);
    for bits in 1..=9 {
        desk.run(scheduled(pay(bits, "bank", "ann", 1), at)).await.unwrap();
    }
    desk
}

async fn change(store: &TestStore, sql: &str) {
    let db = store.open().await;
    let tx = db.begin().await.unwrap();
    tx.batch(sql).await.unwrap();
    tx.commit().await.unwrap();
}

/// The commands arrive at the very moment at which the others are due.
async fn pay_while_due(desk: &Desk) {
    desk.clock.advance_millis(61_000);
    let pays = (100..110).map(|bits| desk.run(pay(bits, "bank", "bob", 1)));
    for paid in futures_util::future::join_all(pays).await {
        paid.unwrap();
    }
}

/// The state of the nine once at most `left` of them are still waiting.
async fn statuses(desk: &Desk, left: usize) -> Vec<TransactionStatus> {
    for _ in 0..700 {
        let mut found = Vec::new();
        for bits in 1..=9 {
            found.push(desk.find(bits).await.unwrap().status);
        }
        if found.iter().filter(|status| **status == TransactionStatus::Scheduled).count() <= left {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    panic!("they are still waiting");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_outcome_cannot_be_stored_fails() {
    on_sqlite(async |store| {
        let desk = nine_planned(store).await;
        let spoil = "create trigger spoil before update on scheduled
            when new.state = 1 and new.seq = (select seq from scheduled order by seq limit 1 offset 4)
            begin select raise(abort, 'no'); end";
        change(store, spoil).await;
        pay_while_due(&desk).await;
        let statuses = statuses(&desk, 0).await;
        for (place, status) in statuses.iter().enumerate() {
            let expected = if place == 4 { TransactionStatus::Failed } else { TransactionStatus::Posted };
            assert_eq!(*status, expected, "{statuses:?}");
        }
        assert_eq!(desk.find(5).await.unwrap().failure.unwrap().code, "internal");
        assert_eq!((desk.posted("ann").await, desk.posted("bob").await), (8, 10));
        desk.ledger.close().await.unwrap();
        change(store, "drop trigger spoil").await;
        verify(&store.open_with(Access::ReadOnly).await, &ledger_api::BookName::main(), None, |_| ()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_which_nothing_can_be_stored_is_skipped() {
    on_sqlite(async |store| {
        let desk = nine_planned(store).await;
        let spoil = "create trigger spoil before update on scheduled
            when new.seq = (select seq from scheduled order by seq limit 1)
            begin select raise(abort, 'no'); end";
        change(store, spoil).await;
        pay_while_due(&desk).await;
        let waits = statuses(&desk, 1).await;
        assert_eq!(waits[0], TransactionStatus::Scheduled);
        assert!(waits[1..].iter().all(|status| *status == TransactionStatus::Posted), "{waits:?}");
        // It does not return with every group, nor keep the lane awake.
        let rows = desk.rows().await;
        desk.run(pay(200, "bank", "bob", 1)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert_eq!(desk.rows().await, rows + 1);
        // Once the reason is gone, a restart gets to it.
        change(store, "drop trigger spoil").await;
        let desk = desk.reopen(store).await;
        for _ in 0..700 {
            if desk.find(1).await.unwrap().status == TransactionStatus::Posted {
                return desk.ledger.close().await.map(drop).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        panic!("it was never carried out");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_row_cannot_be_read_is_skipped() {
    on_sqlite(async |store| {
        let desk = nine_planned(store).await;
        change(store, "update log set body = x'01' where seq = (select min(seq) from scheduled)").await;
        pay_while_due(&desk).await;
        for bits in 2..=9 {
            for _ in 0..700 {
                if desk.find(bits).await.unwrap().status == TransactionStatus::Posted {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            assert_eq!(desk.find(bits).await.unwrap().status, TransactionStatus::Posted);
        }
        desk.ledger.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_cannot_be_stored_is_skipped() {
    on_sqlite(async |store| {
        let desk = Desk::with_people(store).await;
        for bits in 1..=3 {
            desk.run(hold(bits, "bank", "ann", 1)).await.unwrap();
        }
        let spoil = "create trigger spoil before update on hold
            when new.seq = (select seq from hold order by seq limit 1 offset 1)
            begin select raise(abort, 'no'); end";
        change(store, spoil).await;
        desk.clock.advance_millis(8 * DAY_MS);
        desk.run(pay(100, "bank", "bob", 1)).await.unwrap();
        for (bits, status) in
            [(1, TransactionStatus::Expired), (2, TransactionStatus::Pending), (3, TransactionStatus::Expired)]
        {
            for _ in 0..700 {
                if desk.find(bits).await.unwrap().status == status {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            assert_eq!(desk.find(bits).await.unwrap().status, status);
        }
        desk.ledger.close().await.unwrap();
    })
    .await;
}
