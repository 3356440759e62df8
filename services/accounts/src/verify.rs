//! Checks what must always hold, against the ledger: `florin verify accounts`.
//!
//! The index must have come as far as the ledger, and no day may be being closed; until then the answer is
//! `unavailable`. What another process does in between can look like a disagreement of sums, so that these are read
//! again before they are reported.

use std::collections::HashMap;
use std::time::Duration;

use accounts_api::{AccountId, AccountState, AccountsError, ProductId, Verified, Verify};
use kernel::{Ctx, Timestamp};
use ledger_api::{AccountPath, BalanceQuery, TimeBasis};
use platform::error::Failure;

use crate::books::{self, Own, failed};
use crate::calendar;
use crate::service::{Inner, may};
use crate::store::interest::{self, Bearing, Span};
use crate::store::paid::Purpose;
use crate::store::{movement, product, run, verify};
use crate::terms::Catalogue;

/// Disagreements that one answer names.
const FOUND_MAX: usize = 100;
/// How often sums are read before a disagreement is reported, and the index is waited for.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(100);

impl Inner {
    pub(crate) async fn verify(&self, ctx: &Ctx, _: Verify) -> Result<Verified, AccountsError> {
        may(ctx, "accounts", "run")?;
        self.verified().await
    }

    pub(crate) async fn verified(&self) -> Result<Verified, AccountsError> {
        let now = self.clock.now();
        self.index_has_come().await?;
        let tx = self.db.read().await?;
        if run::is_open(&tx).await? {
            tracing::warn!("accounts cannot be verified while a day is being closed");
            return Err(Failure::Unavailable.into());
        }
        let mut findings = verify::contradictions(&tx).await?;
        drop(tx);
        findings.extend(self.wrong_sums().await?);
        let mut accounts = 0;
        let mut after = Some(books::first().map_err(failed)?);
        while let Some(from) = after {
            let (count, next) = self.check_page(from, now, &mut findings).await?;
            accounts += count;
            after = next.filter(|_| findings.len() < FOUND_MAX);
        }
        findings.truncate(FOUND_MAX);
        Ok(Verified { accounts, findings })
    }

