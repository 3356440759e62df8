//! A benchmark's output: lines for people as soon as they are known, or one JSON document with the same figures.

use std::io::IsTerminal;
use std::path::Path;

use platform::db::Engine;
use serde_json::{Map, Value, json};

use super::books::End;
use super::goals::Goals;
use super::load::{Figures, Load};
use super::memory::Memory;
use super::pairs::{Pair, Paired};
use super::split::{Left, Step, Turn};
use super::{disk, table};
use crate::cli::{Against, Output, Over};
use crate::failure::Failure;

pub(super) struct Line {
    pub over: Over,
    pub load: Load,
    pub figures: Figures,
    /// Rows per second without rules.
    pub raw: f64,
    pub end: End,
    pub server: Option<Memory>,
}

pub(super) struct Report<'a> {
    output: &'a Output,
    engine: Engine,
    document: Map<String, Value>,
    lines: Vec<Value>,
}

impl<'a> Report<'a> {
    /// Begins with the speed of the disk.
    pub(super) fn open(output: &'a Output, engine: Engine, dir: &Path) -> Result<Report<'a>, Failure> {
        let sync = disk::sync_times(dir)?;
        let (p50, p99) = (sync.value_at_quantile(0.5), sync.value_at_quantile(0.99));
        let mut report = Report { output, engine, document: Map::new(), lines: Vec::new() };
        report.insert("engine", json!(name(engine)));
        report.insert("disk_sync_us", json!({ "p50": p50, "p99": p99 }));
        let (p50, p99) = (table::millis(p50), table::millis(p99));
        report.say(&format!("disk: one sync after a 4 KiB append takes {p50} (p50), {p99} (p99)"));
        Ok(report)
    }

    pub(super) fn engine(&self) -> &'static str {
        name(self.engine)
    }

    pub(super) fn say(&self, words: &str) {
        if !self.output.json {
            println!("{words}");
        } else if std::io::stderr().is_terminal() {
            eprintln!("{words}");
        }
    }

    pub(super) fn insert(&mut self, name: &str, value: Value) {
        self.document.insert(name.to_owned(), value);
    }

    pub(super) fn line(&mut self, line: &Line) {
        if self.lines.is_empty() {
            self.say(&table::description(name(self.engine), line.over, &line.load));
            self.say(&table::heading());
        }
        self.say(&table::row(line));
        let mut value = figures(&line.figures);
        value.extend(load(line.over, &line.load));
        value.insert("raw_per_second".to_owned(), json!(line.raw));
        value.insert("store".to_owned(), line.end.value());
        value.insert("server_memory".to_owned(), line.server.map_or(Value::Null, Memory::value));
        self.lines.push(Value::Object(value));
        self.insert("runs", Value::Array(self.lines.clone()));
    }

    /// Throughput over time of a single run; printed for a short one only if steadiness was requested.
    pub(super) fn series(&self, line: &Line, wanted: bool) {
        if wanted || line.load.measure_ms >= 60_000 {
            table::series(&line.figures.slices).iter().for_each(|words| self.say(words));
        }
        if let Some(server) = line.server {
            self.say(&format!("memory of the server: {}", server.sentence()));
        }
    }

    pub(super) fn pairs_open(&self, load: &Load, against: Against) {
        self.say(&table::description(name(self.engine), Over::Process, load));
        self.say(&table::pairs_heading(against));
    }

    pub(super) fn pair(&mut self, pair: &Pair) {
        self.say(&table::pair(self.lines.len() + 1, pair));
        let ours = Value::Object(figures(&pair.ours));
        let others = Value::Object(figures(&pair.others));
        let first = if pair.ours_first { "this" } else { "other" };
        self.lines.push(json!({ "this": ours, "other": others, "first": first, "ratio_percent": pair.ratio() }));
    }

