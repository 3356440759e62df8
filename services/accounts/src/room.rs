//! The description of accounts as a room, and how it runs in a process.

use std::sync::Arc;
use std::time::Duration;

use accounts_api::{Accounts, SERVICE};
use ledger_api::Books;
use platform::db::Db;
use platform::feed::{Consumer, ConsumerConfig};
use platform::jobs::{Job, Missed, Run, Schedule};
use platform::room::{Door, Later, OpenError, Opened, Periodic, Room, Routes, Site};

use crate::config::{SETTINGS, Settings};
use crate::follow::{FEED, Folded, Index};
use crate::holder::AccountsHolder;
use crate::http::{OPERATIONS, TAGS};
use crate::service::{AccountsService, Parts};
use crate::store::MIGRATIONS;

const FINISHED_EVERY: Duration = Duration::from_secs(5);

pub static ROOM: Room = Room {
    service: "account-service",
    about: "keeps customers, products and accounts, and pays interest",
    migrations: MIGRATIONS,
    outbox: true,
    once: true,
    consumes: &[FEED],
    seals: true,
    settings: SETTINGS,
    words: &[
        ("customers", &["read", "create", "change", "erase"]),
        ("products", &["read", "change"]),
        ("accounts", &["read", "open", "change", "close", "run"]),
        ("transactions", &["read", "categorise"]),
    ],
    grants: &[
        (
            "customer",
            &[
                "customers:read:own",
                "products:read:all",
                "accounts:read:own",
                "transactions:read:own",
                "transactions:categorise:own",
            ],
        ),
        (
            "employee",
            &[
                "customers:read:all",
                "customers:create:all",
                "customers:change:all",
                "products:read:all",
                "accounts:read:all",
                "accounts:open:all",
                "accounts:change:all",
                "accounts:close:all",
                "transactions:read:all",
                "transactions:categorise:all",
            ],
        ),
        (
            "service",
            &[
                "customers:read:all",
                "customers:create:all",
                "customers:change:all",
                "products:read:all",
                "accounts:*:all",
                "transactions:read:all",
            ],
        ),
    ],
    own: &["metadata:erase:all"],
    metrics: crate::count::METRICS,
    operations: OPERATIONS,
    tags: &TAGS,
    document: crate::http::document,
    names: &[("/v1/customers", "customer-service"), ("/v1/transactions", "transaction-service")],
    ..Room::named(SERVICE)
};

/// Opens the service. Calls the ledger, and reads its events.
pub async fn open(site: Site<Settings>, books: Arc<dyn Books>) -> Result<Opened<dyn Accounts>, OpenError> {
    let Site { db, settings, clock, ids, outbox, signal, key, own, demo, .. } = site;
    let key = key.ok_or("accounts seals what is personal and gets a key")?;
    let closes = settings.clone();
    let parts = Parts { db: db.clone(), settings, clock: Arc::clone(&clock), ids, outbox, signal, own, books };
    let service = AccountsService::start(parts, &key).await?;
    let face: Arc<dyn Accounts> = Arc::new(service.clone());
    let mut opened = Opened::new(face);
    let (feed, effect) = (Folded(service.inner.books.clone()), Index(Arc::clone(&service.inner)));
    let config = ConsumerConfig::of(SERVICE, FEED);
    opened.consumers.push(Arc::new(Consumer::new(db, Arc::new(feed), Arc::new(effect), clock, config)));
    opened.periodic.push(finished(service.clone()));
    opened.jobs.push(days(service.clone(), &closes)?);
    opened.jobs.push(rebuilt(service.inner.db.clone())?);
    opened.jobs.push(verified(service.clone())?);
    opened.holder = Some(Arc::new(AccountsHolder(Arc::clone(&service.inner))));
    if demo {
        opened.last = Some(Box::pin(crate::demo::fill(service)));
    }
    Ok(opened)
}

/// What a process that was killed left of openings, closings and erasures.
fn finished(service: AccountsService) -> Periodic {
    let work = move || -> Later<()> {
        let service = service.clone();
        Box::pin(async move {
            service.inner.finish_all().await?;
            Ok(service.inner.erase_all_in_ledger().await?)
        })
    };
    Periodic { name: "accounts_unfinished", every: FINISHED_EVERY, work: Box::new(work) }
}

/// One run closes every day that is over: days that were missed follow in order.
fn days(service: AccountsService, settings: &Settings) -> Result<Job, OpenError> {
    let (hour, minute) = (settings.close_after_minutes / 60, settings.close_after_minutes % 60);
    let schedule = Schedule::parse(&format!("{minute} {hour} * * * {}", settings.zone))?;
    let work = move |_: Run| -> Later<()> {
        let service = service.clone();
        Box::pin(async move { Ok(service.inner.close_all().await?) })
    };
    let about = "closes days: interest accrues and is posted, fees are taken, deposits mature";
    Ok(Job { name: "days", about, schedule, missed: Missed::Once, work: Box::new(work) })
}

const BY_HAND: &str = "9999-12-30T00:00:00Z";

/// Runs only by hand.
fn verified(service: AccountsService) -> Result<Job, OpenError> {
    let work = move |_: Run| -> Later<()> {
        let service = service.clone();
        Box::pin(async move {
            let findings = service.inner.verified().await?.findings;
            findings.iter().for_each(|finding| tracing::error!(finding, "accounts disagree with the ledger"));
            match findings.first() {
                None => Ok(()),
                Some(first) => Err(format!("{first} ({} in all)", findings.len()).into()),
            }
        })
    };
    let about = "compares accounts, interest, fees and the index with the ledger";
    let schedule = Schedule::parse(BY_HAND)?;
    Ok(Job { name: "verify", about, schedule, missed: Missed::Skip, work: Box::new(work) })
}

/// Runs only by hand.
fn rebuilt(db: Db) -> Result<Job, OpenError> {
    let work = move |_: Run| -> Later<()> {
        let db = db.clone();
        Box::pin(async move { Ok(crate::look::rebuild(&db).await?) })
    };
    let about = "reads the index of movements from the ledger again";
    let schedule = Schedule::parse(BY_HAND)?;
    Ok(Job { name: "index", about, schedule, missed: Missed::Skip, work: Box::new(work) })
}

/// The routes of accounts, in this process or another.
///
/// # Errors
/// None so far.
pub fn mount(accounts: Arc<dyn Accounts>, door: Door<Settings>) -> Result<Routes, OpenError> {
    Ok(crate::http::routes(accounts, door.clock))
}
