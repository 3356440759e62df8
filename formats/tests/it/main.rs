//! Files of every format, written for these tests: what is read, what is refused and by which name, what comes back.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod ach_originated;
mod archive;
mod bai2;
mod camt;
mod csv;
mod follow_up;
mod fuzz;
mod hostile;
mod mt;
mod nacha;
mod ofx;
mod orders_written;
mod payment;
mod round_trip;

use formats::statement::{End, Entry, Statement};
use formats::{Item, Options, Report, Statements};

/// A file's items and what was found wrong.
struct Read {
    items: Vec<Item>,
    report: Report,
}

fn read_with(file: &[u8], options: &Options) -> Read {
    let mut statements = Statements::open(file, options);
    let items = statements.by_ref().collect();
    Read { items, report: statements.into_report() }
}

fn read(file: &str) -> Read {
    read_with(file.as_bytes(), &Options::default())
}

/// Reads a file without any mistake or warning.
fn read_clean(file: &str) -> Read {
    let read = read(file);
    assert_eq!(read.report, Report::default());
    read
}

impl Read {
    fn begins(&self) -> Vec<&Statement> {
        self.items.iter().filter_map(|item| if let Item::Begin(begin) = item { Some(&**begin) } else { None }).collect()
    }

    fn entries(&self) -> Vec<&Entry> {
        self.items.iter().filter_map(|item| if let Item::Entry(entry) = item { Some(&**entry) } else { None }).collect()
    }

    fn ends(&self) -> Vec<&End> {
        self.items.iter().filter_map(|item| if let Item::End(end) = item { Some(&**end) } else { None }).collect()
    }

    fn amounts(&self) -> Vec<String> {
        self.entries().iter().map(|entry| entry.amount.amount()).collect()
    }

    /// Codes of refusals, unreadable lines and warnings, in this order.
    fn codes(&self) -> Vec<&'static str> {
        let all = [&self.report.refusals, &self.report.lines, &self.report.warnings];
        all.iter().flat_map(|findings| &findings.first).map(|mistake| mistake.problem.code()).collect()
    }

    fn messages(&self) -> Vec<String> {
        let all = [&self.report.refusals, &self.report.lines, &self.report.warnings];
        all.iter().flat_map(|findings| &findings.first).map(ToString::to_string).collect()
    }
}

fn day(text: &str) -> Option<jiff::civil::Date> {
    Some(text.parse().unwrap())
}
