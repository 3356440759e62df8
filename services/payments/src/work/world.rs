//! What a group of commands is decided over, and what it changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kernel::{Money, Timestamp};
use platform::db::{Column, DbError, Tx, Value};
use platform::feed::NewEvent;

use super::command::{Command, Named, No};
use crate::face::{HistoryStep, PaymentId, PaymentState, Policy, RailFile, limits};
use crate::record::Record;
use crate::rules::Used;
use crate::store::rail::Stage;
use crate::{count, state, store};

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) policies: Vec<Policy>,
    requests: HashMap<[u8; 16], ([u8; 32], PaymentId)>,
    pub(super) records: HashMap<PaymentId, Record>,
    /// By account and day: amount and count.
    used: HashMap<[u8; 16], BTreeMap<i64, (i64, i64)>>,

    new_requests: Vec<Named>,
    added: BTreeMap<PaymentId, [u8; 16]>,
    changed: BTreeSet<PaymentId>,
    steps: Vec<(PaymentId, i64, HistoryStep)>,
    use_added: BTreeMap<([u8; 16], i64), (i64, i64)>,
    /// Payments that wait for a file, if one is being made.
    pub(super) waiting: Vec<PaymentId>,
    pub(super) new_files: Vec<RailFile>,
    rails_added: BTreeMap<PaymentId, Timestamp>,
    rails_moved: BTreeMap<PaymentId, Stage>,
    pub(super) events: Vec<NewEvent>,
    /// For the metrics after the commit.
    pub(super) ended: Vec<(PaymentState, Money)>,
}

impl World {
    pub(super) async fn load(tx: &Tx, commands: &[&Command], policies: Vec<Policy>) -> Result<World, DbError> {
        let mut world = World { policies, ..World::default() };
        let mut wanted = BTreeSet::new();
        let mut requests: Vec<[u8; 16]> = commands.iter().filter_map(|command| named(command)).collect();
        requests.sort_unstable();
        requests.dedup();
        for row in tx.select_many(&store::REQUESTS, Column::Id(&requests)).await? {
            let id = PaymentId::from_bytes(row.array(2)?);
            world.requests.insert(row.array(0)?, (row.array(1)?, id));
            wanted.insert(id);
        }
        wanted.extend(commands.iter().filter_map(|command| payment(command)));
        if commands.iter().any(|command| matches!(command, Command::Cut { .. })) {
            world.waiting = store::rail::waiting(tx, limits::FILE_PAYMENTS_MAX).await?;
            wanted.extend(world.waiting.iter().copied());
        }
        for record in store::records(tx, &wanted.into_iter().collect::<Vec<_>>()).await? {
            world.records.insert(record.id, record);
        }
        world.load_use(tx, commands).await?;
        Ok(world)
    }

    /// Without policies it is not needed.
    async fn load_use(&mut self, tx: &Tx, commands: &[&Command]) -> Result<(), DbError> {
        if self.policies.is_empty() {
            return Ok(());
        }
        for command in commands {
            let Command::Begin(intent) = command else { continue };
            let known = self.used.entry(intent.use_key).or_default();
            let values = [Value::Bytes(&intent.use_key), Value::Int(intent.month), Value::Int(intent.month + 31)];
            for row in tx.query(store::USE_OF_ACCOUNT, &values).await? {
                known.insert(row.int(0)?, (row.int(1)?, row.int(2)?));
            }
        }
        Ok(())
    }

    pub(super) fn request(&self, named: Named) -> Result<Option<PaymentId>, No> {
        match self.requests.get(&named.key) {
            Some((command, _)) if *command != named.command => Err(No::KeyTaken),
            known => Ok(known.map(|(_, id)| *id)),
        }
    }

    pub(super) fn add_request(&mut self, named: Named, id: PaymentId) {
        self.requests.insert(named.key, (named.command, id));
        self.new_requests.push(named);
    }

    pub(super) fn is_known(&self, id: PaymentId) -> bool {
        self.records.contains_key(&id)
    }

    pub(super) fn add(&mut self, record: Record, use_key: [u8; 16]) {
        self.added.insert(record.id, use_key);
        self.records.insert(record.id, record);
    }

    pub(super) fn change(&mut self, record: Record) {
        if !self.added.contains_key(&record.id) {
            self.changed.insert(record.id);
        }
        self.records.insert(record.id, record);
    }

    /// In the record's state.
    pub(super) fn add_step(&mut self, record: &mut Record, step: HistoryStep) {
        record.steps += 1;
        self.steps.push((record.id, record.steps, HistoryStep { state: record.state, ..step }));
    }

    /// From now on it waits for a file.
    pub(super) fn rail_added(&mut self, id: PaymentId, at: Timestamp) {
        self.rails_added.insert(id, at);
    }

    pub(super) fn rail_moved(&mut self, id: PaymentId, stage: Stage) {
        self.rails_moved.insert(id, stage);
    }

    /// Reserves for a day, or gives back.
    pub(super) fn add_use(&mut self, account: [u8; 16], day: i64, amount: i64, count: i64) {
        add(self.use_added.entry((account, day)).or_default(), amount, count);
        if let Some(days) = self.used.get_mut(&account) {
            add(days.entry(day).or_default(), amount, count);
        }
    }

    pub(super) fn used(&self, account: [u8; 16], day: i64, month: i64) -> Used {
        let Some(days) = self.used.get(&account) else { return Used::default() };
        let (day_sum, day_count) = days.get(&day).copied().unwrap_or_default();
        // Days of the month after this one are loaded as well.
        let of_month = days.range(month..month + 31).filter(|(at, _)| is_same_month(**at, month));
        let month = of_month.fold(0_i64, |sum, (_, (amount, _))| sum.saturating_add(*amount));
        Used { day: day_sum, day_count, month }
    }

