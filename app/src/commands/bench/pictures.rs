//! Which plot shows the measurements.

use platform::db::Engine;

use super::axis::Scale;
use super::history::{Answers, What};
use super::identity::{Storm, Turn as StormTurn};
use super::load::{Figures, Load};
use super::pairs::{Pair, Paired};
use super::plot::{Mark, Panel, Plot, Row, X};
use super::report::{Line, name};
use super::split::{Step, Turn};
use super::table;

const PER_SECOND: &str = "transfers a second";

/// Throughput over time for a single run, throughput and latency over callers for several.
pub(super) fn of_lines(engine: Engine, lines: &[Line]) -> Option<String> {
    match lines {
        [] => None,
        [line] => Some(over_time(engine, line).svg()),
        [first, ..] => {
            let subtitle = table::description(name(engine), first.over, &first.load);
            let panels = over_callers(lines);
            Some(Plot { title: "Throughput and latency by requests in flight".to_owned(), subtitle, panels }.svg())
        }
    }
}

fn over_time(engine: Engine, line: &Line) -> Plot {
    let slices = &line.figures.slices;
    let panel = Panel {
        title: PER_SECOND.to_owned(),
        x: X::Until(line.load.measure_ms as f64 / 1e3),
        x_title: "seconds since the warm-up".to_owned(),
        scale: Scale::Linear,
        mark: Mark::Line,
        rows: vec![Row { name: String::new(), values: slices.per_second() }],
    };
    let in_flight = line.load.in_flight;
    let title = format!("Throughput over time, {in_flight} requests in flight");
    Plot { title, subtitle: table::description(name(engine), line.over, &line.load), panels: vec![panel] }
}

fn over_callers(lines: &[Line]) -> Vec<Panel> {
    let names = || lines.iter().map(|line| table::grouped(line.load.in_flight as u64)).collect();
    let panel = |title: &str, value: &dyn Fn(&Line) -> f64| Panel {
        title: title.to_owned(),
        x: X::Names(names()),
        x_title: "requests in flight".to_owned(),
        scale: Scale::Linear,
        mark: Mark::Line,
        rows: vec![Row { name: String::new(), values: lines.iter().map(value).collect() }],
    };
    vec![
        panel(PER_SECOND, &|line| line.figures.per_second()),
        panel("p99 of a request, ms", &|line| line.figures.latency.value_at_quantile(0.99) as f64 / 1e3),
    ]
}

pub(super) fn of_pairs(engine: Engine, paired: &Paired) -> String {
    let (ours, others) = paired.names();
    let row = |name: &str, value: &dyn Fn(&Pair) -> f64| Row {
        name: name.to_owned(),
        values: paired.pairs.iter().map(value).collect(),
    };
    let pair = |(place, pair): (usize, &Pair)| format!("{}: {:.0} %", place + 1, pair.ratio());
    let panel = Panel {
        title: PER_SECOND.to_owned(),
        x: X::Names(paired.pairs.iter().enumerate().map(pair).collect()),
        x_title: format!("pair, with its ratio; median {:.1} %", paired.median()),
        scale: Scale::Linear,
        mark: Mark::Bars,
        rows: vec![row(&ours, &|pair| pair.ours.per_second()), row(&others, &|pair| pair.others.per_second())],
    };
    let load: &Load = &paired.load;
    let subtitle =
        format!("{}, {} in flight", table::description(name(engine), crate::cli::Over::Process, load), load.in_flight);
    Plot { title: format!("{ours} vs {others}"), subtitle, panels: vec![panel] }.svg()
}

/// Both sides over callers; the mean of several turns.
pub(super) fn of_split(subtitle: String, steps: &[Step]) -> String {
    let names = || steps.iter().map(|step| table::grouped(step.in_flight as u64)).collect();
    let row = |name: &str, value: &dyn Fn(&Turn) -> f64| {
        let mean = |step: &Step| step.turns.iter().map(value).sum::<f64>() / step.turns.len().max(1) as f64;
        Row { name: name.to_owned(), values: steps.iter().map(mean).collect() }
    };
    let p99 = |of: &Figures| of.latency.value_at_quantile(0.99) as f64 / 1e3;
    let panel = |title: &str, value: &dyn Fn(&Figures) -> f64| Panel {
        title: title.to_owned(),
        x: X::Names(names()),
        x_title: "calls in flight".to_owned(),
        scale: Scale::Linear,
        mark: Mark::Bars,
        rows: vec![
            row("in the same process", &|turn| value(&turn.here)),
            row("in another process", &|turn| value(&turn.there)),
        ],
    };
    let panels = vec![panel(PER_SECOND, &Figures::per_second), panel("p99 of a call, ms", &p99)];
    Plot { title: "A ledger in another process vs one in the same".to_owned(), subtitle, panels }.svg()
}

pub(super) fn of_answers(subtitle: &str, answers: &[Answers]) -> String {
    let row = |of: &Answers| {
        let at = |quantile| of.latency.value_at_quantile(quantile) as f64 / 1e3;
        Row { name: of.name().to_owned(), values: [0.5, 0.99, 0.999].map(at).to_vec() }
    };
    let panel = |title: &str, what: What| Panel {
        title: title.to_owned(),
        x: X::Names(["p50", "p99", "p99.9"].map(str::to_owned).to_vec()),
        x_title: "quantile".to_owned(),
        scale: Scale::Log,
        mark: Mark::Dots,
        rows: answers.iter().filter(|of| of.what == what).map(row).collect(),
    };
    let panels = vec![panel("balance as of an instant, ms", What::Balance), panel("page of 50 rows, ms", What::Page)];
    Plot { title: "History queries during writes".to_owned(), subtitle: subtitle.to_owned(), panels }.svg()
}

/// Both sides of each turn.
pub(super) fn of_storm(engine: Engine, storm: &Storm) -> String {
    let row = |name: &str, value: &dyn Fn(&StormTurn) -> u64| Row {
        name: name.to_owned(),
        values: storm.turns.iter().map(|turn| value(turn) as f64 / 1e3).collect(),
    };
    let name = |(place, turn): (usize, &StormTurn)| format!("{}: {:.0} %", place + 1, turn.ratio());
    let panel = Panel {
        title: "p99 of a transfer, ms".to_owned(),
        x: X::Names(storm.turns.iter().enumerate().map(name).collect()),
        x_title: format!("turn, with its ratio; median {:.0} %", storm.median()),
        scale: Scale::Linear,
        mark: Mark::Bars,
        rows: vec![
            row("alone", &|turn| turn.quiet.value_at_quantile(0.99)),
            row("in a login storm", &|turn| turn.storm.value_at_quantile(0.99)),
        ],
    };
    let rate = table::grouped(storm.transfers_per_second);
    let subtitle = format!("{}, over HTTP, {rate} transfers per second", super::report::name(engine));
    Plot { title: "Transfers during a login storm".to_owned(), subtitle, panels: vec![panel] }.svg()
}
