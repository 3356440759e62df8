//! The service: what its parts share, and its traits, one line per method into its use case.

use std::sync::Arc;

use async_trait::async_trait;
use banking_api::Banking;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::{Clock, Ctx, Currency, Deadline, IdMaker, Timestamp};
use ledger_api::Books;
use platform::access;
use platform::db::{Db, Tx};
use platform::deadline::in_time;
use platform::error::Failure;
use platform::feed::{FeedSignal, NewEvent, Outbox};
use platform::frame::ActsAs;
use platform::once::{Once, Turn};
use platform::room::OpenError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Settings;
use crate::face::*;

#[derive(Clone)]
pub struct TreasuryService {
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
    own: Arc<dyn ActsAs>,
    pub(crate) books: Arc<dyn Books>,
    pub(crate) banking: Arc<dyn Banking>,
    pub(crate) zone: TimeZone,
    pub(crate) reporting: Currency,
}

/// What the service is made of.
pub struct Parts {
    pub db: Db,
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub ids: IdMaker,
    pub outbox: Outbox,
    pub signal: FeedSignal,
    pub once: Once<Refusal>,
    /// Treasury itself, for its calls to the ledger and to banking.
    pub own: Arc<dyn ActsAs>,
    pub books: Arc<dyn Books>,
    pub banking: Arc<dyn Banking>,
}

