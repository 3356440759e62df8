//! Days that a late transaction, or rates set for a day that is over, have changed: they are computed again, and the
//! difference accrues today under the name of the corrected day. Nothing that was written changes.

use std::collections::HashMap;

use accounts_api::{AccountState, AccountsError};
use ledger_api::{BalanceQuery, TimeBasis};
use platform::db::{DbError, Tx};

use super::accrue::{Page, bears, of_day};
use crate::books::{self, failed};
use crate::calendar;
use crate::interest::Accrued;
use crate::service::Inner;
use crate::store::interest::{self, Bearing, Correction, Late};
use crate::store::run::Sums;
use crate::terms::Catalogue;

/// How far back days are recomputed.
const DAYS_MAX: i64 = 400;

pub(super) struct Recomputed {
    product: i64,
    correction: Correction,
    by: Accrued,
}

impl Recomputed {
    pub(super) fn into_page(self, page: &mut Page) -> Result<(), DbError> {
        let Recomputed { product, correction, by } = self;
        page.corrections.push(correction);
        let known = page.changes.entry(correction.account).or_default();
        let sum = Accrued::default().minus(by).and_then(|less| known.minus(less));
        *known = sum.ok_or_else(|| DbError::shape("corrections of an account do not fit into 64 bits"))?;
        page.sums.add(product, Sums { earned: by.earned, owed: by.owed, ..Sums::default() })
    }
}

/// Its interest was decided when it ended.
fn has_ended_early(catalogue: &Catalogue, bearing: &Bearing) -> bool {
    let terms = catalogue.terms(bearing.product, bearing.version);
    bearing.state == AccountState::Closing
        && bearing.term.is_none()
        && terms.is_some_and(|terms| terms.deposit.is_some())
}

impl Inner {
    pub(super) async fn recompute(
        &self,
        tx: &Tx,
        catalogue: &Catalogue,
        bearings: &[Bearing],
        late: &[Late],
        today: i64,
    ) -> Result<Vec<Recomputed>, AccountsError> {
        let by_seq: HashMap<i64, &Bearing> = bearings.iter().map(|bearing| (bearing.seq, bearing)).collect();
        let mut all = Vec::new();
        for late in late {
            let Some(bearing) = by_seq.get(&late.account).copied().filter(|one| bears(one, today)) else { continue };
            if has_ended_early(catalogue, bearing) {
                continue;
            }
            // What a deposit earned in a term before was posted at its end.
            let begins = bearing.term.map_or(bearing.opened_day, |term| term.begins);
            let first = late.from_day.max(begins).max(today - DAYS_MAX);
            let corrected = interest::corrections(tx, late.account, first, today).await?;
            for day in first..today {
                let known = interest::accrual(tx, day, late.account).await?.map_or(0, |(_, micros)| micros);
                let before = known.checked_add(corrected.get(&day).map_or(0, |one| one.micros));
                let balance = self.balance_at(late, day).await?;
                let now = of_day(catalogue, bearing, balance, calendar::of_number(day)).flatten();
                let (Some(before), Some(now)) = (before, now) else { continue };
                let change = now.checked_sub(before).zip(Accrued::default().changed(before, now));
                let Some((micros, by)) = change.filter(|(micros, _)| *micros != 0) else { continue };
                let correction = Correction { account: late.account, of_day: day, balance, micros };
                all.push(Recomputed { product: bearing.product, correction, by });
            }
        }
        Ok(all)
    }

    async fn balance_at(&self, late: &Late, day: i64) -> Result<i64, AccountsError> {
        let path = books::path(late.id).map_err(failed)?;
        let at = Some(self.calendar.end_of(calendar::of_number(day)));
        let query = BalanceQuery { path, at, by: TimeBasis::Event };
        let ledger = self.books.ledger().await.map_err(failed)?;
        let balance = ledger.balance(&self.books.ctx().await.map_err(failed)?, query).await.map_err(failed)?;
        Ok(balance.posted.minor())
    }
}
