//! One line of an answer: finds its payment, writes down what is to be booked, books it.

use kernel::{Ctx, Money};
use platform::error::Failure;

use super::read::{AnswerLine, Says};
use super::{file_of, payment_of, step_of};
use crate::face::{PaymentId, PaymentState, PaymentsError, Refusal};
use crate::record::Record;
use crate::service::PaymentsService;
use crate::store;
use crate::work::command::{Command, Outcome, Said};

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    Accepted,
    Settled,
    Rejected,
    Returned,
    Repeated,
    Unmatched(&'static str),
}

const NOT_OURS: Applied = Applied::Unmatched("not_ours");
const UNKNOWN: Applied = Applied::Unmatched("payment_unknown");
const DIFFERS: Applied = Applied::Unmatched("amount_differs");
const CONTRADICTS: Applied = Applied::Unmatched("contradicts");

impl PaymentsService {
    /// A line about a whole file is about each of its payments.
    pub(crate) async fn apply_line(&self, ctx: &Ctx, line: &AnswerLine) -> Result<Vec<Applied>, PaymentsError> {
        let reference = line.reference.as_deref().unwrap_or_default();
        if let Says::FileRejected { reason } = &line.says {
            let Some(file) = file_of(reference) else { return Ok(vec![NOT_OURS]) };
            let members = store::rail::members(&self.db.read().await?, file).await?;
            if members.is_empty() {
                return Ok(vec![UNKNOWN]);
            }
            let mut all = Vec::new();
            for id in members {
                all.push(self.apply_to(ctx, id, None, &Says::Rejected { reason: reason.clone() }).await?);
            }
            return Ok(all);
        }
        let Some(id) = payment_of(reference) else { return Ok(vec![NOT_OURS]) };
        Ok(vec![self.apply_to(ctx, id, line.amount, &line.says).await?])
    }

    async fn apply_to(
        &self,
        ctx: &Ctx,
        id: PaymentId,
        amount: Option<Money>,
        says: &Says,
    ) -> Result<Applied, PaymentsError> {
        let record = store::record(&self.db.read().await?, id).await?;
        let Some(record) = record.filter(|record| record.rail.is_some()) else { return Ok(UNKNOWN) };
        let of_payment = record.amount;
        let said = match says {
            Says::Accepted { code } => Said::Accepted { code: code.clone() },
            Says::Rejected { reason } => Said::Rejected { reason: reason.clone() },
            Says::Debited => Said::Debited,
            Says::Returned { reason } => {
                Said::Returned { reason: reason.clone(), amount: amount.unwrap_or(of_payment) }
            }
            Says::FileRejected { .. } | Says::Other => return Ok(NOT_OURS),
        };
        if amount.is_some_and(|amount| !agrees(amount, of_payment, says)) {
            return Ok(DIFFERS);
        }
        // What was decided before is booked before.
        let record = self.brought_to_rest(ctx, record).await?;
        if record.state == PaymentState::Submitted && matches!(said, Said::Returned { .. }) {
            // What comes back has left, whether or not the bank has said so yet.
            self.hears(ctx, id, Said::Debited).await?;
        }
        self.hears(ctx, id, said).await
    }

    async fn hears(&self, ctx: &Ctx, id: PaymentId, said: Said) -> Result<Applied, PaymentsError> {
        let applied = match &said {
            Said::Accepted { .. } => Applied::Accepted,
            Said::Rejected { .. } => Applied::Rejected,
            Said::Debited => Applied::Settled,
            Said::Returned { .. } => Applied::Returned,
        };
        match self.submit(ctx, Command::Said { id, said, due_at: self.due_after(ctx) }).await {
            Ok(Outcome { replayed: true, .. }) => Ok(Applied::Repeated),
            Ok(Outcome { record, .. }) => self.brought_to_rest(ctx, record).await.map(|_| applied),
            Err(error) if matches!(error.refusal(), Some(Refusal::PaymentState { .. })) => Ok(CONTRADICTS),
            Err(error) => Err(error),
        }
    }

    /// With nothing left to book, or an error: then it is tried again.
    async fn brought_to_rest(&self, ctx: &Ctx, record: Record) -> Result<Record, PaymentsError> {
        if step_of(&record).is_none() {
            return Ok(record);
        }
        let record = self.carry_out(ctx, record).await?;
        match step_of(&record) {
            None => Ok(record),
            Some(_) => Err(Failure::Unavailable.into()),
        }
    }
}

/// A bank may keep a charge of what comes back, and nothing else.
fn agrees(said: Money, of_payment: Money, says: &Says) -> bool {
    if said.currency() != of_payment.currency() {
        return false;
    }
    match says {
        Says::Returned { .. } => (1..=of_payment.minor()).contains(&said.minor()),
        Says::Debited => said.minor().checked_neg() == Some(of_payment.minor()),
        _ => said.minor() == of_payment.minor(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_amount_of_its_payment() {
        let eur = |minor| Money::new(minor, kernel::Currency::iso("EUR").unwrap());
        let back = Says::Returned { reason: "AC04".to_owned() };
        let rejected = Says::Rejected { reason: "AC04".to_owned() };
        for (said, says, expected) in [
            (-100, &Says::Debited, true),
            (-99, &Says::Debited, false),
            (100, &Says::Debited, false),
            (100, &back, true),
            (97, &back, true),
            (101, &back, false),
            (0, &back, false),
            (100, &rejected, true),
            (99, &rejected, false),
        ] {
            assert_eq!(agrees(eur(said), eur(100), says), expected, "{said} {says:?}");
        }
        assert!(!agrees(Money::new(-100, kernel::Currency::iso("USD").unwrap()), eur(100), &Says::Debited));
    }
}
