//! The third phase: at the end of a period, what an account has accrued is posted to it, less tax; and what it owes is
//! taken from it, as far as there is money.

use std::collections::BTreeMap;

use accounts_api::{AccountsError, DayPhase, LeftOutReason};
use kernel::{Currency, Money};
use ledger_api::{Batch, LineOutcome, Operation};
use platform::error::Failure;

use super::ByProduct;
use crate::books::{self, Own, failed, posting, transaction};
use crate::calendar;
use crate::interest::{Accrued, MICROS, is_due, rounded, share};
use crate::meaning;
use crate::service::Inner;
use crate::store::interest::{self, Bearing};
use crate::store::paid::{self, PostingRow, PostingState, Purpose};
use crate::store::product::{self, Total};
use crate::store::run::{self, RunRow, Step, Sums};
use crate::terms::Catalogue;

/// Accounts of one step; each has up to two transactions.
const ACCOUNTS_AT_ONCE: usize = 500;

/// A transaction that is due.
struct Due {
    bearing: Bearing,
    currency: Currency,
    row: PostingRow,
    operation: Operation,
}

impl Inner {
    pub(super) async fn post(&self, run: &RunRow) -> Result<(), AccountsError> {
        let day = calendar::of_number(run.day);
        let after = run.place.parse().unwrap_or(0);
        let tx = self.db.read().await?;
        let catalogue = Catalogue::load(&tx).await?;
        let some = match catalogue.any_due(day) {
            true => interest::with_interest(&tx, after, ACCOUNTS_AT_ONCE).await?,
            false => interest::maturing(&tx, after, run.day + 1, ACCOUNTS_AT_ONCE).await?,
        };
        drop(tx);
        let next = some.last().map(|last| last.seq).filter(|_| some.len() == ACCOUNTS_AT_ONCE);
        let mut due = Vec::new();
        for bearing in some {
            due.extend(due_of(&catalogue, bearing, run.day)?);
        }
        let lines: Vec<Operation> = due.iter().map(|due| due.operation.clone()).collect();
        let outcomes = match lines.is_empty() {
            true => Vec::new(),
            false => self.books.batch(Batch { atomic: false, dry_run: false, lines }).await?.lines,
        };
        self.posted(run, next, due, outcomes).await
    }

    async fn posted(
        &self,
        run: &RunRow,
        next: Option<i64>,
        due: Vec<Due>,
        outcomes: Vec<LineOutcome>,
    ) -> Result<(), AccountsError> {
        let (mut sums, mut rows, mut left_out) = (ByProduct::default(), Vec::new(), Vec::new());
        let mut less: Vec<(i64, i64, Accrued)> = Vec::new();
        for (due, outcome) in due.iter().zip(outcomes) {
            match outcome {
                LineOutcome::Done(transaction) => {
                    let minor = transaction.postings.first().map_or(0, |leg| leg.amount.minor());
                    let row = PostingRow { minor, state: PostingState::Posted, ..due.row };
                    rows.push(row);
                    sums.add(due.bearing.product, sums_of(&row))?;
                    less.push((due.bearing.seq, due.bearing.product, paid(&row)?));
                }
                LineOutcome::Failed(error) if error.refusal().is_some() => {
                    tracing::warn!(%error, account = %due.bearing.id, currency = %due.currency, "interest was not posted");
                    rows.push(PostingRow { state: PostingState::Refused, ..due.row });
                    left_out.push(due.bearing.seq);
                }
                LineOutcome::Failed(error) => return Err(failed(error)),
            }
        }
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let (phase, place) = match next {
            Some(next) => (DayPhase::Post, next.to_string()),
            None => (DayPhase::Fee, String::new()),
        };
        if !run::step(&tx, run, &Step { phase, place, accounts: 0, ended_at: None }).await? {
            return Ok(());
        }
        paid::add_postings(&tx, &rows).await?;
        let (accounts, products) = summed(&less)?;
        interest::add_accrued(&tx, &accounts).await?;
        for (product, paid) in products {
            let accrued = micros_less(paid)?;
            let booked = Accrued::default().minus(paid).ok_or(Failure::Internal)?;
            product::move_total(&tx, Total { product, accrued, booked }).await?;
        }
        for account in left_out {
            run::leave_out(&tx, run.day, account, LeftOutReason::PostingRefused).await?;
        }
        sums.store(&tx, run.day).await?;
        Ok(tx.commit().await?)
    }
}

