//! What a test opens a room with.

use std::sync::Arc;

use kernel::{Clock, IdMaker, Permission, Principal, PrincipalKind};
use platform::config::{Config, Sources};
use platform::crypto::{Erasures, SubjectKeys};
use platform::db::{Access, Budget, Db};
use platform::feed::{FeedSignal, Outbox};
use platform::outbound::{Outbound, OutboundConfig};
use platform::room::{Door, Room, Site};
use serde::de::DeserializeOwned;

use crate::{FakeClock, TestStore, master};

const SEED: u64 = 7;
const CONNECTIONS: u32 = 24;
const CACHE_MB: u32 = 64;
/// Where callers from outside reach the room.
const ADDRESS: &str = "http://localhost";

/// A store for this test, a clock that only the test moves, and ids that are the same in every run.
#[derive(Debug)]
pub struct Stage<'a> {
    pub store: &'a TestStore,
    pub time: FakeClock,
    pub ids: IdMaker,
}

impl<'a> Stage<'a> {
    pub fn new(store: &'a TestStore) -> Stage<'a> {
        let time = FakeClock::default();
        let ids = IdMaker::seeded(Arc::new(time.clone()), SEED);
        Stage { store, time, ids }
    }

    /// As services take it.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.time.clone())
    }

    /// The argument of the room's `open`: its store with this version's schema, and its default settings with these
    /// changes.
    pub async fn site<C: DeserializeOwned>(&self, room: &'static Room, changed: &[(&str, &str)]) -> Site<C> {
        let db = self.store.open().await;
        platform::room::migrate(room, &db).await.unwrap();
        Site {
            db,
            target: self.store.target(),
            budget: Budget::new(CONNECTIONS, CACHE_MB).unwrap(),
            settings: settings(room, changed),
            clock: self.clock(),
            ids: self.ids.clone(),
            outbox: Outbox::new(format!("/{}", room.name), self.clock()),
            signal: FeedSignal::default(),
            key: (room.seals || room.once).then(master),
            subjects: if room.subjects { Some(self.subjects().await) } else { None },
            erasures: self.erasures(room),
            shared: None,
            own: Arc::new(itself(room)),
            outbound: Outbound::new(&OutboundConfig::default(), self.clock()).unwrap(),
            address: Some(ADDRESS.to_owned()),
            demo: false,
        }
    }

    /// The room's own list of erasures, outside of its store.
    pub fn erasures(&self, room: &Room) -> Erasures {
        Erasures::at(&self.store.dir().join(format!("erasures-{}", room.name)))
    }

    /// The keys of data subjects, in a store of their own.
    async fn subjects(&self) -> SubjectKeys {
        let db = Db::open(self.store.target().beside("subjects"), Access::ReadWrite, 1).await.unwrap();
        SubjectKeys::open(db, &master(), Erasures::at(&self.store.dir().join("erasures")), self.clock()).await.unwrap()
    }

    /// The argument of the room's `mount`.
    pub fn door<C: DeserializeOwned>(&self, room: &'static Room, changed: &[(&str, &str)]) -> Door<C> {
        Door { settings: settings(room, changed), clock: self.clock(), address: ADDRESS.to_owned(), demo: false }
    }
}

/// With every permission: a stage has no roles.
fn itself(room: &Room) -> Principal {
    Principal::new(PrincipalKind::Service, &format!("florin-{}", room.name), [Permission::everything()])
}

fn settings<C: DeserializeOwned>(room: &'static Room, changed: &[(&str, &str)]) -> C {
    let name = |key: &str| format!("FLORIN__{}__{key}", room.name).to_uppercase();
    let variables = changed.iter().map(|(key, value)| (name(key), (*value).to_owned())).collect();
    let sources = Sources { rooms: vec![room.section()], variables, ..Sources::default() };
    Config::load(&sources).unwrap().section(room.name).unwrap()
}
