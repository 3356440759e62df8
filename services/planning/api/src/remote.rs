//! Planning in another process: the same traits over [`platform::rpc`], and the method table that answers them there.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Ctx;
use platform::room::Face;
use platform::rpc::{Methods, MethodsOf, Repeat, RpcClient};

use crate::*;

/// How planning is called.
pub static FACE: Face<dyn Planning> = Face { name: SERVICE, serve, remote: |rpc| Arc::new(RemotePlanning { rpc }) };

type Shared = Arc<dyn Planning>;

fn serve(planning: Shared) -> Methods {
    let methods = households_of(MethodsOf::new(SERVICE, planning));
    plans_of(goals_of(wealth(methods))).into()
}

fn households_of(methods: MethodsOf<dyn Planning>) -> MethodsOf<dyn Planning> {
    methods
        .on("create_household", |at, ctx, it| async move { at.create_household(&ctx, it).await })
        .on("households", |at, ctx, ()| async move { at.households(&ctx).await })
        .on("household", |at, ctx, it| async move { at.household(&ctx, it).await })
        .on("put_persons", |at, ctx, it| async move { at.put_persons(&ctx, it).await })
        .on("invite", |at, ctx, it| async move { at.invite(&ctx, it).await })
        .on("accept", |at, ctx, it| async move { at.accept(&ctx, it).await })
        .on("remove_member", |at, ctx, it| async move { at.remove_member(&ctx, it).await })
        .on("erase", |at, ctx, it| async move { at.erase(&ctx, it).await })
}

fn wealth(methods: MethodsOf<dyn Planning>) -> MethodsOf<dyn Planning> {
    methods
        .on("add_asset", |at, ctx, it| async move { at.add_asset(&ctx, it).await })
        .on("assets", |at, ctx, it| async move { at.assets(&ctx, it).await })
        .on("asset", |at, ctx, it| async move { at.asset(&ctx, it).await })
        .on("change_asset", |at, ctx, it| async move { at.change_asset(&ctx, it).await })
        .on("put_values", |at, ctx, it| async move { at.put_values(&ctx, it).await })
        .on("values", |at, ctx, it| async move { at.values(&ctx, it).await })
        .on("put_rate", |at, ctx, it| async move { at.put_rate(&ctx, it).await })
        .on("net_worth", |at, ctx, it| async move { at.net_worth(&ctx, it).await })
}

fn goals_of(methods: MethodsOf<dyn Planning>) -> MethodsOf<dyn Planning> {
    methods
        .on("add_goal", |at, ctx, it| async move { at.add_goal(&ctx, it).await })
        .on("goals", |at, ctx, it| async move { at.goals(&ctx, it).await })
        .on("goal", |at, ctx, it| async move { at.goal(&ctx, it).await })
        .on("change_goal", |at, ctx, it| async move { at.change_goal(&ctx, it).await })
        .on("progress", |at, ctx, it| async move { at.progress(&ctx, it).await })
        .on("measure_goal", |at, ctx, it| async move { at.measure_goal(&ctx, it).await })
}

fn plans_of(methods: MethodsOf<dyn Planning>) -> MethodsOf<dyn Planning> {
    methods
        .on("add_plan", |at, ctx, it| async move { at.add_plan(&ctx, it).await })
        .on("plans", |at, ctx, it| async move { at.plans(&ctx, it).await })
        .on("plan", |at, ctx, it| async move { at.plan(&ctx, it).await })
        .on("revise_plan", |at, ctx, it| async move { at.revise_plan(&ctx, it).await })
        .on("versions", |at, ctx, it| async move { at.versions(&ctx, it).await })
}

/// Planning in another process. Calls that replace what is there, or destroy a key, are harmless when they are repeated;
/// others are repeated under their idempotency key alone.
#[derive(Debug, Clone)]
pub struct RemotePlanning {
    rpc: RpcClient,
}

#[async_trait]
impl Households for RemotePlanning {
    async fn create_household(&self, ctx: &Ctx, command: CreateHousehold) -> Result<Household, PlanningError> {
        self.rpc.call(ctx, "create_household", &command, Repeat::keyed(ctx)).await
    }

    async fn households(&self, ctx: &Ctx) -> Result<HouseholdList, PlanningError> {
        self.rpc.call(ctx, "households", &(), Repeat::Question).await
    }

    async fn household(&self, ctx: &Ctx, id: HouseholdId) -> Result<Household, PlanningError> {
        self.rpc.call(ctx, "household", &id, Repeat::Question).await
    }

    async fn put_persons(&self, ctx: &Ctx, command: PutPersons) -> Result<Household, PlanningError> {
        self.rpc.call(ctx, "put_persons", &command, Repeat::Harmless).await
    }

    async fn invite(&self, ctx: &Ctx, command: Invite) -> Result<Household, PlanningError> {
        self.rpc.call(ctx, "invite", &command, Repeat::keyed(ctx)).await
    }

