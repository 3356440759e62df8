//! Sums of movements by category and month, per currency.

use std::collections::BTreeMap;

use accounts_api::*;
use kernel::{Ctx, Currency, Money};
use platform::db::{DbError, Tx};
use platform::error::Failure;

use crate::calendar;
use crate::look::Of;
use crate::service::Inner;
use crate::store::{account, movement, product, sums};

const READ: (&str, &str) = ("transactions", "read");
/// Months of one summary.
const MONTHS_MAX: i64 = 24;
/// Accounts of one summary.
const ACCOUNTS_MAX: usize = 100;

/// Month, category.
type Key = (Option<i64>, Option<u8>, Currency);
/// Movements, received, spent.
type Line = (u64, i64, i64);

impl Inner {
    pub(crate) async fn summary(&self, ctx: &Ctx, query: SummaryQuery) -> Result<Summary, AccountsError> {
        let (from, to) = (calendar::month(query.from), calendar::month(query.to));
        if !(0..MONTHS_MAX).contains(&(to - from)) {
            let expected = format!("expected a day of the month of `from`, or of the {} after it", MONTHS_MAX - 1);
            return Err(Refusal::field_invalid("to", expected).into());
        }
        let tx = self.db.read().await?;
        let (by_category, by_month) = match query.by {
            SummaryBy::Category => (true, false),
            SummaryBy::Month => (false, true),
            SummaryBy::CategoryAndMonth => (true, true),
        };
        let mut lines: BTreeMap<Key, Line> = BTreeMap::new();
        for (account, currency) in self.summed(&tx, ctx, query.account).await? {
            for sum in sums::by_category(&tx, (from, to), account).await? {
                let key = (by_month.then_some(sum.month), by_category.then_some(sum.category as u8), currency);
                let line = lines.entry(key).or_default();
                line.0 += sum.count.unsigned_abs();
                line.1 = line.1.checked_add(sum.received).ok_or(Failure::Internal)?;
                line.2 = line.2.checked_sub(sum.spent).ok_or(Failure::Internal)?;
            }
        }
        let indexed_to_seq = movement::indexed_to(&tx).await?;
        let line = |((month, category, currency), (movements, received, spent)): (Key, Line)| SummaryLine {
            category: category.and_then(Category::from_repr),
            month: month.map(calendar::first_of),
            movements,
            received: Money::new(received, currency),
            spent: Money::new(spent, currency),
        };
        Ok(Summary { items: lines.into_iter().map(line).collect(), indexed_to_seq })
    }

    /// Accounts with their currencies. A sum over all accounts of the house is refused: the caller names one, or is a
    /// customer.
    async fn summed(
        &self,
        tx: &Tx,
        ctx: &Ctx,
        account: Option<AccountId>,
    ) -> Result<Vec<(i64, Currency)>, AccountsError> {
        let seqs = match account {
            Some(id) => vec![self.reached_account(tx, ctx, READ, id).await?.0.seq],
            None => match self.reached_all(tx, ctx).await? {
                Of::These(accounts, _) if accounts.len() <= ACCOUNTS_MAX => accounts,
                _ => return Err(Refusal::field_invalid("account", "expected an account").into()),
            },
        };
        let products = product::page(tx, 0, usize::MAX).await?;
        let currency = |seq: i64| products.iter().find(|product| product.seq == seq).map(|product| product.currency);
        let missing = || DbError::shape("an account without a product");
        let rows = account::of_seqs(tx, &seqs).await?;
        let each = |row: &account::AccountRow| Ok((row.seq, currency(row.product).ok_or_else(missing)?));
        rows.values().map(each).collect()
    }
}
