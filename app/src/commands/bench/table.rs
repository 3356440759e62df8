//! Figures as lines of text.

use hdrhistogram::Histogram;

use super::books::End;
use super::load::{Figures, Load};
use super::pairs::Pair;
use super::report::Line;
use super::series::Slices;
use super::split::Turn;
use crate::cli::{Against, Over};

pub(super) fn description(engine: &str, over: Over, load: &Load) -> String {
    let over = match over {
        Over::Process => "in process",
        Over::Http => "over HTTP",
    };
    let (accounts, stored) = (grouped(load.accounts as u64), grouped(load.stored));
    let (shape, batch) = (load.shape(), grouped(load.batch as u64));
    format!("{engine}, {over}, {shape}, {batch} per request, {accounts} accounts, {stored} stored before")
}

pub(super) fn heading() -> String {
    columns(
        "in flight",
        "transfers/s",
        ["p50", "p99", "p99.9", "commit", "longest", "gap", "raw limit/s", "of raw", "bytes"].map(str::to_owned),
    )
}

pub(super) fn row(line: &Line) -> String {
    let Line { figures, raw, .. } = line;
    let at = |quantile| millis(figures.latency.value_at_quantile(quantile));
    let rest = [
        at(0.5),
        at(0.99),
        at(0.999),
        grouped(figures.rows_per_group()),
        figures.longest_commit.map_or("-".to_owned(), millis),
        millis(figures.slices.longest_gap_us),
        grouped(*raw as u64),
        format!("{:.0}%", figures.per_second() * 100.0 / raw.max(1.0)),
        line.end.bytes_a_transfer().map_or("-".to_owned(), |bytes| format!("{bytes:.0}")),
    ];
    columns(&grouped(line.load.in_flight as u64), &grouped(figures.per_second() as u64), rest)
}

fn columns(first: &str, second: &str, rest: [String; 9]) -> String {
    let [p50, p99, p999, commit, longest, gap, raw, of_raw, bytes] = rest;
    format!(
        "{first:>9} {second:>11} {p50:>9} {p99:>9} {p999:>9} {commit:>7} {longest:>9} {gap:>9} {raw:>11} {of_raw:>6} {bytes:>6}"
    )
}

/// Ten per line.
pub(super) fn series(slices: &Slices) -> Vec<String> {
    const IN_LINE: usize = 10;
    let seconds = slices.slice_us as f64 / 1e6;
    let mut lines = vec![format!("transfers per second in slices of {seconds:.2} s:")];
    for (place, values) in slices.per_second().chunks(IN_LINE).enumerate() {
        let from = place as f64 * IN_LINE as f64 * seconds;
        let values: Vec<String> = values.iter().map(|value| format!("{:>9}", grouped(*value as u64))).collect();
        lines.push(format!("{from:>8.1} s {}", values.join(" ")));
    }
    lines.push(format!("last third in percent of the first: {:.1}", slices.steadiness()));
    lines
}

pub(super) fn pairs_heading(against: Against) -> String {
    let other = match against {
        Against::Empty => "empty".to_owned(),
        Against::Ordered => "ordered".to_owned(),
        Against::Uniform => "uniform".to_owned(),
        Against::Accounts(count) => format!("{count} acc."),
    };
    pair_columns(
        "pair",
        "first",
        ["this/s".to_owned(), format!("{other}/s"), "ratio".to_owned(), "p99".to_owned(), "longest".to_owned()],
    )
}

pub(super) fn pair(number: usize, pair: &Pair) -> String {
    let rest = [
        grouped(pair.ours.per_second() as u64),
        grouped(pair.others.per_second() as u64),
        format!("{:.1}%", pair.ratio()),
        millis(pair.ours.latency.value_at_quantile(0.99)),
        pair.ours.longest_commit.map_or("-".to_owned(), millis),
    ];
    pair_columns(&number.to_string(), if pair.ours_first { "this" } else { "other" }, rest)
}

fn pair_columns(number: &str, first: &str, rest: [String; 5]) -> String {
    let [ours, others, ratio, p99, longest] = rest;
    format!("{number:>4} {first:>6} {ours:>11} {others:>14} {ratio:>8} {p99:>10} {longest:>10}")
}

pub(super) fn split_description(engine: &str, load: &Load, connections: usize) -> String {
    let (accounts, batch) = (grouped(load.accounts as u64), grouped(load.batch as u64));
    format!(
        "{engine}, {batch} per call, {accounts} accounts; here: in this process, there: in another one, over {connections} connections"
    )
}

pub(super) fn split_heading() -> String {
    split_columns(
        "in flight",
        "first",
        ["here/s", "there/s", "ratio", "p50 here", "p50 there", "p99 here", "p99 there"],
    )
}

pub(super) fn turn(turn: &Turn) -> String {
    let at = |side: &Figures, quantile| millis(side.latency.value_at_quantile(quantile));
    let rest = [
        grouped(turn.here.per_second() as u64),
        grouped(turn.there.per_second() as u64),
        format!("{:.1}%", turn.ratio()),
        at(&turn.here, 0.5),
        at(&turn.there, 0.5),
        at(&turn.here, 0.99),
        at(&turn.there, 0.99),
    ];
    let first = if turn.here_first { "here" } else { "there" };
    split_columns(&grouped(turn.in_flight as u64), first, rest.each_ref().map(String::as_str))
}

fn split_columns(in_flight: &str, first: &str, rest: [&str; 7]) -> String {
    let [here, there, ratio, p50_here, p50_there, p99_here, p99_there] = rest;
    format!(
        "{in_flight:>9} {first:>6} {here:>10} {there:>10} {ratio:>8} {p50_here:>10} {p50_there:>10} {p99_here:>10} {p99_there:>10}"
    )
}

pub(super) fn answers_heading() -> String {
    answer_columns("question", ["answers", "p50", "p99", "p99.9", "longest"].map(str::to_owned))
}

pub(super) fn answers(question: &str, latency: &Histogram<u64>) -> String {
    let at = |quantile| millis(latency.value_at_quantile(quantile));
    answer_columns(question, [grouped(latency.len()), at(0.5), at(0.99), at(0.999), millis(latency.max())])
}

fn answer_columns(question: &str, rest: [String; 5]) -> String {
    let [count, p50, p99, p999, longest] = rest;
    format!("{question:<24} {count:>11} {p50:>10} {p99:>10} {p999:>10} {longest:>10}")
}

pub(super) fn size(name: &str, end: End) -> Option<String> {
    let (bytes, transfers) = (end.bytes_a_transfer()?, grouped(end.transfers));
    Some(format!("file of {name}: {bytes:.1} bytes per transfer, everything included, over {transfers} transfers"))
}

pub(super) fn millis(micros: u64) -> String {
    format!("{:.2} ms", micros as f64 / 1e3)
}

/// With commas between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_separated() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (123_456, "123,456"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
    }
}
