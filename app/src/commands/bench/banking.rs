//! `florin bench banking`: the readers alone, the raw limit of the store, a large file imported, the same entries again in
//! other bytes, and pages of the account. Every figure is checked: nothing may be missing, and nothing there twice.

mod files;

use std::path::Path;
use std::sync::Arc;

use banking_api::*;
use formats::{Options, Statements};
use hdrhistogram::Histogram;
use kernel::{Clock, Ctx, Deadline, IdMaker, Principal, SystemClock};
use platform::crypto::{Erasures, KeyEncryptionKey};
use platform::db::{Budget, Column, Db, RowSet};
use platform::feed::{FeedSignal, Outbox};
use platform::outbound::{Outbound, OutboundConfig};
use platform::room::Site;
use rand::RngExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::goals::Goals;
use super::report::Report;
use super::store::Stores;
use super::table;
use crate::cli::BenchBanking;
use crate::failure::Failure;

use files::{Form, file};

const PAGE: usize = 50;
const PAGES: usize = 2_000;
const DEADLINE_MS: u64 = 3_600_000;
const RAW_ROWS_AT_ONCE: u64 = 2_000;
const MB: f64 = 1_048_576.0;

const RAW_TABLE: &str =
    "create table if not exists raw_movement (seq SEQ, account BIGINT not null, sealed BYTES not null)";
static RAW: RowSet = RowSet::new("raw_movement", &[("seq", "bigint"), ("account", "bigint"), ("sealed", "bytea")]);

pub(super) async fn run(stores: &Stores<'_>, options: &BenchBanking) -> Result<(), Failure> {
    let mut report = Report::open(&options.output, stores.engine(), stores.dir())?;
    let mut goals = Goals::default();
    readers(&mut report, options, &mut goals)?;
    let db = stores.create().await?.open().await?;
    let raw = raw(&db, options.entries).await?;
    report.say(&format!("raw row sets: {} rows a second", table::grouped(raw as u64)));
    report.insert("raw_rows_per_second", json!(raw));
    let desk = Desk::open(db, stores).await?;
    let first = desk.import(file(Form::Mt940, options.entries, 1)).await?;
    let again = desk.import(file(Form::Mt940, options.entries, 2)).await?;
    check(&first.import, options.entries, 0)?;
    check(&again.import, 0, options.entries)?;
    for (name, imported) in [("imported", &first), ("again in other bytes", &again)] {
        report.say(&format!(
            "{} entries {name}: {:.1} s, {} a second",
            table::grouped(options.entries),
            imported.seconds,
            table::grouped((options.entries as f64 / imported.seconds) as u64)
        ));
    }
    report.insert("import_seconds", json!(first.seconds));
    report.insert("again_seconds", json!(again.seconds));
    goals.at_most("seconds of the import", options.import_at_most, Some(first.seconds));
    goals.at_most("seconds of the import again", options.again_at_most, Some(again.seconds));
    let pages = desk.pages(&first.import).await?;
    let (p50, p99) = (pages.value_at_quantile(0.5), pages.value_at_quantile(0.99));
    report.say(&format!("a page of 50 at a random day: {} (p50), {} (p99)", table::millis(p50), table::millis(p99)));
    report.insert("page_us", json!({ "p50": p50, "p99": p99 }));
    goals.at_most("p99 of a page in ms", options.page_p99_at_most, Some(p99 as f64 / 1e3));
    report.close(&goals, None)?;
    goals.verdict()
}

/// Each format, read from memory.
fn readers(report: &mut Report<'_>, options: &BenchBanking, goals: &mut Goals) -> Result<(), Failure> {
    let mut figures = serde_json::Map::new();
    for form in Form::ALL {
        let bytes = file(form, options.reader_entries, 1);
        let started = SystemClock.monotonic();
        let mut reader = Statements::open(bytes.as_slice(), &Options::default());
        let entries = (&mut reader).filter(|item| matches!(item, formats::Item::Entry(_))).count() as u64;
        let micros = SystemClock.monotonic().micros_since(started).max(1);
        if entries != options.reader_entries || reader.report().is_refused(false) {
            return Err(Failure::new(format!("{}: {entries} entries were read: {:?}", form.name(), reader.report())));
        }
        let rate = bytes.len() as f64 / MB / (micros as f64 / 1e6);
        let size = bytes.len() as f64 / MB;
        report.say(&format!("reader alone, {}: {size:.0} MB, {rate:.0} MB a second", form.name()));
        goals.at_least(format!("MB a second of {}", form.name()), options.reader_at_least, Some(rate));
        figures.insert(form.name().to_owned(), json!({ "mb": size, "mb_per_second": rate }));
    }
    report.insert("readers", Value::Object(figures));
    Ok(())
}

