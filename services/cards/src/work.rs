//! The lane of cards: commands that wait together are loaded, decided and stored in one commit.
//!
//! Nothing is kept from one group to the next but the programmes, whose rows are read each time: so any number of
//! processes can share a store. On PostgreSQL their groups take turns, which the order of events demands anyway.

pub(crate) mod command;
mod decide;
mod steps;
mod world;

use std::sync::Arc;

use kernel::{IdMaker, Timestamp};
use platform::db::{DbError, Tx, Value};
use platform::feed::{FeedSignal, Outbox};
use platform::lane::{LaneWork, Tail};

use crate::authorization::StepTag;
use crate::programme::Programme;
use crate::store;
use command::{Command, Reply};
use world::World;

/// Groups whose rows are kept: a commit without an answer is looked up at once, never later.
const GROUPS_KEPT: i64 = 10_000;

pub(crate) struct Work {
    outbox: Outbox,
    signal: FeedSignal,
    ids: IdMaker,
    /// By their version in the store.
    programmes: Vec<Arc<Programme>>,
    world: World,
    number: i64,
    at: Timestamp,
    cursor: Option<u64>,
}

impl Work {
    pub(crate) fn new(outbox: Outbox, signal: FeedSignal, ids: IdMaker) -> Work {
        let (programmes, world) = (Vec::new(), World::default());
        Work { outbox, signal, ids, programmes, world, number: 0, at: Timestamp::EPOCH, cursor: None }
    }

    async fn last(&self, tx: &Tx) -> Result<Tail, DbError> {
        let rows = tx.query(store::GROUP_LAST, &[]).await?;
        let Some(row) = rows.first() else {
            return Ok(Tail { number: 0, at: Timestamp::EPOCH, fingerprint: 0 });
        };
        let (at, fingerprint) = (Timestamp::from_micros(row.int(1)?), row.int(2)?.cast_unsigned());
        Ok(Tail { number: row.int(0)?, at, fingerprint })
    }
}

impl LaneWork for Work {
    type Command = Command;
    type Reply = Reply;

    fn weight(_: &Command) -> usize {
        1
    }

    async fn load<'a>(&'a mut self, tx: &'a Tx, now: Timestamp, commands: &'a [&'a Command]) -> Result<(), DbError> {
        let tail = self.last(tx).await?;
        (self.number, self.at) = (tail.number, tail.at);
        store::programmes(tx, &mut self.programmes).await?;
        self.world = World::load(tx, now, commands, &self.programmes).await?;
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
            return self.last(tx).await;
        }
        self.world.store(tx).await?;
        let events = std::mem::take(&mut self.world.events);
        if !events.is_empty() {
            self.cursor = Some(self.outbox.add(tx, events).await?);
        }
        let number = self.number + 1;
        let fingerprint = self.ids.make::<StepTag>().bits() as u64;
        let values = [Value::Int(number), Value::Int(now.micros()), Value::Int(fingerprint.cast_signed())];
        tx.execute(store::GROUP_ADD, &values).await?;
        if number % 1_000 == 0 {
            tx.execute(store::GROUPS_REMOVE, &[Value::Int(number - GROUPS_KEPT)]).await?;
        }
        Ok(Tail { number, at: now, fingerprint })
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
        self.last(tx).await
    }

    async fn has<'a>(&'a self, tx: &'a Tx, group: Tail) -> Result<bool, DbError> {
        let rows = tx.query(store::GROUP_FIND, &[Value::Int(group.number)]).await?;
        let found = rows.first().map(|row| row.int(0)).transpose()?;
        // A group that changed nothing left nothing to look for.
        Ok(found.map_or(group.number == 0, |found| found.cast_unsigned() == group.fingerprint))
    }

    async fn finish<'a>(&'a mut self, _: &'a Tx) -> Result<(), DbError> {
        Ok(())
    }

    fn next_due(&self) -> Option<Timestamp> {
        None
    }
}
