//! The first phase: interest of the day for each account, from its balance at the end of the day.

use std::collections::HashMap;

use accounts_api::{AccountState, AccountsError, DayPhase, LeftOutReason};
use jiff::civil::Date;
use ledger_api::{AccountPath, TimeBasis};
use platform::db::DbError;

use super::ByProduct;
use crate::balances::Balances;
use crate::books::{self, failed};
use crate::calendar;
use crate::fees::due;
use crate::interest::{Accrued, daily, weight};
use crate::service::Inner;
use crate::store::charge::{self, NewCharge};
use crate::store::interest::{self, Accrual, Bearing, Correction, Late};
use crate::store::product::{self, Total};
use crate::store::run::{self, RunRow, Step, Sums};
use crate::terms::Catalogue;

/// What a page changes.
#[derive(Default)]
pub(super) struct Page {
    pub(super) accounts: usize,
    pub(super) accruals: Vec<Accrual>,
    pub(super) corrections: Vec<Correction>,
    pub(super) changes: HashMap<i64, Accrued>,
    pub(super) left_out: Vec<i64>,
    pub(super) done: Vec<Late>,
    pub(super) charges: Vec<NewCharge>,
    pub(super) sums: ByProduct,
}

impl Inner {
    pub(super) async fn accrue(&self, run: &RunRow) -> Result<(), AccountsError> {
        let day = calendar::of_number(run.day);
        let after = if run.place.is_empty() { books::first() } else { parsed(&run.place) }.map_err(failed)?;
        // By event time: what is known now of the day's end.
        let page = self.balances(after, self.calendar.end_of(day), TimeBasis::Event).await?;
        let Balances { by_id, span, next } = page;
        let tx = self.db.read().await?;
        let catalogue = Catalogue::load(&tx).await?;
        let bearings = interest::between(&tx, span).await?;
        let late = interest::late_between(&tx, span).await?;
        let mut page = Page::default();
        for bearing in &bearings {
            accrued(&mut page, &catalogue, bearing, by_id.get(&bearing.id).copied(), day)?;
        }
        let recomputed = self.recompute(&tx, &catalogue, &bearings, &late, run.day).await?;
        drop(tx);
        recomputed.into_iter().try_for_each(|one| one.into_page(&mut page))?;
        page.done.extend(late.iter().filter(|late| late.from_day <= run.day));
        let to = match &next {
            Some(path) => (DayPhase::Accrue, path.to_string()),
            None => (DayPhase::Book, String::new()),
        };
        self.store_page(run, &page, to).await
    }

    async fn store_page(
        &self,
        run: &RunRow,
        page: &Page,
        (phase, place): (DayPhase, String),
    ) -> Result<(), AccountsError> {
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let to = Step { phase, place, accounts: page.accounts, ended_at: None };
        if !run::step(&tx, run, &to).await? {
            return Ok(());
        }
        interest::add_accruals(&tx, run.day, &page.accruals).await?;
        interest::add_corrections(&tx, run.day, &page.corrections).await?;
        let mut changes: Vec<(i64, Accrued)> = page.changes.iter().map(|(account, by)| (*account, *by)).collect();
        changes.sort_unstable_by_key(|(account, _)| *account);
        interest::add_accrued(&tx, &changes).await?;
        charge::add(&tx, &page.charges).await?;
        for account in &page.left_out {
            run::leave_out(&tx, run.day, *account, LeftOutReason::Overflow).await?;
        }
        for late in &page.done {
            interest::late_done(&tx, *late).await?;
        }
        for (product, sums) in page.sums.all() {
            let accrued = Accrued { earned: sums.earned, owed: sums.owed };
            product::move_total(&tx, Total { product, accrued, booked: Accrued::default() }).await?;
        }
        page.sums.store(&tx, run.day).await?;
        tx.commit().await?;
        metrics::counter!("accounts_day_accounts_total").increment(page.accounts as u64);
        Ok(())
    }
}

fn parsed(path: &str) -> Result<AccountPath, ledger_api::LedgerError> {
    path.parse().map_err(|_| ledger_api::LedgerError::Failed(platform::error::Failure::Internal))
}

/// Whether an account bears interest on a day.
pub(super) fn bears(bearing: &Bearing, day: i64) -> bool {
    bearing.state != AccountState::Closed && bearing.opened_day <= day
}

/// Interest of an account on a day with a balance; `None` if its product bears none then.
pub(super) fn of_day(catalogue: &Catalogue, bearing: &Bearing, balance: i64, day: Date) -> Option<Option<i64>> {
    let terms = catalogue.interest(bearing.product, bearing.version)?;
    let rates = catalogue.rates(bearing.product, bearing.term.map(|term| term.rates), day)?;
    Some(daily(balance, rates, terms.tiers, weight(terms.day_count, day)))
}

fn accrued(
    page: &mut Page,
    catalogue: &Catalogue,
    bearing: &Bearing,
    balance: Option<i64>,
    day: Date,
) -> Result<(), DbError> {
    let Some(balance) = balance.filter(|_| bears(bearing, calendar::number(day))) else { return Ok(()) };
    page.accounts += 1;
    if bearing.state == AccountState::Active {
        page.charges.extend(due(catalogue.fees(bearing.product, day), bearing.seq, balance, day));
    }
    let Some(micros) = of_day(catalogue, bearing, balance, day) else { return Ok(()) };
    let micros = micros.filter(|micros| bearing.accrued.changed(0, *micros).is_some());
    let change = micros.and_then(|micros| Accrued::default().changed(0, micros));
    let (Some(micros), Some(by)) = (micros, change) else {
        page.left_out.push(bearing.seq);
        return Ok(());
    };
    page.sums.add(bearing.product, Sums { accounts: 1, earned: by.earned, owed: by.owed, ..Sums::default() })?;
    if micros != 0 {
        page.accruals.push((bearing.seq, balance, micros));
        page.changes.insert(bearing.seq, by);
    }
    Ok(())
}
