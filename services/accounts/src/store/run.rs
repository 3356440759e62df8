//! Runs of days, and their sums.

use accounts_api::{DayPhase, LeftOut, LeftOutReason, ProductId};
use kernel::{Currency, Timestamp};
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[RUN_ADD, RUN_OF, RUN_LAST, RUN_OPEN, RUN_STEP, TOTALS_OF, LEFT_OUT_PUT, LEFT_OUT_OF];

#[cfg(test)]
pub(crate) const SETS: &[&RowSet] = &[&TOTAL_ADD];

static TOTAL_ADD: RowSet = RowSet::adding(
    "day_total",
    2,
    &[
        ("day", "bigint"),
        ("product", "bigint"),
        ("accounts", "bigint"),
        ("earned", "bigint"),
        ("owed", "bigint"),
        ("paid", "bigint"),
        ("charged", "bigint"),
        ("tax", "bigint"),
        ("fees", "bigint"),
    ],
);

const RUN_ADD: &str = "
insert into day_run (day, phase, place, accounts, started_at)
values ($1, 'accrue', '', 0, $2)
on conflict (day) do nothing";

const RUN_OF: &str = "
select day, phase, place, accounts, started_at, ended_at
from day_run
where day = $1";

const RUN_LAST: &str = "
select day, phase, place, accounts, started_at, ended_at
from day_run
order by day desc
limit 1";

const RUN_OPEN: &str = "
select count(*)
from day_run
where ended_at is null";

/// Only from where the step began: of two that run the same step, one commits.
const RUN_STEP: &str = "
update day_run
set phase = $4, place = $5, accounts = accounts + $6, ended_at = $7
where day = $1
    and phase = $2
    and place = $3";

const TOTALS_OF: &str = "
select product.id, product.currency, day_total.accounts, day_total.earned, day_total.owed, day_total.paid,
    day_total.charged, day_total.tax, day_total.fees
from day_total
join product on product.seq = day_total.product
where day_total.day = $1
order by product.seq
limit 500";

const LEFT_OUT_PUT: &str = "
insert into left_out (day, account, reason)
values ($1, $2, $3)
on conflict (day, account) do nothing";

const LEFT_OUT_OF: &str = "
select account.id, left_out.reason
from left_out
join account on account.seq = left_out.account
where left_out.day = $1
order by left_out.account
limit 500";

#[derive(Debug, Clone)]
pub(crate) struct RunRow {
    pub(crate) day: i64,
    pub(crate) phase: DayPhase,
    /// How far the phase is: the last path, or the last account.
    pub(crate) place: String,
    pub(crate) accounts: i64,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
}

fn read(row: &Row) -> Result<RunRow, DbError> {
    Ok(RunRow {
        day: row.int(0)?,
        phase: super::name(row, 1)?,
        place: row.text(2)?.to_owned(),
        accounts: row.int(3)?,
        started_at: Timestamp::from_micros(row.int(4)?),
        ended_at: row.int_or_null(5)?.map(Timestamp::from_micros),
    })
}

/// Begins the run of a day, if it has not begun.
pub(crate) async fn begin(tx: &Tx, day: i64, now: Timestamp) -> Result<(), DbError> {
    tx.execute(RUN_ADD, &[Value::Int(day), Value::Int(now.micros())]).await.map(drop)
}

pub(crate) async fn of_day(tx: &Tx, day: i64) -> Result<Option<RunRow>, DbError> {
    tx.query(RUN_OF, &[Value::Int(day)]).await?.first().map(read).transpose()
}

pub(crate) async fn last(tx: &Tx) -> Result<Option<RunRow>, DbError> {
    tx.query(RUN_LAST, &[]).await?.first().map(read).transpose()
}

/// Whether a day is being closed.
pub(crate) async fn is_open(tx: &Tx) -> Result<bool, DbError> {
    Ok(super::number(tx, RUN_OPEN).await? > 0)
}

