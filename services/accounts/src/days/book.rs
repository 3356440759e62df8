//! The second phase: the sum of what accrued, per product, in the ledger. The ledger's account of accrued interest
//! equals the sum over all accounts, rounded once.

use accounts_api::{AccountsError, DayPhase};
use kernel::Money;
use ledger_api::{Batch, LineOutcome, Operation, Posting};
use platform::error::Failure;

use crate::books::{Own, failed, posting, transaction};
use crate::calendar;
use crate::interest::{Accrued, rounded};
use crate::meaning;
use crate::service::Inner;
use crate::store::product::{self, Total};
use crate::store::run::{self, RunRow, Step};
use crate::terms::Catalogue;

impl Inner {
    pub(super) async fn book(&self, run: &RunRow) -> Result<(), AccountsError> {
        let tx = self.db.read().await?;
        let (catalogue, totals) = (Catalogue::load(&tx).await?, product::totals(&tx).await?);
        drop(tx);
        let mut lines = Vec::new();
        for total in &totals {
            lines.extend(booking(&catalogue, total, run.day)?);
        }
        for some in lines.chunks(ledger_api::limits::ATOMIC_LINES_MAX) {
            for outcome in self.books.batch(Batch { atomic: false, dry_run: false, lines: some.to_vec() }).await?.lines
            {
                if let LineOutcome::Failed(error) = outcome {
                    return Err(failed(error));
                }
            }
        }
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let to = Step { phase: DayPhase::Post, place: String::new(), accounts: 0, ended_at: None };
        if !run::step(&tx, run, &to).await? {
            return Ok(());
        }
        for total in totals {
            product::set_booked(&tx, total.product, target(&total)).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// In whole units.
fn target(total: &Total) -> Accrued {
    Accrued { earned: rounded(total.accrued.earned), owed: rounded(total.accrued.owed) }
}

/// One transaction of a product and day; `None` if nothing changes.
fn booking(catalogue: &Catalogue, total: &Total, day: i64) -> Result<Option<Operation>, AccountsError> {
    let (id, currency) = catalogue.product(total.product)?;
    let by = target(total).minus(total.booked).ok_or(Failure::Internal)?;
    let mut postings: Vec<Posting> = Vec::new();
    for (minor, debit, credit) in
        [(by.earned, Own::InterestPaid, Own::Accrued), (by.owed, Own::Receivable, Own::InterestEarned)]
    {
        let (debit, credit) = (debit.path(id).map_err(failed)?, credit.path(id).map_err(failed)?);
        match minor {
            0 => {}
            1.. => postings.push(posting(debit, credit, Money::new(minor, currency))),
            ..0 => postings.push(posting(
                credit,
                debit,
                Money::new(minor.checked_neg().ok_or(Failure::Internal)?, currency),
            )),
        }
    }
    let id = meaning::id("accrual", id.bits(), calendar::of_number(day), 0);
    Ok((!postings.is_empty()).then(|| transaction(id, "interest", postings)))
}
