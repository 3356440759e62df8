//! A ledger, its clients and its consumers in one simulated world, which a seed decides: who is cut off, who crashes, what
//! is held up, which clock is set. The product's own code runs in it, over a network, a time and a pace that the simulation
//! makes; each seed ends with the network whole, and with the books and every copy of them looked at.
//!
//! A seed that fails is printed with the command that repeats it. `FLORIN_SIM_SEED` is the first seed, `FLORIN_SIM_SEEDS`
//! how many there are; with `FLORIN_SIM_TELL` set, a world tells what happens in it. With the feature `planted`, five bugs
//! are put in one after the other, and each has to be found.

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

const SEEDS: u64 = 500;

#[test]
fn every_seed_ends_with_whole_books() {
    let template = Template::make();
    let (first, count) =
        (seeds::from_environment("FLORIN_SIM_SEED", 1), seeds::from_environment("FLORIN_SIM_SEEDS", SEEDS));
    let failed = seeds::run(&template, first..first + count);
    for failure in &failed {
        println!("{failure}");
    }
    assert!(failed.is_empty(), "{} of {count} seeds failed", failed.len());
}

/// Otherwise a seed could not be pasted back.
#[test]
fn the_same_seed_takes_the_same_course() {
    let template = Template::make();
    for seed in 1..=12 {
        let (one, other) = (world::run(&template, seed), world::run(&template, seed));
        assert_eq!(one.trace, other.trace, "seed {seed}");
        assert!(one.findings.is_empty(), "seed {seed}: {:?}", one.findings);
    }
}

/// A simulation in which nothing goes wrong finds nothing.
#[test]
fn the_seeds_meet_every_kind_of_trouble() {
    let template = Template::make();
    let met = (1..=40).map(|seed| world::run(&template, seed).met).reduce(stage::Met::and).unwrap();
    assert!(met.is_plenty(), "{met:?}");
}
