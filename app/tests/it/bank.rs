//! A bank on a bad network: many callers move money over connections that are delayed, throttled, cut, reset,
//! fragmented, silent and gone in turn, and retry under the same id until each transfer has its final answer.
//!
//! At the end every transfer has one answer and is in the log exactly once with the content that was sent, balances
//! equal those of a model, debits equal credits, `verify` is clean, no call outlived its deadline, and no caller got an
//! error it could not act on.
//!
//! `FLORIN_TEST_BANK_TRANSFERS` sets the number of transfers in each test, `FLORIN_TEST_SEED` the seed.

mod audit;
mod caller;
mod callers;
mod plan;
mod pulse;
mod stage;
mod told;

use kernel::Principal;

use std::sync::Arc;
use std::time::Duration;

use testkit::{Fault, FaultProxy, Spell, Toxic, ToxicKind, Weather, for_each_engine, on_postgres, size};

use audit::audit;
use callers::{Bank, run};
use plan::Plan;
use stage::{InProcess, Remote};

/// The proxy stands in each of three places: in front of PostgreSQL, of a ledger on SQLite, and of a ledger on
/// PostgreSQL.
const TRANSFERS: u64 = 1_000;
const SEED: u64 = 20_261_121;

fn plan() -> Plan {
    let (transfers, seed) = (size("FLORIN_TEST_BANK_TRANSFERS", TRANSFERS), size("FLORIN_TEST_SEED", SEED));
    println!("bank: {transfers} transfers, seed {seed}");
    Plan { seed, transfers }
}

/// At the end the faults stop, so that the test finishes on a slow machine too.
fn lasting(plan: Plan) -> Duration {
    Duration::from_millis(plan.transfers * 2 / 5).max(Duration::from_secs(20))
}

/// Runs callers until all transfers are done and every kind of fault has occurred.
async fn storm(bank: Bank, proxy: &FaultProxy) -> told::Told {
    // Longer than most deadlines, so that a call that outlives one by more than a busy machine explains is detected.
    let silence = Spell { faults: vec![Fault::both(Toxic::Timeout)], ms: 3_500, calm_ms: 100 };
    let weather =
        Weather::seeded(bank.plan.seed).paced(10..=60, 30..=100).lasting(lasting(bank.plan)).until_all_are_felt();
    let felt_all = || ToxicKind::ALL.iter().all(|kind| proxy.felt(*kind) > 0);
    let (told, spells) = weather.beginning_with(silence).over(proxy, run(Arc::new(bank), felt_all)).await;
    let felt: Vec<_> = ToxicKind::ALL.iter().map(|kind| (*kind, proxy.felt(*kind))).collect();
    println!("bank: {told}; {} spells, {} connections, felt {felt:?}", spells.len(), proxy.connections());
    assert!(felt.iter().all(|(_, times)| *times > 0), "{felt:?}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_network_between_ledger_and_postgresql() {
    on_postgres(async |store| {
        let stage = InProcess::start(store).await;
        let bank = Bank::open(plan(), Principal::operator(), stage.callers(), stage.visitors()).await;
        let told = storm(bank, &stage.proxy).await;
        audit(stage.close(store).await, &told).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_network_between_caller_and_ledger() {
    for_each_engine(async |store| {
        let stage = Remote::start(store).await;
        let bank = Bank::open(plan(), stage.principal.clone(), stage.callers().await, stage.visitors()).await;
        let told = storm(bank, &stage.proxy).await;
        let (db, _folder) = stage.close().await;
        audit(db, &told).await;
        stage::forget_database(store).await;
    })
    .await;
}
