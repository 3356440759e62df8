//! A ledger, its clients and its consumers in one simulated world that a seed determines: who is cut off, who crashes,
//! what is delayed, which clock is set. The product's own code runs in it, over simulated network, time and store
//! latency; each seed ends with the network restored and the books and every copy of them checked.
//!
//! A failing seed is printed with the command that repeats it. `FLORIN_SIM_SEED` is the first seed, `FLORIN_SIM_SEEDS`
//! their number; with `FLORIN_SIM_TELL` set, a world prints what happens in it. With the feature `planted`, five bugs
//! are planted one after the other, and each must be found.

mod client;
mod judge;
mod ledger_host;
mod network;
mod plan;
#[cfg(feature = "planted")]
mod planted;
mod reader;
mod seeds;
mod stage;
mod time;
mod world;

use seeds::Template;

const SEEDS: u64 = 40;
const COURSES: u64 = 3;
/// So many seeds meet all of it.
const PLENTY: u64 = 40;

#[test]
fn every_seed_meets_trouble_and_ends_with_whole_books() {
    let template = Template::make();
    let (first, count) = (testkit::size("FLORIN_SIM_SEED", 1), testkit::size("FLORIN_SIM_SEEDS", SEEDS));
    let run = seeds::run(&template, first..first + count);
    for failure in &run.failed {
        println!("{failure}");
    }
    assert!(run.failed.is_empty(), "{} of {count} seeds failed", run.failed.len());
    // A simulation in which nothing goes wrong finds nothing.
    assert!(count < PLENTY || run.met.is_plenty(), "{:?}", run.met);
}

/// Otherwise a seed could not be reproduced.
#[test]
fn the_same_seed_takes_the_same_course() {
    let template = Template::make();
    for seed in 1..=testkit::size("FLORIN_SIM_COURSES", COURSES) {
        let (one, other) = (world::run(&template, seed), world::run(&template, seed));
        assert_eq!(one.trace, other.trace, "seed {seed}");
        assert!(one.findings.is_empty(), "seed {seed}: {:?}", one.findings);
    }
}
