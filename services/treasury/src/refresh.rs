//! Reads what is there now of the sources that events told about: balances, the days of ledger accounts, and what came of the
//! flows that are expected.
//!
//! What is read is written under the number that was wanted before the reading, so that an event that comes during it has the
//! source read once more. The last answer is the position: nothing is added up that could drift.

use std::collections::BTreeMap;
use std::sync::Arc;

use banking_api::{BalanceKind, BalanceQuery, TransactionQuery};
use jiff::civil::Date;
use kernel::{Ctx, Currency, Money, Timestamp};
use ledger_api::{AccountPath, BookName, Ledger, Side, StatementOrder, StatementQuery, TimeBasis};
use platform::db::Tx;
use platform::error::{Failure, ServiceError};
use platform::room::OpenError;

use crate::convert::{date_of, number_of};
use crate::face::*;
use crate::matching::Movement;
use crate::service::Inner;
use crate::store::cash::{self, Balance, Followed, Kind};
use crate::store::{ACCOUNTS, flow};

/// Sources of one round.
const SOURCES_MAX: usize = 500;
const ROUND_MS: u64 = 10_000;
const PAGE: usize = 500;
/// Pages of movements that one reading takes: 100,000 movements of an account that is linked for the first time.
const PAGES_MAX: usize = 200;
/// How long before the first open flow movements are looked at.
const MATCH_DAYS: i64 = 5;
/// Movements of a ledger account have no category of their own.
const OTHER: &str = "uncategorised";

/// What a source says now.
struct Told {
    balances: Vec<Balance>,
    /// Sums of each day since a day, for a ledger account.
    days: Option<(i64, BTreeMap<i64, i64>)>,
    movements: Vec<Movement>,
}

impl Inner {
    /// One round over all sources that have to be read.
    pub(crate) async fn refresh(&self) -> Result<(), OpenError> {
        let wanted = cash::wanted(&self.db.read().await?, SOURCES_MAX).await?;
        if wanted.is_empty() {
            return Ok(());
        }
        for source in wanted {
            let ctx = self.itself(ROUND_MS).await?;
            if let Err(error) = self.refresh_one(&ctx, &source).await {
                tracing::warn!(code = error.code(), source, "a source could not be read and is read again");
            }
        }
        Ok(())
    }

    pub(crate) async fn refresh_one(&self, ctx: &Ctx, source: &str) -> Result<(), TreasuryError> {
        let (followed, account, flows_from) = {
            let tx = self.db.read().await?;
            let Some(followed) = cash::source(&tx, source).await? else { return Ok(()) };
            let Some(account) = ACCOUNTS.get::<Account>(&tx, &followed.account).await? else { return Ok(()) };
            let flows_from = flow::first_open(&tx, &followed.account).await?;
            (followed, account, flows_from)
        };
        let from = flows_from.map(|due| date_of(number_of(due) - MATCH_DAYS));
        let told = match &account.source {
            Source::Bank(id) => self.told_by_bank(ctx, id, from).await?,
            Source::Ledger(path) => self.told_by_ledger(ctx, path, &followed, from).await?,
        };
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        if self.write(&tx, source, &followed, &told).await? {
            self.match_movements(&tx, &account, &told.movements).await?;
            self.commit(tx, Vec::new()).await?;
        }
        Ok(())
    }

    async fn write(&self, tx: &Tx, source: &str, followed: &Followed, told: &Told) -> Result<bool, TreasuryError> {
        let day = told.days.as_ref().map_or(0, |_| number_of(self.today()));
        if !cash::done(tx, source, followed.wanted, day).await? {
            // Another process was faster.
            return Ok(false);
        }
        for one in &told.balances {
            cash::put_head(tx, source, one).await?;
            cash::put_balance(tx, source, one).await?;
        }
        if let Some((first, days)) = &told.days {
            let totals: Vec<(i64, &str, i64)> = days.iter().map(|(day, minor)| (*day, OTHER, *minor)).collect();
            cash::put_days(tx, source, (*first, i64::MAX), &totals).await?;
        }
        Ok(true)
    }

    async fn told_by_bank(&self, ctx: &Ctx, id: &str, from: Option<Date>) -> Result<Told, TreasuryError> {
        let account = id.parse().map_err(|_| source_unknown(id))?;
        let query = BalanceQuery { account, at: None, kind: None };
        let page = self.banking.balances(ctx, query).await.map_err(|error| unreadable(id, error))?;
        let now = self.now();
        // Of one day what was closed is later than what was told within it.
        let last = |kinds: [BalanceKind; 2], kind: Kind| {
            let found = page.items.iter().filter(|one| kinds.contains(&one.kind));
            let last = found.max_by_key(|one| (one.as_of, Some(&one.kind) == kinds.first()));
            last.map(|one| Balance { kind, day: one.as_of.date(), known_at: now, minor: one.amount.minor() })
        };
        let booked = last([BalanceKind::ClosingBooked, BalanceKind::InterimBooked], Kind::Booked);
        let available = last([BalanceKind::ClosingAvailable, BalanceKind::InterimAvailable], Kind::Available);
        let mut movements = Vec::new();
        if let Some(from) = from {
            let mut query =
                TransactionQuery { account, from: Some(from.into()), to: None, status: None, after: None, limit: PAGE };
            for _ in 0..PAGES_MAX {
                let page =
                    self.banking.transactions(ctx, query.clone()).await.map_err(|error| unreadable(id, error))?;
                query.after = page.items.last().map(|last| last.id);
                movements.extend(page.items.iter().filter(|one| one.status.is_counted()).map(Movement::of_bank));
                if !page.more {
                    break;
                }
            }
        }
        Ok(Told { balances: booked.into_iter().chain(available).collect(), days: None, movements })
    }

