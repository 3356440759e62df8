//! A banking room on a stage, and files for it.

use std::sync::Arc;

use banking::Settings;

use banking_api::*;
use formats::camt::{CamtReport, CamtWriter};
use formats::csv::CsvWriter;
use formats::mt::MtWriter;
use formats::ofx::OfxWriter;
use formats::statement::{self as told, Coverage, Entry, Scheme, Statement, StatementWriter};
use jiff::civil::Date;
use kernel::{Clock, Ctx, Currency, Deadline, Money, Principal, Timestamp};
use platform::db::Db;
use platform::feed::{Event, Feed, FeedSignal, OutboxFeed, Pull};
use platform::outbound::{Outbound, OutboundConfig};
use platform::room::{Opened, Site};
use sha2::{Digest, Sha256};
use testkit::Stage;

pub(crate) const NUMBER: &str = "4099001234";

pub(crate) struct Desk {
    pub(crate) face: Arc<dyn Banking>,
    pub(crate) opened: Opened<dyn Banking>,
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
}

pub(crate) async fn open_with(stage: &Stage<'_>, settings: &[(&str, &str)]) -> Desk {
    let mut site: Site<Settings> = stage.site(&banking::ROOM, settings).await;
    let allowed = vec!["127.0.0.0/8".parse().unwrap()];
    site.outbound = Outbound::new(&OutboundConfig { allowed, ..OutboundConfig::default() }, stage.clock()).unwrap();
    let (db, clock) = (site.db.clone(), Arc::clone(&site.clock));
    let opened = banking::open(site, ()).await.unwrap();
    Desk { face: Arc::clone(&opened.face), opened, db, clock }
}

pub(crate) async fn open(stage: &Stage<'_>) -> Desk {
    open_with(stage, &[]).await
}

impl Desk {
    pub(crate) fn ctx(&self) -> Ctx {
        let deadline = Deadline::after_millis(&*self.clock, 60_000);
        Ctx { principal: Principal::operator(), deadline, request_id: "req-1".into(), idempotency_key: None }
    }

    pub(crate) async fn import(&self, file: impl AsRef<[u8]>) -> Import {
        import(&*self.face, &self.ctx(), file, ImportOptions::default()).await.unwrap()
    }

    pub(crate) async fn refused(&self, file: impl AsRef<[u8]>, options: ImportOptions) -> String {
        match import(&*self.face, &self.ctx(), file, options).await {
            Err(error) => match error.refusal() {
                Some(Refusal::FileRefused { mistake, .. }) => mistake.reason.clone(),
                _ => error.code().to_owned(),
            },
            Ok(import) => panic!("expected a refusal, found {import:?}"),
        }
    }

    pub(crate) async fn account(&self) -> BankAccount {
        let query = AccountQuery { account: None, after: None, limit: 10 };
        self.face.accounts(&self.ctx(), query).await.unwrap().items.remove(0)
    }

    /// All that were not removed, the oldest day first.
    pub(crate) async fn transactions(&self) -> Vec<Transaction> {
        let account = self.account().await.id;
        let mut query = TransactionQuery { account, from: None, to: None, status: None, after: None, limit: 500 };
        let mut all = Vec::new();
        loop {
            let page = self.face.transactions(&self.ctx(), query.clone()).await.unwrap();
            query.after = page.items.last().map(|last| last.id);
            all.extend(page.items);
            if !page.more {
                all.reverse();
                return all;
            }
        }
    }

    pub(crate) async fn amounts(&self) -> Vec<(String, i64, Status)> {
        let all = self.transactions().await;
        let mut all: Vec<_> =
            all.iter().map(|one| (one.booked_on.to_string(), one.amount.minor(), one.status)).collect();
        all.sort();
        all
    }

    pub(crate) async fn gaps(&self) -> Vec<Gap> {
        let query = AccountQuery { account: Some(self.account().await.id), after: None, limit: 0 };
        self.face.gaps(&self.ctx(), query).await.unwrap().items
    }

    pub(crate) async fn events(&self) -> Vec<Event> {
        let feed = OutboxFeed::new(self.db.clone(), FeedSignal::default(), Arc::clone(&self.clock));
        let pull = Pull { after: 0, max: 1_000, wait_ms: 0, consumer: None };
        feed.events_after(pull).await.unwrap()
    }
}

