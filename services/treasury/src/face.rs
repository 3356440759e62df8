//! The interface of treasury: its traits, commands, answers and refusals.
//!
//! It contains plain data that can travel between processes, and no rule. Amounts are signed from the account's side: what comes
//! in is positive. Start reading at [`Treasury`], then [`Account`] and [`Positions`].

mod cash;
mod flow;
mod forecast;
mod pool;
mod position;
mod refusal;
mod remote;
mod risk;

use async_trait::async_trait;
use kernel::Ctx;
use platform::error::ServiceError;

pub use cash::{
    Account, AccountId, AccountList, AccountTag, AccountTerms, AddAccount, ChangeAccount, DayBasis, Entity, EntityList,
    EntityTerms, HolidayCalendar, PutEntity, PutRates, Rate, RateList, RateQuery, Source,
};
pub use flow::{
    AddFlows, BusinessDayRule, DayOfMonth, Every, Flow, FlowId, FlowList, FlowPage, FlowQuery, FlowState, FlowTag,
    NewFlow, PutRecurring, Recurring, RecurringList, RecurringTerms,
};
pub use forecast::{
    Accuracy, AccuracyList, AccuracyQuery, Component, Forecast, ForecastPoint, ForecastQuery, Quantiles, Step, Trained,
};
pub use pool::{
    DecideSweep, Direction, Member, Move, PlanFigures, Pool, PoolList, PoolTerms, ProposeSweep, PutPool, Rule, Skipped,
    SkippedBecause, Sweep, SweepId, SweepPage, SweepQuery, SweepState, SweepTag, Verdict, Way,
};
pub use position::{Converted, Figure, GroupBy, KnownBy, PositionLine, PositionQuery, PositionTotal, Positions};
pub use refusal::Refusal;
pub use remote::{FACE, RemoteTreasury};
pub use risk::{
    AskBacktest, AskValueAtRisk, Backtest, ChanceTest, Contribution, Exceedance, Exposure, ExposureList, Factor,
    FactorList, Light, Measure, Method, PutExposures, PutFactor, QuantileRule, ReturnKind, Run, RunId, RunTag, Shocks,
    StandardErrors, ValueAtRisk,
};

/// The name of the room.
pub const SERVICE: &str = "treasury";

/// Why a call to treasury has no result.
pub type TreasuryError = ServiceError<Refusal>;

/// Bounds of one call; each has its refusal.
pub mod limits {
    pub const ENTITIES_MAX: usize = 500;
    pub const ACCOUNTS_MAX: usize = 10_000;
    pub const POOLS_MAX: usize = 500;
    /// Items of one request, and rows of its table.
    pub const ITEMS_MAX: usize = 10_000;
    pub const RECURRING_MAX: usize = 2_000;
    pub const EXPOSURES_MAX: usize = 5_000;
    pub const FACTORS_MAX: usize = 500;
    /// Items of one page.
    pub const PAGE_MAX: usize = 500;
    /// Characters of a name.
    pub const NAME_CHARS_MAX: usize = 64;
    /// Characters of a text for people.
    pub const TEXT_CHARS_MAX: usize = 140;
    /// How far ahead an expected flow can be due.
    pub const DAYS_AHEAD_MAX: i64 = 3_653;
    /// Seconds since an approver's authentication.
    pub const PROOF_SECONDS: i64 = 300;
}

/// Entities, their accounts, rates, and positions.
#[async_trait]
pub trait Cash: Send + Sync {
    async fn put_entity(&self, ctx: &Ctx, command: PutEntity) -> Result<Entity, TreasuryError>;

    async fn entities(&self, ctx: &Ctx) -> Result<EntityList, TreasuryError>;

    /// Links an account of a bank or of the ledger, and reads its balances.
    async fn add_account(&self, ctx: &Ctx, command: AddAccount) -> Result<Account, TreasuryError>;

    async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<Account, TreasuryError>;

    async fn accounts(&self, ctx: &Ctx) -> Result<AccountList, TreasuryError>;

    async fn put_rates(&self, ctx: &Ctx, command: PutRates) -> Result<RateList, TreasuryError>;

    async fn rates(&self, ctx: &Ctx, query: RateQuery) -> Result<RateList, TreasuryError>;

    async fn positions(&self, ctx: &Ctx, query: PositionQuery) -> Result<Positions, TreasuryError>;
}

/// Flows that are expected, and forecasts.
#[async_trait]
pub trait Outlook: Send + Sync {
    async fn add_flows(&self, ctx: &Ctx, command: AddFlows) -> Result<FlowList, TreasuryError>;

    async fn flows(&self, ctx: &Ctx, query: FlowQuery) -> Result<FlowPage, TreasuryError>;

    async fn cancel_flow(&self, ctx: &Ctx, id: FlowId) -> Result<Flow, TreasuryError>;

    async fn put_recurring(&self, ctx: &Ctx, command: PutRecurring) -> Result<Recurring, TreasuryError>;

    async fn recurring(&self, ctx: &Ctx) -> Result<RecurringList, TreasuryError>;

    async fn forecast(&self, ctx: &Ctx, query: ForecastQuery) -> Result<Forecast, TreasuryError>;

    /// Trains all models again, and keeps the forecasts of today.
    async fn train(&self, ctx: &Ctx) -> Result<Trained, TreasuryError>;

    async fn accuracy(&self, ctx: &Ctx, query: AccuracyQuery) -> Result<AccuracyList, TreasuryError>;
}

/// Pools, and sweeps between their accounts.
#[async_trait]
pub trait Pooling: Send + Sync {
    async fn put_pool(&self, ctx: &Ctx, command: PutPool) -> Result<Pool, TreasuryError>;

    async fn pools(&self, ctx: &Ctx) -> Result<PoolList, TreasuryError>;

    async fn propose(&self, ctx: &Ctx, command: ProposeSweep) -> Result<Sweep, TreasuryError>;

    /// Approves or rejects a sweep, or tells that its moves were made elsewhere.
    async fn decide(&self, ctx: &Ctx, command: DecideSweep) -> Result<Sweep, TreasuryError>;

    async fn sweep(&self, ctx: &Ctx, id: SweepId) -> Result<Sweep, TreasuryError>;

    async fn sweeps(&self, ctx: &Ctx, query: SweepQuery) -> Result<SweepPage, TreasuryError>;
}

/// What can lose value, and how much.
#[async_trait]
pub trait Risks: Send + Sync {
    /// Instead of all exposures before.
    async fn put_exposures(&self, ctx: &Ctx, command: PutExposures) -> Result<ExposureList, TreasuryError>;

    async fn exposures(&self, ctx: &Ctx) -> Result<ExposureList, TreasuryError>;

    async fn put_factor(&self, ctx: &Ctx, command: PutFactor) -> Result<Factor, TreasuryError>;

    async fn factors(&self, ctx: &Ctx) -> Result<FactorList, TreasuryError>;

    async fn value_at_risk(&self, ctx: &Ctx, question: AskValueAtRisk) -> Result<Run, TreasuryError>;

    async fn backtest(&self, ctx: &Ctx, question: AskBacktest) -> Result<Run, TreasuryError>;

    async fn run(&self, ctx: &Ctx, id: RunId) -> Result<Run, TreasuryError>;
}

pub trait Treasury: Cash + Outlook + Pooling + Risks {}

impl<T: Cash + Outlook + Pooling + Risks> Treasury for T {}
