//! Three processes with one set of books on PostgreSQL, while the writer is killed, paused, cut off and disconnected
//! under load: at most one process writes at any time, another takes over within five seconds, nothing acknowledged is
//! lost, and every caller is answered in time or told to retry.
//!
//! `FLORIN_FAILOVER_ROUNDS` makes it longer, `FLORIN_FAILOVER_SEED` repeats a run.

mod blows;
mod callers;
mod house;
mod sampler;
mod store;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, SystemClock};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use testkit::size;

use blows::Blow;
use callers::Callers;
use house::{House, MEMBERS};
use sampler::Sampler;
use store::Store;
use wire::State;

/// Longest time without a writer.
const TAKE_OVER_MAX_MS: u64 = 5_000;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "some seconds per fault, on an idle machine: .ci/run deep"]
async fn there_is_one_writer_whatever_fails() {
    testkit::on_postgres(async |store| {
        let seed = size("FLORIN_FAILOVER_SEED", rand::rng().random_range(0..1_000_000));
        let rounds = size("FLORIN_FAILOVER_ROUNDS", Blow::ALL.len() as u64);
        println!("FLORIN_FAILOVER_SEED={seed} FLORIN_FAILOVER_ROUNDS={rounds}");
        let mut random = StdRng::seed_from_u64(seed);
        let store = Store::create(store.url()).await;
        let house = Arc::new(House::start(store.url()).await);
        store.watch().await;
        callers::prepare(&house).await;

        let sampler = Sampler::start(&house);
        let scheduled = callers::schedule(&house).await;
        let callers = Callers::start(&house, seed);
        let mut left = Vec::new();
        for round in 1..=rounds {
            if left.is_empty() {
                left = Blow::ALL.to_vec();
                left.shuffle(&mut random);
            }
            let blow = left.pop().unwrap();
            strike(&house, &store, &callers, blow, round, &mut random).await;
        }
        without_a_database(&house).await;
        let told = callers.finish().await;
        let samples = sampler.finish().await;
        house.until_all_ready().await;
        callers::check(&house, &told).await;
        assert_eq!(house.leases_held().await, 1.0);
        callers::check_scheduled(&house, &scheduled).await;
        house.close().await;
        store.check(&told).await;
        println!("{told}; {samples}");
        store.remove().await;
    })
    .await;
}

/// Usually the lease holder is hit, now and then one of the others.
async fn strike(house: &Arc<House>, store: &Store, callers: &Callers, blow: Blow, round: u64, random: &mut StdRng) {
    tokio::time::sleep(Duration::from_millis(random.random_range(200..900))).await;
    let holder = house.until_holder().await;
    let hit = if random.random_bool(0.8) { holder } else { random.random_range(0..MEMBERS) };
    let done = callers.done();
    let struck = SystemClock.monotonic();
    blow.strike(house, store, hit).await;
    let without_ms = house.until_written(hit).await.micros_since(struck) / 1_000;
    let whom = if hit == holder { "the holder" } else { "a stand-by" };
    println!("round {round}: {blow:?} of {whom}: written again after {without_ms} ms");
    assert!(without_ms < TAKE_OVER_MAX_MS, "{blow:?}: no writer for {without_ms} ms");
    blow.is_told(house, hit).await;
    blow.mend(house, hit).await;
    // Each caller may wait until its deadline for the member it asked before the fault.
    for _ in 0..120 {
        if callers.done() > done {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{blow:?}: no caller was answered during it or in the six seconds after");
}

/// All members lose the database and say so; they recover without help.
async fn without_a_database(house: &House) {
    (0..MEMBERS).for_each(|place| house.member(place).wire.set(State::Cut));
    for place in 0..MEMBERS {
        house.member(place).until_answers("/ready", 503).await;
        house.member(place).until_stand_by().await;
    }
    let asked = SystemClock.monotonic();
    let refused = house.edge().post(callers::PATH, &callers::any_transfer(callers::new_id())).await;
    // By then it may also be unknown whether the caller's token is still valid, at the edge or at the member.
    let code = refused.json()["code"].as_str().unwrap_or_default().to_owned();
    assert!(["unavailable", "overloaded", "access_stale"].contains(&code.as_str()), "{}", refused.text());
    assert!(SystemClock.monotonic().micros_since(asked) < 5_000_000, "an impossible request waits");
    let mended = SystemClock.monotonic();
    (0..MEMBERS).for_each(|place| house.member(place).wire.set(State::Whole));
    let without_ms = house.until_written(0).await.micros_since(mended) / 1_000;
    println!("without the database: written again after {without_ms} ms");
    assert!(without_ms < TAKE_OVER_MAX_MS, "no writer for {without_ms} ms");
}