/// An account, and what it accrued.
type Shared = (i64, Accrued);

/// By account, what its accruals lose in millionths; by product, what was paid in whole units.
fn summed(less: &[(i64, i64, Accrued)]) -> Result<(Vec<Shared>, BTreeMap<i64, Accrued>), AccountsError> {
    let (mut accounts, mut products) = (BTreeMap::<i64, Accrued>::new(), BTreeMap::<i64, Accrued>::new());
    for (account, product, paid) in less {
        for sum in [accounts.entry(*account).or_default(), products.entry(*product).or_default()] {
            *sum = sum.plus(*paid).ok_or(Failure::Internal)?;
        }
    }
    let each = |(account, paid): (i64, Accrued)| Ok((account, micros_less(paid)?));
    Ok((accounts.into_iter().map(each).collect::<Result<_, AccountsError>>()?, products))
}

fn micros_less(paid: Accrued) -> Result<Accrued, AccountsError> {
    let micros = paid.earned.checked_mul(-MICROS).zip(paid.owed.checked_mul(-MICROS));
    micros.map(|(earned, owed)| Accrued { earned, owed }).ok_or_else(|| Failure::Internal.into())
}

/// What of a posting is for the customer, and what by the customer, in whole units.
fn paid(row: &PostingRow) -> Result<Accrued, AccountsError> {
    let all = if row.purpose == Purpose::Earned as u8 {
        Accrued { earned: row.minor, owed: 0 }
    } else {
        Accrued { earned: 0, owed: row.minor }
    };
    let fits = all.earned.checked_mul(MICROS).zip(all.owed.checked_mul(MICROS));
    fits.map(|_| all).ok_or_else(|| Failure::Internal.into())
}

fn sums_of(row: &PostingRow) -> Sums {
    match row.purpose == Purpose::Earned as u8 {
        true => Sums { paid: row.minor - row.tax, tax: row.tax, ..Sums::default() },
        false => Sums { charged: row.minor, ..Sums::default() },
    }
}

/// The transactions of an account at the end of a day: none unless its period or its term ends.
fn due_of(catalogue: &Catalogue, bearing: Bearing, day: i64) -> Result<Vec<Due>, AccountsError> {
    let date = calendar::of_number(day);
    let matures = bearing.term.is_some_and(|term| term.matures == day + 1);
    let terms = catalogue.interest(bearing.product, bearing.version);
    let terms = terms.filter(|terms| matures || is_due(terms.posting, date));
    let Some(terms) = terms else { return Ok(Vec::new()) };
    let (product, currency) = catalogue.product(bearing.product)?;
    let (account, money) = (books::path(bearing.id).map_err(failed)?, |minor| Money::new(minor, currency));
    let own = |own: Own| own.path(product).map_err(failed);
    let row = |purpose: Purpose, what: &str, minor, tax| {
        let txn = meaning::id(what, bearing.id.bits(), date, 0);
        let (account, state) = (bearing.seq, PostingState::Planned);
        PostingRow { account, day, purpose: purpose as u8, minor, tax, txn, state }
    };
    let mut due = Vec::new();
    let earned = rounded(bearing.accrued.earned);
    if earned > 0 {
        let rate = terms.tax.map_or(0, |tax| tax.millionths());
        let tax = share(earned, rate).ok_or(Failure::Internal)?;
        let mut postings = vec![posting(own(Own::Accrued)?, account.clone(), money(earned))];
        if tax > 0 {
            postings.push(posting(account.clone(), own(Own::Tax)?, money(tax)));
        }
        let row = row(Purpose::Earned, "interest", earned, tax);
        let operation = transaction(row.txn, "interest", postings);
        due.push(Due { bearing: bearing.clone(), currency, row, operation });
    }
    let owed = rounded(bearing.accrued.owed);
    if owed > 0 {
        let mut taken = posting(account, own(Own::Receivable)?, money(owed));
        taken.up_to_available = true;
        let row = row(Purpose::Owed, "interest owed", owed, 0);
        let operation = transaction(row.txn, "interest", vec![taken]);
        due.push(Due { bearing, currency, row, operation });
    }
    Ok(due)
}
