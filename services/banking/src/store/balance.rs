//! Balances, what counts of each day, and holdings.

use std::collections::BTreeMap;

use banking_api::{Balance, BalanceKind, Day, Holding};
use kernel::{Money, Timestamp};
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    BALANCE_LAST,
    BALANCE_ADD,
    BALANCE_LATEST,
    BALANCE_SAME,
    BALANCE_WITHDRAW,
    TOTALS_OF_DAY,
    TOTALS_BY_DAY,
    HOLDING_PUT,
    HOLDING_LIST,
];

#[cfg(test)]
pub(crate) const SETS: &[&RowSet] = &[&DAY_TOTAL];

static DAY_TOTAL: RowSet = RowSet::adding(
    "day_total",
    3,
    &[("account", "bigint"), ("day", "bigint"), ("category", "text"), ("count", "bigint"), ("minor", "bigint")],
);

const BALANCE_LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from balance";

const BALANCE_ADD: &str = "
insert into balance (seq, account, kind, day, at, minor, currency, statement, withdrawn)
values ($1, $2, $3, $4, $5, $6, $7, $8, 0)";

/// The latest of a kind that is not after a day; of one day the one that was told last.
const BALANCE_LATEST: &str = "
select kind, day, at, minor, currency
from balance
where account = $1
    and kind = $2
    and day <= $3
    and withdrawn = 0
order by day desc, seq desc
limit 1";

const BALANCE_SAME: &str = "
select minor, currency
from balance
where account = $1
    and kind = $2
    and day = $3
    and withdrawn = 0
order by seq desc
limit 1";

const BALANCE_WITHDRAW: &str = "
update balance
set withdrawn = $2
where statement in (
    select seq
    from statement
    where import = $1
)";

const TOTALS_OF_DAY: &str = "
select category, count, minor
from day_total
where account = $1
    and day = $2
    and count > 0
order by category";

const TOTALS_BY_DAY: &str = "
select day, cast(sum(minor) as BIGINT)
from day_total
where account = $1
group by day
order by day";

const HOLDING_PUT: &str = "
insert into holding (account, security, scheme, quantity, price, minor, currency, day)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (account, security) do update set scheme = excluded.scheme, quantity = excluded.quantity,
    price = excluded.price, minor = excluded.minor, currency = excluded.currency, day = excluded.day
where holding.day <= excluded.day";

const HOLDING_LIST: &str = "
select security, scheme, quantity, price, minor, currency, day
from holding
where account = $1
order by security
limit 10000";

pub(crate) const KINDS: [BalanceKind; 9] = [
    BalanceKind::OpeningBooked,
    BalanceKind::ClosingBooked,
    BalanceKind::InterimBooked,
    BalanceKind::OpeningAvailable,
    BalanceKind::ClosingAvailable,
    BalanceKind::InterimAvailable,
    BalanceKind::ForwardAvailable,
    BalanceKind::Expected,
    BalanceKind::Limit,
];

/// Adds a balance, unless the latest one of that day says the same. Returns whether it is new.
pub(crate) async fn add(tx: &Tx, account: i64, statement: i64, balance: &Balance) -> Result<bool, DbError> {
    let (kind, day) = (balance.kind as i64, balance.as_of.number());
    let same = tx.query(BALANCE_SAME, &[account, kind, day].map(Value::Int)).await?;
    if let Some(row) = same.first()
        && row.int(0)? == balance.amount.minor()
        && row.text(1)? == balance.amount.currency().code()
    {
        return Ok(false);
    }
    let seq = tx.query(BALANCE_LAST, &[]).await?.first().map_or(Ok(0), |row| row.int(0))? + 1;
    let currency = balance.amount.currency();
    let values = [
        Value::Int(seq),
        Value::Int(account),
        Value::Int(kind),
        Value::Int(day),
        balance.at.map_or(Value::Null, |at| Value::Int(at.micros())),
        Value::Int(balance.amount.minor()),
        Value::Text(currency.code()),
        Value::Int(statement),
    ];
    tx.execute(BALANCE_ADD, &values).await?;
    Ok(true)
}

fn read(row: &Row) -> Result<Balance, DbError> {
    let kind = u8::try_from(row.int(0)?).ok().and_then(BalanceKind::from_repr);
    Ok(Balance {
        kind: super::number(kind, 0)?,
        as_of: Day::of_number(row.int(1)?),
        at: row.int_or_null(2)?.map(Timestamp::from_micros),
        amount: Money::new(row.int(3)?, super::money_currency(row, 4)?),
    })
}

/// The latest of each kind, as of a day.
pub(crate) async fn latest(tx: &Tx, account: i64, at: Option<Day>) -> Result<Vec<Balance>, DbError> {
    let day = at.map_or(i64::MAX, Day::number);
    let mut found = Vec::new();
    for kind in KINDS {
        let rows = tx.query(BALANCE_LATEST, &[account, kind as i64, day].map(Value::Int)).await?;
        found.extend(rows.first().map(read).transpose()?);
    }
    Ok(found)
}

