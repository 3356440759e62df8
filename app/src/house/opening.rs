//! Opens the rooms one after another, and collects what they return.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use access::Gate;
use kernel::{Clock, IdMaker};
use platform::config::Config;
use platform::crypto::KeyEncryptionKey;
use platform::db::{Access, Db};
use platform::feed::{FeedSignal, Outbox, OutboxKeeper, Retention};
use platform::health::Part;
use platform::lease::LeaseConfig;
use platform::once::Sweep;
use platform::room::about::{self, Elsewhere};
use platform::room::{Door, Face, Last, OnStore, Opened, Room, Routes, Shared, Site, Tasks};
use platform::rpc::{Http2, Methods, RpcClient};
use platform::shutdown::Step;
use serde::de::DeserializeOwned;

use super::{Roles, Rooms, gate};
use crate::commands::serve::Inside;
use crate::failure::Failure;
use crate::stores;

/// What is needed to open the rooms.
pub(crate) struct Opening<'a> {
    pub(crate) rooms: &'a Rooms,
    pub(crate) config: &'a Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) roles: &'a Roles,
    pub(crate) inside: &'a Inside,
    /// The address for outside callers, in a process that is the edge.
    pub(crate) address: Option<String>,
    /// A new store gets some example data.
    pub(crate) demo: bool,
}

/// What the rooms return.
#[derive(Default)]
pub(crate) struct Started {
    pub(crate) routes: Routes,
    /// What other processes may call.
    pub(crate) methods: Vec<Methods>,
    /// For readiness and `/status`.
    pub(crate) parts: Vec<Arc<dyn Part>>,
    /// Updated every few seconds.
    pub(crate) gauges: Vec<Box<dyn Fn() + Send + Sync>>,
    /// Run before the first request.
    pub(crate) lasts: Vec<Last>,
    /// Run after the last request: the steps of each room, in order.
    pub(crate) steps: Vec<Vec<Step>>,
}

/// The deployment while it is being opened.
pub(crate) struct House<'a> {
    opening: &'a Opening<'a>,
    gate: Gate,
    /// By their names: each an `Arc` of the face's trait.
    faces: HashMap<&'static str, Box<dyn Any>>,
    started: Started,
}

impl<'a> House<'a> {
    pub(crate) async fn open(opening: &'a Opening<'a>) -> Result<(Gate, Started), Failure> {
        let gate = gate::open(opening)?;
        let mut house = House { opening, gate, faces: HashMap::new(), started: Started::default() };
        for mounted in opening.rooms.mounted() {
            mounted.enter(&mut house).await?;
        }
        if gate::is_fed(opening) {
            for follow in opening.rooms.mounted().iter().filter_map(|mounted| mounted.source.as_ref()) {
                let follow = follow(&house)?;
                house.started.steps.push(vec![Step::new(gate::NAME, async move { follow.close().await })]);
            }
        }
        house.started.parts.push(Arc::new(gate::GatePart(house.gate.clone())));
        Ok((house.gate, house.started))
    }

