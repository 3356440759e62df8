//! Entries of our own: credits, debits, prenotes, returns and notifications of change.

use kernel::Money;

use super::entry::{Entry, Original};
use super::field;
use super::record::Record;
use super::sec::{self, Sec};
use crate::check_digit;
use crate::mistake::Problem;
use crate::statement::{WriteError, unwritable};

/// An entry to originate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryDraft {
    /// 22 and 32 credit, 27 and 37 debit a checking or savings account; 23, 28, 33 and 38 are prenotes.
    pub code: u8,
    /// Nine digits of the receiving bank.
    pub routing: String,
    pub account: String,
    pub amount: Money,
    pub id: String,
    pub name: String,
    pub discretionary: String,
    /// Payment related information, up to 80 characters an addenda.
    pub addenda: Vec<String>,
}

/// The transaction code that takes an entry back.
pub fn reversing(code: u8) -> Option<u8> {
    match code {
        22 | 32 | 42 | 52 => Some(if code == 52 { 55 } else { code + 5 }),
        27 | 37 | 47 => Some(code - 5),
        _ => None,
    }
}

impl EntryDraft {
    /// The entry under a trace number: eight digits of our bank and a sequence number.
    pub(super) fn entry(&self, sec: Sec, odfi: &str, sequence: u64) -> Result<Entry, WriteError> {
        if matches!(sec, Sec::Iat | Sec::Adv) {
            return Err(unwritable(
                field::BATCH_SEC.name,
                Problem::value("a class that is originated here", sec.code()),
            ));
        }
        let mut record = Record::blank();
        record.set(super::record::Field::new("record type", 1, 1), "6")?;
        let credit = sec::is_credit(self.code);
        credit.ok_or_else(|| {
            unwritable(field::ENTRY_CODE.name, Problem::value("a transaction code", &self.code.to_string()))
        })?;
        record.set_number(field::ENTRY_CODE, u64::from(self.code))?;
        check_digit::aba(&self.routing).map_err(|problem| unwritable(field::ENTRY_ROUTING.name, problem))?;
        record.set_digits(field::ENTRY_ROUTING, &self.routing)?;
        record.set(field::ENTRY_ACCOUNT, &self.account)?;
        record.set_number(field::ENTRY_AMOUNT, self.cents()?)?;
        record.set(field::ENTRY_ID, &self.id)?;
        if sec.counts_addenda() {
            record.set_number(field::COUNTED_ADDENDA, self.addenda.len() as u64)?;
            record.set_cut(field::COUNTED_NAME, &self.name);
        } else {
            record.set_cut(field::ENTRY_NAME, &self.name);
        }
        record.set(field::ENTRY_DISCRETIONARY, &self.discretionary)?;
        record.set(field::ENTRY_INDICATOR, if self.addenda.is_empty() { "0" } else { "1" })?;
        set_trace(&mut record, odfi, sequence)?;
        let addenda = self.addenda.iter().zip(1..).map(|(text, number)| payment(text, number, sequence));
        Ok(Entry { line: 0, sec, record, addenda: addenda.collect::<Result<_, _>>()? })
    }

    fn cents(&self) -> Result<u64, WriteError> {
        let wrong =
            |expected: &'static str| Err(unwritable("amount", Problem::value(expected, &self.amount.to_string())));
        if self.amount.currency().code() != "USD" {
            return wrong("an amount in USD");
        }
        match (u64::try_from(self.amount.minor()), sec::is_prenote(self.code)) {
            (Ok(0), true) => Ok(0),
            (_, true) => wrong("no amount in a prenote"),
            (Ok(cents), false) if cents > 0 => Ok(cents),
            _ => wrong("an amount above zero"),
        }
    }
}

fn set_trace(record: &mut Record, odfi: &str, sequence: u64) -> Result<(), WriteError> {
    let odfi = odfi.get(..8).unwrap_or_default();
    record.set_digits(field::ENTRY_TRACE, &format!("{odfi}{:07}", sequence % 10_000_000))
}

fn payment(text: &str, number: u64, sequence: u64) -> Result<Record, WriteError> {
    let mut addenda = addenda("05")?;
    addenda.set(field::ADDENDA_TEXT, text)?;
    addenda.set_number(field::ADDENDA_SEQUENCE, number)?;
    addenda.set_number(field::ADDENDA_ENTRY, sequence % 10_000_000)?;
    Ok(addenda)
}

