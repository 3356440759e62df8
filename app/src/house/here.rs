//! A room that runs in this process: its store and what else it is opened with, and what it adds to the process.

use std::sync::Arc;

use kernel::IdMaker;
use platform::config::Migrate;
use platform::crypto::KeyEncryptionKey;
use platform::db::{self, Access, Db};
use platform::feed::{Consumer, FeedSignal, Outbox, OutboxFeed, OutboxKeeper, Retention};
use platform::frame::{Frame, Here, Offers, Parts};
use platform::health::Part;
use platform::jobs::{Job, Runner};
use platform::lease::LeaseConfig;
use platform::once::Sweep;
use platform::room::about;
use platform::room::{Face, OnStore, Opened, Room, Shared, Site, Tasks};
use platform::shutdown::Step;
use serde::de::DeserializeOwned;

use super::room::answered;
use super::{House, Opening};
use crate::failure::Failure;
use crate::stores;

impl House<'_> {
    /// Opens the room's store, and migrates it if the settings say so.
    pub(super) async fn site<C: DeserializeOwned>(&self, room: &Room) -> Result<Site<C>, Failure> {
        let Opening { config, demo, .. } = *self.opening;
        let (clock, budget) = (self.clock(), self.opening.budget.clone());
        let target = stores::of_service(config, room.name);
        let db = Db::open_within(&budget, target.clone(), Access::ReadWrite, budget.of_one_store()).await?;
        match config.storage.migrate {
            Migrate::Start => drop(platform::room::migrate(room, &db).await?),
            Migrate::Never => platform::room::check(room, &db).await?,
        }
        let sealed = room.seals || room.once;
        Ok(Site {
            key: if sealed { Some(KeyEncryptionKey::find(&config.crypto, db.engine())?) } else { None },
            db,
            target,
            budget,
            settings: config.section(room.name)?,
            ids: IdMaker::new(Arc::clone(&clock)),
            subjects: if room.subjects { Some(self.subjects().await?) } else { None },
            erasures: self.erasures_of(room),
            outbox: Outbox::new(format!("/{}", room.name), Arc::clone(&clock)),
            signal: FeedSignal::default(),
            shared: if room.one_writer { self.shared(room)? } else { None },
            own: Arc::new(self.own(room)),
            outbound: self.opening.outbound.clone(),
            address: self.opening.address.clone(),
            clock,
            demo,
        })
    }

    /// Nothing on the embedded databases, which one process holds.
    fn shared(&self, room: &Room) -> Result<Option<Shared>, Failure> {
        let Opening { config, inside, .. } = *self.opening;
        let Some(url) = db::server(&config.storage) else { return Ok(None) };
        let (Some(address), Some(credential)) = (inside.address(), inside.credential.clone()) else {
            let name = room.name;
            return Err(Failure::new(format!("{name} on PostgreSQL needs rpc.listen and rpc.secret_file")));
        };
        let (time_ms, renew_ms) = (config.lease.time_ms, config.lease.renew_ms);
        let lease = LeaseConfig { url, schema: room.name.to_owned(), time_ms, renew_ms };
        Ok(Some(Shared {
            lease,
            address,
            credential,
            connect: inside.connect(),
            own: self.own_tokens(),
            connections: config.rpc.connections,
        }))
    }

    /// Adds a room that runs here; `signal` is notified of its events.
    pub(super) fn settle<S: ?Sized + Send + Sync + 'static>(
        &mut self,
        room: &'static Room,
        face: &Face<S>,
        (db, signal): (Db, FeedSignal),
        opened: Opened<S>,
    ) -> Result<(Arc<S>, Arc<dyn Frame>), Failure> {
        let Opened { face: found, methods, mut parts, consumers, periodic, mut jobs, gauges, last, steps, .. } = opened;
        let frame = self.frame(room, (&db, signal), &consumers);
        let own = parts.iter().find(|part| part.name() == room.name).cloned().unwrap_or_else(|| {
            let part: Arc<dyn Part> = Arc::new(OnStore::new(room.name, db.clone()));
            parts.push(Arc::clone(&part));
            part
        });
        if room.once {
            jobs.push(Sweep { db: db.clone(), room: room.name, clock: self.clock() }.job()?);
        }
        let started = &mut self.started;
        let answered = answered(room, face, Arc::clone(&found), Arc::clone(&frame));
        started.methods.push(about::told(answered, own));
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
        all.extend(self.jobs(room, &db, jobs));
        all.extend(self.keeper(room, &db));
        all.extend(steps);
        all.push(Step::new(room.name, checkpoint(room, db)));
        self.started.steps.push(all);
        Ok((found, frame))
    }

    /// The room's events, parked events and outcomes. From now on its events are read.
    fn frame(&self, room: &Room, (db, signal): (&Db, FeedSignal), consumers: &[Arc<Consumer>]) -> Arc<dyn Frame> {
        let outbox = room.outbox.then(|| OutboxFeed::new(db.clone(), signal, self.clock()));
        if let (Some(events), Some(outbox)) = (self.events.get(room.name), &outbox) {
            events.begin(outbox.clone());
        }
        Arc::new(Here::new(Parts {
            offers: Offers::of(room),
            db: db.clone(),
            outbox,
            consumers: consumers.to_vec(),
            clock: self.clock(),
        }))
    }

    /// Runs the room's jobs at their times.
    fn jobs(&mut self, room: &'static Room, db: &Db, jobs: Vec<Job>) -> Option<Step> {
        if jobs.is_empty() {
            return None;
        }
        let runner = Runner::start(db.clone(), room.name, self.clock(), jobs);
        self.started.parts.push(runner.part());
        Some(Step::new("jobs", runner.close()))
    }

    /// Removes expired rows from the room's outbox.
    fn keeper(&self, room: &'static Room, db: &Db) -> Option<Step> {
        let keep_hours = self.opening.config.feed.outbox_keep_hours;
        let retention = Retention { db: db.clone(), outbox: room.name, keep_hours, clock: self.clock() };
        let keeper = room.outbox.then(|| OutboxKeeper::start(retention))?;
        Some(Step::new("outbox", async move { keeper.close().await }))
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
