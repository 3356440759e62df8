//! Banking's description as a room, and how it runs in a process.

use std::sync::Arc;
use std::time::Duration;

use banking_api::{Banking, SERVICE};
use platform::config::Operators;
use platform::db::{Db, DbError, Target};
use platform::room::{Door, OpenError, Opened, Periodic, Room, Routes, Site};

use crate::config::{SETTINGS, Settings};
use crate::demo::DemoBanks;
use crate::http::{OPERATIONS, TAGS};
use crate::service::{BankingService, Parts};
use crate::store::MIGRATIONS;

const CONTINUED_EVERY: Duration = Duration::from_secs(10);
const SYNCED_EVERY: Duration = Duration::from_secs(5);
const EXPIRED_EVERY: Duration = Duration::from_secs(600);

pub static ROOM: Room = Room {
    service: "banking-service",
    about: "reads what banks send, and keeps accounts, balances and transactions",
    migrations: MIGRATIONS,
    outbox: true,
    once: true,
    seals: true,
    settings: SETTINGS,
    operators: Operators {
        variables: &[
            ("BANK_API_TIMEOUT", "api_timeout_seconds"),
            ("BANK_SYNC_FREQUENCY", "sync_seconds"),
            ("BANK_RETRY_ATTEMPTS", "retry_attempts"),
            ("BANK_RATE_LIMIT_REQUESTS", "rate_requests"),
            ("BANK_RATE_LIMIT_WINDOW", "rate_window_seconds"),
        ],
        ..Operators::NONE
    },
    words: &[
        ("bank-accounts", &["read", "change", "erase"]),
        ("bank-transactions", &["read", "change"]),
        ("bank-imports", &["read", "create", "withdraw"]),
        ("bank-connections", &["read", "change"]),
    ],
    grants: &[
        (
            "customer",
            &[
                "bank-accounts:read:own",
                "bank-accounts:change:own",
                "bank-transactions:read:own",
                "bank-transactions:change:own",
                "bank-connections:read:own",
                "bank-connections:change:own",
                "bank-imports:read:own",
                "bank-imports:create:own",
                "bank-imports:withdraw:own",
            ],
        ),
        ("employee", &["bank-accounts:read:all", "bank-transactions:read:all", "bank-imports:read:all"]),
        // Planning reads balances of accounts that a person has linked.
        ("service", &["bank-accounts:read:all"]),
    ],
    metrics: crate::count::METRICS,
    operations: OPERATIONS,
    tags: &TAGS,
    document: crate::http::document,
    ..Room::named(SERVICE)
};

/// Opens the service. Calls no other room.
pub async fn open(site: Site<Settings>, _calls: ()) -> Result<Opened<dyn Banking>, OpenError> {
    let Site { db, target, settings, clock, ids, outbox, signal, outbound, key, demo, .. } = site;
    let key = key.ok_or("banking seals its texts and gets a key")?;
    if matches!(target, Target::Sqlite { .. }) {
        end_claims(&db).await?;
    }
    let demo = if demo { Some(DemoBanks::start(Arc::clone(&clock)).await?) } else { None };
    let parts = Parts { db, settings, clock, ids, outbox, signal, outbound, demo: demo.clone() };
    let service = BankingService::start(parts, &key).await?;
    let face: Arc<dyn Banking> = Arc::new(service.clone());
    let mut opened = Opened::new(face);
    opened.periodic.push(continued(service.clone()));
    opened.periodic.push(expired(service.clone()));
    opened.periodic.push(synced(service.clone()));
    if let Some(demo) = demo {
        opened.last = Some(Box::pin(crate::demo::fill(service, demo)));
    }
    Ok(opened)
}

/// One process has an embedded store: whatever is claimed there was claimed by a process that ended.
async fn end_claims(db: &Db) -> Result<(), DbError> {
    let tx = db.begin().await?;
    crate::store::import::end_claims(&tx).await?;
    crate::store::connection::end_claims(&tx).await?;
    tx.commit().await.map_err(DbError::from)
}

fn continued(service: BankingService) -> Periodic {
    let work = move || -> platform::room::Later<()> {
        let service = service.clone();
        Box::pin(async move { Ok(service.continue_imports().await?) })
    };
    Periodic { name: "banking_imports", every: CONTINUED_EVERY, work: Box::new(work) }
}

fn expired(service: BankingService) -> Periodic {
    let work = move || -> platform::room::Later<()> {
        let service = service.clone();
        Box::pin(async move {
            service.inner.expire().await?;
            Ok(service.inner.measure_gaps().await?)
        })
    };
    Periodic { name: "banking_pending", every: EXPIRED_EVERY, work: Box::new(work) }
}

fn synced(service: BankingService) -> Periodic {
    let work = move || -> platform::room::Later<()> {
        let service = service.clone();
        Box::pin(async move { Ok(service.sync_due().await?) })
    };
    Periodic { name: "banking_sync", every: SYNCED_EVERY, work: Box::new(work) }
}

/// The routes of banking, in this process or another.
///
/// # Errors
/// None so far.
pub fn mount(banking: Arc<dyn Banking>, door: Door<Settings>) -> Result<Routes, OpenError> {
    Ok(crate::http::routes(banking, door.clock, door.settings.file_bytes_max))
}
