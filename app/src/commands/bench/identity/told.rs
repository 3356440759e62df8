//! The figures as lines of text.

use access::bench::Figures;
use hdrhistogram::Histogram;

use super::closed::Done;
use super::storm::Turn;
use crate::cli::BenchIdentity;
use crate::commands::bench::report::Report;
use crate::commands::bench::table::{grouped, millis};

/// What was done, how many cores the server kept busy, and what a core can do of the most expensive step alone.
pub(super) fn done<A>(report: &Report<'_>, what: &str, in_flight: usize, done: &Done<A>, raw: f64, step: &str) {
    let at = |quantile| millis(done.latency.value_at_quantile(quantile));
    let rounded = |value: f64| if value < 100.0 { format!("{value:.1}") } else { grouped(value as u64) };
    let (engine, rate) = (report.engine(), rounded(done.per_second()));
    report.say(&format!(
        "{what}, {engine}, over HTTP, {in_flight} in flight: {rate} per second, {} (p50), {} (p99)",
        at(0.5),
        at(0.99)
    ));
    if let (Some(cores), Some(per_core)) = (done.cores(), done.per_core()) {
        let per_core = rounded(per_core);
        report.say(&format!("  the server kept {cores:.2} cores busy: {per_core} per core and second"));
    }
    report.say(&format!("  raw limit: {} {step} per core and second", rounded(raw)));
}

pub(super) fn costs(report: &Report<'_>, costs: &[(&str, Figures)]) {
    report.say(&cost_columns("cost of one", ["mean", "p50", "p99"].map(str::to_owned)));
    for (what, figures) in costs {
        let micros = |nanos: f64| format!("{:.2} us", nanos / 1e3);
        report.say(&cost_columns(what, [figures.mean_ns, figures.p50_ns, figures.p99_ns].map(micros)));
    }
}

fn cost_columns(what: &str, [mean, p50, p99]: [String; 3]) -> String {
    format!("{what:<24} {mean:>10} {p50:>10} {p99:>10}")
}

pub(super) fn storm_heading(report: &Report<'_>, options: &BenchIdentity) {
    let (engine, rate) = (report.engine(), grouped(options.transfers_per_second));
    let logins = options.logins_in_flight;
    report.say(&format!(
        "{engine}, over HTTP, {rate} transfers per second, alone and while {logins} users log in continuously"
    ));
    let names = ["quiet p50", "quiet p99", "storm p50", "storm p99", "ratio", "logins/s"].map(str::to_owned);
    report.say(&turn_columns("first", names));
}

pub(super) fn turn(report: &Report<'_>, turn: &Turn) {
    let at = |of: &Histogram<u64>, quantile| millis(of.value_at_quantile(quantile));
    let columns = [
        at(&turn.quiet, 0.5),
        at(&turn.quiet, 0.99),
        at(&turn.storm, 0.5),
        at(&turn.storm, 0.99),
        format!("{:.0}%", turn.ratio()),
        format!("{:.1}", turn.logins_per_second),
    ];
    report.say(&turn_columns(if turn.quiet_first { "quiet" } else { "storm" }, columns));
}

fn turn_columns(first: &str, rest: [String; 6]) -> String {
    let [quiet_p50, quiet_p99, storm_p50, storm_p99, ratio, logins] = rest;
    format!("{first:>6} {quiet_p50:>10} {quiet_p99:>10} {storm_p50:>10} {storm_p99:>10} {ratio:>7} {logins:>9}")
}
