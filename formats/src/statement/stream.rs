//! A statement file as a stream of items, whatever its format.

use std::io::Read;

use super::{Balance, Details, End, Entry, Holding, Item, Statement, Sums, Total};
use crate::detect::{self, Format, Kind};
use crate::input::Input;
use crate::limits::BALANCES_MAX;
use crate::mistake::{Mistake, Problem, Report};
use crate::{bai2, camt, csv, mt, ofx};

/// How a file is to be read.
#[derive(Debug, Default, Clone)]
pub struct Options {
    /// Wrong control totals of BAI2 warn instead of refusing the file.
    pub lenient_totals: bool,
    /// How CSV files are laid out. Without it a profile is guessed, and said in [`Statements::profile`].
    pub csv: Option<csv::Profile>,
}

/// What a format's reader tells; [`Statements`] makes items of it.
#[derive(Debug)]
pub(crate) enum Piece {
    Begin(Box<Statement>),
    Entry(Box<Entry>),
    Details(Details),
    Holding(Box<Holding>),
    /// Told between or after the entries.
    Balance(Balance),
    Total(Total),
    Text(String),
    End {
        line: u64,
    },
}

/// A format's reader. It answers nothing when the file has ended well; an error ends it badly.
pub(crate) trait Source {
    fn next(&mut self, report: &mut Report) -> Result<Option<Piece>, Mistake>;

    /// Bytes and lines so far.
    fn position(&self) -> (u64, u64);
}

/// Reads one file of statements. Take items until there are none, then look at the report.
pub struct Statements<'a> {
    source: Option<Box<dyn Source + Send + 'a>>,
    format: Option<Format>,
    profile: Option<csv::Profile>,
    report: Report,
    open: Option<(Statement, Sums)>,
    statements: u64,
    position: (u64, u64),
}

impl<'a> Statements<'a> {
    /// Detects the format by content. What is no statement file is refused in the report, and there are no items.
    pub fn open(source: impl Read + Send + 'a, options: &Options) -> Statements<'a> {
        Statements::from_input(Input::new(source), options)
    }

    pub(crate) fn from_input(mut input: Input<'a>, options: &Options) -> Statements<'a> {
        let mut reader = Statements {
            source: None,
            format: None,
            profile: None,
            report: Report::default(),
            open: None,
            statements: 0,
            position: (input.read_bytes(), 0),
        };
        match detect::prepare(&mut input) {
            Ok(format) => reader.begin(format, input, options),
            Err(problem) => reader.report.refuse(Mistake::whole(problem)),
        }
        reader
    }

    fn begin(&mut self, format: Format, input: Input<'a>, options: &Options) {
        self.source = match format.kind {
            Kind::Camt052 | Kind::Camt053 | Kind::Camt054 => Some(Box::new(camt::Camt::new(input, format.kind))),
            Kind::Mt940 | Kind::Mt942 => Some(Box::new(mt::Mt::new(input, format.kind))),
            Kind::Bai2 => Some(Box::new(bai2::Bai2::new(input, options.lenient_totals))),
            Kind::Ofx => Some(Box::new(ofx::Ofx::new(input))),
            Kind::Csv => {
                let profile = options.csv.clone().or_else(|| csv::guess(input.head()));
                self.profile = profile.clone();
                profile.map(|profile| Box::new(csv::Rows::new(input, profile)) as Box<dyn Source + Send + 'a>)
            }
            _ => None,
        };
        if self.source.is_none() {
            let problem = Problem::OtherFormat { expected: "account statements", found: format.to_string() };
            self.report.refuse(Mistake::whole(problem));
        }
        self.format = Some(format);
    }

    /// What the file is, where it was recognised.
    pub fn format(&self) -> Option<&Format> {
        self.format.as_ref()
    }

    /// The CSV profile that is in use, given or guessed.
    pub fn profile(&self) -> Option<&csv::Profile> {
        self.profile.as_ref()
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

    fn step(&mut self) -> Option<Item> {
        while let Some(source) = &mut self.source {
            let told = source.next(&mut self.report);
            self.position = source.position();
            let item = match told {
                Ok(Some(piece)) => self.take(piece),
                Ok(None) => {
                    self.source = None;
                    if self.statements == 0 && self.report.refusals.total == 0 {
                        self.report.refuse(Mistake::whole(Problem::NoStatement));
                    }
                    self.end(0)
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

    fn take(&mut self, piece: Piece) -> Option<Item> {
        let open = self.open.as_mut();
        match (piece, open) {
            (Piece::Begin(mut statement), _) => {
                if statement.currency.is_none() {
                    statement.currency = statement.balances.first().map(|balance| balance.amount.currency());
                }
                self.statements += 1;
                self.open = Some(((*statement).clone(), Sums::default()));
                Some(Item::Begin(statement))
            }
            (Piece::Entry(entry), Some((statement, sums))) => {
                sums.add(statement, &entry, &mut self.report);
                Some(Item::Entry(entry))
            }
            (Piece::Details(details), _) => Some(Item::Details(details)),
            (Piece::Holding(holding), _) => Some(Item::Holding(holding)),
            (Piece::Balance(balance), Some((statement, _))) if statement.balances.len() < BALANCES_MAX => {
                statement.currency.get_or_insert(balance.amount.currency());
                statement.balances.push(balance);
                None
            }
            (Piece::Total(total), Some((statement, _))) if statement.totals.len() < BALANCES_MAX => {
                statement.totals.push(total);
                None
            }
            (Piece::Balance(_) | Piece::Total(_), _) => {
                let problem = Problem::TooMany { limit: BALANCES_MAX };
                self.report.refuse(Mistake::new(self.position.1, "statement", "balances", problem));
                None
            }
            (Piece::Text(text), Some((statement, _))) => {
                statement.text = Some(text);
                None
            }
            (Piece::End { line }, _) => self.end(line),
            (_, None) => None,
        }
    }

    fn end(&mut self, line: u64) -> Option<Item> {
        let (statement, mut sums) = self.open.take()?;
        sums.close(&statement, line, &mut self.report);
        Some(Item::End(Box::new(End { statement, sums })))
    }
}

impl Iterator for Statements<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        self.step()
    }
}