    pub(super) fn is_unchanged(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.new_requests.is_empty() && self.use_added.is_empty()
    }

    pub(super) async fn store(&self, tx: &Tx) -> Result<(), DbError> {
        self.store_requests(tx).await?;
        self.store_records(tx).await?;
        self.store_steps(tx).await?;
        store::rail::add_orders(tx, &self.rails_added).await?;
        store::rail::move_orders(tx, &self.rails_moved).await?;
        for file in &self.new_files {
            store::rail::add_file(tx, file).await?;
        }
        let accounts: Vec<[u8; 16]> = self.use_added.keys().map(|(account, _)| *account).collect();
        let days: Vec<i64> = self.use_added.keys().map(|(_, day)| *day).collect();
        let (amounts, counts): (Vec<i64>, Vec<i64>) = self.use_added.values().copied().unzip();
        let columns = [Column::Id(&accounts), Column::Int(&days), Column::Int(&amounts), Column::Int(&counts)];
        if accounts.is_empty() { Ok(()) } else { tx.add_many(&store::USE, &columns).await }
    }

    async fn store_requests(&self, tx: &Tx) -> Result<(), DbError> {
        if self.new_requests.is_empty() {
            return Ok(());
        }
        let keys: Vec<[u8; 16]> = self.new_requests.iter().map(|named| named.key).collect();
        let commands: Vec<Vec<u8>> = self.new_requests.iter().map(|named| named.command.to_vec()).collect();
        let of = |named: &Named| self.requests.get(&named.key).map_or([0; 16], |(_, id)| id.to_bytes());
        let ids: Vec<[u8; 16]> = self.new_requests.iter().map(of).collect();
        let columns = [Column::Id(&keys), Column::Bytes(&commands), Column::Id(&ids)];
        tx.insert_many(&store::REQUESTS, &columns).await
    }

    async fn store_records(&self, tx: &Tx) -> Result<(), DbError> {
        let added: Vec<&Record> = self.added.keys().filter_map(|id| self.records.get(id)).collect();
        if !added.is_empty() {
            let ids: Vec<[u8; 16]> = added.iter().map(|record| record.id.to_bytes()).collect();
            let accounts: Vec<[u8; 16]> = added.iter().map(|record| record.use_key).collect();
            let owners: Vec<Option<String>> = added.iter().map(|record| record.owner.clone()).collect();
            let states: Vec<i64> = added.iter().map(|record| state::number(record.state)).collect();
            let due: Vec<Option<i64>> = added.iter().map(|record| record.due_at.map(Timestamp::micros)).collect();
            let bodies = added.iter().map(store::json).collect::<Result<Vec<_>, _>>()?;
            let columns = [
                Column::Id(&ids),
                Column::Id(&accounts),
                Column::TextOrNull(&owners),
                Column::Int(&states),
                Column::IntOrNull(&due),
                Column::Text(&bodies),
            ];
            tx.insert_many(&store::PAYMENTS, &columns).await?;
        }
        let changed: Vec<&Record> = self.changed.iter().filter_map(|id| self.records.get(id)).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let ids: Vec<[u8; 16]> = changed.iter().map(|record| record.id.to_bytes()).collect();
        let states: Vec<i64> = changed.iter().map(|record| state::number(record.state)).collect();
        let due: Vec<Option<i64>> = changed.iter().map(|record| record.due_at.map(Timestamp::micros)).collect();
        let bodies = changed.iter().map(store::json).collect::<Result<Vec<_>, _>>()?;
        let columns = [Column::Id(&ids), Column::Int(&states), Column::IntOrNull(&due), Column::Text(&bodies)];
        tx.update_many(&store::PAYMENT_CHANGES, &columns).await
    }

    async fn store_steps(&self, tx: &Tx) -> Result<(), DbError> {
        if self.steps.is_empty() {
            return Ok(());
        }
        let ids: Vec<[u8; 16]> = self.steps.iter().map(|(id, _, _)| id.to_bytes()).collect();
        let numbers: Vec<i64> = self.steps.iter().map(|(_, number, _)| *number).collect();
        let bodies = self.steps.iter().map(|(_, _, step)| store::json(step)).collect::<Result<Vec<_>, _>>()?;
        let columns = [Column::Id(&ids), Column::Int(&numbers), Column::Text(&bodies)];
        tx.insert_many(&store::STEPS, &columns).await
    }

    /// After the commit.
    pub(super) fn told(&self) {
        self.ended.iter().for_each(|(state, amount)| count::ended(*state, *amount));
    }
}

fn named(command: &Command) -> Option<[u8; 16]> {
    let named = match command {
        Command::Begin(intent) => intent.named,
        Command::Decide(decision) => decision.named,
        Command::Cancel { named, .. } => *named,
        Command::Conclude { .. } | Command::Due { .. } | Command::Cut { .. } | Command::Said { .. } => None,
    };
    named.map(|named| named.key)
}

fn payment(command: &Command) -> Option<PaymentId> {
    match command {
        Command::Begin(_) | Command::Cut { .. } => None,
        Command::Decide(decision) => Some(decision.id),
        Command::Cancel { id, .. }
        | Command::Conclude { id, .. }
        | Command::Due { id, .. }
        | Command::Said { id, .. } => Some(*id),
    }
}

fn is_same_month(day: i64, first: i64) -> bool {
    let date = |number: i64| crate::service::date_of(number);
    let (one, other) = (date(day), date(first));
    (one.year(), one.month()) == (other.year(), other.month())
}

fn add(sum: &mut (i64, i64), amount: i64, count: i64) {
    *sum = (sum.0.saturating_add(amount), sum.1.saturating_add(count));
}
