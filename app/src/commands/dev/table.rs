//! The live table: redrawn on a terminal, a line per change elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::look::Look;

#[derive(Default)]
pub(super) struct Table {
    drawing: Option<Drawing>,
    /// The last printed state of each process.
    told: BTreeMap<String, String>,
}

struct Drawing {
    _lines: MultiProgress,
    text: ProgressBar,
}

impl Table {
    pub(super) fn show(&mut self, looks: &[Look]) {
        if std::io::stderr().is_terminal() {
            self.drawing.get_or_insert_with(Drawing::begin).text.set_message(drawn(looks));
            return;
        }
        for look in looks {
            let now = change(look);
            if self.told.get(&look.name) != Some(&now) {
                eprintln!("florin: {} is {now}", look.name);
                self.told.insert(look.name.clone(), now);
            }
        }
    }
}

impl Drawing {
    fn begin() -> Drawing {
        let lines = MultiProgress::new();
        let text = lines.add(ProgressBar::new_spinner());
        // The template is our own text; should it ever be wrong, the plain spinner shows the message too.
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            text.set_style(style);
        }
        Drawing { _lines: lines, text }
    }
}

fn drawn(looks: &[Look]) -> String {
    let end = looks.iter().filter_map(|look| look.found.as_ref()?.rows).max().unwrap_or(0);
    let mut text = format!(
        "{:<10} {:>8} {:<8} {:<9} {:>12} {:>6} {:>8} {:>10} {:>8} {:>8}",
        "process", "pid", "health", "role", "rows", "lag", "waiting", "requests", "a second", "restarts"
    );
    for look in looks {
        let found = look.found.as_ref();
        let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
        let rows = found.and_then(|found| found.rows);
        // Writing into a string cannot fail.
        let _ = write!(
            text,
            "\n{:<10} {:>8} {:<8} {:<9} {:>12} {:>6} {:>8} {:>10} {:>8.0} {:>8}",
            look.name,
            number(look.pid.map(u64::from)),
            health(look),
            role(look),
            number(rows),
            number(rows.map(|rows| end - rows)),
            number(found.and_then(|found| found.waiting)),
            number(found.map(|found| found.requests)),
            look.per_second,
            look.restarts,
        );
    }
    text
}

fn change(look: &Look) -> String {
    let process = look.pid.map_or_else(String::new, |pid| format!(", process {pid}"));
    let role = look.found.as_ref().and_then(|found| found.role.as_ref());
    format!("{}{}{process}", health(look), role.map_or_else(String::new, |role| format!(", {role}")))
}

fn health(look: &Look) -> &'static str {
    match (look.pid, &look.found) {
        (None, _) => "dead",
        (Some(_), None) => "starting",
        (Some(_), Some(found)) if found.ready => "up",
        (Some(_), Some(_)) => "down",
    }
}

fn role(look: &Look) -> &str {
    look.found.as_ref().and_then(|found| found.role.as_deref()).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::super::look::Found;
    use super::*;

    #[test]
    fn a_table_shows_which_processes_lag_or_are_dead() {
        let found = |rows| Found {
            ready: true,
            role: Some("writer".to_owned()),
            rows: Some(rows),
            waiting: Some(3),
            requests: 9,
        };
        let look = |name: &str, pid, found| Look { name: name.to_owned(), pid, restarts: 1, found, per_second: 4.4 };
        let text = drawn(&[
            look("ledger-1", Some(7), Some(found(100))),
            look("ledger-2", Some(8), Some(found(98))),
            look("edge", None, None),
        ]);
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[1], ["ledger-1", "7", "up", "writer", "100", "0", "3", "9", "4", "1"]);
        assert_eq!(rows[2][5], "2");
        assert_eq!(rows[3][..2], ["edge", "dead"]);
    }
}
