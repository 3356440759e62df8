//! What a group of commands is decided over, and what it changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kernel::{Money, Timestamp};
use platform::db::{Column, DbError, Tx, Value};
use platform::feed::NewEvent;
use vault_api::Token;

use super::command::{ANY_COMMAND, Command, Named};
use super::wanted::Wanted;
use crate::Refusal;
use crate::authorization::{AuthorizationId, StepId};
use crate::calendar::Periods;
use crate::card::{Card, CardId};
use crate::controls::{Sum, Used};
use crate::label;
use crate::legacy::{Difference, Legacy, rows};
use crate::programme::{Programme, ProgrammeId};
use crate::record::{Record, StepRecord};
use crate::store;

/// The day under which a card's use in its whole life is stored.
const LIFETIME: i64 = -1;
/// A month and a week back are within it.
const DAYS_BACK: i64 = 40;
/// The row of no card, and of no step.
const NONE: [u8; 16] = [0; 16];

#[derive(Debug, Default)]
pub(super) struct World {
    programmes: Vec<Arc<Programme>>,
    cards: HashMap<Token, Card>,
    requests: HashMap<[u8; 16], Request>,
    pub(super) records: HashMap<AuthorizationId, Record>,
    pub(super) steps: HashMap<StepId, StepRecord>,
    /// By card and day, for cards with limits.
    used: HashMap<CardId, BTreeMap<i64, Sum>>,

    new_requests: Vec<([u8; 16], Request)>,
    added: BTreeSet<AuthorizationId>,
    changed: BTreeSet<AuthorizationId>,
    new_steps: Vec<StepId>,
    use_added: BTreeMap<([u8; 16], i64), Sum>,
    expired_done: Vec<AuthorizationId>,
    differences: BTreeMap<([u8; 16], Difference), i64>,
    pub(super) events: Vec<NewEvent>,
    /// Outcome and amount of each decision, for the metrics after the commit.
    pub(super) decided: Vec<(&'static str, Option<Money>)>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    command: [u8; 32],
    pub(super) authorization: AuthorizationId,
    pub(super) step: Option<StepId>,
}

impl World {
    pub(super) async fn load(tx: &Tx, commands: &[&Command], programmes: &[Arc<Programme>]) -> Result<World, DbError> {
        let mut wanted = Wanted::of(commands);
        let mut world = World { programmes: programmes.to_vec(), ..World::default() };
        wanted.requests.sort_unstable();
        wanted.requests.dedup();
        for row in tx.select_many(&store::REQUESTS, Column::Id(&wanted.requests)).await? {
            let step: [u8; 16] = row.array(3)?;
            let step = (step != NONE).then(|| StepId::from_bytes(step));
            let authorization = AuthorizationId::from_bytes(row.array(2)?);
            world.requests.insert(row.array(0)?, Request { command: row.array(1)?, authorization, step });
            wanted.records.insert(authorization.to_bytes());
            wanted.steps.extend(step.map(|step| step.to_bytes()));
        }
        let ids: Vec<_> = wanted.records.iter().map(|id| AuthorizationId::from_bytes(*id)).collect();
        world.records = store::records(tx, &ids).await?.into_iter().map(|record| (record.id, record)).collect();
        let ids: Vec<_> = wanted.steps.iter().map(|id| StepId::from_bytes(*id)).collect();
        let steps = store::step_records(tx, &ids).await?;
        world.steps = steps.into_iter().map(|step| (step.step.id, step)).collect();
        let cards = wanted.stepped.iter().filter_map(|id| world.records.get(id)?.card.as_ref());
        wanted.tokens.extend(cards.map(|card| card.token.to_bytes()));
        let tokens: Vec<[u8; 16]> = wanted.tokens.into_iter().collect();
        for row in tx.select_many(&store::CARDS_BY_TOKEN, Column::Id(&tokens)).await? {
            let (token, card) = store::card_by_token(&row)?;
            world.cards.insert(token, card);
        }
        world.load_use(tx).await?;
        Ok(world)
    }

    /// Only for cards with limits: for others it is not needed.
    async fn load_use(&mut self, tx: &Tx) -> Result<(), DbError> {
        let limited = |card: &&Card| {
            let programme = self.programmes.iter().find(|programme| programme.id == card.programme);
            programme.is_some_and(|programme| programme.terms.controls.has_limits()) || card.controls.has_limits()
        };
        let cards: Vec<CardId> = self.cards.values().filter(limited).map(|card| card.id).collect();
        let keys: Vec<[u8; 16]> = cards.iter().map(|card| card.to_bytes()).collect();
        self.used = cards.into_iter().map(|card| (card, BTreeMap::new())).collect();
        for row in tx.select_many(&store::USAGE, Column::Id(&keys)).await? {
            let days = self.used.entry(CardId::from_bytes(row.array(0)?)).or_default();
            days.insert(row.int(1)?, Sum { amount: row.int(2)?, count: row.int(3)? });
        }
        Ok(())
    }

