//! The list of waiting scheduled transactions.

use async_trait::async_trait;
use kernel::{Ctx, Timestamp};
use ledger_api::{LedgerError, Refusal, Schedule, ScheduledAt, ScheduledPage, ScheduledQuery, Transaction, limits};
use platform::db::{DbError, Value};

use super::{LedgerService, reach};
use crate::command::Reach;
use crate::format::Row;
use crate::query::{empty_state, of_plan};
use crate::schedule::{Plan, Stage};
use crate::snapshot::{Books, Snapshot};
use crate::state::State;
use crate::store::{Wanted, sql};
use crate::view;

#[async_trait]
impl Schedule for LedgerService {
    async fn scheduled(&self, ctx: &Ctx, query: ScheduledQuery) -> Result<ScheduledPage, LedgerError> {
        let limit = query.limit.unwrap_or(limits::PAGE_DEFAULT);
        if !(1..=limits::PAGE_MAX).contains(&limit) {
            return Err(Refusal::PageSize { given: limit, max: limits::PAGE_MAX }.into());
        }
        let reach = reach(ctx, "transactions", "read")?;
        let page = async { page(&self.books, &reach, query.after, limit).await.map_err(LedgerError::from) };
        self.in_time(ctx, page).await
    }
}

/// A waiting one: its row, its position in the order, and when it was scheduled.
struct Waiting {
    at: ScheduledAt,
    recorded_at: i64,
}

async fn page(
    books: &Books,
    reach: &Reach,
    after: Option<ScheduledAt>,
    limit: usize,
) -> Result<ScheduledPage, DbError> {
    let snapshot = books.snapshot().await?;
    let mut waiting = waiting(&snapshot, reach, after, limit + 1).await?;
    let more = waiting.len() > limit;
    waiting.truncate(limit);
    let next = if more { waiting.last().map(|one| one.at) } else { None };
    let mut state = empty_state();
    let wanted = Wanted { rows: waiting.iter().map(|one| one.at.row).collect(), ..Wanted::default() };
    snapshot.loader(&mut state).load(&wanted).await?;
    let items = waiting.iter().filter_map(|one| shown(&state, one)).collect();
    Ok(ScheduledPage { items, next, as_of_seq: snapshot.last_seq })
}

/// An owner of accounts sees only transactions between their own.
async fn waiting(
    snapshot: &Snapshot,
    reach: &Reach,
    after: Option<ScheduledAt>,
    limit: usize,
) -> Result<Vec<Waiting>, DbError> {
    let due_at = Value::Int(after.map_or(i64::MIN, |after| after.due_at.micros()));
    let row = Value::Int(after.map_or(0, |after| i64::try_from(after.row).unwrap_or(i64::MAX)));
    let limit = Value::Int(limit as i64);
    let rows = match reach {
        Reach::All => snapshot.tx.query(sql::SCHEDULED_PAGE, &[due_at, row, limit]).await?,
        Reach::Owner(owner) => {
            snapshot.tx.query(sql::SCHEDULED_PAGE_OWNER, &[due_at, row, limit, Value::Text(owner)]).await?
        }
    };
    let one = |row: &platform::db::Row| {
        let at = ScheduledAt { due_at: Timestamp::from_micros(row.int(1)?), row: row.int(0)?.unsigned_abs() };
        Ok(Waiting { at, recorded_at: row.int(2)? })
    };
    rows.iter().map(one).collect()
}

fn shown(state: &State, waiting: &Waiting) -> Option<Transaction> {
    let Row::Scheduled(row) = state.row(waiting.at.row)? else { return None };
    let plan = Plan::Scheduled { row: row.clone(), stage: Stage::Waits, refusal: None };
    let mut recorded = of_plan(state, waiting.at.row, plan);
    recorded.at = waiting.recorded_at;
    Some(view::transaction(recorded))
}
