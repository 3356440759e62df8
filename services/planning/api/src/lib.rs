//! The interface of planning: two faces, their commands, answers and refusals.
//!
//! [`Planning`] keeps households, what they have, goals and plans. [`Simulation`] keeps nothing and answers questions about
//! scenarios; it can run alone. Other rooms depend on this crate and never on planning itself. It contains plain data that
//! can travel between processes, and no rule. Start reading at [`Scenario`], then at the two traits.

mod asking;
mod asset;
mod date;
mod goal;
mod household;
mod market;
mod part;
mod plan;
mod refusal;
mod remote;
mod scenario;
mod simulation_refusal;
mod simulation_remote;
mod tax;

use async_trait::async_trait;
use kernel::Ctx;
use platform::error::ServiceError;

pub use asking::{
    Axis, Compare, Compared, Example, FanYear, Futures, Grid, GridCell, Levels, Lever, PathYear, Reasons, Sensitivity,
    Sequence, Solve, Solved, Stress, Stressed, Summary, Tail, Verdict, Windows,
};
pub use asset::{
    AddAsset, Asset, AssetClass, AssetId, AssetList, AssetTag, ChangeAsset, DatedValue, Line, LineState, NetWorth,
    PutRate, PutValues, Rate, Source, StoredValue, ValueList, WorthDay, WorthQuery,
};
pub use date::{DateError, Day, Month};
pub use goal::{
    AddGoal, ChangeGoal, Goal, GoalChange, GoalId, GoalKind, GoalList, GoalState, GoalTag, GoalTerms, Progress, Share,
    Track,
};
pub use household::{
    CreateHousehold, EraseSubject, Household, HouseholdId, HouseholdList, HouseholdTag, Invitation, Invite, Member,
    Person, PutPersons, RemoveMember, Role, Standing,
};
pub use market::{ClassTerms, Column, DateColumns, Frequency, History, Market, MeanKind, Measure, Model, PriceTerms};
pub use part::{
    Contribution, GlidePoint, Growth, Holding, Income, Life, Mortality, OneTime, Overlay, Phase, Policy, Target,
};
pub use plan::{
    AddPlan, FindPlan, OfHousehold, Plan, PlanId, PlanList, PlanTag, PlanTerms, RevisePlan, Version, VersionList,
};
pub use refusal::Refusal;
pub use remote::{FACE, RemotePlanning};
pub use scenario::{Mode, Rebalance, Scenario, Steps, Timing, When, Wrapper};
pub use simulation_refusal::SimulationRefusal;
pub use simulation_remote::{RemoteSimulation, SIMULATION_FACE};
pub use tax::{Band, BandTable, Tax, TaxRule, WithdrawalOrder};

/// The names of the two rooms.
pub const SERVICE: &str = "planning";
pub const SIMULATION: &str = "simulation";

/// Why a call to planning has no result.
pub type PlanningError = ServiceError<Refusal>;
/// Why a question about a scenario has no answer.
pub type SimulationError = ServiceError<SimulationRefusal>;

/// Bounds; each has its refusal.
pub mod limits {
    /// Households of one member.
    pub const HOUSEHOLDS_MAX: usize = 20;
    pub const MEMBERS_MAX: usize = 10;
    pub const PERSONS_MAX: usize = 8;
    pub const ASSETS_MAX: usize = 50;
    pub const GOALS_MAX: usize = 30;
    pub const PLANS_MAX: usize = 20;
    /// Versions of one plan.
    pub const VERSIONS_MAX: u32 = 500;
    /// Dated values of one request.
    pub const VALUES_MAX: usize = 1_000;
    /// Days of one answer about net worth: ten years and some.
    pub const DAYS_MAX: i64 = 3_700;
    /// Characters of a name.
    pub const NAME_CHARS_MAX: usize = 64;
}

/// Households and their members.
#[async_trait]
pub trait Households: Send + Sync {
    async fn create_household(&self, ctx: &Ctx, command: CreateHousehold) -> Result<Household, PlanningError>;

    /// Those of the caller, and open invitations.
    async fn households(&self, ctx: &Ctx) -> Result<HouseholdList, PlanningError>;

    async fn household(&self, ctx: &Ctx, id: HouseholdId) -> Result<Household, PlanningError>;

