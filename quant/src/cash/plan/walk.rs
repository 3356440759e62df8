//! A plan's days in whole units: balances, floors and what is earned.

use kernel::{Currency, Money};

use super::super::pool::{Pool, PoolAccount, propose};
use super::{PlanAccount, PlannedMove, SweepProblem};
use crate::amount;
use crate::error::{QuantError, Result};

/// What each member gets on each day, or gives when negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moves {
    by_member: Vec<Vec<i64>>,
}

impl Moves {
    pub(super) fn none(problem: &SweepProblem) -> Moves {
        Moves { by_member: vec![vec![0; problem.days()]; problem.members.len()] }
    }

    /// Whole multiples of moves in floats: what a member has got in sum is rounded up, so that it is never under its floor
    /// for it; a move in below the minimum is raised to it, and a move out below it waits.
    pub(super) fn rounded(problem: &SweepProblem, moves: &[Vec<f64>]) -> Moves {
        let (multiple, minimum) = (problem.multiple.minor() as f64, problem.minimum.minor());
        let by_member = moves.iter().map(|days| {
            let (mut wanted, mut given) = (0.0, 0_i64);
            let round = |change: &f64| {
                wanted += change;
                // The solver's numbers are whole up to its tolerance.
                let target = ((wanted / multiple - 1e-3).ceil() * multiple) as i64;
                let step = target - given;
                let small = step != 0 && step.abs() < minimum;
                let step = match (small, step > 0) {
                    (true, true) => round_up(minimum, problem.multiple.minor()),
                    (true, false) => 0,
                    (false, _) => step,
                };
                given += step;
                step
            };
            days.iter().map(round).collect()
        });
        Moves { by_member: by_member.collect() }
    }

    /// Whether every move is a whole multiple and no less than the minimum: rules have sizes of their own.
    pub(super) fn fit(&self, problem: &SweepProblem) -> bool {
        let (multiple, minimum) = (problem.multiple.minor(), problem.minimum.minor());
        let mut made = self.by_member.iter().flatten().filter(|step| **step != 0);
        made.all(|step| step % multiple == 0 && step.abs() >= minimum)
    }

    pub(super) fn named(&self, problem: &SweepProblem) -> Vec<PlannedMove> {
        let header = &problem.header.account.name;
        let mut moves = Vec::new();
        for day in 0..problem.days() {
            for (member, days) in problem.members.iter().zip(&self.by_member) {
                let step = days.get(day).copied().unwrap_or(0);
                let (from, to) = if step > 0 { (header, &member.account.name) } else { (&member.account.name, header) };
                if step != 0 {
                    let amount = Money::new(step.abs(), problem.currency());
                    moves.push(PlannedMove { day, from: from.clone(), to: to.clone(), amount });
                }
            }
        }
        moves
    }
}

fn round_up(amount: i64, multiple: i64) -> i64 {
    (amount + multiple - 1).div_euclid(multiple) * multiple
}

/// Days walked through with some moves.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    pub(super) moves: Moves,
    /// The header, then the members; day by day.
    balances: Vec<Vec<i64>>,
    pub(super) earns: f64,
    /// The first account and day under a floor.
    pub(super) shortage: Option<(usize, usize)>,
}

impl Walk {
    pub(super) fn of(problem: &SweepProblem, moves: Moves) -> Result<Walk> {
        let mut header_moves = vec![0_i64; problem.days()];
        let mut fees = 0.0;
        for days in &moves.by_member {
            header_moves.iter_mut().zip(days).for_each(|(sum, step)| *sum -= step);
            fees += days.iter().filter(|step| **step != 0).count() as f64 * problem.fee.minor() as f64;
        }
        let mut walk = Walk { balances: Vec::new(), earns: -fees, shortage: None, moves };
        let steps = std::iter::once(&header_moves).chain(&walk.moves.by_member);
        let mut first: Option<(usize, usize)> = None;
        for (place, (account, steps)) in problem.accounts().zip(steps).enumerate() {
            let balances = balances(account, steps)?;
            for (day, balance) in balances.iter().enumerate() {
                walk.earns += interest(account, *balance);
                let earlier = first.is_none_or(|(_, known)| day < known);
                if *balance < account.account.floor.minor() && earlier {
                    first = Some((place, day));
                }
            }
            walk.balances.push(balances);
        }
        walk.shortage = first;
        Ok(walk)
    }

    pub(super) fn named_balances(&self, currency: Currency) -> Vec<Vec<Money>> {
        let money = |days: &Vec<i64>| days.iter().map(|balance| Money::new(*balance, currency)).collect();
        self.balances.iter().map(money).collect()
    }
}

fn balances(account: &PlanAccount, steps: &[i64]) -> Result<Vec<i64>> {
    let mut balance = i128::from(account.account.balance.minor());
    let days = account.forecast.iter().zip(steps).map(|(flow, step)| {
        balance += i128::from(flow.minor()) + i128::from(*step);
        i64::try_from(balance).map_err(|_| QuantError::AmountTooLarge { field: "balance" })
    });
    days.collect()
}

pub(super) fn interest(account: &PlanAccount, balance: i64) -> f64 {
    let rate = if balance < 0 { account.debit_rate } else { account.credit_rate };
    balance as f64 * rate / account.basis.days()
}

/// The moves that the pool's rules would make day by day; nothing without rules.
pub(super) fn by_rules(problem: &SweepProblem) -> Result<Option<Walk>> {
    if problem.rules.is_empty() {
        return Ok(None);
    }
    let mut moves = Moves::none(problem);
    for (day, open) in problem.open.iter().enumerate() {
        if !open {
            continue;
        }
        let so_far = Walk::of(problem, moves.clone())?;
        let at = |place: usize| so_far.balances.get(place).and_then(|days| days.get(day)).copied().unwrap_or(0);
        let today = |account: &PoolAccount, place: usize| {
            let balance = Money::new(at(place), problem.currency());
            amount::units("balance", balance, problem.currency()).map(|_| PoolAccount { balance, ..account.clone() })
        };
        let mut members = Vec::with_capacity(problem.members.len());
        for (place, (member, rule)) in problem.members.iter().zip(&problem.rules).enumerate() {
            members.push(super::Member { account: today(&member.account, place + 1)?, ..rule.clone() });
        }
        let pool = Pool { header: today(&problem.header.account, 0)?, members };
        for one in propose(&pool)?.moves {
            let incoming = one.from == pool.header.name;
            let name = if incoming { &one.to } else { &one.from };
            let place = problem.members.iter().position(|member| member.account.name == *name);
            if let Some(step) = place.and_then(|place| moves.by_member.get_mut(place)?.get_mut(day)) {
                *step += if incoming { one.amount.minor() } else { -one.amount.minor() };
            }
        }
    }
    Walk::of(problem, moves).map(Some)
}