/// Where a run is after a step.
pub(crate) struct Step {
    pub(crate) phase: DayPhase,
    pub(crate) place: String,
    /// Accounts that the step looked at.
    pub(crate) accounts: usize,
    pub(crate) ended_at: Option<Timestamp>,
}

/// False if another process has done the step: nothing of it may be committed.
pub(crate) async fn step(tx: &Tx, from: &RunRow, to: &Step) -> Result<bool, DbError> {
    let (was, is): (&str, &str) = (from.phase.into(), to.phase.into());
    let values = [
        Value::Int(from.day),
        Value::Text(was),
        Value::Text(&from.place),
        Value::Text(is),
        Value::Text(&to.place),
        Value::Int(super::limit(to.accounts)),
        to.ended_at.map_or(Value::Null, |at| Value::Int(at.micros())),
    ];
    Ok(tx.execute(RUN_STEP, &values).await? == 1)
}

/// Sums of a product on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) accounts: i64,
    pub(crate) earned: i64,
    pub(crate) owed: i64,
    pub(crate) paid: i64,
    pub(crate) charged: i64,
    pub(crate) tax: i64,
    pub(crate) fees: i64,
}

impl Sums {
    /// `None` if a sum does not fit.
    pub(crate) fn plus(self, other: Sums) -> Option<Sums> {
        Some(Sums {
            accounts: self.accounts.checked_add(other.accounts)?,
            earned: self.earned.checked_add(other.earned)?,
            owed: self.owed.checked_add(other.owed)?,
            paid: self.paid.checked_add(other.paid)?,
            charged: self.charged.checked_add(other.charged)?,
            tax: self.tax.checked_add(other.tax)?,
            fees: self.fees.checked_add(other.fees)?,
        })
    }
}

pub(crate) async fn add_totals(tx: &Tx, day: i64, totals: &[(i64, Sums)]) -> Result<(), DbError> {
    let column = |of: fn(&Sums) -> i64| totals.iter().map(|(_, sums)| of(sums)).collect::<Vec<i64>>();
    let products: Vec<i64> = totals.iter().map(|(product, _)| *product).collect();
    let days = vec![day; totals.len()];
    let (accounts, earned, owed) = (column(|one| one.accounts), column(|one| one.earned), column(|one| one.owed));
    let (paid, charged, tax) = (column(|one| one.paid), column(|one| one.charged), column(|one| one.tax));
    let fees = column(|one| one.fees);
    let columns = [&days, &products, &accounts, &earned, &owed, &paid, &charged, &tax, &fees];
    tx.add_many(&TOTAL_ADD, &columns.map(|column| Column::Int(column))).await
}

pub(crate) async fn totals(tx: &Tx, day: i64) -> Result<Vec<(ProductId, Currency, Sums)>, DbError> {
    let each = |row: &Row| {
        let sums = Sums {
            accounts: row.int(2)?,
            earned: row.int(3)?,
            owed: row.int(4)?,
            paid: row.int(5)?,
            charged: row.int(6)?,
            tax: row.int(7)?,
            fees: row.int(8)?,
        };
        Ok((super::id(row, 0)?, super::currency(row, 1)?, sums))
    };
    tx.query(TOTALS_OF, &[Value::Int(day)]).await?.iter().map(each).collect()
}

pub(crate) async fn leave_out(tx: &Tx, day: i64, account: i64, reason: LeftOutReason) -> Result<(), DbError> {
    let reason: &str = reason.into();
    tx.execute(LEFT_OUT_PUT, &[Value::Int(day), Value::Int(account), Value::Text(reason)]).await.map(drop)
}

pub(crate) async fn left_out(tx: &Tx, day: i64) -> Result<Vec<LeftOut>, DbError> {
    let each = |row: &Row| Ok(LeftOut { account: super::id(row, 0)?, reason: super::name(row, 1)? });
    tx.query(LEFT_OUT_OF, &[Value::Int(day)]).await?.iter().map(each).collect()
}
