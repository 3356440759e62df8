//! The end of a day: interest of every account, once.
//!
//! A run goes through its phases in steps. A step is one transaction that ends with where the run is after it, and it
//! commits only from where it began. So however many processes run it at once, each step takes effect once; what is
//! sent to the ledger before a commit has ids from its meaning, and is answered as before when it is sent again.
//!
//! Days are closed in order, and each before the next one begins. Start reading at `Inner::close_up_to`, then `accrue`,
//! `book`, `post`, `fees` and `mature`.

mod accrue;
mod book;
mod fees;
mod late;
pub(crate) mod mature;
mod post;

use std::collections::BTreeMap;

use accounts_api::*;
use jiff::civil::Date;
use kernel::{Ctx, Deadline, Money};
use platform::db::{DbError, Tx};

use crate::calendar;
use crate::service::{Inner, may};
use crate::store::account;
use crate::store::run::{self, RunRow, Sums};

/// Before the deadline of a call the last step begins.
const RESERVE_US: u64 = 2_000_000;

impl Inner {
    pub(crate) async fn day(&self, ctx: &Ctx, day: Date) -> Result<DayRun, AccountsError> {
        may(ctx, "accounts", "run")?;
        self.run_of(day).await
    }

    pub(crate) async fn close_day(&self, ctx: &Ctx, day: Date) -> Result<DayRun, AccountsError> {
        may(ctx, "accounts", "run")?;
        let last = self.today().yesterday().unwrap_or(day);
        if day > last {
            return Err(Refusal::DayNotOver { day, last }.into());
        }
        self.close_up_to(calendar::number(day), Some(ctx.deadline)).await?;
        self.run_of(day).await
    }

    /// Closes all days that are over.
    pub(crate) async fn close_all(&self) -> Result<(), AccountsError> {
        self.close_up_to(calendar::number(self.today()) - 1, None).await
    }

    /// Closes days in order, up to one; ends before a deadline, and is continued later.
    pub(crate) async fn close_up_to(&self, last: i64, until: Option<Deadline>) -> Result<(), AccountsError> {
        while let Some(run) = self.next_run(last).await? {
            if until.is_some_and(|until| until.micros_left(self.clock.monotonic()) < RESERVE_US) {
                return Ok(());
            }
            match run.phase {
                DayPhase::Accrue => self.accrue(&run).await?,
                DayPhase::Book => self.book(&run).await?,
                DayPhase::Post => self.post(&run).await?,
                DayPhase::Fee => self.fees(&run).await?,
                DayPhase::Mature => self.mature(&run).await?,
                DayPhase::Done => return Ok(()),
            }
        }
        Ok(())
    }

    /// The run that has not ended, or that of the next day; `None` if all days up to the last one are closed.
    async fn next_run(&self, last: i64) -> Result<Option<RunRow>, DbError> {
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let next = match run::last(&tx).await? {
            Some(run) if run.ended_at.is_none() => return Ok(Some(run).filter(|run| run.day <= last)),
            Some(run) => run.day + 1,
            None => match account::first_day(&tx).await? {
                Some(first) => first,
                None => return Ok(None),
            },
        };
        if next > last {
            return Ok(None);
        }
        run::begin(&tx, next, self.clock.now()).await?;
        let begun = run::of_day(&tx, next).await?;
        tx.commit().await.map_err(DbError::from)?;
        Ok(begun)
    }

    async fn run_of(&self, day: Date) -> Result<DayRun, AccountsError> {
        let tx = self.db.read().await?;
        let number = calendar::number(day);
        let run = run::of_day(&tx, number).await?.ok_or(Refusal::DayUnknown { day })?;
        let total = |(product, currency, sums): (ProductId, _, Sums)| DayTotal {
            product,
            accounts: sums.accounts.unsigned_abs(),
            earned_millionths: sums.earned,
            owed_millionths: sums.owed,
            paid: Money::new(sums.paid, currency),
            charged: Money::new(sums.charged, currency),
            tax: Money::new(sums.tax, currency),
            fees: Money::new(sums.fees, currency),
        };
        let totals = run::totals(&tx, number).await?.into_iter().map(total).collect();
        let left_out = run::left_out(&tx, number).await?;
        let RunRow { phase, accounts, started_at, ended_at, .. } = run;
        Ok(DayRun { day, phase, accounts: accounts.unsigned_abs(), totals, left_out, started_at, ended_at })
    }
}

/// Sums of a step by product.
#[derive(Debug, Default)]
struct ByProduct(BTreeMap<i64, Sums>);

impl ByProduct {
    fn add(&mut self, product: i64, sums: Sums) -> Result<(), DbError> {
        let sum = self.0.entry(product).or_default();
        *sum = sum.plus(sums).ok_or_else(|| DbError::shape("the sums of a day do not fit into 64 bits"))?;
        Ok(())
    }

    fn all(&self) -> Vec<(i64, Sums)> {
        self.0.iter().map(|(product, sums)| (*product, *sums)).collect()
    }

    async fn store(&self, tx: &Tx, day: i64) -> Result<(), DbError> {
        let all = self.all();
        if all.is_empty() { Ok(()) } else { run::add_totals(tx, day, &all).await }
    }
}