/// Rows of the same size, in the same transactions, without any rule.
async fn raw(db: &Db, rows: u64) -> Result<f64, Failure> {
    db.migrate(&[platform::db::Migration { version: 1, name: "raw", sql: RAW_TABLE }]).await?;
    let sealed = vec![vec![7_u8; 220]; RAW_ROWS_AT_ONCE as usize];
    let started = SystemClock.monotonic();
    let mut next = 1;
    while next <= rows {
        let end = (next + RAW_ROWS_AT_ONCE).min(rows + 1);
        let seqs: Vec<i64> = (next..end).map(u64::cast_signed).collect();
        let accounts = vec![1; seqs.len()];
        let sealed = sealed.get(..seqs.len()).unwrap_or_default();
        let tx = db.begin().await?;
        tx.insert_many(&RAW, &[Column::Int(&seqs), Column::Int(&accounts), Column::Bytes(sealed)]).await?;
        tx.commit().await.map_err(platform::db::DbError::from)?;
        next = end;
    }
    let micros = SystemClock.monotonic().micros_since(started).max(1);
    Ok(rows as f64 * 1e6 / micros as f64)
}

fn check(import: &Import, new: u64, known: u64) -> Result<(), Failure> {
    if (import.counts.new, import.counts.known) == (new, known) {
        return Ok(());
    }
    Err(Failure::new(format!("expected {new} new and {known} known entries, found {:?}", import.counts)))
}

struct Desk {
    banking: Arc<dyn Banking>,
    clock: Arc<dyn Clock>,
}

struct Imported {
    import: Import,
    seconds: f64,
}

impl Desk {
    /// The room in this process, on its own store.
    async fn open(raw: Db, stores: &Stores<'_>) -> Result<Desk, Failure> {
        drop(raw);
        let store = stores.create().await?;
        let (db, clock): (Db, Arc<dyn Clock>) = (store.open().await?, Arc::new(SystemClock));
        platform::room::migrate(&banking::ROOM, &db).await?;
        let outbound = Outbound::new(&OutboundConfig::default(), Arc::clone(&clock));
        let site = Site {
            own: Arc::new(Principal::operator()),
            outbound: outbound.map_err(|error| Failure::new(error.to_string()))?,
            db,
            target: store.target(),
            budget: Budget::new(16, 64)?,
            settings: banking::Settings::default(),
            ids: IdMaker::new(Arc::clone(&clock)),
            outbox: Outbox::new("/banking", Arc::clone(&clock)),
            signal: FeedSignal::default(),
            key: Some(KeyEncryptionKey::random()),
            subjects: None,
            // Nothing is erased.
            erasures: Erasures::at(Path::new("erasures")),
            shared: None,
            address: None,
            demo: false,
            clock: Arc::clone(&clock),
        };
        let opened = banking::open(site, ()).await.map_err(|error| Failure::new(error.to_string()))?;
        Ok(Desk { banking: opened.face, clock })
    }

    fn ctx(&self) -> Ctx {
        let deadline = Deadline::after_millis(&*self.clock, DEADLINE_MS);
        Ctx { principal: Principal::operator(), deadline, request_id: "bench".into(), idempotency_key: None }
    }

    /// From the first part to the last commit.
    async fn import(&self, file: Vec<u8>) -> Result<Imported, Failure> {
        let sha256: String = Sha256::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();
        let (upload, bytes) = (sha256.clone(), file.len() as u64);
        let started = self.clock.monotonic();
        let mut parts = 0;
        for part in file.chunks(limits::PART_BYTES_MAX) {
            let bytes = PartBytes(part.to_vec());
            self.banking.receive(&self.ctx(), Part { upload: upload.clone(), number: parts, bytes }).await?;
            parts += 1;
        }
        let command = ImportFile { upload, parts, bytes, sha256, options: ImportOptions::default() };
        let mut import = self.banking.import(&self.ctx(), command).await?;
        while import.state == ImportState::Received {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            import = self.banking.import_of(&self.ctx(), import.id).await?;
        }
        let seconds = self.clock.monotonic().micros_since(started) as f64 / 1e6;
        Ok(Imported { import, seconds })
    }

    async fn pages(&self, import: &Import) -> Result<Histogram<u64>, Failure> {
        let account = import.accounts.first().copied().ok_or_else(|| Failure::new("the import has no account"))?;
        let mut times = Histogram::new(3).map_err(|error| Failure::new(error.to_string()))?;
        for _ in 0..PAGES {
            let to = Some(Day::of_number(files::FIRST_DAY + rand::rng().random_range(0..files::DAYS)));
            let query = TransactionQuery { account, from: None, to, status: None, after: None, limit: PAGE };
            let started = self.clock.monotonic();
            let page = self.banking.transactions(&self.ctx(), query).await?;
            times
                .record(self.clock.monotonic().micros_since(started))
                .map_err(|error| Failure::new(error.to_string()))?;
            if page.items.is_empty() {
                return Err(Failure::new("a page has no transactions"));
            }
        }
        Ok(times)
    }
}
