//! The room in this process, on its own store, with a sink as its relay and rooms beside it that tell nothing.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use kernel::{Clock, Ctx, Deadline, IdMaker, Principal, SystemClock};
use notifications_api::Notifications;
use platform::config::{Config, Sources};
use platform::crypto::{Erasures, KeyEncryptionKey};
use platform::db::Budget;
use platform::feed::{Event, Feed, FeedError, FeedSignal, Outbox, Pull};
use platform::outbound::{Outbound, OutboundConfig};
use platform::room::{Face, Periodic, Site, Tasks};
use platform::rpc::{RpcClient, Transport, TransportError};

use crate::commands::bench::store::Stores;
use crate::failure::Failure;

const DEADLINE_MS: u64 = 60_000;
/// Mails of one address in a day do not matter here.
const PER_DAY: &str = "100000";

pub(super) struct Desk {
    pub(super) room: Arc<dyn Notifications>,
    lanes: Mutex<Vec<Periodic>>,
    tasks: Mutex<Option<Tasks>>,
    clock: Arc<dyn Clock>,
}

impl Desk {
    pub(super) async fn open(stores: &Stores<'_>, port: u16) -> Result<Desk, Failure> {
        let store = stores.create().await?;
        let (db, clock): (_, Arc<dyn Clock>) = (store.open().await?, Arc::new(SystemClock));
        platform::room::migrate(&notifications::ROOM, &db).await?;
        let failed = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
        let outbound = Outbound::new(&OutboundConfig::default(), Arc::clone(&clock)).map_err(|error| failed(&error))?;
        let site = Site {
            own: Arc::new(Principal::operator()),
            outbound,
            db,
            target: store.target(),
            budget: Budget::new(16, 64)?,
            settings: settings(stores, port)?,
            ids: IdMaker::new(Arc::clone(&clock)),
            outbox: Outbox::new("/notifications", Arc::clone(&clock)),
            signal: FeedSignal::default(),
            key: Some(KeyEncryptionKey::random()),
            subjects: None,
            erasures: Erasures::at(&store.name_beside("erasures")),
            shared: None,
            address: None,
            demo: false,
            clock: Arc::clone(&clock),
        };
        let silent: Arc<dyn Feed> = Arc::new(Silent);
        let needs = (nobody(&identity_api::FACE, &clock), nobody(&ledger_api::FACE, &clock), silent);
        let opened = notifications::open(site, needs).await.map_err(|error| failed(&error))?;
        let (lanes, tasks) = (Mutex::new(opened.periodic), Mutex::default());
        Ok(Desk { room: opened.face, lanes, tasks, clock })
    }

    pub(super) fn ctx(&self) -> Ctx {
        let deadline = Deadline::after_millis(&*self.clock, DEADLINE_MS);
        Ctx { principal: Principal::operator(), deadline, request_id: "bench".into(), idempotency_key: None }
    }

    /// Mails leave from now on.
    pub(super) fn start(&self) {
        let lanes = std::mem::take(&mut *self.lanes.lock().unwrap_or_else(PoisonError::into_inner));
        let tasks = Tasks::start(Vec::new(), lanes);
        *self.tasks.lock().unwrap_or_else(PoisonError::into_inner) = Some(tasks);
    }

    pub(super) async fn close(self) {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(tasks) = tasks {
            tasks.close().await;
        }
    }
}

fn settings(stores: &Stores<'_>, port: u16) -> Result<notifications::Settings, Failure> {
    let erasures = stores.dir().join("erasures").display().to_string();
    let relays = format!("smtp://127.0.0.1:{port}");
    let variables = [("MAIL_RELAYS", relays), ("ERASURES_FILE", erasures), ("EMAILS_PER_DAY", PER_DAY.to_owned())];
    let variables = variables.map(|(key, value)| (format!("FLORIN__NOTIFICATIONS__{key}"), value)).to_vec();
    let sources = Sources { rooms: vec![notifications::ROOM.section()], variables, ..Sources::default() };
    let config = Config::load(&sources).map_err(|error| Failure::new(error.to_string()))?;
    Ok(config.section(notifications::ROOM.name)?)
}

/// A room that is never asked.
fn nobody<S: ?Sized>(face: &Face<S>, clock: &Arc<dyn Clock>) -> Arc<S> {
    (face.remote)(RpcClient::new(face.name, Arc::new(Nowhere), Arc::clone(clock)))
}

struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn carry(&self, _: &str, _: &str, _: Bytes) -> Result<Bytes, TransportError> {
        Err(TransportError::NotSent("no other room is there".to_owned()))
    }
}

struct Silent;

#[async_trait]
impl Feed for Silent {
    async fn events_after(&self, _: Pull) -> Result<Vec<Event>, FeedError> {
        Ok(Vec::new())
    }
}
