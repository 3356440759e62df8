//! Balances of linked accounts, from the ledger and from banking.
//!
//! A person links an account that they may read themselves. From then on planning reads it as itself, so that every member
//! sees what the household has.

use std::collections::BTreeMap;

use banking_api::{BalanceKind, BalanceQuery};
use kernel::{Ctx, Currency, Timestamp};
use ledger_api::{AccountPath, BookName, Ledger, Side, StatementOrder, StatementQuery, TimeBasis};
use planning_api::*;
use platform::error::{Failure, ServiceError};
use std::sync::Arc;

use crate::service::Inner;
use crate::store::asset::Stored;
use crate::store::value::{DayValue, Told};

const DAY_US: i64 = 86_400_000_000;
const PAGE: usize = 500;
/// Pages of a statement that one reading takes.
const PAGES_MAX: usize = 20;

impl Inner {
    /// The currency of an account, as the caller sees it.
    pub(crate) async fn currency_of(&self, ctx: &Ctx, source: &Source) -> Result<Currency, PlanningError> {
        match source {
            Source::ByHand { currency } => Ok(*currency),
            Source::Ledger { book, account } => {
                let (ledger, path) = self.ledger(book.as_deref(), account).await?;
                Ok(ledger.account(ctx, &path).await.map_err(|error| unknown(account, error))?.currency)
            }
            Source::Bank { account } => {
                let id = account.parse().map_err(|_| not_there(account))?;
                Ok(self.banking.account(ctx, id).await.map_err(|error| unknown(account, error))?.currency)
            }
        }
    }

    async fn ledger(&self, book: Option<&str>, account: &str) -> Result<(Arc<dyn Ledger>, AccountPath), PlanningError> {
        let book: BookName = book.unwrap_or(BookName::MAIN).parse().map_err(|_| not_there(account))?;
        let path = account.parse().map_err(|_| not_there(account))?;
        let ledger = self.books.book(&book).await.map_err(|error| unknown(account, error))?;
        Ok((ledger, path))
    }

    /// What a linked account had at the end of each day with a change since it was read last, and today.
    pub(crate) async fn balances(&self, ctx: &Ctx, asset: &Stored) -> Result<Vec<DayValue>, PlanningError> {
        let by_day = match &asset.source {
            Source::ByHand { .. } => return Ok(Vec::new()),
            Source::Ledger { book, account } => self.ledger_days(ctx, book.as_deref(), account, asset).await?,
            Source::Bank { account } => self.bank_days(ctx, account, asset).await?,
        };
        let told = if matches!(asset.source, Source::Bank { .. }) { Told::Bank } else { Told::Ledger };
        let value = |(day, minor)| DayValue { day, minor, told, recorded_at: self.now() };
        Ok(by_day.into_iter().map(value).collect())
    }

    async fn ledger_days(
        &self,
        ctx: &Ctx,
        book: Option<&str>,
        account: &str,
        asset: &Stored,
    ) -> Result<BTreeMap<i64, i64>, PlanningError> {
        let (ledger, path) = self.ledger(book, account).await?;
        let from = (asset.read_at > Timestamp::EPOCH).then(|| start_of_day(asset.read_at));
        let mut query = StatementQuery {
            path,
            from,
            to: None,
            by: TimeBasis::Record,
            order: StatementOrder::OldestFirst,
            holds: false,
            after: None,
            limit: Some(PAGE),
        };
        let mut days = BTreeMap::new();
        for _ in 0..PAGES_MAX {
            let page = ledger.statement(ctx, query.clone()).await.map_err(|error| unknown(account, error))?;
            // What a customer owes is on the debit side; on the credit side it is below zero.
            let owed = asset.class == AssetClass::Debt && page.normal == Side::Credit;
            let value = |posted: kernel::Money| if owed { posted.minor().saturating_neg() } else { posted.minor() };
            for movement in &page.movements {
                days.insert(day_of(movement.recorded_at), value(movement.balance.posted));
            }
            query.after = page.next;
            if query.after.is_none() {
                days.insert(day_of(self.now()), value(page.closing.posted));
                break;
            }
        }
        Ok(days)
    }

    async fn bank_days(&self, ctx: &Ctx, account: &str, asset: &Stored) -> Result<BTreeMap<i64, i64>, PlanningError> {
        let id = account.parse().map_err(|_| not_there(account))?;
        let query = BalanceQuery { account: id, at: None, kind: None };
        let page = self.banking.balances(ctx, query).await.map_err(|error| unknown(account, error))?;
        let booked = [BalanceKind::ClosingBooked, BalanceKind::InterimBooked];
        let found = page.items.into_iter().filter(|balance| booked.contains(&balance.kind));
        let Some(last) = found.max_by_key(|balance| balance.as_of) else { return Ok(BTreeMap::new()) };
        let minor = last.amount.minor();
        let minor = if asset.class == AssetClass::Debt { minor.saturating_neg() } else { minor };
        Ok(BTreeMap::from([(last.as_of.number(), minor)]))
    }
}

fn day_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(DAY_US)
}

fn start_of_day(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(day_of(at).saturating_mul(DAY_US))
}

fn not_there(account: &str) -> PlanningError {
    Refusal::AccountUnknown { account: account.chars().take(255).collect() }.into()
}

/// An account that the caller may not read does not exist either.
fn unknown<R>(account: &str, error: ServiceError<R>) -> PlanningError {
    match error {
        ServiceError::Refused { .. } | ServiceError::Failed(Failure::NotFound | Failure::Forbidden) => {
            not_there(account)
        }
        ServiceError::Failed(failure) => failure.into(),
    }
}
