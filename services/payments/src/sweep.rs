//! Continues what was left behind: payments without an answer of the ledger, payments whose day has come, and those
//! whose approvals did not come.

use std::sync::Arc;
use std::time::Duration;

use platform::room::{OpenError, Periodic};

use crate::count;
use crate::face::{PaymentState, PaymentsError};
use crate::rail::step_of;
use crate::record::Record;
use crate::service::PaymentsService;
use crate::store;
use crate::work::command::Command;

const EVERY: Duration = Duration::from_millis(500);
/// Payments in one round.
const BATCH_MAX: i64 = 500;
/// For one payment.
const PATIENCE_MS: u64 = 10_000;

impl PaymentsService {
    /// As periodic work. Any number of processes may sweep: of two, one wins.
    pub fn sweeping(self: &Arc<PaymentsService>) -> Periodic {
        let payments = Arc::clone(self);
        let work = move || -> platform::room::Later<()> {
            let payments = Arc::clone(&payments);
            Box::pin(async move { payments.round().await })
        };
        Periodic { name: "payments", every: EVERY, work: Box::new(work) }
    }

    /// One round of everything that payments does by itself.
    ///
    /// # Errors
    /// As [`PaymentsService::sweep`].
    pub async fn round(&self) -> Result<(), OpenError> {
        self.sweep().await?;
        self.rail_round().await?;
        self.finish_uploads().await?;
        self.pay_standing().await
    }

    /// # Errors
    /// The store's, or there are no credentials to call the ledger with.
    pub async fn sweep(&self) -> Result<(), OpenError> {
        let due = store::due(&self.db.read().await?, self.clock.now(), BATCH_MAX).await?;
        for record in due {
            let id = record.id;
            let ctx = self.itself(PATIENCE_MS).await?;
            if let Err(error) = self.continued(&ctx, record).await {
                tracing::warn!(code = error.code(), payment = %id, "a payment waits for its next round");
            }
        }
        Ok(())
    }

    async fn continued(&self, ctx: &kernel::Ctx, record: Record) -> Result<(), PaymentsError> {
        let due_at = self.due_after(ctx);
        let record = self.submit(ctx, Command::Due { id: record.id, due_at }).await?.record;
        if step_of(&record).is_some() {
            count::swept("processing");
            self.carry_out(ctx, record).await?;
        } else if record.state == PaymentState::Cancelled {
            count::swept("approval_expired");
        }
        Ok(())
    }
}
