//! The fourth phase: fees that fell due today, and what is open from days before.
//!
//! A step makes up to a thousand attempts. It begins with those that a process which was killed has left.

use accounts_api::{AccountsError, DayPhase};

use super::ByProduct;
use crate::fees;
use crate::service::Inner;
use crate::store::charge;
use crate::store::run::{self, RunRow, Step, Sums};

/// Charges of one step, each with one transaction.
const CHARGES_AT_ONCE: usize = 1_000;

impl Inner {
    pub(super) async fn fees(&self, run: &RunRow) -> Result<(), AccountsError> {
        let tx = self.db.begin().await?;
        let mut begun = charge::trying(&tx, CHARGES_AT_ONCE).await?;
        if begun.is_empty() {
            for due in charge::due(&tx, run.day, CHARGES_AT_ONCE).await? {
                begun.extend(charge::begin(&tx, due, run.day).await?);
            }
        }
        tx.commit().await?;
        let taken = self.take(begun).await?;
        let steps: u64 = run.place.parse().unwrap_or(0);
        let (phase, place) = match taken.is_empty() {
            true => (DayPhase::Mature, String::new()),
            false => (DayPhase::Fee, (steps + 1).to_string()),
        };
        let mut sums = ByProduct::default();
        for (charge, by) in &taken {
            sums.add(charge.product, Sums { fees: *by, ..Sums::default() })?;
        }
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        if run::step(&tx, run, &Step { phase, place, accounts: 0, ended_at: None }).await? {
            fees::store(&tx, &taken).await?;
            sums.store(&tx, run.day).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
