//! Example data: three months of two accounts of one company, so that a first look at `serve --demo` shows something.

use banking_api::{BankingError, ImportFile, ImportOptions, Imports, Part, PartBytes};
use formats::camt::{CamtReport, CamtWriter};
use formats::mt::MtWriter;
use formats::statement::{
    Account, Balance, BalanceKind, Code, Coverage, Entry, Scheme, Statement, StatementWriter, WriteError,
};
use jiff::civil::{Date, date};
use kernel::{Ctx, Currency, Deadline, Money, Principal};
use platform::room::{Introduction, OpenError};
use sha2::{Digest, Sha256};

use crate::read::hexadecimal;
use crate::service::BankingService;

const DEADLINE_MS: u64 = 60_000;
const ENTITY: &str = "acme-us";

/// Day of the month, smallest units, the bank's word, counterparty and text. The same every month.
const MONTH: [(i8, i64, &str, &str, &str); 6] = [
    (2, -180_000, "PMNT-ICDT-ESCT", "Harbour Estates", "RENT"),
    (5, 421_550, "PMNT-RCDT-ESCT", "Northwind Traders", "INVOICE 2026-114"),
    (12, -18_990, "PMNT-RDDT-ESDD", "City Power", "ELECTRICITY"),
    (18, 96_000, "PMNT-RCDT-ESCT", "Globex", "INVOICE 2026-120"),
    (25, -240_000, "PMNT-ICDT-SALA", "Payroll", "SALARIES"),
    (28, -950, "ACMT-MDOP-CHRG", "", "ACCOUNT FEE"),
];

pub(crate) async fn fill(service: BankingService) -> Result<Introduction, OpenError> {
    let (euros, dollars) = (Currency::iso("EUR")?, Currency::iso("USD")?);
    import(&service, camt(euros)?).await?;
    import(&service, mt(dollars)?).await?;
    Ok(Introduction::default())
}

async fn import(service: &BankingService, file: Vec<u8>) -> Result<(), BankingError> {
    let clock = &service.inner.clock;
    let deadline = Deadline::after_millis(&**clock, DEADLINE_MS);
    let principal = Principal::operator();
    let ctx = Ctx { principal, deadline, request_id: "demo".into(), idempotency_key: None };
    let sha256 = hexadecimal(&Sha256::digest(&file));
    let (upload, bytes) = (sha256.clone(), file.len() as u64);
    service.receive(&ctx, Part { upload: upload.clone(), number: 0, bytes: PartBytes(file) }).await?;
    let options = ImportOptions { entity: Some(ENTITY.to_owned()), ..ImportOptions::default() };
    service.import(&ctx, ImportFile { upload, parts: 1, bytes, sha256, options }).await?;
    Ok(())
}

/// January to March as camt.053.
fn camt(currency: Currency) -> Result<Vec<u8>, WriteError> {
    let mut file = Vec::new();
    let created = kernel::Timestamp::from_micros(1_775_000_000_000_000);
    let mut writer = CamtWriter::new(&mut file, CamtReport::Statement, "DEMO-1", created)?;
    months(&mut writer, currency, "DE89370400440532013000", 1_250_000)?;
    drop(writer);
    Ok(file)
}

/// The same business in dollars as MT940.
fn mt(currency: Currency) -> Result<Vec<u8>, WriteError> {
    let mut file = Vec::new();
    let mut writer = MtWriter::new(&mut file);
    months(&mut writer, currency, "4099001234", 3_000_000)?;
    drop(writer);
    Ok(file)
}

fn months(writer: &mut dyn StatementWriter, currency: Currency, number: &str, opening: i64) -> Result<(), WriteError> {
    let mut balance = opening;
    for month in 1..=3 {
        let entries: Vec<Entry> = MONTH.iter().map(|line| entry(month, line, currency)).collect();
        let closing = entries.iter().fold(balance, |sum, entry| sum + entry.amount.minor());
        writer.begin(&statement(month, currency, number, (balance, closing)))?;
        entries.iter().try_for_each(|entry| writer.entry(entry))?;
        writer.end()?;
        balance = closing;
    }
    writer.finish()
}

fn entry(month: i8, (day, minor, code, name, text): &(i8, i64, &str, &str, &str), currency: Currency) -> Entry {
    let on = date(2026, month, *day);
    let mut entry = Entry::new(Money::new(*minor, currency));
    (entry.booked_on, entry.valued_on) = (Some(on), Some(on));
    entry.told.codes = vec![Code::new(Scheme::Iso, *code)];
    entry.told.counterparty.name = Some((*name).to_owned()).filter(|name| !name.is_empty());
    entry.told.text = vec![(*text).to_owned()];
    entry.told.references.bank = Some(format!("B{month:02}{day:02}"));
    entry
}

fn statement(month: i8, currency: Currency, number: &str, (opening, closing): (i64, i64)) -> Statement {
    let first = date(2026, month, 1);
    let balance = |kind: BalanceKind, code: &str, minor: i64, on: Date| Balance {
        kind,
        code: code.to_owned(),
        amount: Money::new(minor, currency),
        on: Some(on),
        at: None,
    };
    let is_iban = number.starts_with(|letter: char| letter.is_alphabetic());
    let account = Account {
        iban: is_iban.then(|| number.to_owned()),
        number: (!is_iban).then(|| number.to_owned()),
        ..Account::default()
    };
    let last = date(2026, month, 28);
    Statement {
        id: Some(format!("DEMO{month}")),
        coverage: Coverage::Full,
        account,
        currency: Some(currency),
        sequence: Some(u64::from(month.unsigned_abs())),
        from: Some(first),
        to: Some(last),
        balances: vec![
            balance(BalanceKind::OpeningBooked, "OPBD", opening, first),
            balance(BalanceKind::ClosingBooked, "CLBD", closing, last),
        ],
        ..Statement::default()
    }
}
