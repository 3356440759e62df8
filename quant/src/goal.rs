//! Goals: how far they are, what has to be saved, when it will be enough, with which chance, and who funds what.

use kernel::Money;
use serde::{Deserialize, Serialize};

use crate::amount;
use crate::error::{QuantError, Result, at_most, within};
use crate::paths::Work;
use crate::plan::{
    Contribution, Frequency, Indexation, Plan, Policy, Returns, RunSettings, Target, Timing, When, Wrapper, simulate,
};

pub const GOALS_MAX: usize = 200;
/// 120 years of months.
pub const MONTHS_MAX: usize = 1_440;

/// The share of a target that is there: 0 to 1, and 1 where nothing is needed.
pub fn progress(there: Money, target: Money) -> Result<f64> {
    let (there, goal) = (units(there, target)?, units(target, target)?);
    Ok(if goal <= 0.0 { 1.0 } else { (there / goal).clamp(0.0, 1.0) })
}

/// What has to be saved at the end of each of so many months, growing at a yearly rate, so that `target` is there after
/// them; nothing when it is there already. Rounded up to the unit.
pub fn needed_monthly(there: Money, target: Money, months: usize, yearly: f64) -> Result<Money> {
    at_most("months", months, MONTHS_MAX)?;
    within("months", months as f64, 1.0, MONTHS_MAX as f64)?;
    let (there, goal, rate) = (units(there, target)?, units(target, target)?, monthly(yearly)?);
    let growth = libm::pow(1.0 + rate, months as f64);
    let missing = goal - there * growth;
    let payments = if rate.abs() < 1e-12 { months as f64 } else { (growth - 1.0) / rate };
    amount::money("needed", (missing / payments).max(0.0).ceil(), target.currency())
}

/// After how many months `target` is there with so much saved at the end of each; nothing when it never is within 120 years.
pub fn months_until(there: Money, target: Money, saved_monthly: Money, yearly: f64) -> Result<Option<usize>> {
    let (goal, saved, rate) = (units(target, target)?, units(saved_monthly, target)?, monthly(yearly)?);
    let mut balance = units(there, target)?;
    for month in 0..=MONTHS_MAX {
        if balance >= goal {
            return Ok(Some(month));
        }
        balance = balance * (1.0 + rate) + saved;
    }
    Ok(None)
}

/// A goal that is saved for, apart from a plan of its household. Amounts are in today's money; what is saved rises with prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saving {
    pub there: Money,
    pub target: Money,
    /// At the end of each month.
    pub saved_monthly: Money,
    pub months: usize,
    /// How it is invested.
    pub weights: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Chance {
    pub chance: f64,
    pub standard_error: f64,
}

impl Saving {
    /// The chance that the target is there after all months.
    pub fn chance(&self, returns: &Returns, paths: usize, seed: u64, work: Work<'_>) -> Result<Chance> {
        within("months", self.months as f64, 1.0, MONTHS_MAX as f64)?;
        let yearly = self.saved_monthly.minor().checked_mul(12).ok_or(QuantError::AmountTooLarge { field: "goal" })?;
        let years = self.months.div_ceil(12);
        let contribution = Contribution {
            amount: Money::new(yearly, self.saved_monthly.currency()),
            wrapper: Wrapper::Free,
            from: When::Step(0),
            until: None,
            indexation: Indexation::Prices(0.0),
        };
        let nothing = Policy::constant_real(0.0);
        let plan = Plan {
            timing: Timing::End,
            contributions: vec![contribution],
            ..Plan::of_sum(self.there, years, Frequency::Monthly, self.weights.clone(), nothing)
        };
        let target = Some(Target { step: self.months - 1, amount: self.target });
        let outcome = simulate(&plan, returns, &RunSettings { target, ..RunSettings::new(paths, seed) }, work)?.outcome;
        let chance = outcome.reached.unwrap_or(0.0);
        let variance = chance * (1.0 - chance) / outcome.paths as f64;
        Ok(Chance { chance, standard_error: libm::sqrt(variance) })
    }
}

fn units(money: Money, like: Money) -> Result<f64> {
    amount::units("goal", money, like.currency())
}

fn monthly(yearly: f64) -> Result<f64> {
    within("yearly", yearly, -0.5, 1.0).map(|yearly| libm::pow(1.0 + yearly, 1.0 / 12.0) - 1.0)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoalState {
    OnTrack,
    AtRisk,
    OffTrack,
}

/// Chances from which a goal is on track, and at risk; and by how much one has to pass a border to change the state.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Borders {
    pub on_track: f64,
    pub at_risk: f64,
    pub margin: f64,
}

impl Default for Borders {
    fn default() -> Borders {
        Borders { on_track: 0.8, at_risk: 0.5, margin: 0.03 }
    }
}

impl GoalState {
    /// The state of a chance. A goal that has a state keeps it until the chance has passed a border by the margin.
    pub fn of(chance: f64, before: Option<GoalState>, borders: Borders) -> Result<GoalState> {
        within("chance", chance, 0.0, 1.0)?;
        within("at_risk", borders.at_risk, 0.0, borders.on_track)?;
        within("margin", borders.margin, 0.0, 0.5)?;
        let plain = |chance: f64| match chance {
            good if good >= borders.on_track => GoalState::OnTrack,
            fair if fair >= borders.at_risk => GoalState::AtRisk,
            _ => GoalState::OffTrack,
        };
        let (low, high) = (plain(chance - borders.margin), plain(chance + borders.margin));
        Ok(match before {
            // Within the margin of a border on either side of which the old state lies, nothing changes.
            Some(before) if before == low || before == high => before,
            _ => plain(chance),
        })
    }
}

/// A goal's claim on an asset: a share of it in percent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    pub goal: usize,
    pub asset: usize,
    pub percent: f64,
}

/// What each goal has, from its shares of assets, in the order of the goals. An asset gives at most 100 %, and the shares
/// of it are whole units that add up to no more than it is worth.
pub fn fund(assets: &[Money], goals: usize, claims: &[Claim]) -> Result<Vec<i64>> {
    at_most("goals", goals.max(claims.len()).max(assets.len()), GOALS_MAX)?;
    let mut funded = vec![0_i64; goals];
    for (place, asset) in assets.iter().enumerate() {
        let own: Vec<&Claim> = claims.iter().filter(|claim| claim.asset == place).collect();
        let mut percent = 0.0;
        for claim in &own {
            percent += within("percent", claim.percent, 0.0, 100.0)?;
        }
        if percent > 100.0 + 1e-9 {
            return Err(QuantError::SharesAboveWhole { name: place.to_string(), percent });
        }
        let worth = amount::units("assets", *asset, asset.currency())?.max(0.0);
        for claim in own {
            let part = amount::whole("share", (worth * claim.percent / 100.0).floor())?;
            let unknown = || QuantError::Unknown { field: "claims", name: claim.goal.to_string() };
            let slot = funded.get_mut(claim.goal).ok_or_else(unknown)?;
            *slot = slot.checked_add(part).ok_or(QuantError::AmountTooLarge { field: "goal" })?;
        }
    }
    match claims.iter().find(|claim| claim.asset >= assets.len()) {
        Some(claim) => Err(QuantError::Unknown { field: "claims", name: claim.asset.to_string() }),
        None => Ok(funded),
    }
}
