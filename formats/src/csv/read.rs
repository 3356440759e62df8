//! Rows of a CSV file as entries of a statement, one row at a time.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::BufRead;

use ::csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use encoding_rs::{Encoding, UTF_8};
use kernel::{Currency, Money};
use memchr::memchr_iter;

use super::cell;
use super::newline::Newlines;
use super::profile::{Field, Profile};
use crate::amount;
use crate::check_digit;
use crate::date;
use crate::input::Input;
use crate::mistake::{Bad, Mistake, Of, Problem, Report, shown};
use crate::statement::{
    Account, Balance, BalanceKind, Code, Coverage, Entry, EntryStatus, Piece, Scheme, Source, Statement,
};

pub(crate) struct Rows<'a> {
    /// Until the first row is asked for.
    input: Option<Input<'a>>,
    reader: Option<Reader<Newlines<'a>>>,
    profile: Profile,
    encoding: &'static Encoding,
    row: ByteRecord,
    account: Option<String>,
    chain: Chain,
    begun: bool,
    ready: VecDeque<Piece>,
}

/// What a column of balances tells: which way the rows run, and what stands at both ends.
#[derive(Default)]
struct Chain {
    first: Option<Link>,
    last: Option<Link>,
    forward: u64,
    backward: u64,
}

#[derive(Clone, Copy)]
struct Link {
    amount: i64,
    balance: i64,
    currency: Currency,
    on: Option<jiff::civil::Date>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(input: Input<'a>, profile: Profile) -> Rows<'a> {
        let encoding = Encoding::for_label_no_replacement(profile.encoding.as_bytes()).unwrap_or(UTF_8);
        Rows {
            input: Some(input),
            reader: None,
            profile,
            encoding,
            row: ByteRecord::new(),
            account: None,
            chain: Chain::default(),
            begun: false,
            ready: VecDeque::new(),
        }
    }

    /// Skips what stands before the rows, and finds named columns in the header.
    fn start(&mut self, mut input: Input<'a>) -> Result<(), Mistake> {
        self.profile
            .check()
            .map_err(|error| Mistake::new(0, "profile", "", Problem::value("a usable profile", &error.to_string())))?;
        for line in 0..self.profile.skip_lines {
            input.mark();
            if let Err(error) = input.skip_until(b'\n') {
                return Err(Mistake::new(line as u64 + 1, "", "", input.fault(&error)));
            }
        }
        let separator = u8::try_from(self.profile.separator).unwrap_or(b',');
        let mut builder = ReaderBuilder::new();
        self.reader =
            Some(builder.delimiter(separator).has_headers(false).flexible(true).from_reader(Newlines::new(input)));
        if self.profile.header && self.advance()?.is_some() {
            let names: Vec<String> = self.row.iter().map(|cell| self.decode(cell).trim().to_lowercase()).collect();
            for column in &mut self.profile.columns {
                let Some(name) = &column.name else { continue };
                let found = names.iter().position(|found| *found == name.trim().to_lowercase());
                column.index = found.ok_or_else(|| {
                    let problem = Problem::value(format!("a column \"{}\"", shown(name)), &names.join(", "));
                    Mistake::new(self.profile.skip_lines as u64 + 1, "header", "", problem)
                })?;
            }
        }
        Ok(())
    }

    /// Reads the next row that is not blank; its line.
    fn advance(&mut self) -> Result<Option<u64>, Mistake> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let before = self.profile.skip_lines as u64;
        loop {
            reader.get_mut().input().mark();
            let read = reader.read_byte_record(&mut self.row);
            // Each row ends with a line feed, so the reader stands at the beginning of the line after it.
            let within = memchr_iter(b'\n', self.row.as_slice()).count() as u64 + 1;
            let line = (reader.position().line() + before).saturating_sub(within);
            match read {
                Ok(true) if self.row.iter().all(|cell| cell.trim_ascii().is_empty()) => {}
                Ok(true) => return Ok(Some(line)),
                Ok(false) => return Ok(None),
                Err(error) => {
                    let line = reader.position().line() + before;
                    let problem = match error.kind() {
                        ErrorKind::Io(error) => reader.get_mut().input().fault(error),
                        _ => Problem::Syntax { cause: error.to_string() },
                    };
                    return Err(Mistake::new(line, "row", "", problem));
                }
            }
        }
    }

