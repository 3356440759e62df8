//! A plan with one thing changed, for questions such as how much can be spent.

use kernel::Money;

use super::policy::{Base, Policy};
use super::{Contribution, Indexation, Plan, When, Wrapper};
use crate::amount;
use crate::error::{Result, within};

impl Plan {
    /// All spending times a factor: rates of policies and the phases.
    pub fn with_spending(&self, factor: f64) -> Result<Plan> {
        within("factor", factor, 0.0, 1_000.0)?;
        let mut plan = self.clone();
        let scaled = |base: Base| match base {
            Base::Rate(rate) => Base::Rate(rate * factor),
            Base::Phases => Base::Phases,
        };
        match &mut plan.policy {
            Policy::ConstantReal { base } | Policy::Guardrails { base, .. } => *base = scaled(*base),
            Policy::PercentOfPortfolio { rate } | Policy::FloorAndCeiling { rate, .. } => *rate *= factor,
            Policy::Amortised { .. } => {}
        }
        for phase in &mut plan.phases {
            let units = amount::units("phases", phase.spending, plan.currency)? * factor;
            phase.spending = amount::money("phases", units, plan.currency)?;
        }
        Ok(plan)
    }

    /// The rate of the policy set to this, where it is told by one.
    pub fn with_rate(&self, rate: f64) -> Plan {
        let mut plan = self.clone();
        match &mut plan.policy {
            Policy::ConstantReal { base } | Policy::Guardrails { base, .. } => *base = Base::Rate(rate),
            Policy::PercentOfPortfolio { rate: own } | Policy::FloorAndCeiling { rate: own, .. } => *own = rate,
            Policy::Amortised { .. } => {}
        }
        plan
    }

    pub fn with_retirement(&self, step: usize) -> Plan {
        Plan { retirement: step, ..self.clone() }
    }

    /// So much more a year saved until retirement, in today's money.
    pub fn with_saving(&self, yearly: Money, wrapper: Wrapper) -> Plan {
        let mut plan = self.clone();
        plan.contributions.push(Contribution {
            amount: yearly,
            wrapper,
            from: When::Step(0),
            until: Some(When::Retirement),
            indexation: Indexation::Prices(0.0),
        });
        plan
    }
}