    async fn accept(&self, ctx: &Ctx, household: HouseholdId) -> Result<Household, PlanningError> {
        self.rpc.call(ctx, "accept", &household, Repeat::keyed(ctx)).await
    }

    async fn remove_member(&self, ctx: &Ctx, command: RemoveMember) -> Result<(), PlanningError> {
        self.rpc.call(ctx, "remove_member", &command, Repeat::keyed(ctx)).await
    }

    async fn erase(&self, ctx: &Ctx, command: EraseSubject) -> Result<(), PlanningError> {
        self.rpc.call(ctx, "erase", &command, Repeat::Harmless).await
    }
}

#[async_trait]
impl Wealth for RemotePlanning {
    async fn add_asset(&self, ctx: &Ctx, command: AddAsset) -> Result<Asset, PlanningError> {
        self.rpc.call(ctx, "add_asset", &command, Repeat::keyed(ctx)).await
    }

    async fn assets(&self, ctx: &Ctx, query: OfHousehold) -> Result<AssetList, PlanningError> {
        self.rpc.call(ctx, "assets", &query, Repeat::Question).await
    }

    async fn asset(&self, ctx: &Ctx, id: AssetId) -> Result<Asset, PlanningError> {
        self.rpc.call(ctx, "asset", &id, Repeat::Question).await
    }

    async fn change_asset(&self, ctx: &Ctx, command: ChangeAsset) -> Result<Asset, PlanningError> {
        self.rpc.call(ctx, "change_asset", &command, Repeat::Harmless).await
    }

    async fn put_values(&self, ctx: &Ctx, command: PutValues) -> Result<ValueList, PlanningError> {
        self.rpc.call(ctx, "put_values", &command, Repeat::Harmless).await
    }

    async fn values(&self, ctx: &Ctx, asset: AssetId) -> Result<ValueList, PlanningError> {
        self.rpc.call(ctx, "values", &asset, Repeat::Question).await
    }

    async fn put_rate(&self, ctx: &Ctx, command: PutRate) -> Result<Rate, PlanningError> {
        self.rpc.call(ctx, "put_rate", &command, Repeat::Harmless).await
    }

    async fn net_worth(&self, ctx: &Ctx, query: WorthQuery) -> Result<NetWorth, PlanningError> {
        self.rpc.call(ctx, "net_worth", &query, Repeat::Question).await
    }
}

#[async_trait]
impl Goals for RemotePlanning {
    async fn add_goal(&self, ctx: &Ctx, command: AddGoal) -> Result<Goal, PlanningError> {
        self.rpc.call(ctx, "add_goal", &command, Repeat::keyed(ctx)).await
    }

    async fn goals(&self, ctx: &Ctx, query: OfHousehold) -> Result<GoalList, PlanningError> {
        self.rpc.call(ctx, "goals", &query, Repeat::Question).await
    }

    async fn goal(&self, ctx: &Ctx, id: GoalId) -> Result<Goal, PlanningError> {
        self.rpc.call(ctx, "goal", &id, Repeat::Question).await
    }

    async fn change_goal(&self, ctx: &Ctx, command: ChangeGoal) -> Result<Goal, PlanningError> {
        self.rpc.call(ctx, "change_goal", &command, Repeat::keyed(ctx)).await
    }

    async fn progress(&self, ctx: &Ctx, id: GoalId) -> Result<Progress, PlanningError> {
        self.rpc.call(ctx, "progress", &id, Repeat::Question).await
    }

    async fn measure_goal(&self, ctx: &Ctx, id: GoalId) -> Result<Progress, PlanningError> {
        self.rpc.call(ctx, "measure_goal", &id, Repeat::Harmless).await
    }
}

#[async_trait]
impl Plans for RemotePlanning {
    async fn add_plan(&self, ctx: &Ctx, command: AddPlan) -> Result<Plan, PlanningError> {
        self.rpc.call(ctx, "add_plan", &command, Repeat::keyed(ctx)).await
    }

    async fn plans(&self, ctx: &Ctx, query: OfHousehold) -> Result<PlanList, PlanningError> {
        self.rpc.call(ctx, "plans", &query, Repeat::Question).await
    }

    async fn plan(&self, ctx: &Ctx, find: FindPlan) -> Result<Plan, PlanningError> {
        self.rpc.call(ctx, "plan", &find, Repeat::Question).await
    }

    async fn revise_plan(&self, ctx: &Ctx, command: RevisePlan) -> Result<Plan, PlanningError> {
        self.rpc.call(ctx, "revise_plan", &command, Repeat::keyed(ctx)).await
    }

    async fn versions(&self, ctx: &Ctx, id: PlanId) -> Result<VersionList, PlanningError> {
        self.rpc.call(ctx, "versions", &id, Repeat::Question).await
    }
}
