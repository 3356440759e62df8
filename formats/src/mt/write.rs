//! MT940 and MT942 as a stream, field 86 in numbered parts. Of a name the first 54 characters have a place.

use std::io::Write;

use jiff::civil::Date;
use kernel::Money;

use crate::amount::with_comma;
use crate::letters;
use crate::mistake::{Of, Problem};
use crate::statement::{
    Balance, BalanceKind, Coverage, Entry, EntryStatus, Scheme, Statement, StatementWriter, Told, WriteError, pieces,
    unwritable,
};

const LINE_MAX: usize = 65;
const PART_MAX: usize = 27;

pub struct MtWriter<W: Write> {
    out: W,
    statement: Statement,
}

impl<W: Write> MtWriter<W> {
    pub fn new(out: W) -> MtWriter<W> {
        MtWriter { out, statement: Statement::default() }
    }

    fn balance(&mut self, tag: &str, balance: &Balance) -> Result<(), WriteError> {
        let on = balance.on.of("balance date").map_err(|bad| unwritable(bad.field, bad.problem))?;
        let (mark, amount) = (mark(balance.amount), unsigned(balance.amount));
        write!(self.out, ":{tag}:{mark}{}{}{amount}\r\n", yymmdd(on), balance.amount.currency())?;
        Ok(())
    }

    fn balances(&mut self, tag: &str, kind: BalanceKind) -> Result<(), WriteError> {
        let of_kind: Vec<Balance> = self.statement.balances.iter().filter(|told| told.kind == kind).cloned().collect();
        of_kind.iter().try_for_each(|told| self.balance(tag, told))
    }
}

impl<W: Write> StatementWriter for MtWriter<W> {
    fn begin(&mut self, statement: &Statement) -> Result<(), WriteError> {
        self.statement = statement.clone();
        let account = &statement.account;
        let number = account.number().ok_or_else(|| unwritable("account", Problem::Missing))?;
        let bank = account.bank.as_deref().map(|bank| format!("{bank}/")).unwrap_or_default();
        let (sequence, page) = (statement.sequence.unwrap_or(1), statement.page.map_or(1, |page| page.number));
        write!(self.out, ":20:{}\r\n", reference(statement.id.as_deref().unwrap_or("NONREF"), "id")?)?;
        write!(self.out, ":25:{bank}{number}\r\n:28C:{sequence}/{page}\r\n")?;
        if statement.coverage != Coverage::News {
            return self.balances("60F", BalanceKind::OpeningBooked);
        }
        let currency = statement.currency.ok_or_else(|| unwritable("currency", Problem::Missing))?;
        write!(self.out, ":34F:{currency}{}\r\n", unsigned(Money::new(0, currency)))?;
        if let Some(day) = statement.created_on {
            write!(self.out, ":13D:{}0000+0000\r\n", yymmdd(day))?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), WriteError> {
        let booked = entry.booked_on.ok_or_else(|| unwritable("booked_on", Problem::Missing))?;
        let valued = entry.valued_on.unwrap_or(booked);
        let marks = match (entry.status, entry.reversal, entry.amount.minor() < 0) {
            (EntryStatus::Booked, true, true) => "RC",
            (EntryStatus::Booked, true, false) => "RD",
            (EntryStatus::Booked, false, _) => mark(entry.amount),
            (_, _, true) => "ED",
            (_, _, false) => "EC",
        };
        let kind = entry.told.codes.iter().find(|code| code.scheme == Scheme::Mt && code.code.len() == 4);
        let kind = kind.map_or("NMSC", |code| code.code.as_str());
        let own = reference(entry.told.references.own.as_deref().unwrap_or("NONREF"), "own reference")?;
        let (day, entry_day) = (yymmdd(valued), booked.strftime("%m%d"));
        write!(self.out, ":61:{day}{entry_day}{marks}{}{kind}{own}", unsigned(entry.amount))?;
        if let Some(bank) = &entry.told.references.bank {
            write!(self.out, "//{}", reference(bank, "bank reference")?)?;
        }
        self.out.write_all(b"\r\n")?;
        information(&mut self.out, &entry.told)
    }

    fn end(&mut self) -> Result<(), WriteError> {
        self.balances("62F", BalanceKind::ClosingBooked)?;
        self.balances("64", BalanceKind::ClosingAvailable)?;
        self.balances("65", BalanceKind::ForwardAvailable)?;
        for total in self.statement.totals.clone().iter().filter(|total| total.code.starts_with("90")) {
            let amount = total.amount.ok_or_else(|| unwritable("total", Problem::Missing))?;
            let count = total.count.unwrap_or(0);
            write!(self.out, ":{}:{count}{}{}\r\n", total.code, amount.currency(), unsigned(amount))?;
        }
        self.out.write_all(b"-\r\n")?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        self.out.flush()?;
        Ok(())
    }
}

fn mark(amount: Money) -> &'static str {
    if amount.minor() < 0 { "D" } else { "C" }
}