    async fn put_persons(&self, ctx: &Ctx, command: PutPersons) -> Result<Household, PlanningError>;

    async fn invite(&self, ctx: &Ctx, command: Invite) -> Result<Household, PlanningError>;

    /// Accepts the caller's own invitation.
    async fn accept(&self, ctx: &Ctx, household: HouseholdId) -> Result<Household, PlanningError>;

    /// Leaving, removing somebody else, or declining an invitation. What the member sees ends at once.
    async fn remove_member(&self, ctx: &Ctx, command: RemoveMember) -> Result<(), PlanningError>;

    /// Makes every name, month of birth and note of a subject unreadable; amounts and days stay.
    async fn erase(&self, ctx: &Ctx, command: EraseSubject) -> Result<(), PlanningError>;
}

/// What households have.
#[async_trait]
pub trait Wealth: Send + Sync {
    async fn add_asset(&self, ctx: &Ctx, command: AddAsset) -> Result<Asset, PlanningError>;

    async fn assets(&self, ctx: &Ctx, query: OfHousehold) -> Result<AssetList, PlanningError>;

    async fn asset(&self, ctx: &Ctx, id: AssetId) -> Result<Asset, PlanningError>;

    async fn change_asset(&self, ctx: &Ctx, command: ChangeAsset) -> Result<Asset, PlanningError>;

    async fn put_values(&self, ctx: &Ctx, command: PutValues) -> Result<ValueList, PlanningError>;

    async fn values(&self, ctx: &Ctx, asset: AssetId) -> Result<ValueList, PlanningError>;

    async fn put_rate(&self, ctx: &Ctx, command: PutRate) -> Result<Rate, PlanningError>;

    async fn net_worth(&self, ctx: &Ctx, query: WorthQuery) -> Result<NetWorth, PlanningError>;
}

/// What households save for.
#[async_trait]
pub trait Goals: Send + Sync {
    async fn add_goal(&self, ctx: &Ctx, command: AddGoal) -> Result<Goal, PlanningError>;

    async fn goals(&self, ctx: &Ctx, query: OfHousehold) -> Result<GoalList, PlanningError>;

    async fn goal(&self, ctx: &Ctx, id: GoalId) -> Result<Goal, PlanningError>;

    async fn change_goal(&self, ctx: &Ctx, command: ChangeGoal) -> Result<Goal, PlanningError>;

    /// The five figures as of now, without any effect.
    async fn progress(&self, ctx: &Ctx, id: GoalId) -> Result<Progress, PlanningError>;

    /// The same, kept: the state and its events follow from it.
    async fn measure_goal(&self, ctx: &Ctx, id: GoalId) -> Result<Progress, PlanningError>;
}

/// Futures that are kept.
#[async_trait]
pub trait Plans: Send + Sync {
    async fn add_plan(&self, ctx: &Ctx, command: AddPlan) -> Result<Plan, PlanningError>;

    async fn plans(&self, ctx: &Ctx, query: OfHousehold) -> Result<PlanList, PlanningError>;

    async fn plan(&self, ctx: &Ctx, find: FindPlan) -> Result<Plan, PlanningError>;

    async fn revise_plan(&self, ctx: &Ctx, command: RevisePlan) -> Result<Plan, PlanningError>;

    async fn versions(&self, ctx: &Ctx, id: PlanId) -> Result<VersionList, PlanningError>;
}

pub trait Planning: Households + Wealth + Goals + Plans {}

impl<T: Households + Wealth + Goals + Plans> Planning for T {}

/// Questions about scenarios. Keeps nothing.
#[async_trait]
pub trait Simulation: Send + Sync {
    async fn simulate(&self, ctx: &Ctx, scenario: Scenario) -> Result<Futures, SimulationError>;

    /// The value of a lever at which a share of the paths succeeds.
    async fn solve(&self, ctx: &Ctx, question: Solve) -> Result<Solved, SimulationError>;

    /// Two levers against each other.
    async fn grid(&self, ctx: &Ctx, question: Sensitivity) -> Result<Grid, SimulationError>;

    /// The effect of changing one scenario into another.
    async fn measure(&self, ctx: &Ctx, question: Compare) -> Result<Compared, SimulationError>;

    /// Bad sequences of years, and why paths fail.
    async fn stress(&self, ctx: &Ctx, question: Stress) -> Result<Stressed, SimulationError>;
}
