//! Accruals, corrections, and what was posted of them.

use std::collections::HashMap;

use accounts_api::{AccountId, AccountState};
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

use super::account::TermRow;
use super::limit;
use crate::interest::Accrued;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    ACCOUNTS_BETWEEN,
    ACCOUNTS_WITH_INTEREST,
    ACCOUNTS_MATURING,
    ACCRUED_OF,
    ACCRUAL_OF,
    CORRECTIONS_OF,
    LATE_BETWEEN,
    LATE_PUT,
    LATE_PUT_PRODUCT,
    LATE_DONE,
];

#[cfg(test)]
pub(crate) const SETS: &[&RowSet] = &[&ACCRUED_ADD, &ACCRUAL_ADD, &CORRECTION_ADD];

static ACCRUED_ADD: RowSet =
    RowSet::adding("accrued", 1, &[("account", "bigint"), ("earned", "bigint"), ("owed", "bigint")]);

static ACCRUAL_ADD: RowSet =
    RowSet::new("accrual", &[("day", "bigint"), ("account", "bigint"), ("balance", "bigint"), ("micros", "bigint")]);

static CORRECTION_ADD: RowSet = RowSet::new(
    "correction",
    &[("account", "bigint"), ("of_day", "bigint"), ("day", "bigint"), ("balance", "bigint"), ("micros", "bigint")],
);

macro_rules! bearings {
    ($rest:literal) => {
        concat!(
            "
select account.seq, account.id, account.product, account.version, account.state, account.opened_day,
    coalesce(accrued.earned, 0), coalesce(accrued.owed, 0), account.term_rates, account.term_begins,
    account.term_matures, account.term_again
",
            $rest
        )
    };
}

/// Accounts of one page of the run, in the order of their ids.
const ACCOUNTS_BETWEEN: &str = bearings!(
    "from account
left join accrued on accrued.account = account.seq
where account.id > $1
    and account.id <= $2
order by account.id"
);

const ACCOUNTS_WITH_INTEREST: &str = bearings!(
    "from accrued
join account on account.seq = accrued.account
where accrued.account > $1
    and account.state <> 'closed'
order by accrued.account
limit $2"
);

const ACCOUNTS_MATURING: &str = bearings!(
    "from account
join accrued on accrued.account = account.seq
where account.seq > $1
    and account.term_matures = $3
    and account.state = 'active'
order by account.seq
limit $2"
);

const ACCRUED_OF: &str = "
select earned, owed
from accrued
where account = $1";

const ACCRUAL_OF: &str = "
select balance, micros
from accrual
where day = $1
    and account = $2";

const CORRECTIONS_OF: &str = "
select of_day, micros, balance
from correction
where account = $1
    and of_day >= $2
    and of_day <= $3
order by of_day, day";

const LATE_BETWEEN: &str = "
select late.account, account.id, late.from_day
from account
join late on late.account = account.seq
where account.id > $1
    and account.id <= $2
order by account.id";

const LATE_PUT: &str = "
insert into late (account, from_day)
values ($1, $2)
on conflict (account) do update
set from_day = case when excluded.from_day < late.from_day then excluded.from_day else late.from_day end";

const LATE_PUT_PRODUCT: &str = "
insert into late (account, from_day)
select seq, case when opened_day > $2 then opened_day else $2 end
from account
where product = $1
    and state <> 'closed'
on conflict (account) do update
set from_day = case when excluded.from_day < late.from_day then excluded.from_day else late.from_day end";

/// Not one that was told meanwhile.
const LATE_DONE: &str = "
delete from late
where account = $1
    and from_day = $2";

/// An account as the end of a day sees it.
#[derive(Debug, Clone)]
pub(crate) struct Bearing {
    pub(crate) seq: i64,
    pub(crate) id: AccountId,
    pub(crate) product: i64,
    pub(crate) version: i64,
    pub(crate) state: AccountState,
    pub(crate) opened_day: i64,
    pub(crate) accrued: Accrued,
    pub(crate) term: Option<TermRow>,
}

fn bearing(row: &Row) -> Result<Bearing, DbError> {
    Ok(Bearing {
        seq: row.int(0)?,
        id: super::id(row, 1)?,
        product: row.int(2)?,
        version: row.int(3)?,
        state: super::name(row, 4)?,
        opened_day: row.int(5)?,
        accrued: Accrued { earned: row.int(6)?, owed: row.int(7)? },
        term: TermRow::read(row, 8)?,
    })
}

/// Ids after the first one, up to the second one.
pub(crate) type Span = (AccountId, AccountId);

pub(crate) async fn between(tx: &Tx, (after, last): Span) -> Result<Vec<Bearing>, DbError> {
    let (after, last) = (after.to_bytes(), last.to_bytes());
    let rows = tx.query(ACCOUNTS_BETWEEN, &[Value::Bytes(&after), Value::Bytes(&last)]).await?;
    rows.iter().map(bearing).collect()
}

pub(crate) async fn with_interest(tx: &Tx, after: i64, count: usize) -> Result<Vec<Bearing>, DbError> {
    let rows = tx.query(ACCOUNTS_WITH_INTEREST, &[Value::Int(after), Value::Int(limit(count))]).await?;
    rows.iter().map(bearing).collect()
}

