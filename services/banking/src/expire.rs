//! Pending transactions that no bank tells any more.

use banking_api::Status;
use platform::db::DbError;

use crate::service::Inner;
use crate::store::movement::{self, Movement, Removed};

const ROWS_AT_ONCE: i64 = 500;
const DAY_US: i64 = 86_400_000_000;

impl Inner {
    /// Removes those that were told last too long ago; returns the number.
    pub(crate) async fn expire(&self) -> Result<u64, DbError> {
        let before = self.clock.now().micros() - self.settings.pending_days * DAY_US;
        let mut removed = 0;
        loop {
            let tx = self.db.begin().await?;
            tx.one_at_a_time().await?;
            let stale = movement::stale(&tx, before, ROWS_AT_ONCE).await?;
            if stale.is_empty() {
                return Ok(removed);
            }
            removed += stale.len() as u64;
            for movement in stale {
                let gone = Movement { status: Status::Removed, removed: Removed::Gone, ..movement };
                movement::set_state(&tx, &gone).await?;
            }
            tx.commit().await?;
        }
    }
}