    pub(super) fn pairs_close(&mut self, paired: &Paired) {
        let (ours, others) = paired.names();
        self.say(&format!("median: {ours} reached {:.1} % of {others}", paired.median()));
        for (name, end) in [(&ours, paired.end), (&others, paired.other_end)] {
            table::size(name, end).iter().for_each(|words| self.say(words));
        }
        let side = |side: &Load, name: &str, of: End| {
            let mut value = load(Over::Process, side);
            value.insert("name".to_owned(), json!(name));
            value.insert("store".to_owned(), of.value());
            Value::Object(value)
        };
        self.insert("this", side(&paired.load, &ours, paired.end));
        self.insert("other", side(&paired.other, &others, paired.other_end));
        self.insert("pairs", Value::Array(self.lines.clone()));
        self.insert("median_ratio_percent", json!(paired.median()));
    }

    /// Returns the description of the load.
    pub(super) fn split_open(&mut self, load: &Load, connections: usize) -> String {
        self.insert("connections", json!(connections));
        self.insert("accounts", json!(load.accounts));
        self.insert("batch", json!(load.batch));
        let described = table::split_description(name(self.engine), load, connections);
        self.say(&described);
        self.say(&table::split_heading());
        described
    }

    pub(super) fn turn(&mut self, turn: &Turn) {
        self.say(&table::turn(turn));
        let (here, there) = (Value::Object(figures(&turn.here)), Value::Object(figures(&turn.there)));
        let first = if turn.here_first { "here" } else { "there" };
        let (in_flight, ratio) = (turn.in_flight, turn.ratio());
        let value =
            json!({ "in_flight": in_flight, "here": here, "there": there, "first": first, "ratio_percent": ratio });
        self.lines.push(value);
        self.insert("turns", Value::Array(self.lines.clone()));
    }

    pub(super) fn split_close(&mut self, steps: &[Step], left: &Left) {
        for step in steps.iter().filter(|step| step.turns.len() > 1) {
            let in_flight = table::grouped(step.in_flight as u64);
            self.say(&format!("median at {in_flight} in flight: the other process reached {:.1} %", step.median()));
        }
        if let Some(memory) = left.memory {
            self.say(&format!("memory of the other process: {}", memory.sentence()));
        }
        let median = |step: &Step| json!({ "in_flight": step.in_flight, "ratio_percent": step.median() });
        self.insert("medians", steps.iter().map(median).collect());
        self.insert("here", json!({ "store": left.here.value() }));
        let memory = left.memory.map_or(Value::Null, Memory::value);
        self.insert("there", json!({ "store": left.there.value(), "memory": memory }));
    }

    /// Ends with memory and goals, and writes the plot.
    pub(super) fn close(mut self, goals: &Goals, picture: Option<&str>) -> Result<(), Failure> {
        let memory = Memory::of_this_process();
        if let Some(memory) = memory {
            self.say(&format!("memory of this process: {}", memory.sentence()));
        }
        goals.lines().for_each(|words| self.say(&words));
        self.insert("memory", memory.map_or(Value::Null, Memory::value));
        self.insert("goals", goals.value());
        if let (Some(file), Some(picture)) = (&self.output.plot, picture) {
            std::fs::write(file, picture)
                .map_err(|error| Failure::new(format!("write {}: {error}", file.display())))?;
        }
        if self.output.json {
            println!("{:#}", Value::Object(self.document));
        }
        Ok(())
    }
}

pub(super) fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
    }
}

fn load(over: Over, load: &Load) -> Map<String, Value> {
    let value = json!({
        "over": match over { Over::Process => "process", Over::Http => "http" },
        "load": load.shape(),
        "accounts": load.accounts,
        "stored": load.stored,
        "batch": load.batch,
        "in_flight": load.in_flight,
    });
    members(value)
}

fn figures(figures: &Figures) -> Map<String, Value> {
    let at = |quantile| figures.latency.value_at_quantile(quantile);
    let value = json!({
        "transfers": figures.transfers,
        "seconds": figures.micros as f64 / 1e6,
        "per_second": figures.per_second(),
        "latency_us": { "p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "longest": figures.latency.max() },
        "rows_per_commit": figures.rows_per_group(),
        "longest_commit_us": figures.longest_commit,
        "longest_gap_us": figures.slices.longest_gap_us,
        "series": { "slice_seconds": figures.slices.slice_us as f64 / 1e6, "per_second": figures.slices.per_second() },
        "last_third_percent": figures.slices.steadiness(),
        "rows": figures.rows,
    });
    members(value)
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
