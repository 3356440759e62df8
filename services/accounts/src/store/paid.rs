//! What was posted of accrued interest, or is planned at the end of an account.

use kernel::Id;
use ledger_api::TransactionId;
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[POSTING_PUT, POSTING_OF, POSTING_DONE];

#[cfg(test)]
pub(crate) const SETS: &[&RowSet] = &[&POSTING_ADD];

static POSTING_ADD: RowSet = RowSet::new(
    "posting",
    &[
        ("account", "bigint"),
        ("day", "bigint"),
        ("purpose", "smallint"),
        ("minor", "bigint"),
        ("tax", "bigint"),
        ("txn", "bytea"),
        ("state", "smallint"),
    ],
);

const POSTING_PUT: &str = "
insert into posting (account, day, purpose, minor, tax, txn, state)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (account, day, purpose) do nothing";

const POSTING_OF: &str = "
select day, purpose, minor, tax, txn, state
from posting
where account = $1
    and purpose >= $2
    and state = 0
order by purpose";

const POSTING_DONE: &str = "
update posting
set state = $4
where account = $1
    and day = $2
    and purpose = $3";

/// What a posting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Purpose {
    Earned = 0,
    Owed = 1,
    /// At the end of an account.
    LastEarned = 2,
    LastOwed = 3,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum PostingState {
    /// Not in the ledger yet.
    Planned = 0,
    Posted = 1,
    Refused = 2,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct PostingRow {
    pub(crate) account: i64,
    pub(crate) day: i64,
    pub(crate) purpose: u8,
    pub(crate) minor: i64,
    pub(crate) tax: i64,
    pub(crate) txn: TransactionId,
    pub(crate) state: PostingState,
}

pub(crate) async fn add_postings(tx: &Tx, all: &[PostingRow]) -> Result<(), DbError> {
    let column = |of: fn(&PostingRow) -> i64| all.iter().map(of).collect::<Vec<i64>>();
    let (accounts, days) = (column(|one| one.account), column(|one| one.day));
    let (purposes, states) = (column(|one| i64::from(one.purpose)), column(|one| one.state as i64));
    let (minors, taxes) = (column(|one| one.minor), column(|one| one.tax));
    let ids: Vec<[u8; 16]> = all.iter().map(|one| one.txn.to_bytes()).collect();
    let columns = [
        Column::Int(&accounts),
        Column::Int(&days),
        Column::Int(&purposes),
        Column::Int(&minors),
        Column::Int(&taxes),
        Column::Id(&ids),
        Column::Int(&states),
    ];
    tx.insert_many(&POSTING_ADD, &columns).await
}

pub(crate) async fn plan(tx: &Tx, one: &PostingRow) -> Result<(), DbError> {
    let id = one.txn.to_bytes();
    let values = [
        Value::Int(one.account),
        Value::Int(one.day),
        Value::Int(i64::from(one.purpose)),
        Value::Int(one.minor),
        Value::Int(one.tax),
        Value::Bytes(&id),
        Value::Int(one.state as i64),
    ];
    tx.execute(POSTING_PUT, &values).await.map(drop)
}

/// What is planned at the end of an account.
pub(crate) async fn planned(tx: &Tx, account: i64) -> Result<Vec<PostingRow>, DbError> {
    let rows = tx.query(POSTING_OF, &[Value::Int(account), Value::Int(Purpose::LastEarned as i64)]).await?;
    let each = |row: &Row| {
        Ok(PostingRow {
            account,
            day: row.int(0)?,
            purpose: u8::try_from(row.int(1)?).unwrap_or_default(),
            minor: row.int(2)?,
            tax: row.int(3)?,
            txn: Id::from_bytes(row.array(4)?),
            state: PostingState::Planned,
        })
    };
    rows.iter().map(each).collect()
}

pub(crate) async fn set_posting(tx: &Tx, one: &PostingRow, state: PostingState) -> Result<(), DbError> {
    let values = [one.account, one.day, i64::from(one.purpose), state as i64].map(Value::Int);
    tx.execute(POSTING_DONE, &values).await.map(drop)
}
