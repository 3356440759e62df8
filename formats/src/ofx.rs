//! OFX and QFX: 1.x in SGML with open tags, 2.x in XML, by one tolerant reader. Headers are not believed.

mod security;
mod tag;
mod transaction;
mod write;

use std::collections::VecDeque;

use jiff::civil::Date;
use kernel::{Currency, Timestamp};

pub use write::OfxWriter;

use crate::amount::{self, DecimalMark};
use crate::date;
use crate::input::Input;
use crate::mistake::{Bad, Mistake, Of, Problem, Report, shown};
use crate::statement::{Account, AccountKind, Balance, BalanceKind, Coverage, Piece, Source, Statement};
use security::Position;
use tag::{Tag, Tags};
use transaction::Transaction;

pub(crate) struct Ofx<'a> {
    tags: Tags<'a>,
    statement: Option<Box<Statement>>,
    begun: bool,
    currency: Option<Currency>,
    transaction: Option<Transaction>,
    position: Option<Position>,
    /// The aggregate whose fields are being read, where their names alone do not tell.
    within: Within,
    pending: bool,
    balance: BalanceDraft,
    status: Status,
    ended: bool,
    ready: VecDeque<Piece>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Within {
    #[default]
    Nothing,
    Status,
    OwnAccount,
    Balance(&'static str),
    ListedBalance,
}

#[derive(Default)]
struct BalanceDraft {
    amount: Option<String>,
    name: Option<String>,
    kind: Option<String>,
    as_of: Option<String>,
}

#[derive(Default)]
struct Status {
    code: Option<String>,
    severity: Option<String>,
    message: Option<String>,
}

impl<'a> Ofx<'a> {
    pub(crate) fn new(input: Input<'a>) -> Ofx<'a> {
        Ofx {
            tags: Tags::new(input),
            statement: None,
            begun: false,
            currency: None,
            transaction: None,
            position: None,
            within: Within::Nothing,
            pending: false,
            balance: BalanceDraft::default(),
            status: Status::default(),
            ended: false,
            ready: VecDeque::new(),
        }
    }

    fn open(&mut self, tag: &Tag, report: &mut Report) {
        match tag.name.as_str() {
            "STMTRS" | "CCSTMTRS" | "INVSTMTRS" => {
                self.end(tag.line, report);
                let kind = match tag.name.as_str() {
                    "CCSTMTRS" => AccountKind::Card,
                    "INVSTMTRS" => AccountKind::Brokerage,
                    _ => AccountKind::Unsaid,
                };
                let account = Account { kind, ..Account::default() };
                let statement = Statement { line: tag.line, account, coverage: Coverage::Full, ..Statement::default() };
                (self.statement, self.begun, self.currency) = (Some(Box::new(statement)), false, None);
            }
            "STMTTRN" | "STMTTRNP" => {
                self.flush(report);
                self.begin();
                self.pending = tag.name == "STMTTRNP";
                self.transaction = Some(Transaction::new(tag.line, self.pending));
            }
            "BANKACCTFROM" | "CCACCTFROM" | "INVACCTFROM" => self.within = Within::OwnAccount,
            "STATUS" => (self.within, self.status) = (Within::Status, Status::default()),
            "LEDGERBAL" => self.open_balance(Within::Balance("LEDGERBAL")),
            "AVAILBAL" => self.open_balance(Within::Balance("AVAILBAL")),
            "BAL" => self.open_balance(Within::ListedBalance),
            "INVPOS" => {
                self.begin();
                self.position = Some(Position { line: tag.line, ..Position::default() });
            }
            name if security::is_trade(name) => {
                let found = tag.name.clone();
                report.warn(Mistake::new(tag.line, "INVTRANLIST", "", Problem::Unknown { found }));
            }
            _ => match &mut self.transaction {
                Some(transaction) => transaction.open(&tag.name),
                None => self.field(tag, report),
            },
        }
    }

    fn open_balance(&mut self, within: Within) {
        (self.within, self.balance) = (within, BalanceDraft::default());
    }

    fn field(&mut self, tag: &Tag, report: &mut Report) {
        let text = || Some(tag.value.clone());
        if let Some(position) = &mut self.position {
            return position.take(&tag.name, &tag.value);
        }
        match (self.within, tag.name.as_str()) {
            (_, "CURDEF") => match amount::currency(&tag.value) {
                Ok(currency) => self.currency = Some(currency),
                Err(problem) => report.line(Mistake::new(tag.line, "STMTRS", "CURDEF", problem)),
            },
            (Within::Status, "CODE") => self.status.code = text(),
            (Within::Status, "SEVERITY") => self.status.severity = text(),
            (Within::Status, "MESSAGE") => self.status.message = text(),
            (Within::Balance(_) | Within::ListedBalance, "BALAMT" | "VALUE") => self.balance.amount = text(),
            (Within::Balance(_) | Within::ListedBalance, "DTASOF") => self.balance.as_of = text(),
            (Within::ListedBalance, "NAME") => self.balance.name = text(),
            (Within::ListedBalance, "BALTYPE") => self.balance.kind = text(),
            (_, "AVAILCASH") => {
                let draft = BalanceDraft { amount: text(), ..BalanceDraft::default() };
                self.told_balance(&draft, "AVAILCASH", tag.line, report);
            }
            (within, name) => {
                let Some(statement) = &mut self.statement else { return };
                match (within, name) {
                    (Within::OwnAccount, "BANKID" | "BROKERID") => statement.account.bank = text(),
                    (Within::OwnAccount, "BRANCHID") => statement.account.branch = text(),
                    (Within::OwnAccount, "ACCTID") => statement.account.number = text(),
                    (Within::OwnAccount, "ACCTTYPE") if statement.account.kind == AccountKind::Unsaid => {
                        statement.account.kind = account_kind(&tag.value);
                    }
                    (_, "DTSTART") => statement.from = day(&tag.value).map(|(day, _)| day).ok(),
                    (_, "DTEND") => statement.to = day(&tag.value).map(|(day, _)| day).ok(),
                    _ => {}
                }
            }
        }
    }

    fn close(&mut self, tag: &Tag, report: &mut Report) {
        match tag.name.as_str() {
            "OFX" => {
                self.end(tag.line, report);
                self.ended = true;
            }
            "STMTRS" | "CCSTMTRS" | "INVSTMTRS" => self.end(tag.line, report),
            "STMTTRN" | "STMTTRNP" => self.flush(report),
            "BANKTRANLIST" | "BANKTRANLISTP" | "INVTRANLIST" => self.flush(report),
            "INVPOS" => {
                let position = self.position.take().map(|position| (position.line, position.holding(self.currency)));
                match position {
                    Some((_, Ok(holding))) => self.ready.push_back(Piece::Holding(Box::new(holding))),
                    Some((line, Err(bad))) => report.line(bad.at(line, "INVPOS")),
                    None => {}
                }
            }
            "STATUS" => {
                self.within = Within::Nothing;
                self.status(tag.line, report);
            }
            "LEDGERBAL" | "AVAILBAL" | "BAL" => {
                let draft = std::mem::take(&mut self.balance);
                let within = std::mem::take(&mut self.within);
                match within {
                    Within::Balance(code) => self.told_balance(&draft, code, tag.line, report),
                    // A rate or a number is no balance.
                    Within::ListedBalance if draft.kind.as_deref().is_none_or(|kind| kind == "DOLLAR") => {
                        let code = draft.name.clone().unwrap_or_else(|| "BAL".to_owned());
                        self.told_balance(&draft, &code, tag.line, report);
                    }
                    _ => {}
                }
            }
            "BANKACCTFROM" | "CCACCTFROM" | "INVACCTFROM" => self.within = Within::Nothing,
            name => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.close(name);
                }
            }
        }
    }

    /// A status other than 0 is the bank's refusal, unless it calls it a warning.
    fn status(&mut self, line: u64, report: &mut Report) {
        let status = std::mem::take(&mut self.status);
        let code = status.code.unwrap_or_default();
        if code.is_empty() || code == "0" {
            return;
        }
        let text = shown(&status.message.unwrap_or_default());
        let mistake = Mistake::new(line, "STATUS", "CODE", Problem::BankRefused { status: shown(&code), text });
        match status.severity.as_deref() {
            Some("INFO" | "WARN") => report.warn(mistake),
            _ => report.refuse(mistake),
        }
    }

    fn told_balance(&mut self, draft: &BalanceDraft, code: &str, line: u64, report: &mut Report) {
        self.begin();
        match self.balance(draft, code) {
            Ok(balance) => self.ready.push_back(Piece::Balance(balance)),
            Err(bad) => report.line(bad.at(line, code)),
        }
    }

    fn balance(&self, draft: &BalanceDraft, code: &str) -> Result<Balance, Bad> {
        let currency = self.currency.of("CURDEF")?;
        let digits = draft.amount.as_deref().of("BALAMT")?;
        let amount = amount::decimal(digits, DecimalMark::Either, currency.scale()).of("BALAMT")?;
        if amount.rounded {
            return Err(Bad::new("BALAMT", Problem::Amount { found: shown(digits) }));
        }
        let as_of = draft.as_of.as_deref().map(day).transpose().of("DTASOF")?;
        let kind = match code {
            "LEDGERBAL" => BalanceKind::InterimBooked,
            "AVAILBAL" | "AVAILCASH" => BalanceKind::InterimAvailable,
            _ => BalanceKind::Other,
        };
        let (on, at) = (as_of.map(|(day, _)| day), as_of.and_then(|(_, at)| at));
        Ok(Balance { kind, code: code.to_owned(), amount: amount.money(currency), on, at })
    }

    fn begin(&mut self) {
        if let Some(statement) = self.statement.as_mut().filter(|_| !self.begun) {
            statement.currency = self.currency;
            self.begun = true;
            self.ready.push_back(Piece::Begin(statement.clone()));
        }
    }

    fn flush(&mut self, report: &mut Report) {
        let Some(transaction) = self.transaction.take() else { return };
        let line = transaction.line;
        match transaction.entry(self.currency) {
            Ok((entry, rounded)) => {
                rounded.into_iter().for_each(|bad| report.warn(bad.at(line, "STMTTRN")));
                self.ready.push_back(Piece::Entry(Box::new(entry)));
            }
            Err(bad) => report.line(bad.at(line, "STMTTRN")),
        }
    }

    fn end(&mut self, line: u64, report: &mut Report) {
        self.flush(report);
        self.begin();
        if self.statement.take().is_some() {
            self.ready.push_back(Piece::End { line });
        }
    }
}