/// Those whose term is over on a day.
pub(crate) async fn maturing(tx: &Tx, after: i64, day: i64, count: usize) -> Result<Vec<Bearing>, DbError> {
    let values = [after, limit(count), day].map(Value::Int);
    tx.query(ACCOUNTS_MATURING, &values).await?.iter().map(bearing).collect()
}

pub(crate) async fn accrued(tx: &Tx, account: i64) -> Result<Accrued, DbError> {
    let found = tx.query(ACCRUED_OF, &[Value::Int(account)]).await?;
    found.first().map_or(Ok(Accrued::default()), |row| Ok(Accrued { earned: row.int(0)?, owed: row.int(1)? }))
}

/// Adds to what accounts have accrued; each account occurs once.
pub(crate) async fn add_accrued(tx: &Tx, changes: &[(i64, Accrued)]) -> Result<(), DbError> {
    let accounts: Vec<i64> = changes.iter().map(|(account, _)| *account).collect();
    let earned: Vec<i64> = changes.iter().map(|(_, by)| by.earned).collect();
    let owed: Vec<i64> = changes.iter().map(|(_, by)| by.owed).collect();
    tx.add_many(&ACCRUED_ADD, &[Column::Int(&accounts), Column::Int(&earned), Column::Int(&owed)]).await
}

/// Account, balance at the end of the day, millionths.
pub(crate) type Accrual = (i64, i64, i64);

pub(crate) async fn add_accruals(tx: &Tx, day: i64, accruals: &[Accrual]) -> Result<(), DbError> {
    let days = vec![day; accruals.len()];
    let accounts: Vec<i64> = accruals.iter().map(|(account, ..)| *account).collect();
    let balances: Vec<i64> = accruals.iter().map(|(_, balance, _)| *balance).collect();
    let micros: Vec<i64> = accruals.iter().map(|(.., micros)| *micros).collect();
    let columns = [Column::Int(&days), Column::Int(&accounts), Column::Int(&balances), Column::Int(&micros)];
    tx.insert_many(&ACCRUAL_ADD, &columns).await
}

/// The balance and the millionths of one day.
pub(crate) async fn accrual(tx: &Tx, day: i64, account: i64) -> Result<Option<(i64, i64)>, DbError> {
    let found = tx.query(ACCRUAL_OF, &[Value::Int(day), Value::Int(account)]).await?;
    found.first().map(|row| Ok((row.int(0)?, row.int(1)?))).transpose()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Correction {
    pub(crate) account: i64,
    pub(crate) of_day: i64,
    pub(crate) balance: i64,
    pub(crate) micros: i64,
}

pub(crate) async fn add_corrections(tx: &Tx, day: i64, all: &[Correction]) -> Result<(), DbError> {
    let column = |of: fn(&Correction) -> i64| all.iter().map(of).collect::<Vec<i64>>();
    let (accounts, of_days) = (column(|one| one.account), column(|one| one.of_day));
    let (balances, micros, days) = (column(|one| one.balance), column(|one| one.micros), vec![day; all.len()]);
    let columns = [
        Column::Int(&accounts),
        Column::Int(&of_days),
        Column::Int(&days),
        Column::Int(&balances),
        Column::Int(&micros),
    ];
    tx.insert_many(&CORRECTION_ADD, &columns).await
}

/// What later days corrected of one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Corrected {
    /// The sum.
    pub(crate) micros: i64,
    /// The balance that the last one found.
    pub(crate) balance: i64,
}

/// By the day that is corrected.
pub(crate) async fn corrections(tx: &Tx, account: i64, from: i64, to: i64) -> Result<HashMap<i64, Corrected>, DbError> {
    let mut sums: HashMap<i64, Corrected> = HashMap::new();
    for row in tx.query(CORRECTIONS_OF, &[Value::Int(account), Value::Int(from), Value::Int(to)]).await? {
        let sum = sums.entry(row.int(0)?).or_default();
        let micros = sum.micros.checked_add(row.int(1)?);
        let micros = micros.ok_or_else(|| DbError::shape("corrections of a day overflow"))?;
        *sum = Corrected { micros, balance: row.int(2)? };
    }
    Ok(sums)
}

/// An account some of whose days are recomputed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Late {
    pub(crate) account: i64,
    pub(crate) id: AccountId,
    pub(crate) from_day: i64,
}

pub(crate) async fn late_between(tx: &Tx, (after, last): Span) -> Result<Vec<Late>, DbError> {
    let (after, last) = (after.to_bytes(), last.to_bytes());
    let rows = tx.query(LATE_BETWEEN, &[Value::Bytes(&after), Value::Bytes(&last)]).await?;
    let late = |row: &Row| Ok(Late { account: row.int(0)?, id: super::id(row, 1)?, from_day: row.int(2)? });
    rows.iter().map(late).collect()
}

pub(crate) async fn put_late(tx: &Tx, account: i64, from_day: i64) -> Result<(), DbError> {
    tx.execute(LATE_PUT, &[Value::Int(account), Value::Int(from_day)]).await.map(drop)
}

/// All accounts of a product.
pub(crate) async fn put_late_product(tx: &Tx, product: i64, from_day: i64) -> Result<(), DbError> {
    tx.execute(LATE_PUT_PRODUCT, &[Value::Int(product), Value::Int(from_day)]).await.map(drop)
}

pub(crate) async fn late_done(tx: &Tx, late: Late) -> Result<(), DbError> {
    tx.execute(LATE_DONE, &[Value::Int(late.account), Value::Int(late.from_day)]).await.map(drop)
}
