//! BAI2: files of groups of accounts. Amounts have no decimal point: they are in smallest units of their currency.

mod code;
mod entry;
mod record;
mod trailer;
mod write;

use std::collections::VecDeque;

use jiff::civil::Date;
use kernel::{Currency, Money};

pub use write::BaiWriter;

use crate::amount;
use crate::date;
use crate::input::{Input, Lines};
use crate::limits::BALANCES_MAX;
use crate::mistake::{Bad, Mistake, Of, Problem, Report, shown};
use crate::statement::{Account, Balance, Coverage, Effect, Piece, Source, Statement, Total};
use record::{Record, Records};
use trailer::Level;

pub(crate) struct Bai2<'a> {
    records: Records<'a>,
    lenient_totals: bool,
    file: Level,
    group: Option<Group>,
    account: Option<OpenAccount>,
    /// Of the file, for the statements' heads.
    id: Option<String>,
    created: Option<Date>,
    ended: bool,
    ready: VecDeque<Piece>,
}

struct Group {
    level: Level,
    effect: Effect,
    coverage: Coverage,
    originator: Option<String>,
    as_of: Option<Date>,
    currency: Option<Currency>,
}

struct OpenAccount {
    level: Level,
    currency: Currency,
    as_of: Option<Date>,
}

impl<'a> Bai2<'a> {
    pub(crate) fn new(input: Input<'a>, lenient_totals: bool) -> Bai2<'a> {
        Bai2 {
            records: Records::new(Lines::new(input)),
            lenient_totals,
            file: Level::default(),
            group: None,
            account: None,
            id: None,
            created: None,
            ended: false,
            ready: VecDeque::new(),
        }
    }

    fn take(&mut self, record: &Record, report: &mut Report) -> Result<(), Mistake> {
        let order = |expected| {
            let found = record.code.clone();
            Err(Mistake::new(record.line, record.code.clone(), "", Problem::Order { expected, found }))
        };
        if self.ended && record.code != "01" {
            return order("nothing after 99");
        }
        match record.code.as_str() {
            "01" => self.begin_file(record),
            "02" if self.group.is_some() => return order("98 before another 02"),
            "02" => self.begin_group(record, report),
            "03" if self.account.is_some() => return order("49 before another 03"),
            "03" if self.group.is_none() => return order("02 before 03"),
            "03" => self.begin_account(record, report),
            "16" if self.account.is_none() => return order("03 before 16"),
            "16" => self.transaction(record, report),
            "49" if self.account.is_none() => return order("03 before 49"),
            "49" => self.end_account(record, report),
            "98" if self.account.is_some() => return order("49 before 98"),
            "98" => match self.group.take() {
                Some(group) => {
                    let stated = group.level.close(record, Some("accounts"), self.lenient_totals, report);
                    self.file.add_level(stated, group.level.records + record.physical);
                }
                None => return order("02 before 98"),
            },
            "99" if self.group.is_some() => return order("98 before 99"),
            "99" if record.get(2).is_none() => {
                return Err(Mistake::new(record.line, "99", "records", Problem::cut("record 99")));
            }
            "99" => {
                self.file.close(record, Some("groups"), self.lenient_totals, report);
                self.ended = true;
            }
            _ => {
                let found = shown(&record.code);
                report.warn(Mistake::new(record.line, "", "record", Problem::Unknown { found }));
            }
        }
        Ok(())
    }

    fn transaction(&mut self, record: &Record, report: &mut Report) {
        let Some(account) = &mut self.account else { return };
        match entry::read(record, account.currency, account.as_of) {
            Ok((entry, summed)) => {
                account.level.add(summed, record.physical);
                self.ready.push_back(Piece::Entry(Box::new(entry)));
            }
            Err(bad) => {
                account.level.add(0, record.physical);
                account.level.broken = true;
                report.line(bad.at(record.line, "16"));
            }
        }
    }

    fn end_account(&mut self, record: &Record, report: &mut Report) {
        let Some(account) = self.account.take() else { return };
        let stated = account.level.close(record, None, self.lenient_totals, report);
        if let Some(group) = &mut self.group {
            group.level.add_level(stated, account.level.records + record.physical);
        }
        self.ready.push_back(Piece::End { line: record.line });
    }

    /// Several files may stand in one, one after the other.
    fn begin_file(&mut self, record: &Record) {
        self.ended = false;
        self.file = Level { records: record.physical, ..Level::default() };
        self.id = record.get(4).map(str::to_owned);
        self.created = record.get(2).and_then(|day| date::yymmdd(day).ok());
    }

    fn begin_group(&mut self, record: &Record, report: &mut Report) {
        let effect = match record.get(2) {
            Some("2") => Effect::Deletes,
            Some("3") => Effect::Corrects,
            Some("4") => Effect::Test,
            _ => Effect::Tells,
        };
        let coverage = if matches!(record.get(6), Some("1" | "3")) { Coverage::Interim } else { Coverage::Full };
        let as_of = record.get(3).map(date::yymmdd).transpose().of("as-of date");
        let currency = record.get(5).map(amount::currency).transpose().of("currency");
        let mut or_line = |bad: Bad| report.line(bad.at(record.line, "02"));
        self.group = Some(Group {
            level: Level { records: record.physical, ..Level::default() },
            effect,
            coverage,
            originator: record.get(1).map(str::to_owned),
            as_of: as_of.unwrap_or_else(|bad| {
                or_line(bad);
                None
            }),
            currency: currency.unwrap_or_else(|bad| {
                or_line(bad);
                None
            }),
        });
    }

    fn begin_account(&mut self, record: &Record, report: &mut Report) {
        let Some(group) = &self.group else { return };
        let currency = match (record.get(1).map(amount::currency), group.currency) {
            (Some(Ok(currency)), _) | (None, Some(currency)) => Ok(currency),
            (Some(Err(problem)), _) => Err(problem),
            (None, None) => amount::currency("USD"),
        };
        let currency = match currency.of("currency") {
            Ok(currency) => currency,
            Err(bad) => return report.refuse(bad.at(record.line, "03")),
        };
        let number = record.get(0).map(str::to_owned);
        let mut statement = Statement {
            line: record.line,
            id: self.id.clone(),
            coverage: group.coverage,
            effect: group.effect,
            account: Account { number, bank: group.originator.clone(), ..Account::default() },
            currency: Some(currency),
            to: group.as_of,
            created_on: self.created,
            ..Statement::default()
        };
        let mut level = Level { records: record.physical, ..Level::default() };
        if let Err(bad) = summaries(record, currency, group.as_of, &mut level, &mut statement) {
            level.broken = true;
            report.line(bad.at(record.line, "03"));
        }
        self.account = Some(OpenAccount { level, currency, as_of: group.as_of });
        self.ready.push_back(Piece::Begin(Box::new(statement)));
    }
}

/// Type, amount, count and funds, again and again.
fn summaries(
    record: &Record,
    currency: Currency,
    on: Option<Date>,
    level: &mut Level,
    statement: &mut Statement,
) -> Result<(), Bad> {
    let mut place = 2;
    while place < record.fields.len() {
        let (kind, digits, count) = (record.get(place), record.get(place + 1), record.get(place + 2));
        let funds = entry::funds(record, place + 3, currency)?;
        place += 4 + funds.fields;
        let (Some(kind), Some(digits)) = (kind, digits) else { continue };
        let minor = entry::minor(digits).of("amount")?;
        level.amounts += i128::from(minor);
        let amount = Money::new(minor, currency);
        if statement.balances.len() + statement.totals.len() >= BALANCES_MAX {
            return Err(Bad::new("type", Problem::TooMany { limit: BALANCES_MAX }));
        }
        let (code, count) = (kind.to_owned(), count.and_then(|count| count.parse().ok()));
        match code::class(kind) {
            code::Class::Balance(kind) => statement.balances.push(Balance { kind, code, amount, on, at: None }),
            code::Class::Debit => {
                let amount = Some(Money::new(-minor, currency));
                statement.totals.push(Total { code, amount, count });
            }
            _ => statement.totals.push(Total { code, amount: Some(amount), count }),
        }
    }
    Ok(())
}

impl Source for Bai2<'_> {
    fn next(&mut self, report: &mut Report) -> Result<Option<Piece>, Mistake> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            match self.records.next(report)? {
                Some(record) => {
                    let taken = self.take(&record, report);
                    self.records.give_back(record);
                    taken?;
                }
                None if self.ended => return Ok(None),
                None => {
                    let problem = Problem::cut("the file, before its record 99");
                    return Err(Mistake::new(self.records.position().1, "99", "", problem));
                }
            }
        }
    }

    fn position(&self) -> (u64, u64) {
        self.records.position()
    }
}