impl Source for Ofx<'_> {
    fn next(&mut self, report: &mut Report) -> Result<Option<Piece>, Mistake> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            let Some(tag) = self.tags.next(report)? else {
                if !self.ended {
                    return Err(Mistake::new(self.tags.position().1, "OFX", "", Problem::cut("OFX")));
                }
                return Ok(None);
            };
            match &mut self.transaction {
                _ if tag.closes => self.close(&tag, report),
                Some(transaction) if !tag.value.is_empty() => transaction.take(&tag.name, &tag.value),
                _ if tag.value.is_empty() => self.open(&tag, report),
                _ => self.field(&tag, report),
            }
            self.tags.give_back(tag);
        }
    }

    fn position(&self) -> (u64, u64) {
        self.tags.position()
    }
}

fn account_kind(text: &str) -> AccountKind {
    match text {
        "CHECKING" => AccountKind::Current,
        "SAVINGS" | "MONEYMRKT" | "CD" => AccountKind::Savings,
        "CREDITLINE" => AccountKind::Loan,
        _ => AccountKind::Unsaid,
    }
}

/// `20260131120000.000[-5:EST]`: the day as it is written, and the instant, in GMT where no zone is given. A day alone is
/// no instant.
fn day(text: &str) -> Result<(Date, Option<Timestamp>), Problem> {
    let bad = || Problem::Date { found: shown(text) };
    let (time, zone) = match text.split_once('[') {
        Some((time, zone)) => (time, zone.split([':', ']']).next()),
        None => (text, None),
    };
    let digits = time.split('.').next().unwrap_or_default().trim();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(digits.len(), 8 | 10 | 12 | 14) {
        return Err(bad());
    }
    let day = date::in_form(digits.get(..8).unwrap_or_default(), date::DateForm::YearMonthDay).map_err(|_| bad())?;
    let part = |from: usize| digits.get(from..from + 2).map_or(Ok(0), str::parse::<i8>).map_err(|_| bad());
    let time = jiff::civil::Time::new(part(8)?, part(10)?, part(12)?, 0).map_err(|_| bad())?;
    if digits.len() == 8 {
        return Ok((day, None));
    }
    let offset = zone.map_or(Some(0), offset_seconds).ok_or_else(bad)?;
    let local = jiff::civil::DateTime::from_parts(day, time);
    let zone = jiff::tz::Offset::from_seconds(offset).map_err(|_| bad())?;
    let instant = zone.to_timestamp(local).map_err(|_| bad())?;
    Ok((day, Some(Timestamp::from_micros(instant.as_microsecond()))))
}

/// Hours, with minutes or a fraction after a point: `-5`, `+5.30`, `-3.5`.
fn offset_seconds(text: &str) -> Option<i32> {
    let text = text.trim();
    let (hours, minutes) = text.split_once('.').unwrap_or((text, ""));
    let whole: i32 = hours.parse().ok()?;
    let minutes = match minutes.len() {
        0 => 0,
        1 => minutes.parse::<i32>().ok()? * 6,
        2 => minutes.parse::<i32>().ok()?,
        _ => return None,
    };
    let seconds = whole.abs() * 3_600 + minutes * 60;
    (whole.abs() <= 14 && minutes < 60).then_some(if hours.starts_with('-') { -seconds } else { seconds })
}
