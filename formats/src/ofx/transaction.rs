//! `STMTTRN` and `STMTTRNP`: one booked or pending transaction.

use kernel::{Currency, Money};

use super::day;
use crate::amount::{self, DecimalMark};
use crate::check_digit;
use crate::mistake::{Bad, Of, Problem, shown};
use crate::statement::{Code, Correction, Entry, EntryStatus, Original, Scheme, Told};

#[derive(Default)]
pub(super) struct Transaction {
    pub(super) line: u64,
    pending: bool,
    inner: Inner,
    amount: Option<String>,
    kind: Option<String>,
    posted: Option<String>,
    initiated: Option<String>,
    available: Option<String>,
    corrects: Option<String>,
    deletes: bool,
    /// Of `CURRENCY`: the amount is in it. Of `ORIGCURRENCY`: it was converted from it.
    converted: bool,
    symbol: Option<String>,
    rate: Option<String>,
    told: Told,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Inner {
    #[default]
    Nothing,
    Payee,
    Account,
}

impl Transaction {
    pub(super) fn new(line: u64, pending: bool) -> Transaction {
        Transaction { line, pending, ..Transaction::default() }
    }

    pub(super) fn open(&mut self, name: &str) {
        match name {
            "PAYEE" => self.inner = Inner::Payee,
            "BANKACCTTO" | "CCACCTTO" => self.inner = Inner::Account,
            "ORIGCURRENCY" => self.converted = true,
            _ => {}
        }
    }

    pub(super) fn close(&mut self, name: &str) {
        if matches!(name, "PAYEE" | "BANKACCTTO" | "CCACCTTO") {
            self.inner = Inner::Nothing;
        }
    }

    pub(super) fn take(&mut self, name: &str, value: &str) {
        let text = || Some(value.to_owned());
        match (self.inner, name) {
            (Inner::Account, "BANKID") => self.told.counterparty.bank = text(),
            (Inner::Account, "ACCTID") => match check_digit::iban(value) {
                Ok(iban) => self.told.counterparty.iban = Some(iban),
                Err(_) => self.told.counterparty.number = text(),
            },
            (_, "TRNTYPE") => self.kind = text(),
            (_, "TRNAMT") => self.amount = text(),
            (_, "DTPOSTED") => self.posted = text(),
            (_, "DTUSER" | "DTTRAN") => self.initiated = text(),
            (_, "DTAVAIL") => self.available = text(),
            (_, "FITID") => self.told.references.bank = text(),
            (_, "CORRECTFITID") => self.corrects = text(),
            (_, "CORRECTACTION") => self.deletes = value == "DELETE",
            (_, "SRVRTID") => self.told.references.transaction = text(),
            (_, "CHECKNUM") => self.told.references.cheque = text(),
            (_, "REFNUM") => self.told.references.own = text(),
            (_, "NAME" | "EXTDNAME") => {
                let longer = self.told.counterparty.name.as_deref().is_none_or(|name| name.len() < value.len());
                self.told.counterparty.name = if longer { text() } else { self.told.counterparty.name.take() };
            }
            (_, "PAYEEID") => self.told.counterparty.id = text(),
            (_, "MEMO") => {
                let lines = value.lines().map(str::trim).filter(|line| !line.is_empty());
                self.told.text.extend(lines.map(str::to_owned));
            }
            (_, "CURSYM") => self.symbol = text(),
            (_, "CURRATE") => self.rate = text(),
            _ => {}
        }
    }

    /// The entry, and a warning where its amount was rounded.
    pub(super) fn entry(self, default: Option<Currency>) -> Result<(Entry, Option<Bad>), Bad> {
        let foreign = self.symbol.as_deref().map(amount::currency).transpose().of("CURSYM")?;
        let currency = match foreign.filter(|_| !self.converted) {
            Some(foreign) => foreign,
            None => default.of("CURDEF")?,
        };
        let digits = self.amount.as_deref().of("TRNAMT")?;
        let decimal = amount::decimal(digits, DecimalMark::Either, currency.scale()).of("TRNAMT")?;
        let amount = Money::new(decimal.minor, currency);
        let posted = match (&self.posted, &self.initiated) {
            (Some(text), _) => day(text).of("DTPOSTED")?,
            (None, Some(text)) => day(text).of("DTUSER")?,
            (None, None) => return Err(Bad::new("DTPOSTED", Problem::Missing)),
        };
        let available = self.available.as_deref().map(day).transpose().of("DTAVAIL")?;
        let mut entry = Entry {
            line: self.line,
            status: if self.pending { EntryStatus::Pending } else { EntryStatus::Booked },
            booked_on: Some(posted.0),
            booked_at: posted.1,
            valued_on: available.map(|(day, _)| day),
            told: self.told,
            ..Entry::new(amount)
        };
        entry.told.codes.extend(self.kind.map(|kind| Code::new(Scheme::Ofx, kind)));
        if self.converted {
            // The rate turns the original into the account's currency; the original amount itself is not told.
            entry.told.original = Some(Original { amount: None, rate: self.rate });
        }
        entry.correction = match (self.corrects, self.deletes) {
            (Some(bank), true) => Some(Correction::Deletes { bank }),
            (Some(bank), false) => Some(Correction::Replaces { bank }),
            (None, _) => None,
        };
        let rounded = decimal
            .rounded
            .then(|| Bad::new("TRNAMT", Problem::Rounded { found: shown(digits), rounded: amount.amount() }));
        Ok((entry, rounded))
    }
}
