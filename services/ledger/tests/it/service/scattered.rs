//! Unordered ids, more than fit before they become a sorted run: each is recognised when repeated, can be found, and
//! the store is clean.

use ledger::{LedgerConfig, verify};
use ledger_api::{Limits, Operation, Side};
use platform::db::Access;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use testkit::FakeClock;

use crate::service::harness::{Desk, may_go_negative, pay};
use crate::service::way::for_each_way;

/// A little more than one run.
const BATCHES: u64 = 33;
const LINES: u64 = 1_000;

fn lines(batch: u64) -> Vec<Operation> {
    let mut random = StdRng::seed_from_u64(batch);
    (0..LINES).map(|_| pay(random.random::<u128>() | 1, "bank", "ann", 1)).collect()
}

fn id(operation: &Operation) -> u128 {
    operation.id().unwrap().bits()
}

#[tokio::test(flavor = "multi_thread")]
async fn unordered_ids_are_remembered_forever() {
    for_each_way(async |store| {
        let desk = Desk::open_at(store, FakeClock::default(), LedgerConfig::default()).await;
        desk.account("bank", Side::Debit, may_go_negative()).await.unwrap();
        desk.account("ann", Side::Credit, Limits::default()).await.unwrap();
        for batch in 0..BATCHES {
            let answers = desk.batch(false, lines(batch)).await;
            assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|done| !done.replayed)));
        }
        let rows = desk.rows().await;
        let desk = desk.reopen(store).await;
        for batch in [0, 17, BATCHES - 1] {
            let answers = desk.batch(false, lines(batch)).await;
            assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|done| done.replayed)), "batch {batch}");
        }
        assert_eq!(desk.rows().await, rows, "a repeat leaves no row");
        for operation in lines(0).iter().chain(&lines(BATCHES - 1)).step_by(97) {
            assert_eq!(desk.find(id(operation)).await.unwrap().id.bits(), id(operation));
        }
        assert!(desk.find(4).await.is_err());
        assert_eq!(desk.posted("ann").await, (BATCHES * LINES) as i64);
        desk.ledger.close().await.unwrap();
        let report = verify(&store.open_with(Access::ReadOnly).await, &ledger_api::BookName::main(), None, |_| ())
            .await
            .unwrap();
        assert_eq!(report.transactions, BATCHES * LINES);
    })
    .await;
}
