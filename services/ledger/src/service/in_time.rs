//! Questions end at their caller's deadline, whatever the store does: a server that does not answer is waited for no longer.

use platform::error::Failure;
use std::time::Duration;

use kernel::Ctx;
use ledger_api::LedgerError;

use super::LedgerService;

impl LedgerService {
    /// A question that was not answered in time changed nothing.
    pub(crate) async fn ask_in_time<T>(
        &self,
        ctx: &Ctx,
        asking: impl Future<Output = Result<T, LedgerError>>,
    ) -> Result<T, LedgerError> {
        self.in_time(ctx, asking).await.unwrap_or(Err(LedgerError::Failed(Failure::DeadlineExceeded)))
    }

    /// A change beside the lane that was not confirmed in time may have happened.
    pub(crate) async fn change_in_time<T>(
        &self,
        ctx: &Ctx,
        changing: impl Future<Output = Result<T, LedgerError>>,
    ) -> Result<T, LedgerError> {
        self.in_time(ctx, changing).await.unwrap_or(Err(LedgerError::Failed(Failure::OutcomeUnknown)))
    }

    async fn in_time<T>(&self, ctx: &Ctx, work: impl Future<Output = T>) -> Option<T> {
        let left = Duration::from_micros(ctx.deadline.micros_left(self.clock.monotonic()));
        tokio::time::timeout(left, work).await.ok()
    }
}
