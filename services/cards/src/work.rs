//! The lane of cards: commands that wait together are loaded, decided and stored in one commit.
//!
//! Nothing is kept from one group to the next but the programmes, whose rows are read each time: so any number of
//! processes can share a store. On PostgreSQL their groups take turns, which the order of events demands anyway.

pub(crate) mod command;
mod decide;
mod steps;
mod wanted;
mod world;

use std::sync::Arc;

use kernel::{IdMaker, Timestamp};
use platform::db::{DbError, Tx};
use platform::feed::{FeedSignal, Outbox};
use platform::lane::{LaneWork, Tail};

use crate::authorization::StepTag;
use crate::programme::Programme;
use crate::store;
use command::{Command, Reply};
pub(crate) use decide::paying;
use world::World;

pub(crate) struct Work {
    outbox: Outbox,
    signal: FeedSignal,
    ids: IdMaker,
    /// By their version in the store.
    programmes: Vec<Arc<Programme>>,
    world: World,
    number: i64,
    cursor: Option<u64>,
}

impl Work {
    pub(crate) fn new(outbox: Outbox, signal: FeedSignal, ids: IdMaker) -> Work {
        let (programmes, world) = (Vec::new(), World::default());
        Work { outbox, signal, ids, programmes, world, number: 0, cursor: None }
    }
}

impl LaneWork for Work {
    type Command = Command;
    type Reply = Reply;

    fn weight(_: &Command) -> usize {
        1
    }

    async fn load<'a>(&'a mut self, tx: &'a Tx, _: Timestamp, commands: &'a [&'a Command]) -> Result<(), DbError> {
        self.number = store::GROUPS.tail(tx).await?.number;
        store::programmes(tx, &mut self.programmes).await?;
        self.world = World::load(tx, commands, &self.programmes).await?;
        Ok(())
    }

    fn begin(&mut self, _: Timestamp) {}

    fn decide(&mut self, now: Timestamp, command: &Command) -> Reply {
        match command {
            Command::Intend(intent) => decide::intend(&mut self.world, now, intent),
            Command::Conclude(conclusion) => decide::conclude(&mut self.world, now, conclusion),
            Command::Begin(beginning) => steps::begin(&mut self.world, now, beginning),
            Command::Finish(finishing) => steps::finish(&mut self.world, now, finishing),
            Command::Expired { authorization, step } => steps::expired(&mut self.world, now, *authorization, *step),
            Command::CleanedUp { authorization } => decide::cleaned_up(&mut self.world, *authorization),
        }
    }

    async fn store<'a>(&'a mut self, tx: &'a Tx, now: Timestamp) -> Result<Tail, DbError> {
        self.cursor = None;
        if self.world.is_unchanged() {
            return store::GROUPS.tail(tx).await;
        }
        self.world.store(tx).await?;
        let events = std::mem::take(&mut self.world.events);
        if !events.is_empty() {
            self.cursor = Some(self.outbox.add(tx, events).await?);
        }
        let fingerprint = self.ids.make::<StepTag>().bits() as u64;
        store::GROUPS.add(tx, self.number, now, fingerprint).await
    }

    fn committed(&mut self) {
        if let Some(cursor) = self.cursor.take() {
            self.signal.committed(cursor);
        }
        self.world.told();
        self.world = World::default();
    }

    fn forget(&mut self) {
        self.cursor = None;
        self.programmes.clear();
        self.world = World::default();
    }

    async fn resume<'a>(&'a mut self, tx: &'a Tx) -> Result<Tail, DbError> {
        store::GROUPS.tail(tx).await
    }

    async fn has<'a>(&'a self, tx: &'a Tx, group: Tail) -> Result<bool, DbError> {
        store::GROUPS.has(tx, group).await
    }

    async fn finish<'a>(&'a mut self, _: &'a Tx) -> Result<(), DbError> {
        Ok(())
    }

    fn next_due(&self) -> Option<Timestamp> {
        None
    }
}
