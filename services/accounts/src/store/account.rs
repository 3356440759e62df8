//! Accounts, their holders and blocks.

use std::collections::HashMap;

use accounts_api::{AccountId, AccountState, CustomerId};
use kernel::Timestamp;
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

use super::limit;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    ACCOUNT_LAST,
    ACCOUNT_ADD,
    ACCOUNT_OF_ID,
    ACCOUNT_OF_NUMBER,
    ACCOUNT_PAGE,
    ACCOUNT_PAGE_OF,
    ACCOUNT_CHANGE,
    ACCOUNT_UNFINISHED,
    ACCOUNT_FIRST_DAY,
    ACCOUNT_MATURING,
    ACCOUNT_OPEN_OF,
    HOLDER_ADD,
    HOLDERS_OF,
];

#[cfg(test)]
pub(crate) const SETS: &[&RowSet] = &[&ACCOUNT, &ACCOUNT_BY_ID];

static ACCOUNT: RowSet = RowSet::new(
    "account",
    &[
        ("seq", "bigint"),
        ("id", "bytea"),
        ("product", "bigint"),
        ("version", "bigint"),
        ("state", "text"),
        ("number", "text"),
        ("owner", "bigint"),
        ("overdraft", "bigint"),
        ("rest_to", "bigint"),
        ("opened_at", "bigint"),
        ("opened_day", "bigint"),
        ("closed_at", "bigint"),
        ("term_rates", "bigint"),
        ("term_begins", "bigint"),
        ("term_matures", "bigint"),
        ("term_again", "smallint"),
    ],
);

static ACCOUNT_BY_ID: RowSet =
    RowSet::new("account", &[("id", "bytea"), ("seq", "bigint"), ("owner", "bigint"), ("product", "bigint")]);

macro_rules! accounts {
    ($rest:literal) => {
        concat!(
            "
select seq, id, product, version, state, number, owner, overdraft, rest_to, opened_at, opened_day, closed_at,
    term_rates, term_begins, term_matures, term_again
from account
",
            $rest
        )
    };
}

const ACCOUNT_LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from account";

const ACCOUNT_ADD: &str = "
insert into account (seq, id, product, version, state, number, owner, overdraft, opened_at, opened_day, rest_to,
    term_rates, term_begins, term_matures, term_again)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

const ACCOUNT_OF_ID: &str = accounts!("where id = $1");

const ACCOUNT_OF_NUMBER: &str = accounts!("where number = $1");

const ACCOUNT_PAGE: &str = accounts!(
    "where seq > $1
order by seq
limit $2"
);

const ACCOUNT_PAGE_OF: &str = accounts!(
    "where seq in (
    select account
    from account_holder
    where customer = $1
        and account > $2
    order by account
    limit $3
)
order by seq"
);

const ACCOUNT_CHANGE: &str = "
update account
set state = $2, overdraft = $3, rest_to = $4, closed_at = $5, term_rates = $6, term_begins = $7, term_matures = $8,
    term_again = $9
where seq = $1";

const ACCOUNT_UNFINISHED: &str = accounts!(
    "where state in ('opening', 'closing')
    and seq > $1
order by seq
limit $2"
);

/// Term deposits that have matured on a day.
const ACCOUNT_MATURING: &str = accounts!(
    "where term_matures <= $1
    and term_matures is not null
    and state = 'active'
order by seq
limit $2"
);

const ACCOUNT_FIRST_DAY: &str = "
select min(opened_day)
from account";

const ACCOUNT_OPEN_OF: &str = "
select count(*)
from account_holder
join account on account.seq = account_holder.account
where account_holder.customer = $1
    and account.state <> 'closed'";

const HOLDER_ADD: &str = "
insert into account_holder (account, customer, place)
values ($1, $2, $3)";

const HOLDERS_OF: &str = "
select customer.seq, customer.id
from account_holder
join customer on customer.seq = account_holder.customer
where account_holder.account = $1
order by account_holder.place";

