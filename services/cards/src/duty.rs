//! What a process does of the work of cards, where guides run it as three workloads.

use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::life::StepKind;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Duty {
    /// Decisions, increments, advices, balances.
    Authorize,
    /// Clearings, clearing files, settlements.
    Clearing,
    /// Reversals, refunds, disputes, and finishing what was left behind.
    Reversal,
}

impl Duty {
    pub fn name(self) -> &'static str {
        self.into()
    }

    pub(crate) fn of(kind: StepKind) -> Duty {
        use StepKind::*;
        match kind {
            Increment | Advice => Duty::Authorize,
            Clearing => Duty::Clearing,
            Reversal | Expiry | Refund | RefundReversal | Dispute | DisputeWon | DisputeLost => Duty::Reversal,
        }
    }

    pub(crate) fn check(self, duties: &[Duty]) -> Result<(), Refusal> {
        if duties.contains(&self) { Ok(()) } else { Err(Refusal::DutyElsewhere { duty: self.name().to_owned() }) }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn each_step_is_one_duty_and_others_are_refused() {
        for kind in StepKind::VARIANTS {
            let duty = Duty::of(*kind);
            for own in Duty::VARIANTS {
                assert_eq!(duty.check(&[*own]).is_ok(), duty == *own, "{kind:?} {own:?}");
            }
        }
    }
}
