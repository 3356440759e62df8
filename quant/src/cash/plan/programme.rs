//! The plan as a linear programme, behind which the solver stands.
//!
//! Each account and day has what is above zero, what is drawn, and, for members on open days, what comes in and goes out.
//! Floors are bounds of those variables, so that there is one row an account and day.

use microlp::{
    ComparisonOp, Error, OptimizationDirection, Problem, Solution, SolveOptions, TerminationReason, Variable,
};

use super::{PlanAccount, PlanLimits, PlanStatus, SweepProblem};
use crate::error::{QuantError, Result};

/// What a move of a unit costs beside its fee: the fewest moves among those that earn the same.
const TIE: f64 = 1e-9;
/// Amounts are scaled so that the largest is about this.
const LARGEST: f64 = 1e4;
/// Times that small moves are dropped before it is left at that.
const ROUNDS_MAX: usize = 6;

pub(super) enum Outcome {
    Moves { moves: Vec<Vec<f64>>, status: PlanStatus },
    Infeasible,
}

/// A move in or out of a member on a day: (member, day, incoming).
pub(super) type Place = (usize, usize, bool);

pub(super) struct Programme<'a> {
    problem: &'a SweepProblem,
    reserve: f64,
    unit: f64,
    /// More than any move can be, in scaled units.
    most: f64,
}

struct Built {
    lp: Problem,
    /// For each member and day: in and out.
    moves: Vec<Vec<[Variable; 2]>>,
    /// Cash from nowhere, for each account and day, where it was asked for.
    helps: Vec<Vec<Variable>>,
}