    /// The request, if it was made before.
    pub(super) fn request(&self, named: &Named) -> Result<Option<Request>, Refusal> {
        match self.requests.get(&named.key) {
            Some(known) if !is_same(&known.command, &named.command) => Err(Refusal::RequestIdTaken),
            known => Ok(known.copied()),
        }
    }

    pub(super) fn add_request(&mut self, named: &Named, authorization: AuthorizationId, step: Option<StepId>) {
        let request = Request { command: named.command, authorization, step };
        self.requests.insert(named.key, request);
        self.new_requests.push((named.key, request));
    }

    pub(super) fn card(&self, token: Token) -> Option<&Card> {
        self.cards.get(&token)
    }

    pub(super) fn programme(&self, id: ProgrammeId) -> Option<Arc<Programme>> {
        self.programmes.iter().find(|programme| programme.id == id).cloned()
    }

    /// The programme with numbers like this that an old system may know.
    pub(super) fn leaving(&self, bin: &str) -> Option<&Programme> {
        let leaves = |programme: &Programme| programme.legacy.as_ref().is_some_and(Legacy::has_strangers);
        let mut all = self.programmes.iter().map(|programme| &**programme);
        all.find(|programme| leaves(programme) && bin.starts_with(&programme.terms.bin))
    }

    pub(super) fn add_differences(&mut self, record: &Record, differences: &[Difference]) {
        let Some(programme) = record.card.as_ref().map(|card| card.programme) else { return };
        for one in differences {
            *self.differences.entry((programme.to_bytes(), one.clone())).or_default() += 1;
        }
    }

    pub(super) fn add(&mut self, record: Record) {
        self.added.insert(record.id);
        self.records.insert(record.id, record);
    }

    pub(super) fn change(&mut self, record: Record) {
        if !self.added.contains(&record.id) {
            self.changed.insert(record.id);
        }
        self.records.insert(record.id, record);
    }

    pub(super) fn add_step(&mut self, step: StepRecord) {
        self.new_steps.push(step.step.id);
        self.steps.insert(step.step.id, step);
    }

    pub(super) fn expiry_done(&mut self, id: AuthorizationId) {
        self.expired_done.push(id);
    }

    /// Counts an authorization for its card's limits, or takes some of it back.
    pub(super) fn add_use(&mut self, card: CardId, day: i64, amount: i64, count: i64) {
        if amount == 0 && count == 0 {
            return;
        }
        for day in [day, LIFETIME] {
            add(self.use_added.entry((card.to_bytes(), day)).or_default(), amount, count);
            if let Some(days) = self.used.get_mut(&card) {
                add(days.entry(day).or_default(), amount, count);
            }
        }
    }

    pub(super) fn used(&self, card: CardId, at: Periods) -> Used {
        let Some(days) = self.used.get(&card) else { return Used::default() };
        let since = |first: i64| {
            let first = first.max(at.day - DAYS_BACK);
            let mut sum = Sum::default();
            days.range(first..=at.day).for_each(|(_, one)| add(&mut sum, one.amount, one.count));
            sum
        };
        let lifetime = days.get(&LIFETIME).copied().unwrap_or_default();
        Used { day: since(at.day), week: since(at.week), month: since(at.month), lifetime }
    }

    pub(super) fn is_unchanged(&self) -> bool {
        let nothing = self.added.is_empty() && self.changed.is_empty() && self.new_requests.is_empty();
        nothing && self.new_steps.is_empty() && self.expired_done.is_empty() && self.use_added.is_empty()
    }

    pub(super) async fn store(&self, tx: &Tx) -> Result<(), DbError> {
        self.store_requests(tx).await?;
        self.store_records(tx).await?;
        self.store_steps(tx).await?;
        let (keys, sums): (Vec<&([u8; 16], i64)>, Vec<&Sum>) = self.use_added.iter().unzip();
        let (cards, days): (Vec<[u8; 16]>, Vec<i64>) = keys.into_iter().copied().unzip();
        let (amounts, counts): (Vec<i64>, Vec<i64>) = sums.iter().map(|sum| (sum.amount, sum.count)).unzip();
        let columns = [Column::Id(&cards), Column::Int(&days), Column::Int(&amounts), Column::Int(&counts)];
        if !cards.is_empty() {
            tx.add_many(&store::USAGE, &columns).await?;
        }
        for id in &self.expired_done {
            tx.execute(store::EXPIRED_REMOVE, &[Value::Bytes(&id.to_bytes())]).await?;
        }
        self.store_differences(tx).await
    }

