//! Rows of a CSV file as entries of a statement, one row at a time.

use std::collections::VecDeque;

use kernel::{Currency, Money};

use super::cell;
use super::profile::{Field, Profile};
use super::table::Table;
use crate::amount;
use crate::check_digit;
use crate::date;
use crate::input::Input;
use crate::mistake::{Bad, Mistake, Of, Problem, Report, shown};
use crate::statement::{
    Account, Balance, BalanceKind, Code, Coverage, Entry, EntryStatus, Piece, Scheme, Source, Statement,
};

pub(crate) struct Rows<'a> {
    table: Table<'a>,
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
        let table = Table::new(input, profile, Profile::check);
        Rows { table, account: None, chain: Chain::default(), begun: false, ready: VecDeque::new() }
    }

    fn entry(&self, line: u64, report: &mut Report) -> Result<Entry, Bad> {
        let code = self.table.currency().of("currency")?;
        let currency = amount::currency(&code).of("currency")?;
        let day = |field: Field, name| {
            self.table.cell(field).map(|text| date::in_form(&text, self.table.profile().date)).transpose().of(name)
        };
        let (booked_on, valued_on) = (day(Field::BookedOn, "booked_on")?, day(Field::ValuedOn, "valued_on")?);
        if booked_on.or(valued_on).is_none() {
            return Err(Bad::new("booked_on", Problem::Missing));
        }
        let amount = self.amount(line, currency, report)?;
        let balance = self
            .table
            .cell(Field::Balance)
            .map(|text| cell::amount(&text, self.table.profile().decimal, currency.scale()));
        let balance = balance.transpose().of("balance")?.map(|decimal| decimal.money(currency));
        let status = match self.table.cell(Field::Status).as_deref().map(str::to_lowercase).as_deref() {
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
            let Some(text) = self.table.cell(field) else { return Ok(None) };
            let decimal = cell::amount(&text, self.table.profile().decimal, currency.scale()).of(name)?;
            if decimal.rounded {
                let rounded = decimal.money(currency).amount();
                report.warn(Mistake::new(line, "row", name, Problem::Rounded { found: shown(&text), rounded }));
            }
            Ok(Some(decimal.minor))
        };
        let (credit, debit) = (read(Field::Credit, "credit")?, read(Field::Debit, "debit")?);
        let minor = match read(Field::Amount, "amount")? {
            Some(minor) => match self.table.cell(Field::Direction) {
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
        Ok(Money::new(if self.table.profile().negated { -minor } else { minor }, currency))
    }

    fn tell(&self, entry: &mut Entry) {
        let told = &mut entry.told;
        told.text = self.table.texts();
        told.counterparty.name = self.table.owned(Field::Counterparty);
        told.counterparty.bank = self.table.owned(Field::CounterpartyBank);
        if let Some(number) = self.table.owned(Field::CounterpartyAccount) {
            match check_digit::iban(&number) {
                Ok(iban) => told.counterparty.iban = Some(iban),
                Err(_) => told.counterparty.number = Some(number),
            }
        }
        told.references.own = self.table.owned(Field::OwnReference);
        told.references.bank = self.table.owned(Field::BankReference);
        told.references.end_to_end = self.table.owned(Field::EndToEnd);
        told.references.mandate = self.table.owned(Field::Mandate);
        told.references.creditor_id = self.table.owned(Field::CreditorId);
        told.additional = self.table.owned(Field::Additional);
        told.codes.extend(self.table.owned(Field::Code).map(|code| Code::new(Scheme::Csv, code)));
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
        let account = self.table.account();
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
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            match self.table.advance()? {
                Some(line) => self.row(line, report),
                None if self.begun => self.end(0),
                None => return Ok(None),
            }
        }
    }

    fn position(&self) -> (u64, u64) {
        self.table.position()
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
