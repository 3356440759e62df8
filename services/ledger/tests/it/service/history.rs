//! History against a model of plain lists, over random histories with late rows, holds, expiries and reversals:
//! balances and sums at random instants by both clocks, statements over random ranges and pages; again after a restart,
//! and while a writer writes.
//!
//! `FLORIN_TEST_HISTORY_SEEDS` sets the number of histories per engine; each seed is printed.

mod checks;
mod life;
mod model;
mod refusals;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::service::harness::Desk;
use crate::service::way::for_each_way;
use checks::{check_balances, check_statements, check_sums, pinned_pages, written_pages};
use life::{commands, open};
use model::Model;

const COMMANDS: usize = 120;
const STATEMENTS: usize = 12;

fn seeds() -> u64 {
    testkit::size("FLORIN_TEST_HISTORY_SEEDS", 1)
}

async fn check(desk: &Desk, model: &Model, random: &mut StdRng) {
    check_balances(desk, model, random).await;
    check_sums(desk, model, random).await;
    check_statements(desk, model, random).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_matches_a_model_of_plain_lists() {
    for seed in 0..seeds() {
        println!("history {seed}");
        for_each_way(async |store| {
            let (mut random, mut model) = (StdRng::seed_from_u64(seed), Model::default());
            let desk = open(store).await;
            commands(&desk, &mut random, 1, COMMANDS).await;
            model.follow(&desk).await;
            let late = model.entries.iter().filter(|entry| entry.effective < entry.recorded).count();
            let kinds: std::collections::BTreeSet<String> =
                model.entries.iter().map(|entry| format!("{:?}", entry.transaction.kind)).collect();
            assert!(late > 20 && kinds.len() == 7, "{late} late rows, {kinds:?}");
            check(&desk, &model, &mut random).await;
            let desk = desk.reopen(store).await;
            check(&desk, &model, &mut random).await;
            commands(&desk, &mut random, 1_000, COMMANDS / 4).await;
            model.follow(&desk).await;
            check(&desk, &model, &mut random).await;
            desk.ledger.close().await.unwrap();
            let db = store.open_with(platform::db::Access::ReadOnly).await;
            ledger::verify(&db, &ledger_api::BookName::main(), None, |_| ()).await.unwrap();
        })
        .await;
    }
}

/// Whatever is recorded between the pages of a statement, all of them show what the first one knew.
#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_statement_are_consistent() {
    for seed in 0..seeds() {
        println!("history {seed}");
        for_each_way(async |store| {
            let mut random = StdRng::seed_from_u64(seed);
            let desk = open(store).await;
            commands(&desk, &mut random, 1, 60).await;
            let (mut model, mut seen, mut first) = (Model::default(), Vec::new(), 1_000);
            for _ in 0..6 {
                model.follow(&desk).await;
                seen.push(written_pages(&desk, &model, &mut random, &mut first).await);
            }
            model.follow(&desk).await;
            seen.iter().for_each(|seen| seen.compare(&model));
            desk.ledger.close().await.unwrap();
        })
        .await;
    }
}

/// Pages of one statement are consistent, and every reply matches the rows it says it includes.
#[tokio::test(flavor = "multi_thread")]
async fn history_does_not_change_while_a_writer_writes() {
    for_each_way(async |store| {
        let seed = rand::rng().random::<u64>();
        println!("history {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let desk = Arc::new(open(store).await);
        commands(&desk, &mut random, 1, 60).await;
        let (writer, mut writes) = (Arc::clone(&desk), StdRng::seed_from_u64(seed + 1));
        let (enough, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (stop, rounds) = (Arc::clone(&enough), Arc::clone(&written));
        let writer = tokio::spawn(async move {
            let mut first = 1_000;
            while !stop.load(Ordering::Relaxed) && first < 5_000 {
                commands(&writer, &mut writes, first, 10).await;
                rounds.fetch_add(1, Ordering::Relaxed);
                first += 100;
            }
        });
        let mut seen = Vec::new();
        for _ in 0..STATEMENTS {
            seen.push(pinned_pages(&desk, &mut random).await);
        }
        // A slow writer gets the time to write after the last statement too.
        let read = written.load(Ordering::Relaxed);
        while written.load(Ordering::Relaxed) < read + 2 && !writer.is_finished() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        enough.store(true, Ordering::Relaxed);
        writer.await.unwrap();
        let mut model = Model::default();
        model.follow(&desk).await;
        let last = model.entries.iter().map(|entry| entry.seq).max().unwrap();
        let behind = seen.iter().filter(|seen| seen.known() < last).count();
        assert!(behind > 2, "{behind} statements were read while the writer wrote");
        seen.iter().for_each(|seen| seen.compare(&model));
        check(&desk, &model, &mut random).await;
        desk.ledger.close().await.unwrap();
    })
    .await;
}