pub(crate) async fn import(
    banking: &dyn Banking,
    ctx: &Ctx,
    file: impl AsRef<[u8]>,
    options: ImportOptions,
) -> Result<Import, BankingError> {
    let file = file.as_ref();
    let sha256: String = Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect();
    let upload = format!("{sha256}-{}", ctx.idempotency_key.as_ref().map_or("", |key| key.as_str()));
    let parts: Vec<&[u8]> = if file.is_empty() { vec![file] } else { file.chunks(limits::PART_BYTES_MAX).collect() };
    for (number, bytes) in (0..).zip(&parts) {
        let part = Part { upload: upload.clone(), number, bytes: PartBytes(bytes.to_vec()) };
        banking.receive(ctx, part).await?;
    }
    let parts = u32::try_from(parts.len()).unwrap();
    banking.import(ctx, ImportFile { upload, parts, bytes: file.len() as u64, sha256, options }).await
}

/// A movement of a test: day of January, cents, words.
pub(crate) type Line = (i8, i64, &'static str);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Camt053,
    Camt052,
    Camt054,
    Mt940,
    Ofx,
    Csv,
}

/// A statement of these days; `issue` makes other bytes of the same content.
pub(crate) fn file(form: Form, days: (i8, i8), opening: i64, lines: &[Line], issue: u32) -> Vec<u8> {
    file_of(form, days, opening, &lines.iter().map(entry).collect::<Vec<_>>(), issue)
}

pub(crate) fn file_of(form: Form, days: (i8, i8), opening: i64, entries: &[Entry], issue: u32) -> Vec<u8> {
    let euro = Currency::iso("EUR").unwrap();
    let booked = entries.iter().filter(|entry| entry.status == told::EntryStatus::Booked);
    let closing: i64 = opening + booked.map(|entry| entry.amount.minor()).sum::<i64>();
    let statement = statement(form, days, (Money::new(opening, euro), Money::new(closing, euro)), issue);
    let mut out = Vec::new();
    let created = Timestamp::from_micros(
        1_767_225_600_000_000 + i64::from(days.1) * 86_400_000_000 + i64::from(issue) * 1_000_000,
    );
    let message = format!("MSG{issue}");
    let write = |writer: &mut dyn StatementWriter| {
        writer.begin(&statement)?;
        entries.iter().try_for_each(|entry| writer.entry(entry))?;
        writer.end()?;
        writer.finish()
    };
    match form {
        Form::Camt053 => write(&mut CamtWriter::new(&mut out, CamtReport::Statement, &message, created).unwrap()),
        Form::Camt052 => write(&mut CamtWriter::new(&mut out, CamtReport::Report, &message, created).unwrap()),
        Form::Camt054 => write(&mut CamtWriter::new(&mut out, CamtReport::Notification, &message, created).unwrap()),
        Form::Mt940 => write(&mut MtWriter::new(&mut out)),
        Form::Csv => write(&mut CsvWriter::new(&mut out).unwrap()),
        Form::Ofx => write(&mut OfxWriter::new(&mut out, created).unwrap()),
    }
    .unwrap();
    out
}

fn day(day: i8) -> Date {
    Date::new(2026, 1, day).unwrap()
}

pub(crate) fn entry((on, minor, words): &Line) -> Entry {
    let mut entry = Entry::new(Money::new(*minor, Currency::iso("EUR").unwrap()));
    (entry.booked_on, entry.valued_on) = (Some(day(*on)), Some(day(*on)));
    entry.told.text = vec![(*words).to_owned()];
    entry.told.codes = vec![told::Code::new(Scheme::Iso, "PMNT-RCDT-ESCT")];
    entry
}

fn statement(form: Form, days: (i8, i8), (opening, closing): (Money, Money), issue: u32) -> Statement {
    let balance = |kind, code: &str, amount, on| told::Balance {
        kind,
        code: code.to_owned(),
        amount,
        on: Some(day(on)),
        at: None,
    };
    let (first, last) = days;
    let booked = vec![
        balance(told::BalanceKind::OpeningBooked, "OPBD", opening, first),
        balance(told::BalanceKind::ClosingBooked, "CLBD", closing, last),
    ];
    let created =
        Timestamp::from_micros(1_767_225_600_000_000 + i64::from(last) * 86_400_000_000 + i64::from(issue) * 1_000_000);
    Statement {
        id: Some(format!("S{first}-{last}-{issue}")),
        coverage: match form {
            Form::Camt052 => Coverage::Interim,
            Form::Camt054 => Coverage::News,
            _ => Coverage::Full,
        },
        account: told::Account { number: Some(NUMBER.to_owned()), ..told::Account::default() },
        currency: Some(closing.currency()),
        sequence: Some(u64::from(issue) * 100 + first.unsigned_abs() as u64),
        from: Some(day(first)),
        to: Some(day(last)),
        created_at: Some(created),
        balances: match form {
            Form::Camt053 | Form::Mt940 => booked,
            Form::Ofx => vec![balance(told::BalanceKind::InterimBooked, "LEDGERBAL", closing, last)],
            _ => Vec::new(),
        },
        ..Statement::default()
    }
}
