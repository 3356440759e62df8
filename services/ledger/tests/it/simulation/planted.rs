//! Five bugs, each planted by itself: a simulation that does not find them finds nothing.

use platform::planted::{Bug, plant};

use crate::simulation::SEEDS;
use crate::simulation::seeds::{Template, run_while};

#[test]
fn every_planted_bug_is_found() {
    let template = Template::make();
    let mut missed = Vec::new();
    let seeds = testkit::size("FLORIN_SIM_SEEDS", SEEDS);
    for bug in Bug::ALL {
        let run = run_while(&template, 1..1 + seeds, 1, || plant(Some(bug)));
        match run.failed.first() {
            Some(failure) => println!("{bug:?} was found by seed {}: {:?}", failure.seed, failure.findings),
            None => missed.push(bug),
        }
    }
    assert!(missed.is_empty(), "{seeds} seeds did not find {missed:?}");
}