pub(crate) async fn withdraw(tx: &Tx, import: i64, withdrawn: bool) -> Result<(), DbError> {
    tx.execute(BALANCE_WITHDRAW, &[import, i64::from(withdrawn)].map(Value::Int)).await.map(drop)
}

/// Changes of what counts, by account, day and category.
#[derive(Debug, Default)]
pub(crate) struct Totals(BTreeMap<(i64, i64, String), (i64, i64)>);

impl Totals {
    pub(crate) fn add(&mut self, account: i64, day: i64, category: &str, minor: i64) -> Result<(), DbError> {
        self.change((account, day, category), 1, minor)
    }

    pub(crate) fn remove(&mut self, account: i64, day: i64, category: &str, minor: i64) -> Result<(), DbError> {
        self.change((account, day, category), -1, minor.checked_neg().ok_or_else(overflow)?)
    }

    fn change(&mut self, at: (i64, i64, &str), count: i64, minor: i64) -> Result<(), DbError> {
        let sum = self.0.entry((at.0, at.1, at.2.to_owned())).or_default();
        sum.0 += count;
        sum.1 = sum.1.checked_add(minor).ok_or_else(overflow)?;
        Ok(())
    }

    /// Accounts and days that changed.
    pub(crate) fn days(&self) -> impl Iterator<Item = (i64, i64)> {
        self.0.keys().map(|(account, day, _)| (*account, *day))
    }

    pub(crate) async fn store(&self, tx: &Tx) -> Result<(), DbError> {
        let accounts: Vec<i64> = self.0.keys().map(|key| key.0).collect();
        let days: Vec<i64> = self.0.keys().map(|key| key.1).collect();
        let categories: Vec<String> = self.0.keys().map(|key| key.2.clone()).collect();
        let counts: Vec<i64> = self.0.values().map(|sum| sum.0).collect();
        let minors: Vec<i64> = self.0.values().map(|sum| sum.1).collect();
        let columns = [
            Column::Int(&accounts),
            Column::Int(&days),
            Column::Text(&categories),
            Column::Int(&counts),
            Column::Int(&minors),
        ];
        tx.add_many(&DAY_TOTAL, &columns).await
    }
}

fn overflow() -> DbError {
    DbError::shape("the sum of one day does not fit into 64 bits")
}

/// Category, count and sum.
pub(crate) async fn of_day(tx: &Tx, account: i64, day: i64) -> Result<Vec<(String, i64, i64)>, DbError> {
    let rows = tx.query(TOTALS_OF_DAY, &[account, day].map(Value::Int)).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?, row.int(2)?))).collect()
}

pub(crate) async fn by_day(tx: &Tx, account: i64) -> Result<BTreeMap<i64, i128>, DbError> {
    let rows = tx.query(TOTALS_BY_DAY, &[Value::Int(account)]).await?;
    rows.iter().map(|row| Ok((row.int(0)?, i128::from(row.int(1)?)))).collect()
}

pub(crate) async fn put_holding(tx: &Tx, account: i64, holding: &Holding) -> Result<(), DbError> {
    let text = |text: &Option<String>| text.clone();
    let (scheme, price) = (text(&holding.scheme), text(&holding.price));
    let currency = holding.value.map(|value| value.currency());
    let values = [
        Value::Int(account),
        Value::Text(&holding.security),
        scheme.as_deref().map_or(Value::Null, Value::Text),
        Value::Text(&holding.quantity),
        price.as_deref().map_or(Value::Null, Value::Text),
        holding.value.map_or(Value::Null, |value| Value::Int(value.minor())),
        currency.as_ref().map_or(Value::Null, |currency| Value::Text(currency.code())),
        Value::Int(holding.as_of.number()),
    ];
    tx.execute(HOLDING_PUT, &values).await.map(drop)
}

pub(crate) async fn holdings(tx: &Tx, account: i64) -> Result<Vec<Holding>, DbError> {
    let text = |row: &Row, column| row.text_or_null(column).map(|text| text.map(str::to_owned));
    let holding = |row: &Row| {
        let value = match row.int_or_null(4)? {
            Some(minor) => Some(Money::new(minor, super::money_currency(row, 5)?)),
            None => None,
        };
        let (security, quantity) = (row.text(0)?.to_owned(), row.text(2)?.to_owned());
        let (scheme, price) = (text(row, 1)?, text(row, 3)?);
        Ok(Holding { security, scheme, quantity, price, value, as_of: Day::of_number(row.int(6)?) })
    };
    tx.query(HOLDING_LIST, &[Value::Int(account)]).await?.iter().map(holding).collect()
}
