//! Concurrent callers: duplicates, and more than the queue holds.

use std::sync::Arc;

use kernel::{Ctx, Deadline};
use ledger::LedgerConfig;
use ledger_api::{Batch, LedgerError, Side};
use platform::error::{Failure, Refusal as _};
use testkit::{FakeClock, on_sqlite};

use crate::service::harness::{Desk, may_go_negative, pay, refusal};
use crate::service::way::for_each_way;

const TASKS: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_commands_with_one_id_have_one_effect() {
    for_each_way(async |store| {
        let desk = Arc::new(Desk::with_people(store).await);
        let send = |_| {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move { desk.run(pay(1, "bank", "ann", 100)).await })
        };
        let tasks: Vec<_> = (0..TASKS).map(send).collect();
        let mut first = 0;
        for task in tasks {
            let mut answer = task.await.unwrap().unwrap();
            first += usize::from(!answer.replayed);
            answer.replayed = false;
            assert_eq!(answer, desk.run(pay(1, "bank", "ann", 100)).await.map(unmarked).unwrap());
        }
        assert_eq!((first, desk.posted("ann").await), (1, 100));
        desk.ledger.close().await.unwrap();
    })
    .await;
}

fn unmarked(transaction: ledger_api::Transaction) -> ledger_api::Transaction {
    ledger_api::Transaction { replayed: false, ..transaction }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_commands_with_one_key_have_one_effect() {
    for_each_way(async |store| {
        let desk = Arc::new(Desk::with_people(store).await);
        let send = |_| {
            let desk = Arc::clone(&desk);
            let mut operation = pay(1, "bank", "ann", 100);
            if let ledger_api::Operation::Create(create) = &mut operation {
                create.id = None;
            }
            tokio::spawn(async move { desk.run_as(&desk.keyed("order-1"), operation).await })
        };
        let tasks: Vec<_> = (0..TASKS).map(send).collect();
        let mut ids = Vec::new();
        for task in tasks {
            ids.push(task.await.unwrap().unwrap().id);
        }
        ids.dedup();
        assert_eq!((ids.len(), desk.posted("ann").await), (1, 100));
        let other = desk.run_as(&desk.keyed("order-1"), pay(2, "bank", "ann", 7)).await;
        assert_eq!(refusal(other).code(), "idempotency_key_taken");
        desk.ledger.close().await.unwrap();
    })
    .await;
}

/// With a small queue some are refused, and the books have exactly what was acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_callers_and_loses_nothing() {
    on_sqlite(async |store| {
        let config = LedgerConfig { queue_max: 2, batch_max: 1, ..LedgerConfig::default() };
        let desk = Arc::new(Desk::open_at(store, FakeClock::default(), config).await);
        desk.account("bank", Side::Debit, may_go_negative()).await.unwrap();
        desk.account("ann", Side::Credit, may_go_negative()).await.unwrap();
        let send = |bits: u128| {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move { desk.run(pay(bits, "bank", "ann", 1)).await })
        };
        let tasks: Vec<_> = (1..400).map(send).collect();
        let (mut done, mut turned_away) = (0, 0);
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => done += 1,
                Err(LedgerError::Failed(Failure::Overloaded)) => turned_away += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        assert!(turned_away > 0 && done > 0);
        assert_eq!(desk.posted("ann").await, done);
        desk.ledger.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_past_its_deadline_does_nothing() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        let late = Ctx { deadline: Deadline::after_millis(&desk.clock, 0), ..desk.ctx.clone() };
        assert_eq!(
            desk.run_as(&late, pay(1, "bank", "ann", 1)).await.unwrap_err(),
            LedgerError::Failed(Failure::DeadlineExceeded)
        );
        assert_eq!(refusal(desk.find(1).await).code(), "not_found");
        let lines = vec![pay(2, "bank", "ann", 1)];
        let reply = desk.ledger.submit_batch(&late, Batch { atomic: false, dry_run: false, lines }).await;
        assert_eq!(reply.unwrap_err(), LedgerError::Failed(Failure::DeadlineExceeded));
        desk.ledger.close().await.unwrap();
        assert_eq!(desk.run(pay(3, "bank", "ann", 1)).await.unwrap_err(), LedgerError::Failed(Failure::Unavailable));
    })
    .await;
}

/// The store is blocked while the caller's time runs out: nobody can tell yet whether the command will happen.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_gives_up_can_look_up_the_outcome() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        let other = store.open().await;
        let held = other.begin_alone().await.unwrap();
        let hurried = Ctx { deadline: Deadline::after_millis(&desk.clock, 300), ..desk.ctx.clone() };
        let answer = desk.run_as(&hurried, pay(1, "bank", "ann", 100)).await;
        assert_eq!(answer.unwrap_err(), LedgerError::Failed(Failure::OutcomeUnknown));
        drop(held);
        // The command is repeated under its id: it happens once in any case.
        assert_eq!(desk.run(pay(1, "bank", "ann", 100)).await.unwrap().id, crate::service::harness::id(1));
        assert_eq!((desk.find(1).await.unwrap().replayed, desk.posted("ann").await), (false, 100));
        desk.ledger.close().await.unwrap();
    })
    .await;
}
