//! Opens risk on its store.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use kernel::{Clock, IdMaker};
use platform::db::Db;
use platform::feed::{FeedSignal, Outbox};
use platform::lease::Standing;
use platform::once::Once;
use platform::room::{Door, Later, OpenError, Opened, Periodic, Routes, Site};
use platform::shutdown::Step;
use risk_api::{Refusal, Risk};

use crate::engine::Engine;
use crate::jobs::{self, Jobs};
use crate::service::{Inner, RiskService};
use crate::settings::Settings;
use crate::standby::{self, Sharing};
use crate::status::RiskPart;
use crate::watch::{self, Watch};
use crate::{ROOM, cases, http, live, warm, writer};

const FOLLOW_EVERY: Duration = Duration::from_millis(500);
const LEARN_EVERY: Duration = Duration::from_secs(1);
const MEASURE_EVERY: Duration = Duration::from_secs(600);
const ESCALATE_EVERY: Duration = Duration::from_secs(60);

/// Returns risk and its background work.
///
/// # Errors
/// The store cannot be read, or a live rule set or model cannot.
pub async fn open(mut site: Site<Settings>, (): ()) -> Result<Opened<dyn Risk>, OpenError> {
    let sharing = site.shared.take().map(|with| Sharing::open(with, Arc::clone(&site.clock))).transpose()?;
    let standing = sharing.as_ref().map(Sharing::standing).unwrap_or_default();
    let service = begin(Base::of(site)?, standing).await?;
    let inner = &service.0;
    let mut opened = Opened::new(match &sharing {
        Some(sharing) => sharing.face(service.clone()),
        None => Arc::new(service.clone()),
    });
    let writing = tokio::spawn(writer::run(Arc::clone(inner)));
    opened.parts.push(Arc::new(RiskPart(Arc::clone(inner))));
    opened.periodic = periodic(inner);
    let gauged = Arc::clone(inner);
    opened.gauges.push(Box::new(move || gauges(&gauged)));
    let last = Arc::clone(inner);
    opened.steps.push(Step::new(ROOM.name, async move {
        writing.abort();
        writer::settle(&last).await;
    }));
    match sharing {
        None => {
            jobs::end_orphans(inner).await?;
            tokio::spawn(warm::warm(Arc::clone(inner)));
        }
        Some(sharing) => {
            opened.methods.push(Sharing::methods(service.clone()));
            tokio::spawn(standby::follow(Arc::clone(inner)));
            opened.steps.push(sharing.compete());
        }
    }
    Ok(opened)
}

/// The routes of risk, in this process or another.
///
/// # Errors
/// None; rooms whose routes depend on settings have some.
pub fn mount(risk: Arc<dyn Risk>, _: Door<Settings>) -> Result<Routes, OpenError> {
    Ok(http::routes(risk))
}

/// The part of a site that risk also needs without a server.
pub(crate) struct Base {
    pub(crate) db: Db,
    pub(crate) settings: Settings,
    pub(crate) once: Once<Refusal>,
    pub(crate) outbox: Outbox,
    pub(crate) signal: FeedSignal,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdMaker,
}

impl Base {
    fn of(site: Site<Settings>) -> Result<Base, OpenError> {
        let once = site.once()?;
        let Site { db, settings, outbox, signal, clock, ids, .. } = site;
        Ok(Base { db, settings, once, outbox, signal, clock, ids })
    }
}

/// The service without background work.
pub(crate) async fn begin(base: Base, standing: Standing) -> Result<RiskService, OpenError> {
    let Base { db, settings, once, outbox, signal, clock, ids } = base;
    let engine = Arc::new(Engine::new(settings.engine(), Arc::clone(&clock)));
    let inner = Arc::new(Inner {
        db,
        engine,
        settings,
        once,
        outbox,
        signal,
        clock,
        ids,
        jobs: Jobs::default(),
        watch: Watch::default(),
        writing: tokio::sync::Mutex::default(),
        epoch: AtomicI64::new(if standing.is_alone() { 0 } else { standby::NONE }),
        standing,
        changes: std::sync::Mutex::default(),
    });
    live::begin(&inner).await?;
    live::reload(&inner).await?;
    if inner.standing.is_alone() {
        warm::resume(&inner).await?;
    }
    Ok(RiskService(inner))
}

fn periodic(inner: &Arc<Inner>) -> Vec<Periodic> {
    macro_rules! every {
        ($name:literal, $every:expr, $work:path) => {{
            let inner = Arc::clone(inner);
            Periodic {
                name: $name,
                every: $every,
                work: Box::new(move || {
                    let inner = Arc::clone(&inner);
                    let round: Later<()> = Box::pin(async move { Ok($work(&inner).await?) });
                    round
                }),
            }
        }};
    }
    vec![
        every!("risk-live", FOLLOW_EVERY, live::follow),
        every!("risk-labels", LEARN_EVERY, writer::wake),
        every!("risk-figures", MEASURE_EVERY, watch::measure),
        every!("risk-cases", ESCALATE_EVERY, cases::escalate),
    ]
}

fn gauges(inner: &Inner) {
    let (active, max) = inner.db.connections();
    platform::telemetry::database_connections(ROOM.name, active, max);
    let core = inner.engine.core();
    metrics::gauge!("risk_entities").set(core.entities() as f64);
    metrics::gauge!("risk_waiting").set(core.waiting() as f64);
}
