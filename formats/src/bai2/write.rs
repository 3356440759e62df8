//! BAI2 as a stream: a group of one account for each statement.

use std::io::Write;

use jiff::civil::Date;
use kernel::Money;

use super::code::{self, Class};
use crate::mistake::Problem;
use crate::statement::{
    BalanceKind, Coverage, Effect, Entry, Scheme, Statement, StatementWriter, WriteError, unwritable,
};

pub struct BaiWriter<W: Write> {
    out: W,
    sender: String,
    receiver: String,
    file: Sums,
    group: Sums,
}

#[derive(Default)]
struct Sums {
    amounts: i128,
    records: u64,
    parts: u64,
}

impl<W: Write> BaiWriter<W> {
    pub fn new(mut out: W, sender: &str, receiver: &str, created: Date, id: &str) -> Result<BaiWriter<W>, WriteError> {
        let (sender, receiver) = (field("sender", sender)?.to_owned(), field("receiver", receiver)?.to_owned());
        write!(out, "01,{sender},{receiver},{},0000,{},,,2/\r\n", created.strftime("%y%m%d"), field("id", id)?)?;
        let file = Sums { records: 1, ..Sums::default() };
        Ok(BaiWriter { out, sender, receiver, file, group: Sums::default() })
    }
}

impl<W: Write> StatementWriter for BaiWriter<W> {
    fn begin(&mut self, statement: &Statement) -> Result<(), WriteError> {
        let day = statement.to.map(|day| day.strftime("%y%m%d").to_string()).unwrap_or_default();
        let currency = statement.currency.ok_or_else(|| unwritable("currency", Problem::Missing))?;
        let effect = match statement.effect {
            Effect::Tells => 1,
            Effect::Deletes => 2,
            Effect::Corrects => 3,
            Effect::Test => 4,
        };
        let modifier = if statement.coverage == Coverage::Full { 2 } else { 3 };
        let number = statement.account.number().ok_or_else(|| unwritable("account", Problem::Missing))?;
        let originator = match &statement.account.bank {
            Some(bank) => field("bank", bank)?,
            None => self.sender.as_str(),
        };
        write!(self.out, "02,{},{originator},{effect},{day},2400,{currency},{modifier}/\r\n", self.receiver)?;
        write!(self.out, "03,{},{currency}", field("account", number)?)?;
        self.group = Sums { records: 2, ..Sums::default() };
        for balance in &statement.balances {
            let code = match balance.kind {
                BalanceKind::OpeningBooked => "010",
                BalanceKind::ClosingBooked => "015",
                BalanceKind::InterimBooked => "030",
                BalanceKind::OpeningAvailable => "040",
                BalanceKind::ClosingAvailable => "045",
                BalanceKind::InterimAvailable => "060",
                BalanceKind::ForwardAvailable => "072",
                _ => continue,
            };
            self.group.amounts += i128::from(balance.amount.minor());
            write!(self.out, "/\r\n88,{code},{},,", balance.amount.minor())?;
            self.group.records += 1;
        }
        for total in &statement.totals {
            let Some(amount) = total.amount.filter(|_| total.code.len() == 3) else { continue };
            self.group.amounts += i128::from(amount.minor().abs());
            let count = total.count.map(|count| count.to_string()).unwrap_or_default();
            write!(self.out, "/\r\n88,{},{},{count},", total.code, amount.minor().abs())?;
            self.group.records += 1;
        }
        self.out.write_all(b"/\r\n")?;
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), WriteError> {
        let (minor, told) = (entry.amount.minor(), &entry.told);
        let fits = |code: &str| match code::class(code) {
            Class::Credit => minor >= 0,
            Class::Debit => minor <= 0,
            _ => code.len() == 3,
        };
        let code = told.codes.iter().find(|code| code.scheme == Scheme::Bai2 && fits(&code.code));
        let code = code.map_or(if minor < 0 { "699" } else { "399" }, |code| code.code.as_str());
        let bank = field("bank reference", told.references.bank.as_deref().unwrap_or_default())?;
        let own = told.references.cheque.as_deref().filter(|_| code == "475").or(told.references.own.as_deref());
        let own = field("own reference", own.unwrap_or_default())?;
        write!(self.out, "16,{code},{}{},{bank},{own},", minor.unsigned_abs(), funds(entry))?;
        self.group.amounts += i128::from(minor.unsigned_abs());
        self.group.records += 1;
        for (place, line) in told.text.iter().enumerate() {
            if line.contains(['\r', '\n']) {
                return Err(unwritable("text", Problem::value("one line", line)));
            }
            if place > 0 {
                self.group.records += 1;
                self.out.write_all(b"/\r\n88,")?;
            }
            self.out.write_all(line.as_bytes())?;
        }
        self.out.write_all(b"/\r\n")?;
        Ok(())
    }

    fn end(&mut self) -> Result<(), WriteError> {
        let Sums { amounts, records, .. } = self.group;
        write!(self.out, "49,{amounts},{records}/\r\n98,{amounts},1,{}/\r\n", records + 2)?;
        self.file.amounts += amounts;
        self.file.records += records + 2;
        self.file.parts += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        let Sums { amounts, records, parts } = self.file;
        write!(self.out, "99,{amounts},{parts},{}/\r\n", records + 1)?;
        self.out.flush()?;
        Ok(())
    }
}

/// The value date, or when parts of the amount become available.
fn funds(entry: &Entry) -> String {
    let amount = |money: Money| money.minor().unsigned_abs();
    match (entry.valued_on, entry.available.as_slice()) {
        (Some(day), _) => format!(",V,{},", day.strftime("%y%m%d")),
        (None, []) => ",Z".to_owned(),
        (None, [one]) if one.amount == entry.amount && one.days.is_some_and(|days| days <= 2) => {
            format!(",{}", one.days.unwrap_or(0))
        }
        (None, parts) => {
            let pairs = parts.iter().map(|part| format!(",{},{}", part.days.unwrap_or(0), amount(part.amount)));
            format!(",D,{}{}", parts.len(), pairs.collect::<String>())
        }
    }
}

/// A field may not hold what ends it.
fn field<'t>(name: &'static str, text: &'t str) -> Result<&'t str, WriteError> {
    if text.contains([',', '/', '\r', '\n']) {
        return Err(unwritable(name, Problem::value("a field without commas and slashes", text)));
    }
    Ok(text)
}
