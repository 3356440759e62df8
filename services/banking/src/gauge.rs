//! Gauges: how long ago each bank was read, and how many gaps there are.

use banking_api::{AccountQuery, BankingError};
use kernel::{Ctx, Deadline, Principal};
use platform::db::DbError;

use crate::service::Inner;
use crate::store::connection;

/// Pages of accounts whose gaps are counted.
const PAGES_MAX: u32 = 20;
const DEADLINE_MS: u64 = 60_000;

impl Inner {
    /// Of the connection of each bank that was read longest ago.
    pub(crate) async fn measure_ages(&self) -> Result<(), DbError> {
        let now = self.clock.now().micros();
        for (bank, read_at) in connection::read_longest_ago(&self.db.read().await?).await? {
            let seconds = (now - read_at).max(0) as f64 / 1e6;
            metrics::gauge!("bank_balance_age_seconds", "bank" => bank).set(seconds);
        }
        Ok(())
    }

    pub(crate) async fn measure_gaps(&self) -> Result<(), BankingError> {
        let deadline = Deadline::after_millis(&*self.clock, DEADLINE_MS);
        let principal = Principal::operator();
        let ctx = Ctx { principal, deadline, request_id: "gauge".into(), idempotency_key: None };
        let (mut count, mut after) = (0, None);
        for _ in 0..PAGES_MAX {
            let page = self.gaps(&ctx, AccountQuery { account: None, after, limit: 0 }).await?;
            count += page.items.len();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        metrics::gauge!("bank_gaps").set(count as f64);
        Ok(())
    }
}
