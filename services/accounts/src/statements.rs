//! Statements: a month of an account, as it was recorded. What was recorded in a month that is over never changes, so a
//! statement needs no copy: it is the month's part of the index, between the ledger's balances at both ends.

use accounts_api::*;
use jiff::civil::Date;
use kernel::{Ctx, Money, Timestamp};
use ledger_api::{BalanceQuery, TimeBasis};
use platform::error::Failure;

use crate::books::{self, failed};
use crate::calendar;
use crate::look::Context;
use crate::service::{Inner, page};
use crate::store::account::AccountRow;
use crate::store::{movement, sums};

const READ: (&str, &str) = ("accounts", "read");
/// Statements of one list: 40 years.
const LISTED_MAX: u32 = 480;

/// A statement's month, and the days of it that it covers.
struct Month {
    month: i64,
    from: Date,
    to: Date,
}

impl Inner {
    pub(crate) async fn statements(&self, ctx: &Ctx, id: AccountId) -> Result<StatementList, AccountsError> {
        let tx = self.db.read().await?;
        let (row, _) = self.reached_account(&tx, ctx, READ, id).await?;
        let head = |number| self.month(&row, number).map(|Month { from, to, .. }| StatementHead { number, from, to });
        let mut items: Vec<StatementHead> = (1..=LISTED_MAX).map_while(head).collect();
        items.reverse();
        Ok(StatementList { items })
    }

    /// `None` if that month is not over, or the account was closed before it.
    fn month(&self, row: &AccountRow, number: u32) -> Option<Month> {
        let opened = calendar::of_number(row.opened_day);
        let month = calendar::month(opened) + i64::from(number.checked_sub(1)?);
        let first = calendar::first_of(month);
        let to = first.last_of_month();
        let closed = row.closed_at.map(|at| self.calendar.day_of(at));
        let is_there = to < self.today() && closed.is_none_or(|closed| first <= closed);
        is_there.then(|| Month { month, from: first.max(opened), to })
    }

    pub(crate) async fn statement(&self, ctx: &Ctx, query: StatementQuery) -> Result<Statement, AccountsError> {
        let limit = page(query.limit)?;
        let tx = self.db.read().await?;
        let (row, _) = self.reached_account(&tx, ctx, READ, query.account).await?;
        let unknown = Refusal::StatementUnknown { number: query.number };
        let Month { month, from, to } = self.month(&row, query.number).ok_or(unknown)?;
        let currency = self.terms_of(&tx, &row).await?.currency;
        let moved = match query.after {
            None => Some(sums::of_month(&tx, month, row.seq).await?),
            Some(_) => None,
        };
        let after = query.after.map_or(0, |after| i64::try_from(after).unwrap_or(i64::MAX));
        let mut rows = movement::of_month(&tx, (month, row.seq, after), limit + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| last.key.seq.unsigned_abs());
        let context = Context::load(self, &tx, &rows).await?;
        let items = rows.into_iter().map(|row| Ok(self.line(context.shown(row)?)));
        let items = items.collect::<Result<Vec<StatementLine>, AccountsError>>()?;
        drop(tx);
        let first = calendar::first_of(month);
        let opening = self.recorded(row.id, first.yesterday().unwrap_or(first)).await?;
        let closing = self.recorded(row.id, to).await?;
        if moved.is_some_and(|moved| opening.checked_add(moved) != Some(closing)) {
            tracing::warn!(account = %row.id, number = query.number, "the index has not reached the end of a statement");
            return Err(Failure::Unavailable.into());
        }
        Ok(Statement {
            account: row.id,
            account_number: row.number,
            number: query.number,
            from,
            to,
            created_at: self.calendar.end_of(to).plus_micros(1),
            currency,
            opening: Money::new(opening, currency),
            closing: Money::new(closing, currency),
            next,
            items,
        })
    }

    fn line(&self, movement: Movement) -> StatementLine {
        let on = |at: Timestamp| self.calendar.day_of(at);
        let Movement { at, effective_at, amount, kind, transaction, source, name, number, text, .. } = movement;
        StatementLine {
            booked_on: on(at),
            valued_on: on(effective_at.unwrap_or(at)),
            at,
            amount,
            kind,
            transaction,
            source,
            name,
            account_number: number,
            text,
        }
    }

    /// The balance at the end of a day, as the books said then.
    async fn recorded(&self, account: AccountId, day: Date) -> Result<i64, AccountsError> {
        let at = Some(self.calendar.end_of(day));
        let query = BalanceQuery { path: books::path(account).map_err(failed)?, at, by: TimeBasis::Record };
        let ledger = self.books.ledger().await.map_err(failed)?;
        let balance = ledger.balance(&self.books.ctx().await.map_err(failed)?, query).await.map_err(failed)?;
        Ok(balance.posted.minor())
    }
}
