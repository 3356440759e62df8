//! Statement files of any size: the same entries in five formats.

use banking_api::Day;
use formats::bai2::BaiWriter;
use formats::camt::{CamtReport, CamtWriter};
use formats::csv::CsvWriter;
use formats::mt::MtWriter;
use formats::ofx::OfxWriter;
use formats::statement::{
    Account, Balance, BalanceKind, Code, Coverage, Entry, Scheme, Statement, StatementWriter, WriteError,
};
use kernel::{Currency, Money, Timestamp};

/// 2026-01-01.
pub(super) const FIRST_DAY: i64 = 20_454;
pub(super) const DAYS: i64 = 90;
const NUMBER: &str = "4099001234";

#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    Camt053,
    Mt940,
    Bai2,
    Ofx,
    Csv,
}

impl Form {
    pub(super) const ALL: [Form; 5] = [Form::Camt053, Form::Mt940, Form::Bai2, Form::Ofx, Form::Csv];

    pub(super) fn name(self) -> &'static str {
        match self {
            Form::Camt053 => "camt.053",
            Form::Mt940 => "MT940",
            Form::Bai2 => "BAI2",
            Form::Ofx => "OFX",
            Form::Csv => "CSV",
        }
    }
}

/// One statement of 90 days; another `issue` has other bytes and the same entries.
pub(super) fn file(form: Form, entries: u64, issue: u64) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory fails only for an entry that the format cannot hold, and these all can.
    written(form, entries, issue, &mut out).unwrap_or_default();
    out
}

fn written(form: Form, entries: u64, issue: u64, out: &mut Vec<u8>) -> Result<(), WriteError> {
    let created = Timestamp::from_micros((FIRST_DAY + DAYS) * 86_400_000_000);
    match form {
        Form::Camt053 => all(&mut CamtWriter::new(out, CamtReport::Statement, "BENCH", created)?, entries, issue),
        Form::Mt940 => all(&mut MtWriter::new(out), entries, issue),
        Form::Bai2 => {
            let day = Day::of_number(FIRST_DAY + DAYS).date();
            all(&mut BaiWriter::new(out, "BANK", "ACME", day, "1")?, entries, issue)
        }
        Form::Ofx => all(&mut OfxWriter::new(out, created)?, entries, issue),
        Form::Csv => all(&mut CsvWriter::new(out)?, entries, issue),
    }
}

fn all(writer: &mut dyn StatementWriter, entries: u64, issue: u64) -> Result<(), WriteError> {
    let Ok(currency) = Currency::iso("EUR") else { return Ok(()) };
    let sum = (0..entries).fold(0, |sum, number| sum + minor(number));
    writer.begin(&statement(currency, sum, issue))?;
    for number in 0..entries {
        writer.entry(&entry(number, entries, currency))?;
    }
    writer.end()?;
    writer.finish()
}

fn minor(number: u64) -> i64 {
    let size = (number.wrapping_mul(2_654_435_761) % 900_000).cast_signed() + 1;
    if number.is_multiple_of(3) { size } else { -size }
}

fn entry(number: u64, entries: u64, currency: Currency) -> Entry {
    let day = FIRST_DAY + (number * DAYS.unsigned_abs() / entries.max(1)).cast_signed();
    let on = Some(Day::of_number(day).date());
    let mut entry = Entry::new(Money::new(minor(number), currency));
    (entry.booked_on, entry.valued_on) = (on, on);
    entry.told.codes = vec![Code::new(Scheme::Iso, "PMNT-RCDT-ESCT")];
    entry.told.references.bank = Some(format!("B{number:012}"));
    entry.told.references.end_to_end = Some(format!("E2E{number:012}"));
    entry.told.counterparty.name = Some(format!("Customer {}", number % 5_000));
    entry.told.text = vec![format!("Invoice {number} of {}", number % 365)];
    entry
}

fn statement(currency: Currency, sum: i64, issue: u64) -> Statement {
    let balance = |kind, code: &str, minor, day| Balance {
        kind,
        code: code.to_owned(),
        amount: Money::new(minor, currency),
        on: Some(Day::of_number(day).date()),
        at: None,
    };
    Statement {
        id: Some(format!("BENCH{issue}")),
        coverage: Coverage::Full,
        account: Account { number: Some(NUMBER.to_owned()), ..Account::default() },
        currency: Some(currency),
        sequence: Some(1),
        created_on: Some(Day::of_number(FIRST_DAY + DAYS).date()),
        balances: vec![
            balance(BalanceKind::OpeningBooked, "OPBD", 0, FIRST_DAY),
            balance(BalanceKind::ClosingBooked, "CLBD", sum, FIRST_DAY + DAYS - 1),
        ],
        ..Statement::default()
    }
}