    fn decode<'c>(&self, cell: &'c [u8]) -> Cow<'c, str> {
        self.encoding.decode_without_bom_handling(cell).0
    }

    fn cell(&self, field: Field) -> Option<Cow<'_, str>> {
        let column = self.profile.columns.iter().find(|column| column.field == field)?;
        let text = self.decode(self.row.get(column.index)?);
        let text = if self.profile.quoted_formulas { unquoted(text) } else { text };
        let trimmed = trim(text);
        (!trimmed.is_empty()).then_some(trimmed)
    }

    fn owned(&self, field: Field) -> Option<String> {
        self.cell(field).map(Cow::into_owned)
    }

    fn entry(&self, line: u64, report: &mut Report) -> Result<Entry, Bad> {
        let code = self.cell(Field::Currency).or(self.profile.currency.as_deref().map(Cow::Borrowed)).of("currency")?;
        let currency = amount::currency(&code).of("currency")?;
        let day = |field: Field, name| {
            self.cell(field).map(|text| date::in_form(&text, self.profile.date)).transpose().of(name)
        };
        let (booked_on, valued_on) = (day(Field::BookedOn, "booked_on")?, day(Field::ValuedOn, "valued_on")?);
        if booked_on.or(valued_on).is_none() {
            return Err(Bad::new("booked_on", Problem::Missing));
        }
        let amount = self.amount(line, currency, report)?;
        let balance = self.cell(Field::Balance).map(|text| cell::amount(&text, self.profile.decimal, currency.scale()));
        let balance = balance.transpose().of("balance")?.map(|decimal| decimal.money(currency));
        let status = match self.cell(Field::Status).as_deref().map(str::to_lowercase).as_deref() {
            Some("pending" | "authorized" | "vorgemerkt") => EntryStatus::Pending,
            Some("future") => EntryStatus::Future,
            Some("info") => EntryStatus::Info,
            _ => EntryStatus::Booked,
        };
        let mut entry = Entry { line, status, booked_on, valued_on, balance, ..Entry::new(amount) };
        self.tell(&mut entry);
        Ok(entry)
    }

    /// One signed column, one with a direction beside it, or one for each direction.
    fn amount(&self, line: u64, currency: Currency, report: &mut Report) -> Result<Money, Bad> {
        let mut read = |field: Field, name: &'static str| -> Result<Option<i64>, Bad> {
            let Some(text) = self.cell(field) else { return Ok(None) };
            let decimal = cell::amount(&text, self.profile.decimal, currency.scale()).of(name)?;
            if decimal.rounded {
                let rounded = decimal.money(currency).amount();
                report.warn(Mistake::new(line, "row", name, Problem::Rounded { found: shown(&text), rounded }));
            }
            Ok(Some(decimal.minor))
        };
        let (credit, debit) = (read(Field::Credit, "credit")?, read(Field::Debit, "debit")?);
        let minor = match read(Field::Amount, "amount")? {
            Some(minor) => match self.cell(Field::Direction) {
                Some(text) if is_debit(&text).of("direction")? => -minor.abs(),
                Some(_) => minor.abs(),
                None => minor,
            },
            // Some banks write debits with a sign, in their own column.
            None => match (credit.filter(|minor| *minor != 0), debit.filter(|minor| *minor != 0)) {
                (Some(credit), None) => credit,
                (None, Some(debit)) => -debit.abs(),
                (None, None) => credit.or(debit).of("amount")?,
                (Some(_), Some(_)) => return Err(Bad::new("debit", Problem::value("credit or debit", "both"))),
            },
        };
        Ok(Money::new(if self.profile.negated { -minor } else { minor }, currency))
    }

    fn tell(&self, entry: &mut Entry) {
        let told = &mut entry.told;
        let texts = self.profile.columns.iter().filter(|column| column.field == Field::Text);
        for column in texts {
            let text = trim(self.decode(self.row.get(column.index).unwrap_or_default()));
            let text = if self.profile.quoted_formulas { unquoted(text) } else { text };
            told.text.extend(text.split('\n').filter(|line| !line.is_empty()).map(str::to_owned));
        }
        told.counterparty.name = self.owned(Field::Counterparty);
        told.counterparty.bank = self.owned(Field::CounterpartyBank);
        if let Some(number) = self.owned(Field::CounterpartyAccount) {
            match check_digit::iban(&number) {
                Ok(iban) => told.counterparty.iban = Some(iban),
                Err(_) => told.counterparty.number = Some(number),
            }
        }
        told.references.own = self.owned(Field::OwnReference);
        told.references.bank = self.owned(Field::BankReference);
        told.references.end_to_end = self.owned(Field::EndToEnd);
        told.references.mandate = self.owned(Field::Mandate);
        told.references.creditor_id = self.owned(Field::CreditorId);
        told.additional = self.owned(Field::Additional);
        told.codes.extend(self.owned(Field::Code).map(|code| Code::new(Scheme::Csv, code)));
    }

    fn begin(&self, line: u64, currency: Currency) -> Box<Statement> {
        let number = self.account.clone();
        let iban = number.as_deref().and_then(|number| check_digit::iban(number).ok());
        let number = number.filter(|_| iban.is_none());
        let account = Account { iban, number, ..Account::default() };
        let currency = Some(currency);
        Box::new(Statement { line, coverage: Coverage::Full, account, currency, ..Statement::default() })
    }

    fn row(&mut self, line: u64, report: &mut Report) {
        let entry = match self.entry(line, report) {
            Ok(entry) => entry,
            Err(bad) => return report.line(bad.at(line, "row")),
        };
        let account = self.owned(Field::Account).or_else(|| self.profile.account.clone());
        if !self.begun || self.account != account {
            self.end(line);
            self.account = account;
            self.begun = true;
            let statement = self.begin(line, entry.amount.currency());
            self.ready.push_back(Piece::Begin(statement));
        }
        self.chain.add(&entry);
        self.ready.push_back(Piece::Entry(Box::new(entry)));
    }

    fn end(&mut self, line: u64) {
        if std::mem::take(&mut self.begun) {
            self.ready.extend(std::mem::take(&mut self.chain).ends().into_iter().map(Piece::Balance));
            self.ready.push_back(Piece::End { line });
        }
    }
}