#[derive(Debug, Clone)]
pub(crate) struct AccountRow {
    pub(crate) seq: i64,
    pub(crate) id: AccountId,
    pub(crate) product: i64,
    pub(crate) version: i64,
    pub(crate) state: AccountState,
    pub(crate) number: String,
    /// The customer whose key seals its texts, and who owns it in the ledger.
    pub(crate) owner: i64,
    pub(crate) overdraft: i64,
    pub(crate) rest_to: Option<i64>,
    pub(crate) opened_at: Timestamp,
    pub(crate) opened_day: i64,
    pub(crate) closed_at: Option<Timestamp>,
    pub(crate) term: Option<TermRow>,
}

/// The term of a deposit; days are numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TermRow {
    /// The number of the set of rates that it keeps; 0 if there was none.
    pub(crate) rates: i64,
    pub(crate) begins: i64,
    /// The first day after it.
    pub(crate) matures: i64,
    /// Whether it begins again then.
    pub(crate) again: bool,
}

impl TermRow {
    /// Of four columns from this one on.
    pub(super) fn read(row: &Row, column: usize) -> Result<Option<TermRow>, DbError> {
        let Some(rates) = row.int_or_null(column)? else { return Ok(None) };
        let (begins, matures) = (row.int(column + 1)?, row.int(column + 2)?);
        Ok(Some(TermRow { rates, begins, matures, again: row.int(column + 3)? == 1 }))
    }

    fn values(term: Option<TermRow>) -> [Value<'static>; 4] {
        let value = |of: fn(TermRow) -> i64| term.map_or(Value::Null, |term| Value::Int(of(term)));
        [value(|one| one.rates), value(|one| one.begins), value(|one| one.matures), value(|one| i64::from(one.again))]
    }
}

fn read(row: &Row) -> Result<AccountRow, DbError> {
    Ok(AccountRow {
        seq: row.int(0)?,
        id: super::id(row, 1)?,
        product: row.int(2)?,
        version: row.int(3)?,
        state: super::name(row, 4)?,
        number: row.text(5)?.to_owned(),
        owner: row.int(6)?,
        overdraft: row.int(7)?,
        rest_to: row.int_or_null(8)?,
        opened_at: Timestamp::from_micros(row.int(9)?),
        opened_day: row.int(10)?,
        closed_at: row.int_or_null(11)?.map(Timestamp::from_micros),
        term: TermRow::read(row, 12)?,
    })
}

pub(crate) async fn next(tx: &Tx) -> Result<i64, DbError> {
    Ok(super::number(tx, ACCOUNT_LAST).await? + 1)
}

pub(crate) async fn add(tx: &Tx, account: &AccountRow, holders: &[i64]) -> Result<(), DbError> {
    let state: &str = account.state.into();
    let [rates, begins, matures, again] = TermRow::values(account.term);
    let values = [
        Value::Int(account.seq),
        Value::Bytes(&account.id.to_bytes()),
        Value::Int(account.product),
        Value::Int(account.version),
        Value::Text(state),
        Value::Text(&account.number),
        Value::Int(account.owner),
        Value::Int(account.overdraft),
        Value::Int(account.opened_at.micros()),
        Value::Int(account.opened_day),
        account.rest_to.map_or(Value::Null, Value::Int),
        rates,
        begins,
        matures,
        again,
    ];
    tx.execute(ACCOUNT_ADD, &values).await?;
    for (place, holder) in (0..).zip(holders) {
        tx.execute(HOLDER_ADD, &[Value::Int(account.seq), Value::Int(*holder), Value::Int(place)]).await?;
    }
    Ok(())
}

pub(crate) async fn change(tx: &Tx, account: &AccountRow) -> Result<(), DbError> {
    let state: &str = account.state.into();
    let [rates, begins, matures, again] = TermRow::values(account.term);
    let values = [
        Value::Int(account.seq),
        Value::Text(state),
        Value::Int(account.overdraft),
        account.rest_to.map_or(Value::Null, Value::Int),
        account.closed_at.map_or(Value::Null, |at| Value::Int(at.micros())),
        rates,
        begins,
        matures,
        again,
    ];
    tx.execute(ACCOUNT_CHANGE, &values).await.map(drop)
}

