//! A term deposit that ends before its maturity: all its days are computed again at the product's lower rate. The
//! differences are corrections of today; nothing that was written changes.

use accounts_api::{AccountsError, Rates, Terms, Tier};
use kernel::Money;
use platform::db::{DbError, Tx};

use crate::calendar;
use crate::interest::{Accrued, daily, weight};
use crate::service::Inner;
use crate::store::account::{self, AccountRow};
use crate::store::interest::{self, Correction};
use crate::store::product::{self, Total};

impl Inner {
    /// Once: the account has no term afterwards.
    pub(crate) async fn end_early(&self, tx: &Tx, row: &AccountRow, terms: &Terms) -> Result<(), AccountsError> {
        let (Some(term), Some(deposit), Some(bears)) = (row.term, &terms.deposit, &terms.interest) else {
            return Ok(());
        };
        let currency = self.terms_of(tx, row).await?.currency;
        let tier = Tier { from: Money::new(0, currency), rate: deposit.early_rate };
        let (from, today) = (calendar::of_number(term.begins), calendar::number(self.today()));
        let rates = Rates { from, credit: vec![tier], overdraft: None, fees: None };
        let corrected = interest::corrections(tx, row.seq, term.begins, today).await?;
        let overflow = || DbError::shape(format!("interest of account {} does not fit into 64 bits", row.seq));
        let (mut all, mut sum) = (Vec::new(), Accrued::default());
        for of_day in term.begins..today {
            let known = interest::accrual(tx, of_day, row.seq).await?;
            let later = corrected.get(&of_day).copied();
            let Some(balance) = later.map(|later| later.balance).or(known.map(|(balance, _)| balance)) else {
                continue;
            };
            let before = known.map_or(0, |(_, micros)| micros) + later.map_or(0, |later| later.micros);
            let weight = weight(bears.day_count, calendar::of_number(of_day));
            let after = daily(balance, &rates, bears.tiers, weight).ok_or_else(overflow)?;
            let Some(micros) = after.checked_sub(before).filter(|micros| *micros != 0) else { continue };
            sum = sum.changed(before, after).ok_or_else(overflow)?;
            all.push(Correction { account: row.seq, of_day, balance, micros });
        }
        interest::add_corrections(tx, today, &all).await?;
        interest::add_accrued(tx, &[(row.seq, sum)]).await?;
        product::move_total(tx, Total { product: row.product, accrued: sum, booked: Accrued::default() }).await?;
        if let Some(now) = account::of_id(tx, row.id).await? {
            account::change(tx, &AccountRow { term: None, ..now }).await?;
        }
        Ok(())
    }
}
