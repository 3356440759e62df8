//! What a benchmark says: a table for people, or a JSON document with the same figures.

use std::io::IsTerminal;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use super::load::{Figures, Load};
use crate::cli::{BenchLedger, Over};

pub(super) struct Line {
    pub engine: &'static str,
    pub load: Load,
    pub figures: Figures,
    /// Rows a second without rules.
    pub raw: f64,
    pub bytes: Option<u64>,
}

pub(super) struct Report<'a> {
    options: &'a BenchLedger,
    sync: Histogram<u64>,
    lines: Vec<Value>,
}

impl<'a> Report<'a> {
    pub(super) fn new(options: &'a BenchLedger, sync: Histogram<u64>) -> Report<'a> {
        Report { options, sync, lines: Vec::new() }
    }

    pub(super) fn open(&self) {
        if self.options.json {
            return;
        }
        let (p50, p99) = (self.sync.value_at_quantile(0.5), self.sync.value_at_quantile(0.99));
        println!("disk: one sync behind a 4 KiB append takes {} (p50), {} (p99)", millis(p50), millis(p99));
        println!("{}", heading());
    }

    pub(super) fn line(&mut self, line: Line) {
        if self.options.json {
            if std::io::stderr().is_terminal() {
                eprintln!("{} in flight: {:.0}/s", line.load.in_flight, line.figures.per_second());
            }
            self.lines.push(self.value(&line));
        } else {
            println!("{}", self.row(&line));
        }
    }

    pub(super) fn close(&self) {
        if self.options.json {
            let sync = json!({ "p50": self.sync.value_at_quantile(0.5), "p99": self.sync.value_at_quantile(0.99) });
            println!("{:#}", json!({ "disk_sync_us": sync, "runs": self.lines }));
        }
    }

    fn row(&self, line: &Line) -> String {
        let Line { engine, load, figures, raw, bytes } = line;
        let at = |quantile| millis(figures.latency.value_at_quantile(quantile));
        let size = bytes.map_or("-".to_owned(), |bytes| (bytes / figures.rows.max(1)).to_string());
        format!(
            "{:<8} {:<7} {:<7} {:>5} {:>9} {:>11.0} {:>9} {:>9} {:>9} {:>7} {:>11.0} {:>5.0}% {:>9}",
            engine,
            self.over(),
            shape(load),
            load.batch,
            load.in_flight,
            figures.per_second(),
            at(0.5),
            at(0.99),
            at(0.999),
            figures.rows_per_group(),
            raw,
            figures.per_second() * 100.0 / raw.max(1.0),
            size,
        )
    }

    fn value(&self, line: &Line) -> Value {
        let Line { engine, load, figures, raw, bytes } = line;
        let at = |quantile| figures.latency.value_at_quantile(quantile);
        json!({
            "engine": engine,
            "over": self.over(),
            "load": shape(load),
            "accounts": load.accounts,
            "batch": load.batch,
            "in_flight": load.in_flight,
            "transfers": figures.transfers,
            "seconds": figures.micros as f64 / 1e6,
            "per_second": figures.per_second(),
            "latency_us": { "p50": at(0.5), "p99": at(0.99), "p999": at(0.999) },
            "rows_per_commit": figures.rows_per_group(),
            "raw_per_second": raw,
            "file_bytes": bytes,
            "rows": figures.rows,
        })
    }

    fn over(&self) -> &'static str {
        match self.options.over {
            Over::Process => "process",
            Over::Http => "http",
        }
    }
}

fn shape(load: &Load) -> &'static str {
    match (load.hot, load.random_ids) {
        (false, false) => "uniform",
        (true, false) => "hot",
        (false, true) => "random",
        (true, true) => "hot+rnd",
    }
}

fn heading() -> String {
    format!(
        "{:<8} {:<7} {:<7} {:>5} {:>9} {:>11} {:>9} {:>9} {:>9} {:>7} {:>11} {:>6} {:>9}",
        "engine",
        "over",
        "load",
        "batch",
        "in flight",
        "transfers/s",
        "p50",
        "p99",
        "p99.9",
        "commit",
        "raw limit/s",
        "of raw",
        "bytes/row"
    )
}

fn millis(micros: u64) -> String {
    format!("{:.2} ms", micros as f64 / 1e3)
}
