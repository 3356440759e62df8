//! The description of treasury as a room, and how it runs in a process.

use std::sync::Arc;
use std::time::Duration;

use banking_api::Banking;
use ledger_api::Books;
use platform::config::Operators;
use platform::feed::{Consumer, ConsumerConfig, Effect, Feed};
use platform::jobs::{Job, Missed, Run, Schedule};
use platform::room::{Door, Later, OnStore, OpenError, Opened, Periodic, Room, Routes, Site};

use crate::face::{SERVICE, Treasury};
use crate::follow::{BANKING, BankFollower, LEDGER, LedgerFollower, MainBook};
use crate::service::{Parts, TreasuryService};
use crate::settings::{SETTINGS, Settings};
use crate::store::MIGRATIONS;
use crate::{count, http};

const REFRESHED_EVERY: Duration = Duration::from_millis(500);
const DAILY_EVERY: Duration = Duration::from_secs(600);

pub static ROOM: Room = Room {
    service: "treasury-service",
    about: "shows where cash is and will be, proposes and makes sweeps, measures what can be lost",
    migrations: MIGRATIONS,
    outbox: true,
    once: true,
    consumes: &[BANKING, LEDGER],
    settings: SETTINGS,
    operators: Operators {
        variables: &[
            ("ML_TRAINING_SCHEDULE", "training_schedule"),
            ("ML_PREDICTION_BATCH_SIZE", "training_batch"),
            ("RISK_VAR_CONFIDENCE_LEVEL", "var_confidence"),
            ("RISK_MONTE_CARLO_SIMULATIONS", "monte_carlo_paths"),
        ],
        ..Operators::NONE
    },
    words: &[
        ("positions", &["read", "change"]),
        ("rates", &["read", "change"]),
        ("flows", &["read", "change"]),
        ("forecasts", &["read", "train"]),
        ("sweeps", &["read", "propose", "approve"]),
        ("market-risk", &["read", "change", "run"]),
    ],
    grants: &[(
        "employee",
        &[
            "positions:read:all",
            "rates:read:all",
            "flows:read:all",
            "flows:change:all",
            "forecasts:read:all",
            "sweeps:read:all",
            "sweeps:propose:all",
            "sweeps:approve:all",
            "market-risk:read:all",
            "market-risk:run:all",
        ],
    )],
    own: &["accounts:read:all", "transactions:create:all", "bank-accounts:read:all", "bank-transactions:read:all"],
    metrics: count::METRICS,
    operations: http::OPERATIONS,
    tags: http::TAGS,
    document: http::document,
    ..Room::named(SERVICE)
};

/// The rooms that treasury calls, and banking's events.
pub type Calls = ((Arc<dyn Books>, Arc<dyn Banking>), Arc<dyn Feed>);

/// Opens the service. Calls the ledger and banking, and reads the events of both.
///
/// # Errors
/// The settings name a zone or a currency that does not exist.
pub async fn open(site: Site<Settings>, ((books, banking), banks): Calls) -> Result<Opened<dyn Treasury>, OpenError> {
    let once = site.once()?;
    let Site { db, settings, clock, ids, outbox, signal, own, demo, .. } = site;
    let schedule = Schedule::parse(&format!("{} {}", settings.training_schedule, settings.zone))?;
    let ledger = MainBook { books: Arc::clone(&books), own: Arc::clone(&own), clock: Arc::clone(&clock) };
    let consumer = |feed: Arc<dyn Feed>, effect: Arc<dyn Effect>, name| {
        let config = ConsumerConfig::of(SERVICE, name);
        Arc::new(Consumer::new(db.clone(), feed, effect, Arc::clone(&clock), config))
    };
    let consumers = vec![
        consumer(banks, Arc::new(BankFollower), BANKING),
        consumer(Arc::new(ledger), Arc::new(LedgerFollower), LEDGER),
    ];
    let parts =
        Parts { db: db.clone(), settings, clock: Arc::clone(&clock), ids, outbox, signal, once, own, books, banking };
    let service = TreasuryService::new(parts)?;
    let face: Arc<dyn Treasury> = Arc::new(service.clone());
    let mut opened = Opened::new(face);
    opened.consumers = consumers;
    opened.periodic.push(refreshed(service.clone()));
    opened.periodic.push(daily(service.clone()));
    opened.jobs.push(trained(service.clone(), schedule));
    opened.parts.push(Arc::new(OnStore::new(SERVICE, db)));
    if demo {
        opened.last = Some(Box::pin(crate::demo::fill(service)));
    }
    Ok(opened)
}

/// What events told about is read, and what was approved is carried out.
fn refreshed(service: TreasuryService) -> Periodic {
    let work = move || -> Later<()> {
        let service = service.clone();
        Box::pin(async move {
            service.inner.refresh().await?;
            service.inner.carry_out_all().await
        })
    };
    Periodic { name: "treasury_refresh", every: REFRESHED_EVERY, work: Box::new(work) }
}

/// Flows grow old, sweeps expire, recurring flows come closer, and the forecasts of the day are kept.
fn daily(service: TreasuryService) -> Periodic {
    let work = move || -> Later<()> {
        let service = service.clone();
        Box::pin(async move {
            service.inner.age_flows().await?;
            service.inner.expire().await?;
            service.inner.top_up().await?;
            service.inner.keep_daily().await?;
            Ok(service.inner.count_stale().await?)
        })
    };
    Periodic { name: "treasury_daily", every: DAILY_EVERY, work: Box::new(work) }
}

fn trained(service: TreasuryService, schedule: Schedule) -> Job {
    let work = move |run: Run| -> Later<()> {
        let service = service.clone();
        Box::pin(async move { service.inner.train_by_schedule(&run).await })
    };
    let about = "trains the models of all forecasts";
    Job { name: "training", about, schedule, missed: Missed::Once, work: Box::new(work) }
}

/// The routes of treasury, in this process or another.
///
/// # Errors
/// None.
pub fn mount(treasury: Arc<dyn Treasury>, _: Door<Settings>) -> Result<Routes, OpenError> {
    Ok(http::routes(treasury))
}