    pub(super) fn roles(&self) -> &'a Roles {
        self.opening.roles
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.opening.clock)
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// A room that has been opened, wherever it runs.
    pub(super) fn face<S: ?Sized + 'static>(&self, face: &Face<S>) -> Result<Arc<S>, Failure> {
        let found = self.faces.get(face.name).and_then(|face| face.downcast_ref::<Arc<S>>());
        found.cloned().ok_or_else(|| Failure::new(format!("{} is called, but was not opened", face.name)))
    }

    pub(super) fn keep<S: ?Sized + 'static>(&mut self, face: &Face<S>, found: Arc<S>) {
        self.faces.insert(face.name, Box::new(found));
    }

    pub(super) fn mount(&mut self, routes: Routes) {
        let Routes { v1, root } = &mut self.started.routes;
        *v1 = std::mem::take(v1).merge(routes.v1);
        *root = std::mem::take(root).merge(routes.root);
    }

    pub(super) fn door<C: DeserializeOwned>(&self, room: &Room) -> Result<Door<C>, Failure> {
        let Opening { config, demo, .. } = *self.opening;
        let address = self.opening.address.clone().unwrap_or_default();
        Ok(Door { settings: config.section(room.name)?, clock: self.clock(), address, demo })
    }

    /// Opens the room's store and migrates it.
    pub(super) async fn site<C: DeserializeOwned>(&self, room: &Room) -> Result<Site<C>, Failure> {
        let Opening { config, demo, .. } = *self.opening;
        let (clock, readers) = (self.clock(), usize::try_from(config.storage.pool_size)?);
        let target = stores::of_service(config, room.name);
        let db = Db::open(target.clone(), Access::ReadWrite, readers).await?;
        platform::room::migrate(room, &db).await?;
        let sealed = room.seals || room.once;
        Ok(Site {
            key: if sealed { Some(KeyEncryptionKey::find(&config.crypto, db.engine())?) } else { None },
            db,
            target,
            readers,
            settings: config.section(room.name)?,
            ids: IdMaker::new(Arc::clone(&clock)),
            outbox: Outbox::new(format!("/{}", room.name), Arc::clone(&clock)),
            signal: FeedSignal::default(),
            shared: if room.one_writer { self.shared(room)? } else { None },
            address: self.opening.address.clone(),
            clock,
            demo,
        })
    }

    /// Nothing on the embedded databases, which one process holds.
    fn shared(&self, room: &Room) -> Result<Option<Shared>, Failure> {
        let Opening { config, inside, .. } = *self.opening;
        let Some(url) = &config.storage.database_url else { return Ok(None) };
        let (Some(address), Some(credential)) = (inside.address(), inside.credential.clone()) else {
            let name = room.name;
            return Err(Failure::new(format!("{name} on PostgreSQL needs rpc.listen and rpc.secret_file")));
        };
        let (time_ms, renew_ms) = (config.lease.time_ms, config.lease.renew_ms);
        let lease = LeaseConfig { url: url.expose().to_owned(), schema: room.name.to_owned(), time_ms, renew_ms };
        Ok(Some(Shared { lease, address, credential, connect: inside.connect(), connections: config.rpc.connections }))
    }

    /// Adds a room that runs here.
    pub(super) fn settle<S: ?Sized + Send + Sync + 'static>(
        &mut self,
        room: &'static Room,
        face: &Face<S>,
        db: Db,
        opened: Opened<S>,
    ) -> Arc<S> {
        let Opened { face: found, methods, mut parts, consumers, mut periodic, gauges, last, steps } = opened;
        let own = parts.iter().find(|part| part.name() == room.name).cloned().unwrap_or_else(|| {
            let part: Arc<dyn Part> = Arc::new(OnStore::new(room.name, db.clone()));
            parts.push(Arc::clone(&part));
            part
        });
        if room.once {
            periodic.push(Sweep { db: db.clone(), room: room.name, clock: self.clock() }.periodic());
        }
        let started = &mut self.started;
        started.methods.push(about::told((face.serve)(Arc::clone(&found)), own));
        started.methods.extend(methods);
        started.parts.extend(parts);
        started.parts.extend(consumers.iter().map(|consumer| Arc::clone(consumer) as Arc<dyn Part>));
        started.gauges.extend(gauges);
        if room.further.is_none() {
            started.gauges.push(connections(room, db.clone()));
        }
        started.lasts.extend(last);
        let tasks = Tasks::start(consumers, periodic);
        let mut all = vec![Step::new("tasks", tasks.close())];
        all.extend(self.keeper(room, &db));
        all.extend(steps);
        all.push(Step::new(room.name, checkpoint(room, db)));
        self.started.steps.push(all);
        found
    }

    /// Removes expired rows from the room's outbox.
    fn keeper(&self, room: &'static Room, db: &Db) -> Option<Step> {
        let keep_hours = self.opening.config.feed.outbox_keep_hours;
        let retention = Retention { db: db.clone(), outbox: room.name, keep_hours, clock: self.clock() };
        let keeper = room.outbox.then(|| OutboxKeeper::start(retention))?;
        Some(Step::new("outbox", async move { keeper.close().await }))
    }

    /// A room in other processes.
    pub(super) fn call<S: ?Sized + 'static>(&mut self, face: &Face<S>) -> Result<Arc<S>, Failure> {
        let Opening { config, inside, .. } = *self.opening;
        let credential = inside.credential.as_ref();
        let credential = credential.ok_or_else(|| Failure::new("calling another process needs rpc.secret_file"))?;
        let (addresses, connections) = (config.service(face.name).addresses, config.rpc.connections);
        let transport = Http2::new(addresses, connections, credential, inside.connect(), self.clock());
        let rpc = RpcClient::new(face.name, Arc::new(transport), self.clock());
        self.started.parts.push(Arc::new(Elsewhere::new(face.name, rpc.clone(), self.clock())));
        Ok((face.remote)(rpc))
    }
}

fn connections(room: &'static Room, db: Db) -> Box<dyn Fn() + Send + Sync> {
    Box::new(move || {
        let (active, max) = db.connections();
        platform::telemetry::database_connections(room.name, active, max);
    })
}

/// Moves the contents of the write-ahead log into the file, so that the file alone is the store.
async fn checkpoint(room: &'static Room, db: Db) {
    if let Err(error) = db.checkpoint().await {
        tracing::warn!(room = room.name, %error, "the write-ahead log was left next to a store");
    }
}
