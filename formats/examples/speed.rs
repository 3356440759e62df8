//! How fast each format is read, and in how much memory: `cargo run --release -p formats --example speed`.
//!
//! Each file is written to the temporary folder first, so that reading alone is measured. `cpu` is what a quiet core would take.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use formats::{InspectOptions, inspect};
use jiff::civil::{Date, Time, date};
use kernel::{Clock, Currency, Money, SystemClock, Timestamp};

use formats::bai2::BaiWriter;
use formats::camt::{CamtReport, CamtWriter};
use formats::csv::CsvWriter;
use formats::iso::{Letters, OrderWriter};
use formats::mt::MtWriter;
use formats::nacha::{AchWriter, BatchDraft, EntryDraft, FileDraft, Sec};
use formats::ofx::OfxWriter;
use formats::payment::{Batch, FileHead, Line, Side, Tally};
use formats::statement::{
    Account, Balance, BalanceKind, Code, Entry, References, Scheme, Statement, StatementWriter, Told,
};

type Done = Result<(), Box<dyn std::error::Error>>;

fn main() -> Done {
    let folder = std::env::temp_dir().join("florin-formats-speed");
    std::fs::create_dir_all(&folder)?;
    println!("format      rows     MB  seconds   cpu    rows/s  MB/s   (of cpu)  peak MB");
    let names = ["camt.053", "MT940", "BAI2", "OFX", "CSV", "pain.001", "NACHA"];
    for name in names.into_iter().filter(|name| std::env::args().nth(1).is_none_or(|only| only == *name)) {
        let path = folder.join(name);
        let rows = write(name, &path)?;
        measure(name, rows, &path)?;
        std::fs::remove_file(&path)?;
    }
    Ok(())
}

fn measure(name: &str, rows: u64, path: &Path) -> Done {
    let clock = SystemClock;
    let bytes = std::fs::metadata(path)?.len();
    let (before, cpu_before) = (clock.monotonic(), cpu_millis());
    let summary = inspect(File::open(path)?, &InspectOptions::default());
    let micros = clock.monotonic().micros_since(before).max(1);
    if summary.refused {
        return Err(format!("{name} was refused: {:?}", summary.mistakes.refusals.first.first()).into());
    }
    let cpu = (cpu_millis() - cpu_before).max(1);
    let shown = |millis: u64| format!("{}.{:02}", millis / 1_000, millis / 10 % 100);
    let (mb, wall, rows_s, mb_s) = (bytes / 1_000_000, shown(micros / 1_000), rows * 1_000 / cpu, bytes / cpu / 1_000);
    let (cpu, peak) = (shown(cpu), peak_kib() / 1_024);
    println!("{name:<9}{rows:>7}{mb:>7}{wall:>9}{cpu:>6}{rows_s:>10}{mb_s:>6}{peak:>20}");
    Ok(())
}

/// Processor time of this process, in steps of the system's clock of 10 ms.
fn cpu_millis() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let times = after_name.split_whitespace().skip(11).take(2);
    times.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10
}

/// The most memory that the process ever had.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn euros() -> Result<Currency, kernel::CurrencyError> {
    Currency::iso("EUR")
}

const DAY: Date = date(2026, 1, 31);

fn write(name: &str, path: &Path) -> Result<u64, Box<dyn std::error::Error>> {
    let out = BufWriter::new(File::create(path)?);
    match name {
        "camt.053" => statement(CamtWriter::new(out, CamtReport::Statement, "M-1", Timestamp::EPOCH)?, 100_000),
        "MT940" => statement(MtWriter::new(out), 300_000),
        "BAI2" => statement(BaiWriter::new(out, "BANK", "ACME", DAY, "1")?, 500_000),
        "OFX" => statement(OfxWriter::new(out, Timestamp::EPOCH)?, 200_000),
        "CSV" => statement(CsvWriter::new(out)?, 400_000),
        "pain.001" => orders(out, 100_000),
        _ => entries(out, 500_000),
    }
}

