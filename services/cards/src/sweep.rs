//! Finishes what was left behind: authorizations without a decision, steps without an end, holds that a decline may
//! have left, holds that the ledger released by itself, and accounts that move between systems.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Ctx, Deadline};
use platform::error::Failure;
use platform::room::Periodic;

use crate::CardsService;
use crate::authorization::StepTag;
use crate::authorize::declined;
use crate::count;
use crate::life::Status;
use crate::reason::Reason;
use crate::record::Record;
use crate::refusal::CardsError;
use crate::store;
use crate::work::command::{Command, Conclusion, Outcome};

const EVERY: Duration = Duration::from_millis(500);
/// Authorizations in one round.
const BATCH_MAX: i64 = 200;
/// For one authorization.
const PATIENCE_MS: u64 = 5_000;
/// A month and a week back are within it.
const USAGE_DAYS_KEPT: i64 = 45;

impl CardsService {
    /// As periodic work. Any number of processes may sweep: of two, one wins.
    pub fn sweeping(self: &Arc<CardsService>) -> Periodic {
        let cards = Arc::clone(self);
        let work = move || -> platform::room::Later<()> {
            let cards = Arc::clone(&cards);
            Box::pin(async move { Ok(cards.sweep().await?) })
        };
        Periodic { name: "cards", every: EVERY, work: Box::new(work) }
    }

    pub async fn sweep(&self) -> Result<(), CardsError> {
        let now = self.clock.now();
        let tx = self.db.read().await?;
        let due = store::due(&tx, now, BATCH_MAX).await?;
        let expired = store::expired_holds(&tx, BATCH_MAX).await?;
        drop(tx);
        for record in due {
            let id = record.id;
            if let Err(error) = self.finish(record).await {
                tracing::warn!(code = error.code(), authorization = %id, "an authorization could not be finished yet");
            }
        }
        for authorization in expired {
            let step = self.ids.make::<StepTag>();
            self.submit(&self.sweepers_ctx().await?, Command::Expired { authorization, step }).await?;
            count::swept("expiry");
        }
        self.tell_risk(&self.sweepers_ctx().await?).await?;
        self.move_accounts().await?;
        self.forget_usage(now).await
    }

    async fn finish(&self, record: Record) -> Result<(), CardsError> {
        let ctx = self.sweepers_ctx().await?;
        if record.status == Status::Pending {
            count::swept("authorization");
            let conclusion = Conclusion { clean_up: true, ..declined(&record, Reason::TimedOut) };
            self.submit(&ctx, Command::Conclude(conclusion)).await?;
        } else if record.step.is_some() {
            count::swept("step");
            self.carry_on(&ctx, Outcome { record, step: None, replayed: true }).await?;
        } else if record.clean_up {
            count::swept("hold");
            match record.theirs {
                Some(_) => self.release_there(&record, self.clock.now()).await?,
                None => self.books.release(&self.own(&ctx).await?, &record).await?,
            }
            self.submit(&ctx, Command::CleanedUp { authorization: record.id }).await?;
        }
        Ok(())
    }

    async fn forget_usage(&self, now: kernel::Timestamp) -> Result<(), CardsError> {
        let before = crate::calendar::day_of(now) - USAGE_DAYS_KEPT;
        let mut forgotten = self.forgotten.lock().await;
        if *forgotten == before {
            return Ok(());
        }
        let tx = self.db.begin().await?;
        store::forget_usage(&tx, before).await?;
        tx.commit().await?;
        *forgotten = before;
        Ok(())
    }

    pub(crate) async fn sweepers_ctx(&self) -> Result<Ctx, Failure> {
        let (principal, deadline) = (self.itself().await?, Deadline::after_millis(&*self.clock, PATIENCE_MS));
        Ok(Ctx { principal, deadline, request_id: "sweeper".into(), idempotency_key: None })
    }
}
