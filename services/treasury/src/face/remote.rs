//! Treasury in another process: the same traits over [`platform::rpc`], and the method table that answers them there.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Ctx;
use platform::room::Face;
use platform::rpc::{Methods, MethodsOf, Repeat, RpcClient};

use crate::face::*;

/// How treasury is called.
pub static FACE: Face<dyn Treasury> = Face { name: SERVICE, serve, remote: |rpc| Arc::new(RemoteTreasury { rpc }) };

type Shared = Arc<dyn Treasury>;

fn serve(treasury: Shared) -> Methods {
    MethodsOf::new(SERVICE, treasury)
        .on("put_entity", |at, ctx, it| async move { at.put_entity(&ctx, it).await })
        .on("entities", |at, ctx, ()| async move { at.entities(&ctx).await })
        .on("add_account", |at, ctx, it| async move { at.add_account(&ctx, it).await })
        .on("change_account", |at, ctx, it| async move { at.change_account(&ctx, it).await })
        .on("accounts", |at, ctx, ()| async move { at.accounts(&ctx).await })
        .on("put_rates", |at, ctx, it| async move { at.put_rates(&ctx, it).await })
        .on("rates", |at, ctx, it| async move { at.rates(&ctx, it).await })
        .on("positions", |at, ctx, it| async move { at.positions(&ctx, it).await })
        .on("add_flows", |at, ctx, it| async move { at.add_flows(&ctx, it).await })
        .on("flows", |at, ctx, it| async move { at.flows(&ctx, it).await })
        .on("cancel_flow", |at, ctx, it| async move { at.cancel_flow(&ctx, it).await })
        .on("put_recurring", |at, ctx, it| async move { at.put_recurring(&ctx, it).await })
        .on("recurring", |at, ctx, ()| async move { at.recurring(&ctx).await })
        .on("forecast", |at, ctx, it| async move { at.forecast(&ctx, it).await })
        .on("train", |at, ctx, ()| async move { at.train(&ctx).await })
        .on("accuracy", |at, ctx, it| async move { at.accuracy(&ctx, it).await })
        .on("put_pool", |at, ctx, it| async move { at.put_pool(&ctx, it).await })
        .on("pools", |at, ctx, ()| async move { at.pools(&ctx).await })
        .on("propose", |at, ctx, it| async move { at.propose(&ctx, it).await })
        .on("decide", |at, ctx, it| async move { at.decide(&ctx, it).await })
        .on("sweep", |at, ctx, it| async move { at.sweep(&ctx, it).await })
        .on("sweeps", |at, ctx, it| async move { at.sweeps(&ctx, it).await })
        .on("put_exposures", |at, ctx, it| async move { at.put_exposures(&ctx, it).await })
        .on("exposures", |at, ctx, ()| async move { at.exposures(&ctx).await })
        .on("put_factor", |at, ctx, it| async move { at.put_factor(&ctx, it).await })
        .on("factors", |at, ctx, ()| async move { at.factors(&ctx).await })
        .on("value_at_risk", |at, ctx, it| async move { at.value_at_risk(&ctx, it).await })
        .on("backtest", |at, ctx, it| async move { at.backtest(&ctx, it).await })
        .on("run", |at, ctx, it| async move { at.run(&ctx, it).await })
        .into()
}

/// Treasury in another process.
#[derive(Debug, Clone)]
pub struct RemoteTreasury {
    rpc: RpcClient,
}

#[async_trait]
impl Cash for RemoteTreasury {
    /// What is put again is the same, here and below.
    async fn put_entity(&self, ctx: &Ctx, command: PutEntity) -> Result<Entity, TreasuryError> {
        self.rpc.call(ctx, "put_entity", &command, Repeat::Harmless).await
    }

    async fn entities(&self, ctx: &Ctx) -> Result<EntityList, TreasuryError> {
        self.rpc.call(ctx, "entities", &(), Repeat::Question).await
    }

    async fn add_account(&self, ctx: &Ctx, command: AddAccount) -> Result<Account, TreasuryError> {
        self.rpc.call(ctx, "add_account", &command, Repeat::keyed(ctx)).await
    }

    async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<Account, TreasuryError> {
        self.rpc.call(ctx, "change_account", &command, Repeat::Harmless).await
    }

    async fn accounts(&self, ctx: &Ctx) -> Result<AccountList, TreasuryError> {
        self.rpc.call(ctx, "accounts", &(), Repeat::Question).await
    }

    async fn put_rates(&self, ctx: &Ctx, command: PutRates) -> Result<RateList, TreasuryError> {
        self.rpc.call(ctx, "put_rates", &command, Repeat::Harmless).await
    }

    async fn rates(&self, ctx: &Ctx, command: RateQuery) -> Result<RateList, TreasuryError> {
        self.rpc.call(ctx, "rates", &command, Repeat::Question).await
    }