impl Source for Rows<'_> {
    fn next(&mut self, report: &mut Report) -> Result<Option<Piece>, Mistake> {
        if let Some(input) = self.input.take() {
            self.start(input)?;
        }
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            match self.advance()? {
                Some(line) => self.row(line, report),
                None if self.begun => self.end(0),
                None => return Ok(None),
            }
        }
    }

    fn position(&self) -> (u64, u64) {
        match &self.reader {
            Some(reader) => (reader.get_ref().read_bytes(), reader.position().line()),
            None => (0, 0),
        }
    }
}

impl Chain {
    fn add(&mut self, entry: &Entry) {
        let Some(balance) = entry.balance else { return };
        let (amount, currency) = (entry.amount.minor(), entry.amount.currency());
        let link = Link { amount, balance: balance.minor(), currency, on: entry.booked_on.or(entry.valued_on) };
        if let Some(last) = self.last {
            self.forward += u64::from(last.balance.checked_add(link.amount) == Some(link.balance));
            self.backward += u64::from(link.balance.checked_add(last.amount) == Some(last.balance));
        }
        self.first.get_or_insert(link);
        self.last = Some(link);
    }

    /// Opening and closing balance. Rows run backwards where more of them say so, or where the first is later than the last.
    fn ends(self) -> Vec<Balance> {
        let (Some(first), Some(last)) = (self.first, self.last) else { return Vec::new() };
        let backward = self.backward > self.forward || (self.backward == self.forward && first.on > last.on);
        let (oldest, newest) = if backward { (last, first) } else { (first, last) };
        let balance = |kind, minor, on| Balance {
            kind,
            code: "balance".to_owned(),
            amount: Money::new(minor, newest.currency),
            on,
            at: None,
        };
        let opening = oldest.balance.checked_sub(oldest.amount);
        let opening = opening.map(|minor| balance(BalanceKind::OpeningBooked, minor, oldest.on));
        let closing = balance(BalanceKind::ClosingBooked, newest.balance, newest.on);
        opening.into_iter().chain([closing]).collect()
    }
}

fn is_debit(text: &str) -> Result<bool, Problem> {
    match text.to_lowercase().as_str() {
        "d" | "dr" | "debit" | "dbit" | "s" | "soll" | "out" | "-" | "af" => Ok(true),
        "c" | "cr" | "credit" | "crdt" | "h" | "haben" | "in" | "+" | "bij" => Ok(false),
        _ => Err(Problem::value("credit or debit", text)),
    }
}

fn unquoted(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(cell::unquote_formula(text)),
        Cow::Owned(text) => Cow::Owned(cell::unquote_formula(&text).to_owned()),
    }
}

fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}
