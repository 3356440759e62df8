//! The service: what all its parts share, and the traits, one line a method.

use std::sync::Arc;

use async_trait::async_trait;
use banking_api::Banking;
use kernel::{Clock, Ctx, IdMaker, Timestamp};
use ledger_api::Books;
use planning_api::*;
use platform::crypto::{KeyEncryptionKey, SealError};
use platform::db::{Db, Tx};
use platform::deadline::in_time;
use platform::error::Failure;
use platform::feed::{FeedSignal, NewEvent, Outbox};
use platform::frame::ActsAs;
use platform::once::{Once, Turn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::Settings;
use crate::keys::{Keys, Sealer};

const DAY_US: i64 = 86_400_000_000;

#[derive(Clone)]
pub struct PlanningService {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdMaker,
    outbox: Outbox,
    signal: FeedSignal,
    once: Once<Refusal>,
    pub(crate) keys: Keys,
    pub(crate) own: Arc<dyn ActsAs>,
    pub(crate) books: Arc<dyn Books>,
    pub(crate) banking: Arc<dyn Banking>,
    pub(crate) simulation: Arc<dyn Simulation>,
}

/// What the service is made of.
pub struct Parts {
    pub db: Db,
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub ids: IdMaker,
    pub outbox: Outbox,
    pub signal: FeedSignal,
    pub own: Arc<dyn ActsAs>,
    pub books: Arc<dyn Books>,
    pub banking: Arc<dyn Banking>,
    pub simulation: Arc<dyn Simulation>,
}

impl PlanningService {
    pub async fn start(parts: Parts, kek: &KeyEncryptionKey) -> Result<PlanningService, SealError> {
        let Parts { db, settings, clock, ids, outbox, signal, own, books, banking, simulation } = parts;
        let keys = Keys::open(&db, kek, Arc::clone(&clock)).await?;
        let once = Once::new(kek, Arc::clone(&clock));
        let inner = Inner { db, settings, clock, ids, outbox, signal, once, keys, own, books, banking, simulation };
        Ok(PlanningService { inner: Arc::new(inner) })
    }
}

/// A change that has begun: the key of what it made before, or its turn and its transaction.
pub(crate) enum Begun<K> {
    Again(K),
    First(Box<Change>),
}

pub(crate) struct Change {
    pub(crate) tx: Tx,
    turn: Turn<Refusal>,
}

/// The key of what was made, and what has to be told.
pub(crate) type Made<K> = Result<(K, Vec<NewEvent>), PlanningError>;

impl Inner {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn today(&self) -> Day {
        Day::of_number(self.now().micros().div_euclid(DAY_US))
    }

    pub(crate) async fn begin<K: DeserializeOwned>(
        &self,
        ctx: &Ctx,
        operation: &'static str,
        command: &(impl Serialize + Sync),
    ) -> Result<Begun<K>, PlanningError> {
        let turn = self.once.begin(ctx, operation, command).await?;
        let tx = self.db.begin().await?;
        if let Some(key) = turn.again::<K>(&tx).await? {
            return Ok(Begun::Again(key));
        }
        tx.one_at_a_time().await?;
        Ok(Begun::First(Box::new(Change { tx, turn })))
    }

    /// Commits what was made with its events, or remembers the refusal.
    pub(crate) async fn end<K: Serialize>(&self, change: Box<Change>, made: Made<K>) -> Result<K, PlanningError> {
        let Change { tx, turn } = *change;
        match made {
            Ok((key, events)) => {
                turn.made(&tx, &key).await?;
                self.commit(tx, events).await?;
                Ok(key)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    pub(crate) async fn commit(&self, tx: Tx, events: Vec<NewEvent>) -> Result<(), PlanningError> {
        let cursor = if events.is_empty() { None } else { Some(self.outbox.add(&tx, events).await?) };
        tx.commit().await?;
        cursor.into_iter().for_each(|cursor| self.signal.committed(cursor));
        Ok(())
    }

    /// The key of a subject to write by; an erased subject writes nothing.
    pub(crate) async fn sealer(&self, tx: &Tx, subject: &str) -> Result<Sealer, PlanningError> {
        let sealer = self.keys.sealer(tx, subject).await?;
        if sealer.is_erased() { Err(Failure::Forbidden.into()) } else { Ok(sealer) }
    }

    /// The same call by the room itself, with the caller's deadline.
    pub(crate) async fn itself(&self, ctx: &Ctx) -> Result<Ctx, PlanningError> {
        let principal = self.own.principal().await.map_err(|error| {
            tracing::error!(%error, "planning has no token of its own");
            Failure::Unavailable
        })?;
        Ok(Ctx { principal, idempotency_key: None, ..ctx.clone() })
    }
}

macro_rules! in_time {
    ($self:ident, $ctx:ident, $work:expr) => {
        in_time($ctx, &$self.inner.clock, $work).await
    };
}

#[async_trait]
impl Households for PlanningService {
    async fn create_household(&self, ctx: &Ctx, command: CreateHousehold) -> Result<Household, PlanningError> {
        in_time!(self, ctx, self.inner.create_household(ctx, command))
    }

    async fn households(&self, ctx: &Ctx) -> Result<HouseholdList, PlanningError> {
        in_time!(self, ctx, self.inner.households(ctx))
    }

    async fn household(&self, ctx: &Ctx, id: HouseholdId) -> Result<Household, PlanningError> {
        in_time!(self, ctx, self.inner.household(ctx, "read", id))
    }

    async fn put_persons(&self, ctx: &Ctx, command: PutPersons) -> Result<Household, PlanningError> {
        in_time!(self, ctx, self.inner.put_persons(ctx, command))
    }

    async fn invite(&self, ctx: &Ctx, command: Invite) -> Result<Household, PlanningError> {
        in_time!(self, ctx, self.inner.invite(ctx, command))
    }

    async fn accept(&self, ctx: &Ctx, household: HouseholdId) -> Result<Household, PlanningError> {
        in_time!(self, ctx, self.inner.accept(ctx, household))
    }

    async fn remove_member(&self, ctx: &Ctx, command: RemoveMember) -> Result<(), PlanningError> {
        in_time!(self, ctx, self.inner.remove_member(ctx, command))
    }

    async fn erase(&self, ctx: &Ctx, command: EraseSubject) -> Result<(), PlanningError> {
        in_time!(self, ctx, self.inner.erase(ctx, command))
    }
}

#[async_trait]
impl Wealth for PlanningService {
    async fn add_asset(&self, ctx: &Ctx, command: AddAsset) -> Result<Asset, PlanningError> {
        in_time!(self, ctx, self.inner.add_asset(ctx, command))
    }

    async fn assets(&self, ctx: &Ctx, query: OfHousehold) -> Result<AssetList, PlanningError> {
        in_time!(self, ctx, self.inner.assets(ctx, query))
    }

    async fn asset(&self, ctx: &Ctx, id: AssetId) -> Result<Asset, PlanningError> {
        in_time!(self, ctx, self.inner.asset(ctx, "read", id))
    }

    async fn change_asset(&self, ctx: &Ctx, command: ChangeAsset) -> Result<Asset, PlanningError> {
        in_time!(self, ctx, self.inner.change_asset(ctx, command))
    }

    async fn put_values(&self, ctx: &Ctx, command: PutValues) -> Result<ValueList, PlanningError> {
        in_time!(self, ctx, self.inner.put_values(ctx, command))
    }

    async fn values(&self, ctx: &Ctx, asset: AssetId) -> Result<ValueList, PlanningError> {
        in_time!(self, ctx, self.inner.values(ctx, "read", asset))
    }

    async fn put_rate(&self, ctx: &Ctx, command: PutRate) -> Result<Rate, PlanningError> {
        in_time!(self, ctx, self.inner.put_rate(ctx, command))
    }

    async fn net_worth(&self, ctx: &Ctx, query: WorthQuery) -> Result<NetWorth, PlanningError> {
        in_time!(self, ctx, self.inner.net_worth(ctx, query))
    }
}

#[async_trait]
impl Goals for PlanningService {
    async fn add_goal(&self, ctx: &Ctx, command: AddGoal) -> Result<Goal, PlanningError> {
        in_time!(self, ctx, self.inner.add_goal(ctx, command))
    }

    async fn goals(&self, ctx: &Ctx, query: OfHousehold) -> Result<GoalList, PlanningError> {
        in_time!(self, ctx, self.inner.goals(ctx, query))
    }

    async fn goal(&self, ctx: &Ctx, id: GoalId) -> Result<Goal, PlanningError> {
        in_time!(self, ctx, self.inner.goal(ctx, "read", id))
    }

    async fn change_goal(&self, ctx: &Ctx, command: ChangeGoal) -> Result<Goal, PlanningError> {
        in_time!(self, ctx, self.inner.change_goal(ctx, command))
    }

    async fn progress(&self, ctx: &Ctx, id: GoalId) -> Result<Progress, PlanningError> {
        in_time!(self, ctx, self.inner.progress(ctx, id))
    }

    async fn measure_goal(&self, ctx: &Ctx, id: GoalId) -> Result<Progress, PlanningError> {
        in_time!(self, ctx, self.inner.measure_goal(ctx, id))
    }
}

#[async_trait]
impl Plans for PlanningService {
    async fn add_plan(&self, ctx: &Ctx, command: AddPlan) -> Result<Plan, PlanningError> {
        in_time!(self, ctx, self.inner.add_plan(ctx, command))
    }

    async fn plans(&self, ctx: &Ctx, query: OfHousehold) -> Result<PlanList, PlanningError> {
        in_time!(self, ctx, self.inner.plans(ctx, query))
    }

    async fn plan(&self, ctx: &Ctx, find: FindPlan) -> Result<Plan, PlanningError> {
        in_time!(self, ctx, self.inner.plan(ctx, "read", find))
    }

    async fn revise_plan(&self, ctx: &Ctx, command: RevisePlan) -> Result<Plan, PlanningError> {
        in_time!(self, ctx, self.inner.revise_plan(ctx, command))
    }

    async fn versions(&self, ctx: &Ctx, id: PlanId) -> Result<VersionList, PlanningError> {
        in_time!(self, ctx, self.inner.versions(ctx, id))
    }
}
