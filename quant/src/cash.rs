//! Where cash should be: pools with their rules, the plan of moves over days, notional pools and Miller and Orr's target.
//!
//! Amounts stay whole units here; floats only guide the plan, and its moves are checked again in whole units.

mod headers;
mod miller_orr;
mod notional;
mod plan;
mod pool;

pub use headers::check_headers;
pub use miller_orr::{CashTarget, miller_orr};
pub use notional::{NotionalShare, notional_interest};
pub use plan::{
    CELLS_MAX, DayCount, PlanAccount, PlanLimits, PlanStatus, PlannedMove, Serves, SweepPlan, SweepProblem, explain,
    plan,
};
pub use pool::{
    Direction, MEMBERS_MAX, Member, Move, Pool, PoolAccount, Proposal, Rule, Skipped, SkippedBecause, propose,
};