fn statement(mut writer: impl StatementWriter, rows: u64) -> Result<u64, Box<dyn std::error::Error>> {
    let currency = euros()?;
    let balance = |kind, minor| {
        let (code, amount) = (String::new(), Money::new(minor, currency));
        Balance { kind, code, amount, on: Some(DAY), at: None }
    };
    let closing = i64::try_from(rows)? * 12_345;
    writer.begin(&Statement {
        id: Some("S-1".to_owned()),
        account: Account { iban: Some("DE89370400440532013000".to_owned()), ..Account::default() },
        currency: Some(currency),
        sequence: Some(1),
        from: Some(DAY),
        to: Some(DAY),
        balances: vec![balance(BalanceKind::OpeningBooked, 0), balance(BalanceKind::ClosingBooked, closing)],
        ..Statement::default()
    })?;
    for row in 0..rows {
        let mut entry =
            Entry { booked_on: Some(DAY), valued_on: Some(DAY), ..Entry::new(Money::new(12_345, currency)) };
        let references = References {
            bank: Some(format!("B{row:012}")),
            end_to_end: Some(format!("INVOICE-2026-{row}")),
            ..References::default()
        };
        entry.told = Told { references, text: vec!["Invoice of January, thank you".to_owned()], ..Told::default() };
        entry.told.counterparty.name = Some("Bob Builder and Sons".to_owned());
        entry.told.counterparty.iban = Some("NL91ABNA0417164300".to_owned());
        entry.told.codes.push(Code::new(Scheme::Iso, "PMNT-RCDT-ESCT"));
        writer.entry(&entry)?;
    }
    writer.end()?;
    writer.finish()?;
    Ok(rows)
}

fn orders(out: impl Write, rows: u64) -> Result<u64, Box<dyn std::error::Error>> {
    let amount = Money::new(12_345, euros()?);
    let mut total = Tally::default();
    (0..rows).for_each(|_| total.add(amount));
    let own =
        Side { iban: Some("DE89370400440532013000".to_owned()), name: Some("Acme".to_owned()), ..Side::default() };
    let head = FileHead {
        id: Some("M-1".to_owned()),
        created_at: Some(Timestamp::EPOCH),
        count: Some(rows),
        control_sum: Some(total.sum),
        initiator: Side { name: Some("Acme".to_owned()), ..Side::default() },
        ..FileHead::new(formats::Kind::Pain001)
    };
    let mut writer = OrderWriter::new(out, &head, Letters::AsTheyAre)?;
    writer.batch(&Batch { id: Some("P-1".to_owned()), execute_on: Some(DAY), own, ..Batch::default() })?;
    let creditor = Side {
        name: Some("Bob Builder and Sons".to_owned()),
        iban: Some("NL91ABNA0417164300".to_owned()),
        bic: Some("ABNANL2A".to_owned()),
        ..Side::default()
    };
    let mut line = Line { creditor, text: vec!["Invoice of January".to_owned()], ..Line::new(amount) };
    for row in 0..rows {
        line.end_to_end = Some(format!("INVOICE-2026-{row}"));
        writer.line(&line)?;
    }
    writer.finish()?.flush()?;
    Ok(rows)
}

fn entries(out: impl Write, rows: u64) -> Result<u64, Box<dyn std::error::Error>> {
    let file = FileDraft {
        destination: "091000019".to_owned(),
        origin: "1234567890".to_owned(),
        created_on: DAY,
        created_at: Time::midnight(),
        modifier: 'A',
        destination_name: "First Bank".to_owned(),
        origin_name: "Acme".to_owned(),
        reference: String::new(),
    };
    let batch = BatchDraft {
        class: 220,
        company_name: "Acme".to_owned(),
        discretionary: String::new(),
        company_id: "1234567890".to_owned(),
        sec: Sec::Ppd,
        description: "PAYROLL".to_owned(),
        descriptive_date: String::new(),
        effective_on: DAY,
        odfi: "09100001".to_owned(),
    };
    let draft = EntryDraft {
        code: 22,
        routing: "021000021".to_owned(),
        account: "123456789".to_owned(),
        amount: Money::new(1_234, Currency::iso("USD")?),
        id: "EMPLOYEE-1".to_owned(),
        name: "Bob Builder".to_owned(),
        discretionary: String::new(),
        addenda: Vec::new(),
    };
    let mut writer = AchWriter::new(out, &file)?;
    for row in 0..rows {
        if row % 100_000 == 0 {
            writer.batch(&batch)?;
        }
        writer.originate(&draft)?;
    }
    writer.finish()?.0.flush()?;
    Ok(rows)
}
