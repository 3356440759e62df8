//! How much is taken out of the wealth from retirement on.

use serde::{Deserialize, Serialize};

use crate::error::{Result, within};

/// What an amount is told by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// A yearly withdrawal of this share of the wealth at retirement; incomes are spent on top of it.
    Rate(f64),
    /// The spending of the plan's phases, of which incomes pay what they can.
    Phases,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Policy {
    /// The same in today's money every year.
    ConstantReal { base: Base },
    /// A share of what is there; incomes are spent on top of it.
    PercentOfPortfolio { rate: f64 },
    /// Constant, but once a year the rate that is withdrawn is looked at: above `upper` times the first rate the amount is cut
    /// by `step`, below `lower` times it is raised by `step`; it is not cut in the last `no_cut_years` of the plan.
    Guardrails { base: Base, lower: f64, upper: f64, step: f64, no_cut_years: usize },
    /// The payment that would use up the wealth by the end of the plan at this real return. The last payment leaves nothing,
    /// which is no failure.
    Amortised { real_return: f64 },
    /// A share of what is there, between a floor and a ceiling in shares of the first withdrawal in today's money.
    FloorAndCeiling { rate: f64, floor: f64, ceiling: f64 },
}

impl Policy {
    /// Guyton and Klinger's: a fifth to both sides, steps of a tenth, no cut in the last 15 years.
    pub fn guardrails(rate: f64) -> Policy {
        Policy::Guardrails { base: Base::Rate(rate), lower: 0.8, upper: 1.2, step: 0.1, no_cut_years: 15 }
    }

    pub fn constant_real(rate: f64) -> Policy {
        Policy::ConstantReal { base: Base::Rate(rate) }
    }

    pub(super) fn check(&self) -> Result<()> {
        let rate = |rate: f64| within("rate", rate, 0.0, 1.0).map(|_| ());
        let base = |base: Base| match base {
            Base::Rate(share) => rate(share),
            Base::Phases => Ok(()),
        };
        match *self {
            Policy::ConstantReal { base: of } => base(of),
            Policy::PercentOfPortfolio { rate: share } => rate(share),
            Policy::Guardrails { base: of, lower, upper, step, .. } => {
                base(of)?;
                within("lower", lower, 0.0, 1.0)?;
                within("upper", upper, 1.0, 100.0)?;
                within("step", step, 0.0, 0.9).map(|_| ())
            }
            Policy::Amortised { real_return } => within("real_return", real_return, -0.5, 0.5).map(|_| ()),
            Policy::FloorAndCeiling { rate: share, floor, ceiling } => {
                rate(share)?;
                within("floor", floor, 0.0, 1.0)?;
                within("ceiling", ceiling, 1.0, 100.0).map(|_| ())
            }
        }
    }
}

/// The share of the wealth that a policy of amortisation pays with so many payments left, this one included. It is that of
/// an annuity due at both timings: the rest grows until the next payment.
pub(super) fn amortised_share(yearly: f64, steps_per_year: f64, left: usize) -> f64 {
    let step = libm::pow(1.0 + yearly, 1.0 / steps_per_year) - 1.0;
    let left = left.max(1) as f64;
    if step.abs() < 1e-12 {
        return 1.0 / left;
    }
    step / (1.0 - libm::pow(1.0 + step, -left)) / (1.0 + step)
}
