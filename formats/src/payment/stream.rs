//! A payment file as a stream of items, with its counts and control sums checked on the way.

use std::io::Read;

use super::{Batch, ControlSum, FileHead, Line, PaymentItem, Tally};
use crate::csv;
use crate::detect::{self, Format, Kind};
use crate::input::Input;
use crate::iso;
use crate::mistake::{Mistake, Problem, Report};

#[derive(Debug, Default, Clone)]
pub struct PaymentOptions {
    /// How CSV files are laid out. They are not guessed: money moves.
    pub csv: Option<csv::Profile>,
}

/// What a format's reader tells; [`Payments`] makes items of it.
#[derive(Debug)]
pub(crate) enum PaymentPiece {
    File(Box<FileHead>),
    Batch(Box<Batch>),
    Line(Box<Line>),
    /// A line that could not be read, with its amount where that could.
    Broken(Option<kernel::Money>),
    EndBatch {
        line: u64,
    },
}

pub(crate) trait PaymentSource {
    fn next(&mut self, report: &mut Report) -> Result<Option<PaymentPiece>, Mistake>;
    fn position(&self) -> (u64, u64);
}

/// Lines counted against what a head states.
#[derive(Default)]
struct Level {
    tally: Tally,
    count: Option<u64>,
    sum: Option<ControlSum>,
    /// An amount could not be read, so the sum says little.
    broken: bool,
}

/// Reads one payment file. Take items until there are none, then look at the report.
pub struct Payments<'a> {
    source: Option<Box<dyn PaymentSource + Send + 'a>>,
    format: Option<Format>,
    report: Report,
    file: Option<Level>,
    batch: Option<Level>,
    lines: u64,
    position: (u64, u64),
}

impl<'a> Payments<'a> {
    /// Detects the format by content. What is no payment file is refused in the report, and there are no items.
    pub fn open(source: impl Read + Send + 'a, options: &PaymentOptions) -> Payments<'a> {
        Payments::from_input(Input::new(source), options)
    }

    pub(crate) fn from_input(mut input: Input<'a>, options: &PaymentOptions) -> Payments<'a> {
        let position = (input.read_bytes(), 0);
        let mut reader = Payments {
            source: None,
            format: None,
            report: Report::default(),
            file: None,
            batch: None,
            lines: 0,
            position,
        };
        match detect::prepare(&mut input) {
            Ok(format) => reader.begin(format, input, options),
            Err(problem) => reader.report.refuse(Mistake::whole(problem)),
        }
        reader
    }

    fn begin(&mut self, format: Format, input: Input<'a>, options: &PaymentOptions) {
        self.source = match format.kind {
            Kind::Pain001 | Kind::Pain008 | Kind::Pacs003 | Kind::Pacs008 | Kind::Pacs009 => {
                Some(Box::new(iso::Orders::new(input, &format)))
            }
            Kind::Csv => {
                let rows = options.csv.clone().map(|profile| csv::Orders::new(input, profile));
                rows.map(|rows| Box::new(rows) as Box<dyn PaymentSource + Send + 'a>)
            }
            _ => None,
        };
        if self.source.is_none() {
            let expected = match format.kind {
                Kind::Csv => "a declared layout of the CSV file",
                _ => "payment orders",
            };
            self.report.refuse(Mistake::whole(Problem::OtherFormat { expected, found: format.to_string() }));
        }
        self.format = Some(format);
    }

    pub fn format(&self) -> Option<&Format> {
        self.format.as_ref()
    }

    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Bytes and lines that were read so far.
    pub fn position(&self) -> (u64, u64) {
        self.position
    }

    pub fn into_report(self) -> Report {
        self.report
    }

    fn take(&mut self, piece: PaymentPiece) -> Option<PaymentItem> {
        match piece {
            PaymentPiece::File(head) => {
                self.file = Some(Level { count: head.count, sum: head.control_sum, ..Level::default() });
                Some(PaymentItem::File(head))
            }
            PaymentPiece::Batch(batch) => {
                self.batch = Some(Level { count: batch.count, sum: batch.control_sum, ..Level::default() });
                Some(PaymentItem::Batch(batch))
            }
            PaymentPiece::Line(mut line) => {
                self.count(Some(line.amount));
                line.number = self.lines;
                Some(PaymentItem::Line(line))
            }
            PaymentPiece::Broken(amount) => {
                self.count(amount);
                None
            }
            PaymentPiece::EndBatch { line } => {
                let batch = self.batch.take()?;
                Some(PaymentItem::EndBatch(self.close(&batch, line, "PmtInf")))
            }
        }
    }

    fn count(&mut self, amount: Option<kernel::Money>) {
        self.lines += 1;
        for level in [&mut self.file, &mut self.batch].into_iter().flatten() {
            match amount {
                Some(amount) => level.tally.add(amount),
                None => {
                    level.tally.count += 1;
                    level.broken = true;
                }
            }
        }
    }

    fn close(&mut self, level: &Level, line: u64, element: &str) -> Tally {
        let sum = level.sum.filter(|_| !level.broken);
        for (field, problem) in level.tally.compare(level.count, sum) {
            self.report.refuse(Mistake::new(line, element, field, problem));
        }
        level.tally
    }

    /// The end of the file: its sums, or that there is nothing in it.
    fn end(&mut self) -> Option<PaymentItem> {
        let file = self.file.take()?;
        if self.lines == 0 {
            self.report.refuse(Mistake::whole(Problem::NoPayment));
        }
        Some(PaymentItem::End(self.close(&file, 0, "GrpHdr")))
    }
}

impl Iterator for Payments<'_> {
    type Item = PaymentItem;

    fn next(&mut self) -> Option<PaymentItem> {
        while let Some(source) = &mut self.source {
            let told = source.next(&mut self.report);
            self.position = source.position();
            let item = match told {
                Ok(Some(piece)) => self.take(piece),
                Ok(None) => {
                    self.source = None;
                    if self.file.is_none() {
                        self.report.refuse(Mistake::whole(Problem::NoPayment));
                    }
                    self.end()
                }
                Err(mistake) => {
                    self.source = None;
                    self.report.refuse(mistake);
                    None
                }
            };
            if item.is_some() {
                return item;
            }
        }
        None
    }
}