impl<'a> Programme<'a> {
    /// `reserve` is what the header keeps above its floor.
    pub(super) fn new(problem: &'a SweepProblem, reserve: f64) -> Programme<'a> {
        let sizes = problem.accounts().map(|one| {
            let flows = one.forecast.iter().map(|flow| (flow.minor() as f64).abs()).sum::<f64>();
            flows + (one.account.balance.minor() as f64).abs() + (one.account.floor.minor() as f64).abs()
        });
        let (largest, sum) = sizes.fold((0.0_f64, 0.0), |(largest, sum), size| (largest.max(size), sum + size));
        let unit = (largest / LARGEST).max(1.0);
        Programme { problem, reserve, unit, most: (sum + reserve) / unit + 1.0 }
    }

    pub(super) fn solve(&mut self, limits: PlanLimits) -> Result<Outcome> {
        let built = self.build(&[], false);
        Ok(self.outcome(&built, solution(&built.lp, options(limits))?, PlanStatus::Optimal))
    }

    /// With a yes or no for each possible move.
    pub(super) fn with_choices(&mut self, limits: PlanLimits) -> Result<Outcome> {
        let mut built = self.build(&[], false);
        self.add_choices(&mut built);
        let solved = solution(&built.lp, options(limits));
        let Ok(Some(found)) = solved else { return self.without_small_moves(limits) };
        let status = match found.termination_reason() {
            TerminationReason::ProvenOptimal => PlanStatus::Optimal,
            _ => found.gap().map_or(PlanStatus::Heuristic, PlanStatus::Gap),
        };
        Ok(self.outcome(&built, Some(found), status))
    }

    fn add_choices(&self, built: &mut Built) {
        let fee = self.problem.fee.minor() as f64 / self.unit;
        let minimum = self.problem.minimum.minor() as f64 / self.unit;
        for variable in built.moves.iter().flatten().flatten() {
            let made = built.lp.add_integer_var(-fee, (0, 1));
            built.lp.add_constraint([(*variable, 1.0), (made, -self.most)], ComparisonOp::Le, 0.0);
            built.lp.add_constraint([(*variable, 1.0), (made, -minimum)], ComparisonOp::Ge, 0.0);
        }
    }

    /// Solves without minimum and fees, and again without the moves that were too small for them, until there are none.
    pub(super) fn without_small_moves(&mut self, limits: PlanLimits) -> Result<Outcome> {
        let mut forbidden: Vec<Place> = Vec::new();
        let mut last = Outcome::Infeasible;
        for _ in 0..ROUNDS_MAX {
            let built = self.build(&forbidden, false);
            let next = self.outcome(&built, solution(&built.lp, options(limits))?, PlanStatus::Heuristic);
            let Outcome::Moves { moves, .. } = &next else { return Ok(last) };
            let small = self.small(moves);
            last = next;
            if small.is_empty() {
                break;
            }
            forbidden.extend(small);
        }
        Ok(last)
    }

    /// Moves under the minimum, and those that a fee costs more than they can earn over the rest of the days.
    fn small(&self, moves: &[Vec<f64>]) -> Vec<Place> {
        let (minimum, fee) = (self.problem.minimum.minor() as f64, self.problem.fee.minor() as f64);
        let rates = self
            .problem
            .accounts()
            .flat_map(|one| [one.credit_rate, one.debit_rate].map(|rate| rate / one.basis.days()));
        let (low, high) = rates.fold((f64::INFINITY, 0.0_f64), |(low, high), rate| (low.min(rate), high.max(rate)));
        let days = self.problem.days();
        let mut small = Vec::new();
        for (member, steps) in moves.iter().enumerate() {
            for (day, step) in steps.iter().enumerate() {
                let earns = step.abs() * (high - low) * (days - day) as f64;
                if step.abs() > 0.5 && (step.abs() < minimum || earns < fee) {
                    small.push((member, day, *step > 0.0));
                }
            }
        }
        small
    }

    /// What the best plan without fees earns, or nothing where floors cannot be kept.
    pub(super) fn earnings(&mut self, limits: PlanLimits, forbidden: &[Place]) -> Result<Option<f64>> {
        let built = self.build(forbidden, false);
        Ok(solution(&built.lp, options(limits))?.map(|found| found.objective() * self.unit))
    }

    /// The least cash that would have to come from nowhere: the first account and day that needs some, and all of it.
    pub(super) fn shortage(&mut self, limits: PlanLimits, forbidden: &[Place]) -> Result<(usize, usize, f64)> {
        let built = self.build(forbidden, true);
        let found = solution(&built.lp, options(limits))?;
        let found = found.ok_or_else(|| QuantError::Solver("no amount of cash helps".to_owned()))?;
        let mut first = (0, usize::MAX);
        let mut all = 0.0;
        for (place, days) in built.helps.iter().enumerate() {
            for (day, help) in days.iter().enumerate() {
                let units = found.var_value(*help) * self.unit;
                all += units;
                if units > 0.5 && day < first.1 {
                    first = (place, day);
                }
            }
        }
        Ok((first.0, if first.1 == usize::MAX { 0 } else { first.1 }, all))
    }

    fn build(&self, forbidden: &[Place], with_help: bool) -> Built {
        let mut lp = Problem::new(OptimizationDirection::Maximize);
        let moves = self.add_moves(&mut lp, forbidden);
        let mut helps = Vec::new();
        for (place, account) in self.problem.accounts().enumerate() {
            let mut before: Option<(Variable, Variable)> = None;
            let mut days = Vec::new();
            for (day, flow) in account.forecast.iter().enumerate() {
                let (above, drawn) = self.add_balance(&mut lp, account, place, with_help);
                let mut row = vec![(above, 1.0), (drawn, -1.0)];
                let mut known = flow.minor() as f64;
                match before {
                    Some((above, drawn)) => row.extend([(above, -1.0), (drawn, 1.0)]),
                    None => known += account.account.balance.minor() as f64,
                }
                let sign = if place == 0 { -1.0 } else { 1.0 };
                let own = moves.iter().enumerate().filter(|(member, _)| place == 0 || member + 1 == place);
                for [incoming, outgoing] in own.filter_map(|(_, days)| days.get(day)) {
                    row.extend([(*incoming, -sign), (*outgoing, sign)]);
                }
                if with_help {
                    let help = lp.add_var(-1.0, (0.0, f64::INFINITY));
                    row.push((help, -1.0));
                    days.push(help);
                }
                lp.add_constraint(row, ComparisonOp::Eq, known / self.unit);
                before = Some((above, drawn));
            }
            helps.push(days);
        }
        Built { lp, moves, helps }
    }

    fn add_moves(&self, lp: &mut Problem, forbidden: &[Place]) -> Vec<Vec<[Variable; 2]>> {
        let members = 0..self.problem.members.len();
        let mut variable = |member: usize, day: usize, open: bool, incoming: bool| {
            let allowed = open && !forbidden.contains(&(member, day, incoming));
            lp.add_var(-TIE, (0.0, if allowed { f64::INFINITY } else { 0.0 }))
        };
        members
            .map(|member| {
                let days = self.problem.open.iter().enumerate();
                days.map(|(day, open)| [true, false].map(|incoming| variable(member, day, *open, incoming))).collect()
            })
            .collect()
    }

    /// What is above zero and what is drawn at the end of a day. Where cash from nowhere is asked for, interest plays no part.
    fn add_balance(
        &self,
        lp: &mut Problem,
        account: &PlanAccount,
        place: usize,
        with_help: bool,
    ) -> (Variable, Variable) {
        let floor = account.account.floor.minor() as f64 + if place == 0 { self.reserve } else { 0.0 };
        let days = account.basis.days();
        let (earns, costs) =
            if with_help { (0.0, 0.0) } else { (account.credit_rate / days, account.debit_rate / days) };
        let above = lp.add_var(earns, (floor.max(0.0) / self.unit, f64::INFINITY));
        let drawn = lp.add_var(-costs, (0.0, (-floor).max(0.0) / self.unit));
        (above, drawn)
    }

    fn outcome(&self, built: &Built, found: Option<Solution>, status: PlanStatus) -> Outcome {
        let Some(found) = found else { return Outcome::Infeasible };
        let step = |[incoming, outgoing]: &[Variable; 2]| {
            (found.var_value(*incoming) - found.var_value(*outgoing)) * self.unit
        };
        let moves = built.moves.iter().map(|days| days.iter().map(step).collect()).collect();
        Outcome::Moves { moves, status }
    }
}

fn options(limits: PlanLimits) -> SolveOptions {
    let mut options = SolveOptions::default();
    options.time_limit = Some(limits.time);
    options.node_limit = Some(limits.nodes);
    options
}

/// Nothing where the programme has no solution, or none was found within the limits.
fn solution(lp: &Problem, options: SolveOptions) -> Result<Option<Solution>> {
    match lp.solve_with(options) {
        Ok(outcome) => Ok(outcome.into_solution().ok()),
        Err(Error::Infeasible) => Ok(None),
        Err(other) => Err(QuantError::Solver(other.to_string())),
    }
}