async fn find(tx: &Tx, sql: &'static str, value: Value<'_>) -> Result<Option<AccountRow>, DbError> {
    tx.query(sql, &[value]).await?.first().map(read).transpose()
}

pub(crate) async fn of_id(tx: &Tx, id: AccountId) -> Result<Option<AccountRow>, DbError> {
    find(tx, ACCOUNT_OF_ID, Value::Bytes(&id.to_bytes())).await
}

pub(crate) async fn of_number(tx: &Tx, number: &str) -> Result<Option<AccountRow>, DbError> {
    find(tx, ACCOUNT_OF_NUMBER, Value::Text(number)).await
}

pub(crate) async fn of_seqs(tx: &Tx, seqs: &[i64]) -> Result<HashMap<i64, AccountRow>, DbError> {
    let rows = tx.select_many(&ACCOUNT, Column::Int(seqs)).await?;
    rows.iter().map(|row| read(row).map(|account| (account.seq, account))).collect()
}

/// Place, owner and product by id; unknown ones are left out.
pub(crate) async fn places(tx: &Tx, ids: &[AccountId]) -> Result<HashMap<AccountId, (i64, i64, i64)>, DbError> {
    let ids: Vec<[u8; 16]> = ids.iter().map(|id| id.to_bytes()).collect();
    let rows = tx.select_many(&ACCOUNT_BY_ID, Column::Id(&ids)).await?;
    rows.iter().map(|row| Ok((super::id(row, 0)?, (row.int(1)?, row.int(2)?, row.int(3)?)))).collect()
}

pub(crate) async fn page(tx: &Tx, after: i64, count: usize) -> Result<Vec<AccountRow>, DbError> {
    tx.query(ACCOUNT_PAGE, &[Value::Int(after), Value::Int(limit(count))]).await?.iter().map(read).collect()
}

pub(crate) async fn page_of(tx: &Tx, customer: i64, after: i64, count: usize) -> Result<Vec<AccountRow>, DbError> {
    let values = [Value::Int(customer), Value::Int(after), Value::Int(limit(count))];
    tx.query(ACCOUNT_PAGE_OF, &values).await?.iter().map(read).collect()
}

/// Those that are being opened or closed.
pub(crate) async fn unfinished(tx: &Tx, after: i64, count: usize) -> Result<Vec<AccountRow>, DbError> {
    let values = [Value::Int(after), Value::Int(limit(count))];
    tx.query(ACCOUNT_UNFINISHED, &values).await?.iter().map(read).collect()
}

/// Active deposits whose term is over on a day.
pub(crate) async fn maturing(tx: &Tx, day: i64, count: usize) -> Result<Vec<AccountRow>, DbError> {
    tx.query(ACCOUNT_MATURING, &[day, limit(count)].map(Value::Int)).await?.iter().map(read).collect()
}

/// The day on which the first account was opened.
pub(crate) async fn first_day(tx: &Tx) -> Result<Option<i64>, DbError> {
    tx.query(ACCOUNT_FIRST_DAY, &[]).await?.first().map_or(Ok(None), |row| row.int_or_null(0))
}

/// Accounts of a customer that are not closed.
pub(crate) async fn open_of(tx: &Tx, customer: i64) -> Result<usize, DbError> {
    let found = tx.query(ACCOUNT_OPEN_OF, &[Value::Int(customer)]).await?;
    Ok(usize::try_from(found.first().map_or(Ok(0), |row| row.int(0))?).unwrap_or_default())
}

/// The first one is the owner.
pub(crate) async fn holders(tx: &Tx, account: i64) -> Result<Vec<(i64, CustomerId)>, DbError> {
    let rows = tx.query(HOLDERS_OF, &[Value::Int(account)]).await?;
    rows.iter().map(|row| Ok((row.int(0)?, super::id(row, 1)?))).collect()
}
