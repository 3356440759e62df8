//! Planning's description as a room, and how it runs in a process.

use std::sync::Arc;
use std::time::Duration;

use banking_api::Banking;
use ledger_api::Books;
use planning_api::{Planning, SERVICE, Simulation};
use platform::room::{Door, OpenError, Opened, Periodic, Room, Routes, Site};

use crate::config::{SETTINGS, Settings};
use crate::http::{OPERATIONS, TAGS};
use crate::service::{Parts, PlanningService};
use crate::store::MIGRATIONS;

/// Between looks for accounts that were not read and goals that were not measured today.
const DAILY_EVERY: Duration = Duration::from_secs(600);

pub static ROOM: Room = Room {
    service: "financial-planning-api",
    about: "keeps households, what they have, their goals and plans",
    migrations: MIGRATIONS,
    outbox: true,
    once: true,
    seals: true,
    settings: SETTINGS,
    words: &[
        ("households", &["read", "create", "change", "join", "erase"]),
        ("household-assets", &["read", "change"]),
        ("goals", &["read", "change"]),
        ("plans", &["read", "change"]),
    ],
    grants: &[
        (
            "customer",
            &[
                "households:read:own",
                "households:create:own",
                "households:change:own",
                "households:join:own",
                "household-assets:read:own",
                "household-assets:change:own",
                "goals:read:own",
                "goals:change:own",
                "plans:read:own",
                "plans:change:own",
            ],
        ),
        ("employee", &["households:read:all", "household-assets:read:all", "goals:read:all", "plans:read:all"]),
    ],
    operations: OPERATIONS,
    tags: &TAGS,
    document: crate::http::document,
    metrics: crate::event::METRICS,
    ..Room::named(SERVICE)
};

/// The rooms that planning calls.
pub type Calls = ((Arc<dyn Books>, Arc<dyn Banking>), Arc<dyn Simulation>);

/// Opens the service.
pub async fn open(site: Site<Settings>, calls: Calls) -> Result<Opened<dyn Planning>, OpenError> {
    let ((books, banking), simulation) = calls;
    let Site { db, settings, clock, ids, outbox, signal, key, own, demo, .. } = site;
    let key = key.ok_or("planning seals what people say and gets a key")?;
    let parts = Parts { db, settings, clock, ids, outbox, signal, own, books, banking, simulation };
    let service = PlanningService::start(parts, &key).await?;
    let face: Arc<dyn Planning> = Arc::new(service.clone());
    let mut opened = Opened::new(face);
    opened.periodic.push(daily(service.clone()));
    if demo {
        opened.last = Some(Box::pin(crate::demo::fill(service)));
    }
    Ok(opened)
}

fn daily(service: PlanningService) -> Periodic {
    let work = move || -> platform::room::Later<()> {
        let service = service.clone();
        Box::pin(async move { Ok(service.inner.measure_all().await?) })
    };
    Periodic { name: "planning_daily", every: DAILY_EVERY, work: Box::new(work) }
}

/// The routes of planning, in this process or another.
///
/// # Errors
/// None so far.
pub fn mount(planning: Arc<dyn Planning>, _door: Door<Settings>) -> Result<Routes, OpenError> {
    Ok(crate::http::routes(planning))
}