fn addenda(kind: &str) -> Result<Record, WriteError> {
    let mut record = Record::blank();
    record.set(super::record::Field::new("record type", 1, 1), "7")?;
    record.set(field::ADDENDA_TYPE, kind)?;
    Ok(record)
}

impl Entry {
    /// What a later message says of this entry to name it.
    pub fn as_original(&self) -> Original {
        Original { trace: self.trace(), rdfi: self.record.text(field::ENTRY_RDFI) }
    }

    /// The entry sent back: the code of a return in place of its own, to the bank it came from.
    pub fn give_back(&self, reason: &str, info: &str, our_bank: &str, sequence: u64) -> Result<Entry, WriteError> {
        if !is_code(reason, 'R', 1..=85) {
            return Err(unwritable(field::RETURN_CODE.name, Problem::value("R01 to R85", reason)));
        }
        let (mut record, mut addenda) = self.answer("99", our_bank, sequence)?;
        addenda.set(field::RETURN_CODE, reason)?;
        addenda.set_cut(field::RETURN_INFO, info);
        record.set(field::ENTRY_INDICATOR, "1")?;
        Ok(Entry { line: 0, sec: self.sec, record, addenda: vec![addenda] })
    }

    /// A notification of change, of class COR: no money moves.
    pub fn notify(&self, change: &str, corrected: &str, our_bank: &str, sequence: u64) -> Result<Entry, WriteError> {
        if !is_code(change, 'C', 1..=14) {
            return Err(unwritable(field::CHANGE_CODE.name, Problem::value("C01 to C14", change)));
        }
        let (mut record, mut addenda) = self.answer("98", our_bank, sequence)?;
        addenda.set(field::CHANGE_CODE, change)?;
        addenda.set(field::CHANGE_DATA, corrected)?;
        record.set_number(field::ENTRY_AMOUNT, 0)?;
        record.set(field::ENTRY_INDICATOR, "1")?;
        Ok(Entry { line: 0, sec: Sec::Cor, record, addenda: vec![addenda] })
    }

    fn answer(&self, kind: &str, our_bank: &str, sequence: u64) -> Result<(Record, Record), WriteError> {
        if matches!(self.sec, Sec::Iat | Sec::Adv) {
            return Err(unwritable(
                field::BATCH_SEC.name,
                Problem::value("a class that is answered here", self.sec.code()),
            ));
        }
        let (mut record, original) = (self.record, self.as_original());
        let code = self.transaction_code().and_then(answer_code);
        let code = code.ok_or_else(|| unwritable(field::ENTRY_CODE.name, Problem::Missing))?;
        record.set_number(field::ENTRY_CODE, u64::from(code))?;
        let origin = original.trace.get(..8).unwrap_or_default().to_owned();
        let check = check_digit::aba_check_digit(origin.as_bytes()).map(char::from);
        let check =
            check.ok_or_else(|| unwritable(field::ENTRY_TRACE.name, Problem::value("digits", &original.trace)))?;
        record.set_digits(field::ENTRY_ROUTING, &format!("{origin}{check}"))?;
        set_trace(&mut record, our_bank, sequence)?;
        let mut addenda = addenda(kind)?;
        addenda.set_digits(field::RETURN_ORIGINAL_TRACE, &original.trace)?;
        addenda.set_digits(field::RETURN_ORIGINAL_RDFI, &original.rdfi)?;
        addenda.set_digits(field::ADDENDA_TRACE, &record.text(field::ENTRY_TRACE))?;
        Ok((record, addenda))
    }
}

/// The code of a return or notification: 21 for 22 to 24, 26 for 27 to 29, and so on.
fn answer_code(code: u8) -> Option<u8> {
    let tens = code / 10 * 10;
    match (sec::is_credit(code)?, code) {
        (_, 81..) => None,
        (true, _) => Some(tens + 1),
        (false, 55) => Some(56),
        (false, _) => Some(tens + 6),
    }
}

fn is_code(text: &str, letter: char, range: std::ops::RangeInclusive<u8>) -> bool {
    let number = text.strip_prefix(letter).filter(|number| number.len() == 2);
    number.and_then(|number| number.parse().ok()).is_some_and(|number| range.contains(&number))
}
