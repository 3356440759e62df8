//! MT940 and MT942, with or without SWIFT's blocks.
//!
//! A statement of several pages (62M, then 60M) is told as one. What is no tag goes on with the tag before.

mod entry;
mod field;
mod info;
mod write;

use std::collections::VecDeque;

use kernel::Currency;

pub use write::MtWriter;

use crate::amount;
use crate::check_digit;
use crate::date;
use crate::detect::Kind;
use crate::input::{Input, Lines};
use crate::mistake::{Bad, Mistake, Of, Problem, Report};
use crate::statement::{Account, BalanceKind, Coverage, Entry, Page, Piece, Source, Statement};
use field::{Field, Fields};

pub(crate) struct Mt<'a> {
    fields: Fields<'a>,
    coverage: Coverage,
    /// A message's head, until it is known to begin a statement or to go on with the one before.
    head: Option<Box<Statement>>,
    open: Option<Open>,
    currency: Option<Currency>,
    entry: Option<Entry>,
    ready: VecDeque<Piece>,
}

/// The statement whose entries are being told.
struct Open {
    account: Account,
    sequence: Option<u64>,
    /// Its last page ended with 62M.
    goes_on: bool,
    /// A closing balance was seen, so 86 speaks of the statement.
    closed: bool,
}

impl<'a> Mt<'a> {
    pub(crate) fn new(input: Input<'a>, kind: Kind) -> Mt<'a> {
        let coverage = if kind == Kind::Mt942 { Coverage::News } else { Coverage::Full };
        let fields = Fields::new(Lines::new(input));
        Mt { fields, coverage, head: None, open: None, currency: None, entry: None, ready: VecDeque::new() }
    }

    fn take(&mut self, field: &Field, report: &mut Report) -> Result<(), Bad> {
        match field.tag.as_str() {
            "20" => self.message(field),
            "25" | "25P" => {
                let (account, currency) = account(&field.value);
                self.currency = currency;
                self.head(field).account = account;
            }
            "28" | "28C" => {
                let (sequence, page) = sequence(&field.value);
                let head = self.head(field);
                (head.sequence, head.page) = (sequence, page);
            }
            "60F" => {
                let balance = field::balance(field, BalanceKind::OpeningBooked).of("60F")?;
                self.currency = Some(balance.amount.currency());
                self.head(field).balances.push(balance);
                self.begin();
            }
            "60M" => self.page(field)?,
            "61" => {
                self.begin();
                self.flush();
                self.entry = Some(entry::read(field, self.currency, report)?);
            }
            "86" | "NS" => self.information(field),
            "62F" => self.closing(field, BalanceKind::ClosingBooked).of("62F")?,
            "62M" => {
                self.flush();
                if let Some(open) = &mut self.open {
                    (open.goes_on, open.closed) = (true, true);
                }
            }
            "64" => self.closing(field, BalanceKind::ClosingAvailable).of("64")?,
            "65" => self.closing(field, BalanceKind::ForwardAvailable).of("65")?,
            "34F" => {
                let code = field.value.get(..3).unwrap_or_default();
                let currency = amount::currency(code).of("34F")?;
                self.currency = Some(currency);
                self.head(field).currency = Some(currency);
            }
            "13" | "13D" => {
                let day = date::yymmdd(field.value.get(..6).unwrap_or_default()).of("13D")?;
                self.head(field).created_on = Some(day);
            }
            "90C" | "90D" => {
                let total = field::total(field).of("90")?;
                self.begin();
                self.flush();
                self.ready.push_back(Piece::Total(total));
            }
            "21" => {}
            _ => {
                let found = field.tag.clone();
                report.warn(Mistake::new(field.line, "", "tag", Problem::Unknown { found }));
            }
        }
        Ok(())
    }

    /// A new message: the statement before it ends, unless its last page announced another.
    fn message(&mut self, field: &Field) {
        self.flush();
        if self.open.as_ref().is_some_and(|open| !open.goes_on) {
            self.end(field.line);
        }
        self.head = None;
        self.currency = None;
        self.head(field).id = Some(field.value.trim().to_owned()).filter(|id| !id.is_empty());
    }

    /// The head of the message at hand. After entries a tag of a head begins a new message, even without its 20.
    fn head(&mut self, field: &Field) -> &mut Statement {
        if self.open.as_ref().is_some_and(|open| open.closed && !open.goes_on) {
            self.flush();
            self.end(field.line);
        }
        let coverage = self.coverage;
        self.head.get_or_insert_with(|| Box::new(Statement { line: field.line, coverage, ..Statement::default() }))
    }

    /// 60M: goes on with the statement before, where that is the same.
    fn page(&mut self, field: &Field) -> Result<(), Bad> {
        let balance = field::balance(field, BalanceKind::OpeningBooked).of("60M")?;
        self.currency = Some(balance.amount.currency());
        let head = self.head(field);
        head.currency = Some(balance.amount.currency());
        let (account, sequence) = (head.account.clone(), head.sequence);
        match &mut self.open {
            Some(open) if open.goes_on && open.account == account && open.sequence == sequence => {
                (open.goes_on, open.closed) = (false, false);
                self.head = None;
            }
            _ => self.begin(),
        }
        Ok(())
    }

    fn begin(&mut self) {
        let Some(head) = self.head.take() else { return };
        self.end(head.line);
        let (account, sequence) = (head.account.clone(), head.sequence);
        self.open = Some(Open { account, sequence, goes_on: false, closed: false });
        self.ready.push_back(Piece::Begin(head));
    }

    fn closing(&mut self, field: &Field, kind: BalanceKind) -> Result<(), Problem> {
        let balance = field::balance(field, kind)?;
        self.begin();
        self.flush();
        if let Some(open) = &mut self.open {
            open.closed = true;
        }
        self.ready.push_back(Piece::Balance(balance));
        Ok(())
    }

    /// 86 speaks of the entry before it, or after the closing balance of the statement.
    fn information(&mut self, field: &Field) {
        let closed = self.open.as_ref().is_some_and(|open| open.closed);
        match &mut self.entry {
            Some(entry) if field.tag == "NS" => info::non_swift(&field.value, &mut entry.told),
            Some(entry) => info::read(&field.value, &mut entry.told),
            None if closed => self.ready.push_back(Piece::Text(field.value.clone())),
            None => {}
        }
    }

    fn flush(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.ready.push_back(Piece::Entry(Box::new(entry)));
        }
    }