fn unsigned(amount: Money) -> String {
    with_comma(amount).trim_start_matches('-').to_owned()
}

fn yymmdd(day: Date) -> String {
    day.strftime("%y%m%d").to_string()
}

/// 16 characters of SWIFT's, without the double slash that ends a reference.
fn reference<'t>(text: &'t str, field: &'static str) -> Result<&'t str, WriteError> {
    if text.chars().count() > 16 {
        return Err(unwritable(field, Problem::TooLong { limit: 16 }));
    }
    if text.contains("//") || !text.chars().all(letters::is_swift) {
        return Err(unwritable(field, Problem::value("characters of SWIFT's and no double slash", text)));
    }
    Ok(text)
}

fn information<W: Write>(out: &mut W, told: &Told) -> Result<(), WriteError> {
    let code = told.codes.iter().find(|code| code.scheme == Scheme::Gvc).map_or("999", |code| code.code.as_str());
    let mut parts: Vec<String> = Vec::new();
    let mut put =
        |number: u32, text: &str| parts.push(format!("?{number:02}{}", letters::swift(text).replace('?', ".")));
    if let Some(text) = &told.additional {
        put(0, text);
    }
    let references = &told.references;
    let words = [
        ("EREF+", references.end_to_end.as_deref()),
        ("MREF+", references.mandate.as_deref()),
        ("CRED+", references.creditor_id.as_deref()),
        ("ABWA+", told.ultimate.as_deref()),
        ("PURP+", told.purpose.as_deref()),
    ];
    let said = words.into_iter().filter_map(|(word, text)| text.map(|text| format!("{word}{text}")));
    let lines = said.chain(told.text.iter().map(|line| format!("SVWZ+{line}")));
    let texts: Vec<String> =
        lines.flat_map(|line| pieces(&line, PART_MAX).map(str::to_owned).collect::<Vec<_>>()).collect();
    for (number, text) in (20..30).chain(60..64).zip(&texts) {
        put(number, text);
    }
    if texts.len() > 14 {
        return Err(unwritable("text", Problem::TooLong { limit: 14 * PART_MAX }));
    }
    let party = &told.counterparty;
    for (number, text) in [(30, party.bank.as_deref()), (31, party.iban.as_deref().or(party.number.as_deref()))] {
        text.into_iter().for_each(|text| put(number, text));
    }
    for (number, name) in (32..34).zip(party.name.iter().flat_map(|name| pieces(name, PART_MAX))) {
        put(number, name);
    }
    if parts.is_empty() {
        return Ok(());
    }
    write!(out, ":86:{code}")?;
    let mut width = ":86:".len() + code.len();
    for part in parts {
        if width + part.len() > LINE_MAX {
            out.write_all(b"\r\n")?;
            width = 0;
        }
        width += part.len();
        out.write_all(part.as_bytes())?;
    }
    out.write_all(b"\r\n")?;
    Ok(())
}
