//! Which picture shows what was measured.

use platform::db::Engine;

use super::axis::Scale;
use super::load::Load;
use super::pairs::{Pair, Paired};
use super::plot::{Mark, Panel, Plot, Row, X};
use super::report::{Line, name};
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
        x: X::Until(slices.slice_us as f64 * slices.counts.len() as f64 / 1e6),
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
    Plot { title: format!("{ours} against {others}"), subtitle, panels: vec![panel] }.svg()
}