    async fn told_by_ledger(
        &self,
        ctx: &Ctx,
        path: &str,
        followed: &Followed,
        flows_from: Option<Date>,
    ) -> Result<Told, TreasuryError> {
        let (ledger, path) = self.ledger(path).await?;
        // The day of the last reading was not over then.
        let first = flows_from.map_or(followed.day, |from| followed.day.min(number_of(from)));
        let from = (first > 0).then(|| self.start_of(date_of(first)));
        let mut query = StatementQuery {
            path: path.clone(),
            from,
            to: None,
            by: TimeBasis::Record,
            order: StatementOrder::OldestFirst,
            holds: false,
            after: None,
            limit: Some(PAGE),
        };
        let (mut days, mut movements) = (BTreeMap::<i64, i64>::new(), Vec::new());
        for _ in 0..PAGES_MAX {
            let page = ledger.statement(ctx, query.clone()).await.map_err(|error| unreadable(path.as_str(), error))?;
            for one in page.movements.iter().filter(|one| one.moves_money()) {
                let minor = if one.direction == page.normal { one.amount.minor() } else { -one.amount.minor() };
                let on = self.date_of(one.recorded_at);
                let sum = days.entry(number_of(on)).or_default();
                *sum = sum.saturating_add(minor);
                let amount = Money::new(minor, one.amount.currency());
                movements.push(Movement::of_ledger(one, on, amount));
            }
            query.after = page.next;
            if query.after.is_none() {
                let closing = page.closing;
                let balances = self.ledger_balances(closing.posted, closing.pending_in, closing.pending_out);
                return Ok(Told { balances, days: Some((first, days)), movements });
            }
        }
        tracing::error!(%path, "an account of the ledger has more movements than one reading takes");
        Err(Failure::Internal.into())
    }

    fn ledger_balances(&self, posted: Money, pending_in: Money, pending_out: Money) -> Vec<Balance> {
        let (day, known_at) = (self.today(), self.now());
        let balance = |kind, minor| Balance { kind, day, known_at, minor };
        let (posted, held_in, held_out) = (posted.minor(), pending_in.minor(), pending_out.minor());
        vec![
            balance(Kind::Booked, posted),
            balance(Kind::Available, posted.saturating_sub(held_out)),
            balance(Kind::Pending, held_in.saturating_sub(held_out)),
        ]
    }

    pub(crate) async fn ledger(&self, path: &str) -> Result<(Arc<dyn Ledger>, AccountPath), TreasuryError> {
        Ok((self.main_book().await?, path.parse().map_err(|_| source_unknown(path))?))
    }

    pub(crate) async fn main_book(&self) -> Result<Arc<dyn Ledger>, TreasuryError> {
        self.books.book(&BookName::main()).await.map_err(|error| unreadable(BookName::MAIN, error))
    }

    /// The currency of a source, and an account of the ledger's normal side.
    pub(crate) async fn source_facts(
        &self,
        ctx: &Ctx,
        source: &Source,
    ) -> Result<(Currency, Option<Side>), TreasuryError> {
        match source {
            Source::Bank(id) => {
                let account = id.parse().map_err(|_| source_unknown(id))?;
                let found = self.banking.account(ctx, account).await.map_err(|error| unreadable(id, error))?;
                Ok((found.currency, None))
            }
            Source::Ledger(path) => {
                let (ledger, parsed) = self.ledger(path).await?;
                let found = ledger.account(ctx, &parsed).await.map_err(|error| unreadable(path, error))?;
                Ok((found.currency, Some(found.normal)))
            }
        }
    }

    /// The first instant of a day.
    pub(crate) fn start_of(&self, day: Date) -> Timestamp {
        let begun = self.zone.to_zoned(day.at(0, 0, 0, 0));
        Timestamp::from_micros(begun.map_or(0, |at| at.timestamp().as_microsecond()))
    }
}

fn source_unknown(name: &str) -> TreasuryError {
    Refusal::SourceUnknown { name: name.chars().take(255).collect() }.into()
}

/// An account that may not be read does not exist.
fn unreadable<R>(name: &str, error: ServiceError<R>) -> TreasuryError {
    match error {
        ServiceError::Refused { .. } | ServiceError::Failed(Failure::NotFound | Failure::Forbidden) => {
            source_unknown(name)
        }
        ServiceError::Failed(failure) => failure.into(),
    }
}