    fn end(&mut self, line: u64) {
        if self.open.take().is_some() {
            self.ready.push_back(Piece::End { line });
        }
    }
}

impl Source for Mt<'_> {
    fn next(&mut self, report: &mut Report) -> Result<Option<Piece>, Mistake> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            let Some(field) = self.fields.next(report)? else {
                self.flush();
                self.begin();
                let unclosed = self.open.as_ref().is_some_and(|open| !open.closed);
                if self.fields.is_cut() || (unclosed && self.coverage == Coverage::Full) {
                    let problem = Problem::cut("a message, before its closing balance or end");
                    return Err(Mistake::new(self.fields.line(), ":62F:", "", problem));
                }
                self.end(self.fields.line());
                return Ok(self.ready.pop_front());
            };
            if let Err(bad) = self.take(&field, report) {
                report.line(bad.at(field.line, format!(":{}:", field.tag)));
            }
            self.fields.give_back(field);
        }
    }

    fn position(&self) -> (u64, u64) {
        self.fields.position()
    }
}

/// `BIC/number`, an IBAN, or any number, with the currency after it at some banks.
fn account(text: &str) -> (Account, Option<Currency>) {
    let first = text.lines().next().unwrap_or_default().trim();
    let (bank, number) = match first.split_once('/') {
        Some((bank, number)) if !number.is_empty() => (Some(bank.to_owned()), number.trim()),
        _ => (None, first),
    };
    let (number, currency) = match number.len().checked_sub(3).and_then(|place| number.split_at_checked(place)) {
        Some((front, code)) if front.ends_with(|c: char| c.is_ascii_digit() || c == ' ') => {
            match amount::currency(code) {
                Ok(currency) => (front.trim_end(), Some(currency)),
                Err(_) => (number, None),
            }
        }
        _ => (number, None),
    };
    let iban = Some(number).filter(|number| check_digit::looks_like_iban(number));
    let iban = iban.and_then(|number| check_digit::iban(number).ok());
    let bank = bank.or_else(|| text.lines().nth(1).map(|bic| bic.trim().to_owned()));
    let number = iban.is_none().then(|| number.to_owned()).filter(|number| !number.is_empty());
    (Account { iban, number, bank, ..Account::default() }, currency)
}

/// `12/3`: statement 12, page 3.
fn sequence(text: &str) -> (Option<u64>, Option<Page>) {
    let (number, page) = text.trim().split_once('/').unwrap_or((text.trim(), ""));
    let page = page.parse().ok().map(|number| Page { number, last: None });
    (number.parse().ok(), page)
}
