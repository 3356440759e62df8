//! Small benchmark runs, so that the code keeps working; run the full ones by hand, in release.

use super::*;
use crate::vocabulary::sample;

#[test]
fn the_benchmarks_run() {
    for figures in [
        digests(100),
        signatures(100),
        remembered_checks(&sample(), 10, 200),
        first_checks(&sample(), 50),
        decisions(&sample(), 100, 100),
        decisions_without_selection(&sample(), 10, 50),
    ] {
        let figures = figures.unwrap();
        assert!(figures.calls >= 50 && figures.mean_ns > 0.0 && figures.p50_ns <= figures.p99_ns, "{figures:?}");
    }
}

#[test]
#[ignore = "figures, in release: cargo test --release -p access --lib -- --ignored --nocapture what_it_costs"]
fn what_it_costs() {
    let line = |what: &str, figures: Figures| {
        println!(
            "{what:<50} {:>9.2} us mean {:>9.2} us p50 {:>9.2} us p99",
            figures.mean_ns / 1_000.0,
            figures.p50_ns / 1_000.0,
            figures.p99_ns / 1_000.0
        );
        figures
    };
    line("first check of a token", first_checks(&sample(), 5_000).unwrap());
    let remembered = line("remembered, 1 token", remembered_checks(&sample(), 1, 500_000).unwrap());
    let many = line("cached, 10,000 tokens in turn", remembered_checks(&sample(), 10_000, 500_000).unwrap());
    // The median: on a shared machine the mean also measures others' load.
    assert!(remembered.p50_ns < 5_000.0 && many.p50_ns < 5_000.0, "the goal is 5 us");
    for others in [0, 10, 100, 1_000] {
        let selected = line(
            &format!("decision, {others} policies for other actions"),
            decisions(&sample(), others, 50_000).unwrap(),
        );
        if !cfg!(debug_assertions) {
            assert!(selected.p50_ns < 20_000.0, "the goal is 20 us");
        }
        let calls = 50_000 / (others + 1).max(10);
        let all = decisions_without_selection(&sample(), others, calls.max(500)).unwrap();
        line(&format!("the same {others} without the selection"), all);
    }
}