    async fn store_differences(&self, tx: &Tx) -> Result<(), DbError> {
        if self.differences.is_empty() {
            return Ok(());
        }
        let programmes: Vec<[u8; 16]> = self.differences.keys().map(|(programme, _)| *programme).collect();
        let texts = |of: fn(&Difference) -> &str| -> Vec<String> {
            self.differences.keys().map(|(_, one)| of(one).to_owned()).collect()
        };
        let (fields, theirs) = (texts(|one| one.field), texts(|one| &one.theirs));
        let (ours, counts) = (texts(|one| &one.ours), self.differences.values().copied().collect::<Vec<i64>>());
        let columns = [
            Column::Id(&programmes),
            Column::Text(&fields),
            Column::Text(&theirs),
            Column::Text(&ours),
            Column::Int(&counts),
        ];
        tx.add_many(&rows::DIFFERENCES, &columns).await
    }

    async fn store_requests(&self, tx: &Tx) -> Result<(), DbError> {
        if self.new_requests.is_empty() {
            return Ok(());
        }
        let keys: Vec<[u8; 16]> = self.new_requests.iter().map(|(key, _)| *key).collect();
        let commands: Vec<Vec<u8>> = self.new_requests.iter().map(|(_, one)| one.command.to_vec()).collect();
        let ids: Vec<[u8; 16]> = self.new_requests.iter().map(|(_, one)| one.authorization.to_bytes()).collect();
        let step = |one: &Request| one.step.map_or(NONE, |step| step.to_bytes());
        let steps: Vec<[u8; 16]> = self.new_requests.iter().map(|(_, one)| step(one)).collect();
        let columns = [Column::Id(&keys), Column::Bytes(&commands), Column::Id(&ids), Column::Id(&steps)];
        tx.insert_many(&store::REQUESTS, &columns).await
    }

    async fn store_records(&self, tx: &Tx) -> Result<(), DbError> {
        for (ids, new) in [(&self.added, true), (&self.changed, false)] {
            let records: Vec<&Record> = ids.iter().filter_map(|id| self.records.get(id)).collect();
            if records.is_empty() {
                continue;
            }
            let ids: Vec<[u8; 16]> = records.iter().map(|record| record.id.to_bytes()).collect();
            let card = |record: &Record| record.card.as_ref().map_or(NONE, |card| card.id.to_bytes());
            let cards: Vec<[u8; 16]> = records.iter().map(|record| card(record)).collect();
            let due: Vec<Option<i64>> = records.iter().map(|record| record.due_at.map(Timestamp::micros)).collect();
            let bodies = records.iter().map(store::json).collect::<Result<Vec<_>, _>>()?;
            let columns = [Column::Id(&ids), Column::Id(&cards), Column::IntOrNull(&due), Column::Text(&bodies)];
            match new {
                true => tx.insert_many(&store::AUTHORIZATIONS, &columns).await?,
                false => tx.update_many(&store::AUTHORIZATIONS, &columns).await?,
            }
        }
        Ok(())
    }

    async fn store_steps(&self, tx: &Tx) -> Result<(), DbError> {
        let steps: Vec<&StepRecord> = self.new_steps.iter().filter_map(|id| self.steps.get(id)).collect();
        if steps.is_empty() {
            return Ok(());
        }
        let ids: Vec<[u8; 16]> = steps.iter().map(|step| step.step.id.to_bytes()).collect();
        let authorizations: Vec<[u8; 16]> = steps.iter().map(|step| step.authorization.to_bytes()).collect();
        let programmes: Vec<[u8; 16]> = steps.iter().map(|step| step.programme.to_bytes()).collect();
        let days: Vec<i64> = steps.iter().map(|step| step.day).collect();
        let owed: Vec<i64> = steps.iter().map(|step| step.owed).collect();
        let bodies = steps.iter().map(store::json).collect::<Result<Vec<_>, _>>()?;
        let columns = [
            Column::Id(&ids),
            Column::Id(&authorizations),
            Column::Id(&programmes),
            Column::Int(&days),
            Column::Int(&owed),
            Column::Text(&bodies),
        ];
        tx.insert_many(&store::STEPS, &columns).await?;
        for step in steps {
            label::put(tx, step).await?;
        }
        Ok(())
    }

    /// After the commit.
    pub(super) fn told(&self) {
        for (outcome, amount) in self.decided.iter().copied() {
            crate::count::decided(outcome, amount);
        }
    }
}

fn is_same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one == other || *one == ANY_COMMAND || *other == ANY_COMMAND
}

fn add(sum: &mut Sum, amount: i64, count: i64) {
    sum.amount = sum.amount.saturating_add(amount);
    sum.count = sum.count.saturating_add(count);
}