impl TreasuryService {
    /// # Errors
    /// The zone or the currency of the settings is not known.
    pub fn new(parts: Parts) -> Result<TreasuryService, OpenError> {
        let Parts { db, settings, clock, ids, outbox, signal, once, own, books, banking } = parts;
        let zone = TimeZone::get(&settings.zone)?;
        let reporting = Currency::iso(&settings.reporting_currency)?;
        let inner = Inner { db, settings, clock, ids, outbox, signal, once, own, books, banking, zone, reporting };
        Ok(TreasuryService { inner: Arc::new(inner) })
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
pub(crate) type Made<K> = Result<(K, Vec<NewEvent>), TreasuryError>;

impl Inner {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn today(&self) -> Date {
        self.date_of(self.now())
    }

    pub(crate) fn date_of(&self, at: Timestamp) -> Date {
        self.local(at).date()
    }

    pub(crate) fn local(&self, at: Timestamp) -> jiff::civil::DateTime {
        let instant = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default();
        instant.to_zoned(self.zone.clone()).datetime()
    }

    /// Refuses callers without the permission: nothing here belongs to one customer.
    pub(crate) fn may(&self, ctx: &Ctx, resource: &str, action: &str) -> Result<(), TreasuryError> {
        Ok(access::check(ctx, resource, action, None)?)
    }

    pub(crate) async fn begin<K: DeserializeOwned>(
        &self,
        ctx: &Ctx,
        operation: &'static str,
        command: &(impl Serialize + Sync),
    ) -> Result<Begun<K>, TreasuryError> {
        let turn = self.once.begin(ctx, operation, command).await?;
        let tx = self.db.begin().await?;
        if let Some(key) = turn.again::<K>(&tx).await? {
            return Ok(Begun::Again(key));
        }
        tx.one_at_a_time().await?;
        Ok(Begun::First(Box::new(Change { tx, turn })))
    }

    /// Commits what was made with its events, or remembers the refusal.
    pub(crate) async fn end<K: Serialize>(&self, change: Box<Change>, made: Made<K>) -> Result<K, TreasuryError> {
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

    pub(crate) async fn commit(&self, tx: Tx, events: Vec<NewEvent>) -> Result<(), TreasuryError> {
        let cursor = if events.is_empty() { None } else { Some(self.outbox.add(&tx, events).await?) };
        tx.commit().await?;
        cursor.into_iter().for_each(|cursor| self.signal.committed(cursor));
        Ok(())
    }

    /// The same call, by treasury itself on behalf of the caller.
    pub(crate) async fn on_behalf(&self, ctx: &Ctx) -> Result<Ctx, Failure> {
        let principal = self.own.principal().await.map_err(|why| {
            tracing::warn!(why, "treasury has no credentials of its own");
            Failure::Unavailable
        })?;
        let principal = principal.acting_for(&ctx.principal);
        Ok(Ctx { principal, idempotency_key: None, ..ctx.clone() })
    }

    /// A context for what treasury does by itself.
    pub(crate) async fn itself(&self, millis: u64) -> Result<Ctx, OpenError> {
        let principal = self.own.principal().await?;
        let deadline = Deadline::after_millis(&*self.clock, millis);
        Ok(Ctx { principal, deadline, request_id: "treasury".into(), idempotency_key: None })
    }
}

macro_rules! in_time {
    ($self:ident, $ctx:ident, $work:expr) => {
        in_time($ctx, &$self.inner.clock, $work).await
    };
}

#[async_trait]
impl Cash for TreasuryService {
    async fn put_entity(&self, ctx: &Ctx, command: PutEntity) -> Result<Entity, TreasuryError> {
        in_time!(self, ctx, self.inner.put_entity(ctx, command))
    }

    async fn entities(&self, ctx: &Ctx) -> Result<EntityList, TreasuryError> {
        in_time!(self, ctx, self.inner.entities(ctx))
    }

    async fn add_account(&self, ctx: &Ctx, command: AddAccount) -> Result<Account, TreasuryError> {
        in_time!(self, ctx, self.inner.add_account(ctx, command))
    }

    async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<Account, TreasuryError> {
        in_time!(self, ctx, self.inner.change_account(ctx, command))
    }

    async fn accounts(&self, ctx: &Ctx) -> Result<AccountList, TreasuryError> {
        in_time!(self, ctx, self.inner.accounts(ctx))
    }

    async fn put_rates(&self, ctx: &Ctx, command: PutRates) -> Result<RateList, TreasuryError> {
        in_time!(self, ctx, self.inner.put_rates(ctx, command))
    }

    async fn rates(&self, ctx: &Ctx, command: RateQuery) -> Result<RateList, TreasuryError> {
        in_time!(self, ctx, self.inner.rates(ctx, command))
    }

    async fn positions(&self, ctx: &Ctx, command: PositionQuery) -> Result<Positions, TreasuryError> {
        in_time!(self, ctx, self.inner.positions(ctx, command))
    }
}

#[async_trait]
impl Outlook for TreasuryService {
    async fn add_flows(&self, ctx: &Ctx, command: AddFlows) -> Result<FlowList, TreasuryError> {
        in_time!(self, ctx, self.inner.add_flows(ctx, command))
    }

    async fn flows(&self, ctx: &Ctx, command: FlowQuery) -> Result<FlowPage, TreasuryError> {
        in_time!(self, ctx, self.inner.flows(ctx, command))
    }

    async fn cancel_flow(&self, ctx: &Ctx, command: FlowId) -> Result<Flow, TreasuryError> {
        in_time!(self, ctx, self.inner.cancel_flow(ctx, command))
    }

    async fn put_recurring(&self, ctx: &Ctx, command: PutRecurring) -> Result<Recurring, TreasuryError> {
        in_time!(self, ctx, self.inner.put_recurring(ctx, command))
    }

    async fn recurring(&self, ctx: &Ctx) -> Result<RecurringList, TreasuryError> {
        in_time!(self, ctx, self.inner.recurring(ctx))
    }

    async fn forecast(&self, ctx: &Ctx, command: ForecastQuery) -> Result<Forecast, TreasuryError> {
        in_time!(self, ctx, self.inner.forecast(ctx, command))
    }

    async fn train(&self, ctx: &Ctx) -> Result<Trained, TreasuryError> {
        in_time!(self, ctx, self.inner.train(ctx))
    }

    async fn accuracy(&self, ctx: &Ctx, command: AccuracyQuery) -> Result<AccuracyList, TreasuryError> {
        in_time!(self, ctx, self.inner.accuracy(ctx, command))
    }
}

#[async_trait]
impl Pooling for TreasuryService {
    async fn put_pool(&self, ctx: &Ctx, command: PutPool) -> Result<Pool, TreasuryError> {
        in_time!(self, ctx, self.inner.put_pool(ctx, command))
    }

    async fn pools(&self, ctx: &Ctx) -> Result<PoolList, TreasuryError> {
        in_time!(self, ctx, self.inner.pools(ctx))
    }

    async fn propose(&self, ctx: &Ctx, command: ProposeSweep) -> Result<Sweep, TreasuryError> {
        in_time!(self, ctx, self.inner.propose(ctx, command))
    }

    async fn decide(&self, ctx: &Ctx, command: DecideSweep) -> Result<Sweep, TreasuryError> {
        in_time!(self, ctx, self.inner.decide(ctx, command))
    }

    async fn sweep(&self, ctx: &Ctx, command: SweepId) -> Result<Sweep, TreasuryError> {
        in_time!(self, ctx, self.inner.sweep(ctx, command))
    }

    async fn sweeps(&self, ctx: &Ctx, command: SweepQuery) -> Result<SweepPage, TreasuryError> {
        in_time!(self, ctx, self.inner.sweeps(ctx, command))
    }
}

#[async_trait]
impl Risks for TreasuryService {
    async fn put_exposures(&self, ctx: &Ctx, command: PutExposures) -> Result<ExposureList, TreasuryError> {
        in_time!(self, ctx, self.inner.put_exposures(ctx, command))
    }

    async fn exposures(&self, ctx: &Ctx) -> Result<ExposureList, TreasuryError> {
        in_time!(self, ctx, self.inner.exposures(ctx))
    }

    async fn put_factor(&self, ctx: &Ctx, command: PutFactor) -> Result<Factor, TreasuryError> {
        in_time!(self, ctx, self.inner.put_factor(ctx, command))
    }

    async fn factors(&self, ctx: &Ctx) -> Result<FactorList, TreasuryError> {
        in_time!(self, ctx, self.inner.factors(ctx))
    }

    async fn value_at_risk(&self, ctx: &Ctx, command: AskValueAtRisk) -> Result<Run, TreasuryError> {
        in_time!(self, ctx, self.inner.value_at_risk(ctx, command))
    }

    async fn backtest(&self, ctx: &Ctx, command: AskBacktest) -> Result<Run, TreasuryError> {
        in_time!(self, ctx, self.inner.backtest(ctx, command))
    }

    async fn run(&self, ctx: &Ctx, command: RunId) -> Result<Run, TreasuryError> {
        in_time!(self, ctx, self.inner.run(ctx, command))
    }
}
