//! The lane of payments: commands that wait together are loaded, decided and stored in one commit.
//!
//! Nothing is kept from one group to the next but the policies, whose versions are read each time: so any number of
//! processes can share a store.

pub(crate) mod command;
mod decide;
mod world;

use crate::face::{PaymentTag, Policy};
use kernel::{IdMaker, Timestamp};
use platform::db::{DbError, Tx, Value};
use platform::feed::{FeedSignal, Outbox};
use platform::lane::{LaneWork, Tail};

use crate::store;
use command::{Command, Reply};
use world::World;

/// Groups whose rows are kept: a commit without an answer is looked up at once, never later.
const GROUPS_KEPT: i64 = 10_000;

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

    async fn load<'a>(&'a mut self, tx: &'a Tx, _: Timestamp, commands: &'a [&'a Command]) -> Result<(), DbError> {
        self.number = self.last(tx).await?.number;
        store::bring_up_to_date(tx, &mut self.policies).await?;
        let policies = self.policies.iter().map(|(_, policy)| policy.clone()).collect();
        self.world = World::load(tx, commands, policies).await?;
        Ok(())
    }

    fn begin(&mut self, _: Timestamp) {}

    fn decide(&mut self, now: Timestamp, command: &Command) -> Reply {
        match command {
            Command::Begin(intent) => decide::begin(&mut self.world, now, intent),
            Command::Conclude { id, booked } => decide::conclude(&mut self.world, now, *id, booked),
            Command::Decide(decision) => decide::decide(&mut self.world, now, decision),
            Command::Cancel { id, named, by, reason } => {
                decide::cancel(&mut self.world, now, *id, *named, by, reason.as_deref())
            }
            Command::Due { id, due_at } => decide::due(&mut self.world, now, *id, *due_at),
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
        let fingerprint = self.ids.make::<PaymentTag>().bits() as u64;
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
        self.policies.clear();
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
