//! The lane of payments: commands that wait together are loaded, decided and stored in one commit.
//!
//! Nothing is kept from one group to the next but the policies, whose versions are read each time: so any number of
//! processes can share a store.

pub(crate) mod command;
mod decide;
mod rail;
mod world;

use kernel::{IdMaker, Timestamp};
use platform::db::{DbError, Tx};
use platform::feed::{FeedSignal, Outbox};
use platform::lane::{LaneWork, Tail};

use crate::face::{PaymentTag, Policy};
use crate::store;
use command::{Command, Reply};
use world::World;

pub(crate) struct Work {
    outbox: Outbox,
    signal: FeedSignal,
    ids: IdMaker,
    /// With their versions in the store.
    policies: Vec<(i64, Policy)>,
    world: World,
    number: i64,
    cursor: Option<u64>,
}

impl Work {
    pub(crate) fn new(outbox: Outbox, signal: FeedSignal, ids: IdMaker) -> Work {
        Work { outbox, signal, ids, policies: Vec::new(), world: World::default(), number: 0, cursor: None }
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
        store::bring_up_to_date(tx, &mut self.policies).await?;
        let policies = self.policies.iter().map(|(_, policy)| policy.clone()).collect();
        self.world = World::load(tx, commands, policies).await?;
        Ok(())
    }

    fn begin(&mut self, _: Timestamp) {}

    fn decide(&mut self, now: Timestamp, command: &Command) -> Reply {
        match command {
            Command::Begin(intent) => decide::begin(&mut self.world, now, intent),
            Command::Conclude { id, step, booked, spare, due_at } => {
                rail::conclude(&mut self.world, now, *id, (*step, booked), *spare, *due_at)
            }
            Command::Cut { file, due_at } => rail::cut(&mut self.world, now, file, *due_at),
            Command::Said { id, said, due_at } => rail::said(&mut self.world, now, *id, said, *due_at),
            Command::Decide(decision) => decide::decide(&mut self.world, now, decision),
            Command::Cancel { id, named, by, reason, due_at } => {
                decide::cancel(&mut self.world, now, *id, *named, (by, reason.as_deref()), *due_at)
            }
            Command::Due { id, due_at } => decide::due(&mut self.world, now, *id, *due_at),
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
        let fingerprint = self.ids.make::<PaymentTag>().bits() as u64;
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
        self.policies.clear();
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
