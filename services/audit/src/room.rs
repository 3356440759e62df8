//! Audit's description as a room, and how it runs in a process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ledger_api::{BookName, Books};
use platform::crypto::KeyRing;
use platform::db::Engine;
use platform::feed::Feed;
use platform::jobs::{Job, Missed, Run, Schedule};
use platform::room::{Apart, Door, Later, OpenError, Opened, Periodic, Room, Routes, Site, Told};
use platform::shutdown::Step;

use crate::append::Appender;
use crate::config::{SETTINGS, Settings};
use crate::count;
use crate::face::{Audit, SERVICE};
use crate::heads::Heads;
use crate::holder::AuditHolder;
use crate::http::{OPERATIONS, TAGS};
use crate::keys::Keys;
use crate::reads::Reads;
use crate::retention::Retention;
use crate::seal::Seals;
use crate::service::AuditService;
use crate::sources::{LEDGER, Sources};
use crate::store::{self, MIGRATIONS};

const BOOKS_EVERY: Duration = Duration::from_secs(1);
const THINNED_EVERY: Duration = Duration::from_secs(600);

pub static ROOM: Room = Room {
    service: "audit-service",
    about: "keeps who did what, as a log that proves itself",
    migrations: MIGRATIONS,
    consumes: &[
        LEDGER,
        "identity",
        "risk",
        "banking",
        "vault",
        "cards",
        "payments",
        "accounts",
        "planning",
        "notifications",
        "treasury",
    ],
    seals: true,
    subjects: true,
    settings: SETTINGS,
    words: &[("audit", &["read"])],
    grants: &[("customer", &["audit:read:own"])],
    metrics: count::METRICS,
    operations: OPERATIONS,
    tags: &TAGS,
    document: crate::http::document,
    apart,
    ..Room::named(SERVICE)
};

fn apart(house: &Apart<'_>) -> Told {
    let file = house.keys.join("audit-head").display().to_string();
    Told { settings: vec![("head_file", file)], lines: Vec::new() }
}

/// The events of a room, by its name.
pub type Events = (&'static str, Arc<dyn Feed>);

/// Opens the service. It reads the events of every book of the ledger, and of the rooms that are passed in.
pub async fn open(
    site: Site<Settings>,
    (books, events): (Arc<dyn Books>, Vec<Events>),
) -> Result<Opened<dyn Audit>, OpenError> {
    let ring = KeyRing::open(&site.db, site.key()?, Arc::clone(&site.clock)).await?;
    let seals = Seals(site.subjects()?.clone());
    let Site { db, settings, clock, own, .. } = site;
    let keys = Keys { ring, clock: Arc::clone(&clock), overlap_days: settings.key_overlap_days };
    let (entry_bytes_max, origin) = (settings.entry_bytes_max, settings.origin.into());
    let appender = Appender { clock: Arc::clone(&clock), entry_bytes_max, origin };
    // Processes that share a database have no file in common; there a job says that the database was put back.
    let file = (db.engine() == Engine::Sqlite).then_some(settings.head_file);
    let heads = Heads { db: db.clone(), keys, appender: appender.clone(), file };
    heads.begin().await?;
    let retention = Retention {
        db: db.clone(),
        appender: appender.clone(),
        seals: seals.clone(),
        keep_days: settings.keep_days,
        personal_days: settings.personal_days,
        legal_hold: settings.legal_hold,
    };
    let sources = Arc::new(Sources {
        db: db.clone(),
        clock: Arc::clone(&clock),
        appender,
        seals: seals.clone(),
        books,
        own,
        found: Mutex::default(),
    });
    let mut consumers = vec![sources.add(LEDGER, sources.book(BookName::main()))];
    consumers.extend(events.into_iter().map(|(source, feed)| sources.add(source, feed)));
    let holder = AuditHolder { db: db.clone(), seals: seals.clone() };
    let reads = Reads { db: db.clone(), appender: sources.appender.clone(), noted: Arc::default() };
    let service = AuditService { db, clock, heads: heads.clone(), seals, sources: Arc::clone(&sources), reads };
    let mut opened: Opened<dyn Audit> = Opened::new(Arc::new(service));
    opened.consumers = consumers;
    opened.steps = vec![Step::new("audit_books", {
        let sources = Arc::clone(&sources);
        async move { sources.close().await }
    })];
    opened.periodic = periodic(&heads, Duration::from_millis(settings.head_every_ms), sources);
    opened.jobs = vec![kept(retention)?, renewal(heads.clone())?, continuation(heads)?];
    opened.holder = Some(Arc::new(holder));
    Ok(opened)
}

fn periodic(heads: &Heads, every: Duration, sources: Arc<Sources>) -> Vec<Periodic> {
    let (signs, thins) = (heads.clone(), heads.clone());
    let sign = move || -> Later<()> {
        let heads = signs.clone();
        Box::pin(async move { heads.sign().await })
    };
    let thin = move || -> Later<()> {
        let heads = thins.clone();
        Box::pin(async move { Ok(heads.thin_out().await?) })
    };
    let find = move || -> Later<()> {
        let sources = Arc::clone(&sources);
        Box::pin(async move { sources.look_at_books().await })
    };
    vec![
        Periodic { name: "audit_heads", every, work: Box::new(sign) },
        Periodic { name: "audit_old_heads", every: THINNED_EVERY, work: Box::new(thin) },
        Periodic { name: "audit_books", every: BOOKS_EVERY, work: Box::new(find) },
    ]
}

/// Each night. A missed one is made up for by the next.
fn kept(retention: Retention) -> Result<Job, OpenError> {
    let work = move |run: Run| -> Later<()> {
        let retention = retention.clone();
        Box::pin(async move { retention.apply(&run).await })
    };
    let (about, schedule) = ("removes what is older than it is kept", Schedule::parse("30 3 * * *")?);
    Ok(Job { name: "retention", about, schedule, missed: Missed::Once, work: Box::new(work) })
}

/// Runs only by hand.
fn renewal(heads: Heads) -> Result<Job, OpenError> {
    let work = move |_: Run| -> Later<()> {
        let heads = heads.clone();
        Box::pin(async move {
            let tx = heads.db.begin().await?;
            tx.one_at_a_time().await?;
            heads.keys.renew(&tx).await?;
            Ok(tx.commit().await?)
        })
    };
    let about = "makes a new signing key; the old one signs beside it for some days";
    by_hand("key", about, Box::new(work))
}

/// Runs only by hand: for a database that was put back to an older day.
fn continuation(heads: Heads) -> Result<Job, OpenError> {
    let work = move |_: Run| -> Later<()> {
        let heads = heads.clone();
        Box::pin(async move {
            let tx = heads.db.begin().await?;
            tx.one_at_a_time().await?;
            let log = store::log(&tx).await?.ok_or("the log was not begun")?;
            heads.go_on(&tx, log, None).await?;
            Ok(tx.commit().await?)
        })
    };
    by_hand("continue", "the log goes on under another name, after its database was put back", Box::new(work))
}

fn by_hand(
    name: &'static str,
    about: &'static str,
    work: Box<dyn Fn(Run) -> Later<()> + Send + Sync>,
) -> Result<Job, OpenError> {
    Ok(Job { name, about, schedule: Schedule::parse("9999-12-30T00:00:00Z")?, missed: Missed::Skip, work })
}

/// The routes of audit, in this process or another.
///
/// # Errors
/// None so far.
pub fn mount(audit: Arc<dyn Audit>, _: Door<Settings>) -> Result<Routes, OpenError> {
    Ok(crate::http::routes(audit))
}