    /// Waits until the index has all that the ledger has now.
    async fn index_has_come(&self) -> Result<(), AccountsError> {
        let ledger = self.books.ledger().await.map_err(failed)?;
        let rows = ledger.status(&self.books.ctx().await.map_err(failed)?).await.map_err(failed)?.rows;
        for _ in 0..TRIES {
            if movement::indexed_to(&self.db.read().await?).await? >= rows {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        tracing::warn!(rows, "accounts cannot be verified before the index has all rows of the ledger");
        Err(Failure::Unavailable.into())
    }

    /// What the ledger says is accrued, owed and charged, by product.
    async fn wrong_sums(&self) -> Result<Vec<String>, AccountsError> {
        let mut found = Vec::new();
        for _ in 0..TRIES {
            found = self.differing_sums().await?;
            if found.is_empty() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(found)
    }

    async fn differing_sums(&self) -> Result<Vec<String>, AccountsError> {
        let tx = self.db.read().await?;
        let (catalogue, totals) = (Catalogue::load(&tx).await?, product::totals(&tx).await?);
        let (planned, fees) = (verify::planned(&tx).await?, verify::fees_taken(&tx).await?);
        drop(tx);
        let mut found = Vec::new();
        for total in totals {
            let (id, _) = catalogue.product(total.product)?;
            let planned = |purpose: Purpose| planned.get(&(total.product, purpose as i64)).copied().unwrap_or_default();
            let fees = fees.get(&total.product).copied().unwrap_or_default();
            for (own, here) in [
                (Own::Accrued, total.booked.earned + planned(Purpose::LastEarned)),
                (Own::Receivable, total.booked.owed + planned(Purpose::LastOwed)),
                (Own::Fees, fees),
            ] {
                let there = self.booked(own, id).await?;
                if here != there {
                    let path = own.path(id).map_err(failed)?;
                    found.push(format!("{path}: expected {here} of the smallest unit, found {there}"));
                }
            }
        }
        Ok(found)
    }

    /// Zero before the product was activated.
    async fn booked(&self, own: Own, product: ProductId) -> Result<i64, AccountsError> {
        let query = BalanceQuery { path: own.path(product).map_err(failed)?, at: None, by: TimeBasis::Record };
        let ledger = self.books.ledger().await.map_err(failed)?;
        match ledger.balance(&self.books.ctx().await.map_err(failed)?, query).await {
            Ok(balance) => Ok(balance.posted.minor()),
            Err(error) if error.refusal().is_some() => Ok(0),
            Err(error) => Err(failed(error)),
        }
    }

    /// Both have the same accounts, and in each month the same moved.
    async fn check_page(
        &self,
        after: AccountPath,
        now: Timestamp,
        findings: &mut Vec<String>,
    ) -> Result<(u64, Option<AccountPath>), AccountsError> {
        let page = self.balances(after.clone(), now, TimeBasis::Record).await?;
        let tx = self.db.read().await?;
        let own = interest::between(&tx, page.span).await?;
        drop(tx);
        let here: HashMap<AccountId, &Bearing> = own.iter().map(|one| (one.id, one)).collect();
        let is_missing = |one: &&Bearing| one.state != AccountState::Opening && !page.by_id.contains_key(&one.id);
        let missing = own.iter().filter(is_missing).map(|one| format!("account {} is not in the ledger", one.id));
        findings.extend(missing);
        let others = page.by_id.keys().filter(|id| !here.contains_key(id));
        findings.extend(others.map(|id| format!("the ledger has an account {id}, which is not here")));
        self.check_months((after, page.span), &own, (now, &page.by_id), findings).await?;
        Ok((own.len() as u64, page.next))
    }

    /// Opening and what the index has of a month make its closing, which is the opening of the next one.
    async fn check_months(
        &self,
        (after, span): (AccountPath, Span),
        own: &[Bearing],
        (now, balances): (Timestamp, &HashMap<AccountId, i64>),
        findings: &mut Vec<String>,
    ) -> Result<(), AccountsError> {
        let seqs = || own.iter().map(|one| one.seq);
        let (Some(first), Some(last)) = (seqs().min(), seqs().max()) else { return Ok(()) };
        let opened = own.iter().map(|one| one.opened_day).min().unwrap_or_default();
        let this = self.calendar.month_of(now);
        let mut opening: HashMap<AccountId, i64> = HashMap::new();
        for month in calendar::month(calendar::of_number(opened))..=this {
            let end = self.calendar.end_of(calendar::first_of(month).last_of_month());
            let closing = match month == this {
                true => balances.clone(),
                false => self.within(after.clone(), span, end).await?,
            };
            let tx = self.db.read().await?;
            let moved = verify::month_sums(&tx, month, (first, last), now.micros()).await?;
            drop(tx);
            let at = |balances: &HashMap<AccountId, i64>, id| balances.get(id).copied().unwrap_or_default();
            for one in own {
                let there = at(&closing, &one.id) - at(&opening, &one.id);
                let here = moved.get(&one.seq).copied().unwrap_or_default();
                if here != there {
                    let day = calendar::first_of(month);
                    findings.push(format!("account {}, month from {day}: {there} in the ledger, {here} here", one.id));
                }
            }
            opening = closing;
        }
        Ok(())
    }

    /// Balances of all accounts of a span; pages of an earlier instant may be shorter than it.
    async fn within(
        &self,
        after: AccountPath,
        (_, last): Span,
        at: Timestamp,
    ) -> Result<HashMap<AccountId, i64>, AccountsError> {
        let (mut all, mut after) = (HashMap::new(), Some(after));
        while let Some(from) = after {
            let page = self.balances(from, at, TimeBasis::Record).await?;
            all.extend(page.by_id);
            after = page.next.filter(|_| page.span.1 < last);
        }
        Ok(all)
    }
}