    async fn positions(&self, ctx: &Ctx, command: PositionQuery) -> Result<Positions, TreasuryError> {
        self.rpc.call(ctx, "positions", &command, Repeat::Question).await
    }
}

#[async_trait]
impl Outlook for RemoteTreasury {
    async fn add_flows(&self, ctx: &Ctx, command: AddFlows) -> Result<FlowList, TreasuryError> {
        self.rpc.call(ctx, "add_flows", &command, Repeat::keyed(ctx)).await
    }

    async fn flows(&self, ctx: &Ctx, command: FlowQuery) -> Result<FlowPage, TreasuryError> {
        self.rpc.call(ctx, "flows", &command, Repeat::Question).await
    }

    async fn cancel_flow(&self, ctx: &Ctx, command: FlowId) -> Result<Flow, TreasuryError> {
        self.rpc.call(ctx, "cancel_flow", &command, Repeat::keyed(ctx)).await
    }

    async fn put_recurring(&self, ctx: &Ctx, command: PutRecurring) -> Result<Recurring, TreasuryError> {
        self.rpc.call(ctx, "put_recurring", &command, Repeat::Harmless).await
    }

    async fn recurring(&self, ctx: &Ctx) -> Result<RecurringList, TreasuryError> {
        self.rpc.call(ctx, "recurring", &(), Repeat::Question).await
    }

    async fn forecast(&self, ctx: &Ctx, command: ForecastQuery) -> Result<Forecast, TreasuryError> {
        self.rpc.call(ctx, "forecast", &command, Repeat::Question).await
    }

    /// Trained again on the same history, models are the same.
    async fn train(&self, ctx: &Ctx) -> Result<Trained, TreasuryError> {
        self.rpc.call(ctx, "train", &(), Repeat::Harmless).await
    }

    async fn accuracy(&self, ctx: &Ctx, command: AccuracyQuery) -> Result<AccuracyList, TreasuryError> {
        self.rpc.call(ctx, "accuracy", &command, Repeat::Question).await
    }
}

#[async_trait]
impl Pooling for RemoteTreasury {
    async fn put_pool(&self, ctx: &Ctx, command: PutPool) -> Result<Pool, TreasuryError> {
        self.rpc.call(ctx, "put_pool", &command, Repeat::Harmless).await
    }

    async fn pools(&self, ctx: &Ctx) -> Result<PoolList, TreasuryError> {
        self.rpc.call(ctx, "pools", &(), Repeat::Question).await
    }

    async fn propose(&self, ctx: &Ctx, command: ProposeSweep) -> Result<Sweep, TreasuryError> {
        self.rpc.call(ctx, "propose", &command, Repeat::keyed(ctx)).await
    }

    async fn decide(&self, ctx: &Ctx, command: DecideSweep) -> Result<Sweep, TreasuryError> {
        self.rpc.call(ctx, "decide", &command, Repeat::keyed(ctx)).await
    }

    async fn sweep(&self, ctx: &Ctx, command: SweepId) -> Result<Sweep, TreasuryError> {
        self.rpc.call(ctx, "sweep", &command, Repeat::Question).await
    }

    async fn sweeps(&self, ctx: &Ctx, command: SweepQuery) -> Result<SweepPage, TreasuryError> {
        self.rpc.call(ctx, "sweeps", &command, Repeat::Question).await
    }
}

#[async_trait]
impl Risks for RemoteTreasury {
    async fn put_exposures(&self, ctx: &Ctx, command: PutExposures) -> Result<ExposureList, TreasuryError> {
        self.rpc.call(ctx, "put_exposures", &command, Repeat::Harmless).await
    }

    async fn exposures(&self, ctx: &Ctx) -> Result<ExposureList, TreasuryError> {
        self.rpc.call(ctx, "exposures", &(), Repeat::Question).await
    }

    async fn put_factor(&self, ctx: &Ctx, command: PutFactor) -> Result<Factor, TreasuryError> {
        self.rpc.call(ctx, "put_factor", &command, Repeat::Harmless).await
    }

    async fn factors(&self, ctx: &Ctx) -> Result<FactorList, TreasuryError> {
        self.rpc.call(ctx, "factors", &(), Repeat::Question).await
    }

    async fn value_at_risk(&self, ctx: &Ctx, command: AskValueAtRisk) -> Result<Run, TreasuryError> {
        self.rpc.call(ctx, "value_at_risk", &command, Repeat::keyed(ctx)).await
    }

    async fn backtest(&self, ctx: &Ctx, command: AskBacktest) -> Result<Run, TreasuryError> {
        self.rpc.call(ctx, "backtest", &command, Repeat::keyed(ctx)).await
    }

    async fn run(&self, ctx: &Ctx, command: RunId) -> Result<Run, TreasuryError> {
        self.rpc.call(ctx, "run", &command, Repeat::Question).await
    }
}
