//! Pools of accounts around a header, and sweeps between them.

use jiff::civil::Date;
use kernel::{Currency, Id, IdKind, Money, Percent, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AccountId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepTag {}

impl IdKind for SweepTag {
    const PREFIX: &'static str = "swp";
}

pub type SweepId = Id<SweepTag>;

/// What a member's balance should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Nothing.
    Zero,
    /// This balance.
    Target(Money),
    /// Down to one balance once it is above another; never funded.
    Threshold { above: Money, down_to: Money },
    /// Down to the upper bound, up to the lower one.
    Range { low: Money, high: Money },
    /// This share of what is above the floor is taken; never funded.
    Percent(Percent),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From members to the header.
    Concentrate,
    /// From the header to members.
    Fund,
    #[default]
    Both,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Member {
    #[schema(value_type = String, example = "tacc_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub account: AccountId,
    pub rule: Rule,
    #[serde(default)]
    pub direction: Direction,
    /// Smaller moves are not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Money>,
    /// Moves are multiples of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiple: Option<Money>,
    /// Lower numbers are funded first.
    #[serde(default)]
    pub priority: u16,
}

/// All accounts are in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolTerms {
    /// The account that the others give to and get from.
    #[schema(value_type = String, example = "tacc_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub header: AccountId,
    pub members: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutPool {
    pub name: String,
    pub terms: PoolTerms,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pool {
    #[schema(example = "acme")]
    pub name: String,
    pub currency: Currency,
    pub terms: PoolTerms,
}

/// By name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PoolList {
    pub items: Vec<Pool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeSweep {
    #[schema(example = "acme")]
    pub pool: String,
    /// With days the moves are planned over so many of them, from the forecasts; without, the rules say what to move today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 14)]
    pub days: Option<u32>,
}

/// How a sweep came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Rules,
    Plan,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SweepState {
    /// Waits for an approval by a person who did not propose it.
    Proposed,
    Rejected,
    /// Approved; its moves are on their way, or are a list for a person.
    Executing,
    Done,
    /// A move failed; none of the sweep was made in the ledger.
    Failed,
    /// There is nothing to move.
    Nothing,
    /// It was not approved on its day.
    Expired,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Move {
    /// 0 is the day of the proposal. Only moves of that day are made; a plan shows later ones.
    pub day: usize,
    #[schema(value_type = String)]
    pub from: AccountId,
    #[schema(value_type = String)]
    pub to: AccountId,
    pub amount: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkippedBecause {
    BelowMinimum,
    /// The account would fall under its floor.
    Floor,
    /// The header has no more above its own floor.
    HeaderShort,
}

/// What a rule asked for and did not get, in whole or in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Skipped {
    #[schema(value_type = String)]
    pub account: AccountId,
    pub amount: Money,
    pub because: SkippedBecause,
}

/// What a plan is worth over its days: interest less what overdrafts cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanFigures {
    /// `optimal`, `gap`, `heuristic`, `rules` or `nothing`.
    #[schema(example = "optimal")]
    pub status: String,
    /// The best possible plan earns at most this share more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<f64>,
    pub earns: Money,
    /// What it earns more than moving nothing; absent where that would break a floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside_nothing: Option<Money>,
    /// What it earns more than the rules; absent where those would break a floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside_rules: Option<Money>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Sweep {
    #[schema(value_type = String)]
    pub id: SweepId,
    pub pool: String,
    pub way: Way,
    pub state: SweepState,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[schema(value_type = String, format = Date)]
    pub on: Date,
    pub moves: Vec<Move>,
    pub skipped: Vec<Skipped>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanFigures>,
    /// All accounts are in the ledger, which makes the moves by itself; otherwise they are a list for a person.
    pub by_ledger: bool,
    pub proposed_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approve,
    Reject,
    /// The moves of the list were made elsewhere.
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecideSweep {
    pub sweep: SweepId,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepQuery {
    /// The last one of the page before.
    pub before: Option<SweepId>,
    pub limit: usize,
}

/// The newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepPage {
    pub items: Vec<Sweep>,
    pub next: Option<SweepId>,
}
