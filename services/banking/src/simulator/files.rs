//! The same business as files.

use formats::bai2::BaiWriter;
use formats::camt::{CamtReport, CamtWriter};
use formats::csv::CsvWriter;
use formats::mt::MtWriter;
use formats::ofx::OfxWriter;
use formats::statement::{self, Balance, BalanceKind, Code, Coverage, Scheme, Statement, StatementWriter, WriteError};
use kernel::{Currency, Money, Timestamp};

use super::business::{Account, Business, DAY_US};
use banking_api::Day;

/// One account's days in a format: `camt053`, `mt940`, `bai2`, `ofx`, `csv`.
pub(super) fn file(business: &Business, account: &'static Account, days: (i64, i64), format: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let created = Timestamp::from_micros((days.1 + 1) * DAY_US);
    let written = match format {
        "camt053" => return camt(business, &[account], days),
        "mt940" => write(&mut MtWriter::new(&mut out), business, &[account], days),
        "bai2" => {
            let mut writer = BaiWriter::new(&mut out, "BANK", "ACME", Day::of_number(days.1).date(), "1").ok()?;
            write(&mut writer, business, &[account], days)
        }
        "ofx" => write(&mut OfxWriter::new(&mut out, created).ok()?, business, &[account], days),
        "csv" => write(&mut CsvWriter::new(&mut out).ok()?, business, &[account], days),
        _ => return None,
    };
    written.ok()?;
    Some(out)
}

pub(super) fn camt(business: &Business, accounts: &[&'static Account], days: (i64, i64)) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let created = Timestamp::from_micros((days.1 + 1) * DAY_US);
    let message = format!("SIM{}-{}-{}", days.0, days.1, business.today());
    let mut writer = CamtWriter::new(&mut out, CamtReport::Statement, &message, created).ok()?;
    write(&mut writer, business, accounts, days).ok()?;
    drop(writer);
    Some(out)
}

fn write(
    writer: &mut dyn StatementWriter,
    business: &Business,
    accounts: &[&'static Account],
    (from, to): (i64, i64),
) -> Result<(), WriteError> {
    for account in accounts {
        let Ok(currency) = Currency::iso(account.currency) else { continue };
        writer.begin(&head(business, account, currency, (from, to)))?;
        for entry in business.booked(account, from, to) {
            let on = Some(Day::of_number(entry.day).date());
            let mut told = statement::Entry::new(Money::new(entry.minor, currency));
            (told.booked_on, told.valued_on) = (on, on);
            told.told.codes = vec![Code::new(Scheme::Bai2, entry.code)];
            told.told.references.bank = Some(entry.id);
            told.told.references.end_to_end = Some(entry.reference);
            told.told.counterparty.name = Some(entry.name.to_owned()).filter(|name| !name.is_empty());
            told.told.text = vec![entry.text];
            writer.entry(&told)?;
        }
        writer.end()?;
    }
    writer.finish()
}

fn head(business: &Business, account: &'static Account, currency: Currency, (from, to): (i64, i64)) -> Statement {
    let balance = |kind, code: &str, day: i64, of: i64| Balance {
        kind,
        code: code.to_owned(),
        amount: Money::new(business.balance(account, of), currency),
        on: Some(Day::of_number(day).date()),
        at: None,
    };
    // Of 16 characters at most, as MT940 wants it.
    let last_four: String = account.number.chars().skip(account.number.chars().count().saturating_sub(4)).collect();
    let id = format!("{last_four}{from:05}{:03}{:04}", (to - from).min(999), business.today() % 10_000);
    Statement {
        id: Some(id),
        coverage: Coverage::Full,
        account: statement::Account { number: Some(account.number.to_owned()), ..statement::Account::default() },
        currency: Some(currency),
        sequence: Some(1),
        from: Some(Day::of_number(from).date()),
        to: Some(Day::of_number(to).date()),
        created_on: Some(Day::of_number(to).date()),
        balances: vec![
            balance(BalanceKind::OpeningBooked, "OPBD", from, from - 1),
            balance(BalanceKind::ClosingBooked, "CLBD", to, to),
        ],
        ..Statement::default()
    }
}
