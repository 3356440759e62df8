//! The plan of moves over the next days: as much interest as can be had, less what overdrafts and moves cost, with every
//! account at or above its floor.
//!
//! Balance of a day = balance of the day before + forecast + what comes in - what goes out; floor <= balance, and a balance
//! below zero is a draw within the credit limit. A day's interest is on its last balance. The linear programme finds the
//! moves, whole multiples are made of them, and the result is checked again and held against the rules and doing nothing.

mod programme;
mod walk;

use std::time::Duration;

use kernel::{Currency, Money};
use serde::{Deserialize, Serialize};

use super::pool::{Member, PoolAccount};
use crate::amount;
use crate::error::{QuantError, Result, at_least, at_most, same_length, within};
use programme::{Outcome, Programme};
use walk::{Moves, Walk};

/// Accounts times days of a plan.
pub const CELLS_MAX: usize = 5_000;
/// From so many yes-or-no questions on, small moves are dropped instead of searched.
const CHOICES_MAX: usize = 600;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayCount {
    Actual360,
    Actual365,
}

impl DayCount {
    pub(super) fn days(self) -> f64 {
        match self {
            DayCount::Actual360 => 360.0,
            DayCount::Actual365 => 365.0,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct PlanAccount {
    pub account: PoolAccount,
    /// Yearly, on balances above zero and on those below.
    pub credit_rate: f64,
    pub debit_rate: f64,
    pub basis: DayCount,
    /// Net flow of each day.
    pub forecast: Vec<Money>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SweepProblem {
    pub header: PlanAccount,
    pub members: Vec<PlanAccount>,
    /// Whether moves can be made on a day.
    pub open: Vec<bool>,
    /// What each move costs.
    pub fee: Money,
    pub minimum: Money,
    pub multiple: Money,
    /// The members' rules in their order, to compare with; empty without. Their balances are not looked at.
    pub rules: Vec<Member>,
}

/// How long and how far the search may go. Its answer is the same on every machine as long as `time` is not reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanLimits {
    pub time: Duration,
    pub nodes: u64,
}

impl Default for PlanLimits {
    fn default() -> PlanLimits {
        PlanLimits { time: Duration::from_secs(2), nodes: 2_000 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanStatus {
    Optimal,
    /// The best possible plan earns at most this share more.
    Gap(f64),
    /// Found by dropping small moves; how much better another could be is not known.
    Heuristic,
    /// The rules' moves earn more than what was found in the time.
    Rules,
    /// Nothing earns more than to move nothing.
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedMove {
    pub day: usize,
    pub from: String,
    pub to: String,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SweepPlan {
    pub moves: Vec<PlannedMove>,
    pub status: PlanStatus,
    /// Interest less overdrafts and fees over all days.
    pub earns: Money,
    /// What it earns more than doing nothing, and more than the rules; nothing where those would break a floor or
    /// the minimum or multiple of moves.
    pub beside_nothing: Option<Money>,
    pub beside_rules: Option<Money>,
    /// For the header and then each member, the balance at the end of each day.
    pub balances: Vec<Vec<Money>>,
}

pub fn plan(problem: &SweepProblem, limits: PlanLimits) -> Result<SweepPlan> {
    problem.check()?;
    let nothing = Walk::of(problem, Moves::none(problem))?;
    let by_rules = walk::by_rules(problem)?.filter(|walk| walk.moves.fit(problem));
    let found = search(problem, limits)?;
    let mut best: Option<(Walk, PlanStatus)> = None;
    let candidates = found.into_iter().chain([
        (nothing.clone(), PlanStatus::Nothing),
        (by_rules.clone().unwrap_or_else(|| nothing.clone()), PlanStatus::Rules),
    ]);
    for (walk, status) in candidates.filter(|(walk, _)| walk.shortage.is_none()) {
        if best.as_ref().is_none_or(|(best, _)| walk.earns > best.earns) {
            best = Some((walk, status));
        }
    }
    let (walk, status) = match best {
        Some(best) => best,
        None => return Err(missing(problem, limits)?),
    };
    let beside = |other: &Walk| {
        let difference = other.shortage.is_none().then_some(walk.earns - other.earns);
        difference.map(|units| amount::money("earnings", units, problem.currency())).transpose()
    };
    Ok(SweepPlan {
        moves: walk.moves.named(problem),
        status,
        earns: amount::money("earnings", walk.earns, problem.currency())?,
        beside_nothing: beside(&nothing)?,
        beside_rules: by_rules.as_ref().map(beside).transpose()?.flatten(),
        balances: walk.named_balances(problem.currency()),
    })
}

/// Plans that keep every floor, the first tries first.
fn search(problem: &SweepProblem, limits: PlanLimits) -> Result<Option<(Walk, PlanStatus)>> {
    let choices = problem.fee.minor() > 0 || problem.minimum.minor() > 1;
    let cells = problem.members.len() * problem.days() * 2;
    // Whole multiples leave the header with less than planned: with room for that it stays above its floor.
    let members = problem.members.len() as f64;
    let rounding = members * (problem.multiple.minor() + problem.minimum.minor()) as f64;
    for reserve in [0.0, rounding] {
        let mut programme = Programme::new(problem, reserve);
        let outcome = if choices && cells <= CHOICES_MAX {
            programme.with_choices(limits)?
        } else if choices {
            programme.without_small_moves(limits)?
        } else {
            programme.solve(limits)?
        };
        if let Outcome::Moves { moves, status } = outcome {
            let walk = Walk::of(problem, Moves::rounded(problem, &moves))?;
            if walk.shortage.is_none() {
                return Ok(Some((walk, status)));
            }
        }
    }
    Ok(None)
}

/// The refusal that names where cash is missing first, and how much of it over all days.
fn missing(problem: &SweepProblem, limits: PlanLimits) -> Result<QuantError> {
    let (place, day, units) = Programme::new(problem, 0.0).shortage(limits, &[])?;
    let missing = amount::whole("missing", (units - 1e-3).ceil())?;
    if missing < 1 {
        return Ok(QuantError::Solver("no plan was found within the limits".to_owned()));
    }
    Ok(QuantError::Infeasible { account: problem.name(place), day, missing })
}

/// What a move is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serves {
    /// Without it, this account would lack so much of its floor or limit on that day.
    Floor { account: String, day: usize, missing: Money },
    /// Without it, the best plan would earn so much less.
    Earnings(Money),
}

/// What one move of a plan serves: the problem is solved again without moves between these accounts on that day.
pub fn explain(problem: &SweepProblem, planned: &PlannedMove, limits: PlanLimits) -> Result<Serves> {
    problem.check()?;
    let incoming = planned.from == problem.header.account.name;
    let name = if incoming { &planned.to } else { &planned.from };
    let member = problem.members.iter().position(|member| member.account.name == *name);
    let member = member.ok_or_else(|| QuantError::Unknown { field: "move", name: name.clone() })?;
    let forbidden = [(member, planned.day, incoming)];
    let base = Programme::new(problem, 0.0).earnings(limits, &[])?;
    match (base, Programme::new(problem, 0.0).earnings(limits, &forbidden)?) {
        (Some(with), Some(without)) => {
            let less = amount::money("earnings", (with - without).max(0.0), problem.currency())?;
            Ok(Serves::Earnings(less))
        }
        _ => {
            let (place, day, units) = Programme::new(problem, 0.0).shortage(limits, &forbidden)?;
            let missing = amount::money("missing", (units - 1e-3).ceil(), problem.currency())?;
            Ok(Serves::Floor { account: problem.name(place), day, missing })
        }
    }
}

impl SweepProblem {
    pub(super) fn currency(&self) -> Currency {
        self.header.account.balance.currency()
    }

    fn days(&self) -> usize {
        self.open.len()
    }

    /// The header, then the members.
    fn accounts(&self) -> impl Iterator<Item = &PlanAccount> {
        std::iter::once(&self.header).chain(&self.members)
    }

    fn name(&self, place: usize) -> String {
        self.accounts().nth(place).map(|one| one.account.name.clone()).unwrap_or_default()
    }

    fn check(&self) -> Result<()> {
        at_least("days", self.days(), 1)?;
        at_least("members", self.members.len(), 1).map_err(|_| QuantError::PoolOfOne)?;
        at_most("accounts times days", (self.members.len() + 1) * self.days(), CELLS_MAX)?;
        let currency = self.currency();
        for one in [self.fee, self.minimum, self.multiple] {
            within("fee, minimum and multiple", amount::units("moves", one, currency)?, 0.0, f64::MAX)?;
        }
        if self.multiple.minor() < 1 {
            return Err(QuantError::NotPositive { field: "multiple", at: 0 });
        }
        if !self.rules.is_empty() {
            same_length("rules", self.members.len(), self.rules.len())?;
        }
        for one in self.accounts() {
            one.account.check()?;
            same_length("forecast", self.days(), one.forecast.len())?;
            within("credit_rate", one.credit_rate, -1.0, 10.0)?;
            // An overdraft cheaper than a deposit would be drawn without end.
            within("debit_rate", one.debit_rate, one.credit_rate.max(0.0), 10.0)?;
            let account = [one.account.balance, one.account.floor, one.account.credit_limit];
            for one in account.iter().chain(&one.forecast) {
                amount::units("account", *one, currency)?;
            }
        }
        Ok(())
    }
}
