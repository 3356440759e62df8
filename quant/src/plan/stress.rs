//! A plan in bad sequences of years, each beside the plan as it is.

use super::Plan;
use super::market::{Returns, sequence_stresses};
use super::run::{Comparison, RunSettings, compare, simulate};
use crate::error::Result;
use crate::paths::Work;

/// What a sequence makes of a plan, on the same random numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Stressed {
    pub name: &'static str,
    pub comparison: Comparison,
}

/// The five sequences of [`sequence_stresses`]; each class falls in a crash as `falls` says.
pub fn sequence_stress(
    plan: &Plan,
    returns: &Returns,
    falls: &[bool],
    settings: &RunSettings,
    work: Work<'_>,
) -> Result<Vec<Stressed>> {
    let base = simulate(plan, returns, settings, work)?;
    let stressed = |(name, overlays)| {
        let mut settings = settings.clone();
        settings.overlays.extend::<Vec<_>>(overlays);
        Ok(Stressed { name, comparison: compare(&base, &simulate(plan, returns, &settings, work)?) })
    };
    sequence_stresses(falls, plan.steps.year_of(plan.retirement)).into_iter().map(stressed).collect()
}
