//! camt.052, camt.053 and camt.054 of any version: account reports, statements and notifications of ISO 20022.
//!
//! `Ntry` is the money; `TxDtls` divide it. `CdtDbtInd` gives the sign, `RvslInd` does not.

mod detail;
mod entry;
mod head;
mod write;

use std::collections::VecDeque;

pub use write::{CamtReport, CamtWriter};

use crate::amount::{self, Decimal, DecimalMark};
use crate::detect::Kind;
use crate::input::Input;
use crate::mistake::{Mistake, Problem, Report, shown};
use crate::statement::{Coverage, Piece, Source, Statement};
use crate::xml::{At, Step, Xml};
use entry::Draft;
use kernel::{Currency, Money};

const WALK: [&str; 6] = ["Stmt", "Rpt", "Ntfctn", "Ntry", "NtryDtls", "Btch"];

pub(crate) struct Camt<'a> {
    xml: Xml<'a>,
    coverage: Coverage,
    message: head::Message,
    /// The statement that is being read, until its first entry hands it out.
    statement: Option<Box<Statement>>,
    begun: bool,
    /// The account's own number, to tell the counterparty by.
    own: Option<String>,
    currency: Option<Currency>,
    entry: Option<Draft>,
    ready: VecDeque<Piece>,
}

impl<'a> Camt<'a> {
    pub(crate) fn new(input: Input<'a>, kind: Kind) -> Camt<'a> {
        let coverage = match kind {
            Kind::Camt052 => Coverage::Interim,
            Kind::Camt054 => Coverage::News,
            _ => Coverage::Full,
        };
        Camt {
            xml: Xml::new(input, &WALK),
            coverage,
            message: head::Message::default(),
            statement: None,
            begun: false,
            own: None,
            currency: None,
            entry: None,
            ready: VecDeque::new(),
        }
    }

    fn opened(&mut self, report: &mut Report) {
        match self.xml.name() {
            "Stmt" | "Rpt" | "Ntfctn" => {
                let (message, page) = (self.message.id.clone(), self.message.page);
                let line = self.xml.line();
                let (created_on, created_at) = self.message.created;
                let coverage = self.coverage;
                let statement =
                    Statement { line, message, page, coverage, created_on, created_at, ..Statement::default() };
                self.statement = Some(Box::new(statement));
                (self.begun, self.own, self.currency) = (false, None, None);
            }
            "Ntry" => {
                self.begin(report);
                self.entry = Some(Draft::new(self.xml.line(), self.currency));
            }
            _ => {}
        }
    }

    /// Hands the statement out before its first entry, or at its end.
    fn begin(&mut self, report: &mut Report) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let Some(mut statement) = self.statement.take() else { return };
        if statement.currency.is_none() {
            statement.currency = statement.balances.first().map(|balance| balance.amount.currency());
        }
        if statement.account.number().is_none() {
            report.warn(Mistake::new(statement.line, self.xml.path(), "Acct/Id", Problem::Missing));
        }
        self.currency = statement.currency;
        self.own = statement.account.number().map(str::to_owned);
        self.ready.push_back(Piece::Begin(statement));
    }

    fn branch(&mut self, report: &mut Report) {
        let at = self.xml.branch();
        if let Some(draft) = &mut self.entry {
            let bad = match at.name() {
                "TxDtls" => {
                    let (detail, warnings) = detail::read(at, draft, self.own.as_deref());
                    warnings.into_iter().for_each(|bad| report.warn(bad.at(at.line(), self.xml.path())));
                    draft.push(detail);
                    None
                }
                _ => draft.take(at).err(),
            };
            if let Some(bad) = bad {
                draft.broken.get_or_insert(bad);
            }
            if let Some(full) = draft.full_page() {
                self.ready.push_back(full);
            }
            return;
        }
        if at.name() == "GrpHdr" {
            self.message = head::message(at);
            return;
        }
        let mut told = head::Told::default();
        match &mut self.statement {
            Some(statement) => head::read(at, statement, &mut told),
            None if self.begun => head::late(at, self.currency, &mut told),
            None => {}
        }
        told.bad.into_iter().for_each(|bad| report.line(bad.at(at.line(), self.xml.path())));
        told.warnings.into_iter().for_each(|bad| report.warn(bad.at(at.line(), self.xml.path())));
        self.ready.extend(told.pieces);
    }

    fn closed(&mut self, report: &mut Report) {
        match self.xml.name() {
            "Ntry" => {
                let Some(draft) = self.entry.take() else { return };
                let (line, path) = (draft.line, self.xml.path());
                match draft.finish() {
                    Ok((pieces, rounded)) => {
                        rounded.into_iter().for_each(|bad| report.warn(bad.at(line, path.as_str())));
                        self.ready.extend(pieces);
                    }
                    Err(bad) => report.line(bad.at(line, path)),
                }
            }
            "Stmt" | "Rpt" | "Ntfctn" => {
                self.begin(report);
                self.ready.push_back(Piece::End { line: self.xml.line() });
            }
            _ => {}
        }
    }
}

impl Source for Camt<'_> {
    fn next(&mut self, report: &mut Report) -> Result<Option<Piece>, Mistake> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            match self.xml.step()? {
                Step::Open => self.opened(report),
                Step::Branch => self.branch(report),
                Step::Close => self.closed(report),
                Step::End => return Ok(None),
            }
        }
    }

    fn position(&self) -> (u64, u64) {
        self.xml.position()
    }
}

/// An element such as `Amt`: its value in its currency, or in `otherwise` where it names none.
fn money(at: At<'_>, otherwise: Option<Currency>) -> Result<(Money, bool), Problem> {
    let currency = match (at.currency(), otherwise) {
        ("", Some(currency)) => currency,
        ("", None) => return Err(Problem::Currency { found: String::new() }),
        (code, Some(known)) if known.code() == code => known,
        (code, _) => amount::currency(code)?,
    };
    let Decimal { minor, rounded } = amount::decimal(at.value(), DecimalMark::Point, currency.scale())?;
    if minor < 0 {
        return Err(Problem::Amount { found: shown(at.value()) });
    }
    Ok((Money::new(minor, currency), rounded))
}

fn signed(money: Money, credit: bool) -> Money {
    if credit { money } else { Money::new(-money.minor(), money.currency()) }
}

/// Whether `CdtDbtInd` says credit.
fn is_credit(at: At<'_>) -> Result<bool, Problem> {
    match at.value() {
        "CRDT" => Ok(true),
        "DBIT" => Ok(false),
        other => Err(Problem::value("CRDT or DBIT", other)),
    }
}

fn rounded(at: At<'_>, money: Money) -> Problem {
    Problem::Rounded { found: shown(at.value()), rounded: money.amount() }
}
