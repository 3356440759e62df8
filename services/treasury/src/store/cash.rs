//! Sources, balances, what counts of a day, and rates.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kernel::{Currency, Timestamp};
use platform::db::{DbError, Row, Tx, Value};

use super::count;
use crate::convert::{date_of, number_of};
use crate::face::Rate;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    SOURCE_ADD,
    SOURCE_GET,
    SOURCE_WANT,
    SOURCE_WANTED,
    SOURCE_DONE,
    HEAD_ALL,
    HEAD_PUT,
    BALANCE_PUT,
    BALANCE_AT,
    DAY_CLEAR,
    DAY_PUT,
    DAY_LIST,
    RATE_PUT,
    RATE_LIST,
    RATE_AT,
];

const SOURCE_ADD: &str = "
insert into source (source, account, wanted, done, day)
values ($1, $2, 1, 0, 0)";

const SOURCE_GET: &str = "
select account, wanted, day
from source
where source = $1";

const SOURCE_WANT: &str = "
update source
set wanted = wanted + 1
where source = $1";

const SOURCE_WANTED: &str = "
select source
from source
where done < wanted
order by source
limit $1";

/// What was wanted after the reading began stays wanted.
const SOURCE_DONE: &str = "
update source
set done = $2, day = $3
where source = $1
    and done < $2";

const HEAD_ALL: &str = "
select source, kind, day, known_at, minor
from head";

const HEAD_PUT: &str = "
insert into head (source, kind, day, known_at, minor)
values ($1, $2, $3, $4, $5)
on conflict (source, kind) do update set day = excluded.day, known_at = excluded.known_at, minor = excluded.minor";

const BALANCE_PUT: &str = "
insert into balance (source, kind, day, known_at, minor)
values ($1, $2, $3, $4, $5)
on conflict (source, kind, day, known_at) do update set minor = excluded.minor";

/// The last one of a kind of which was known by then.
const BALANCE_AT: &str = "
select source, kind, day, known_at, minor
from balance
where source = $1
    and kind = $2
    and day <= $3
    and known_at <= $4
order by day desc, known_at desc
limit 1";

const DAY_CLEAR: &str = "
delete from day_total
where source = $1
    and day >= $2
    and day <= $3";

const DAY_PUT: &str = "
insert into day_total (source, day, category, minor)
values ($1, $2, $3, $4)
on conflict (source, day, category) do update set minor = excluded.minor";

const DAY_LIST: &str = "
select day, category, minor
from day_total
where source = $1
    and day <= $2
order by day";

const RATE_PUT: &str = "
insert into rate (base, quote, day, known_at, rate, origin)
values ($1, $2, $3, $4, $5, $6)
on conflict (base, quote, day, known_at) do update set rate = excluded.rate, origin = excluded.origin";

const RATE_LIST: &str = "
select base, quote, day, rate, origin
from rate
where base = $1
    and quote = $2
order by day desc, known_at desc
limit $3";

const RATE_AT: &str = "
select base, quote, day, rate, origin
from rate
where base = $1
    and quote = $2
    and day <= $3
    and known_at <= $4
order by day desc, known_at desc
limit 1";

/// Types of balances that are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Booked,
    Available,
    /// What is held in the ledger, in less out.
    Pending,
}

impl Kind {
    pub(crate) const ALL: [Kind; 3] = [Kind::Booked, Kind::Available, Kind::Pending];

    fn of(number: i64) -> Result<Kind, DbError> {
        let known = Kind::ALL.into_iter().find(|kind| *kind as i64 == number);
        known.ok_or_else(|| DbError::shape(format!("{number} is no type of balance")))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Balance {
    pub(crate) kind: Kind,
    pub(crate) day: Date,
    pub(crate) known_at: Timestamp,
    pub(crate) minor: i64,
}

/// What follows a source: its account, how often it was wanted, and the day from which a ledger account is read next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Followed {
    pub(crate) account: String,
    pub(crate) wanted: i64,
    pub(crate) day: i64,
}

pub(crate) async fn add_source(tx: &Tx, source: &str, account: &str) -> Result<(), DbError> {
    tx.execute(SOURCE_ADD, &[Value::Text(source), Value::Text(account)]).await.map(drop)
}

pub(crate) async fn source(tx: &Tx, source: &str) -> Result<Option<Followed>, DbError> {
    let rows = tx.query(SOURCE_GET, &[Value::Text(source)]).await?;
    let followed = |row: &Row| Ok(Followed { account: row.text(0)?.to_owned(), wanted: row.int(1)?, day: row.int(2)? });
    rows.first().map(followed).transpose()
}

/// It has to be read again; nothing where no account is linked to it.
pub(crate) async fn want(tx: &Tx, source: &str) -> Result<(), DbError> {
    tx.execute(SOURCE_WANT, &[Value::Text(source)]).await.map(drop)
}

pub(crate) async fn wanted(tx: &Tx, max: usize) -> Result<Vec<String>, DbError> {
    tx.query(SOURCE_WANTED, &[count(max)]).await?.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

pub(crate) async fn done(tx: &Tx, source: &str, wanted: i64, day: i64) -> Result<bool, DbError> {
    Ok(tx.execute(SOURCE_DONE, &[Value::Text(source), Value::Int(wanted), Value::Int(day)]).await? > 0)
}

fn balance(row: &Row) -> Result<(String, Balance), DbError> {
    let balance = Balance {
        kind: Kind::of(row.int(1)?)?,
        day: date_of(row.int(2)?),
        known_at: Timestamp::from_micros(row.int(3)?),
        minor: row.int(4)?,
    };
    Ok((row.text(0)?.to_owned(), balance))
}

/// The last answers about every source.
pub(crate) async fn heads(tx: &Tx) -> Result<BTreeMap<String, Vec<Balance>>, DbError> {
    let mut heads: BTreeMap<String, Vec<Balance>> = BTreeMap::new();
    for row in tx.query(HEAD_ALL, &[]).await? {
        let (source, one) = balance(&row)?;
        heads.entry(source).or_default().push(one);
    }
    Ok(heads)
}

fn values<'a>(source: &'a str, one: &Balance) -> [Value<'a>; 5] {
    let number = Value::Int(one.kind as i64);
    let (day, known_at) = (Value::Int(number_of(one.day)), Value::Int(one.known_at.micros()));
    [Value::Text(source), number, day, known_at, Value::Int(one.minor)]
}

pub(crate) async fn put_head(tx: &Tx, source: &str, one: &Balance) -> Result<(), DbError> {
    tx.execute(HEAD_PUT, &values(source, one)).await.map(drop)
}

/// As it became known.
pub(crate) async fn put_balance(tx: &Tx, source: &str, one: &Balance) -> Result<(), DbError> {
    tx.execute(BALANCE_PUT, &values(source, one)).await.map(drop)
}

pub(crate) async fn balances_at(
    tx: &Tx,
    source: &str,
    day: Date,
    known_at: Timestamp,
) -> Result<Vec<Balance>, DbError> {
    let mut found = Vec::new();
    for kind in Kind::ALL {
        let (day, known_at) = (Value::Int(number_of(day)), Value::Int(known_at.micros()));
        let rows = tx.query(BALANCE_AT, &[Value::Text(source), Value::Int(kind as i64), day, known_at]).await?;
        found.extend(rows.first().map(balance).transpose()?.map(|(_, one)| one));
    }
    Ok(found)
}

/// What counts of a range of days, instead of what was there.
pub(crate) async fn put_days(
    tx: &Tx,
    source: &str,
    (first, last): (i64, i64),
    totals: &[(i64, &str, i64)],
) -> Result<(), DbError> {
    tx.execute(DAY_CLEAR, &[Value::Text(source), Value::Int(first), Value::Int(last)]).await?;
    for (day, category, minor) in totals {
        let values = [Value::Text(source), Value::Int(*day), Value::Text(category), Value::Int(*minor)];
        tx.execute(DAY_PUT, &values).await?;
    }
    Ok(())
}

/// Day, category and sum, up to a day.
pub(crate) async fn days(tx: &Tx, source: &str, to: Date) -> Result<Vec<(i64, String, i64)>, DbError> {
    let rows = tx.query(DAY_LIST, &[Value::Text(source), Value::Int(number_of(to))]).await?;
    rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.int(2)?))).collect()
}

pub(crate) async fn put_rate(tx: &Tx, rate: &Rate, known_at: Timestamp) -> Result<(), DbError> {
    let values = [
        Value::Text(rate.base.code()),
        Value::Text(rate.quote.code()),
        Value::Int(number_of(rate.on)),
        Value::Int(known_at.micros()),
        Value::Text(&rate.rate),
        Value::Text(&rate.source),
    ];
    tx.execute(RATE_PUT, &values).await.map(drop)
}

fn rate(row: &Row) -> Result<Rate, DbError> {
    let currency = |column: usize| -> Result<Currency, DbError> {
        Currency::iso(row.text(column)?).map_err(|error| DbError::shape(error.to_string()))
    };
    Ok(Rate {
        base: currency(0)?,
        quote: currency(1)?,
        on: date_of(row.int(2)?),
        rate: row.text(3)?.to_owned(),
        source: row.text(4)?.to_owned(),
    })
}

/// The newest day first.
pub(crate) async fn rates(tx: &Tx, base: Currency, quote: Currency, max: usize) -> Result<Vec<Rate>, DbError> {
    let values = [Value::Text(base.code()), Value::Text(quote.code()), count(max)];
    tx.query(RATE_LIST, &values).await?.iter().map(rate).collect()
}

/// The last one that was known by then.
pub(crate) async fn rate_at(
    tx: &Tx,
    (base, quote): (Currency, Currency),
    day: Date,
    known_at: Timestamp,
) -> Result<Option<Rate>, DbError> {
    let (day, known_at) = (Value::Int(number_of(day)), Value::Int(known_at.micros()));
    let values = [Value::Text(base.code()), Value::Text(quote.code()), day, known_at];
    tx.query(RATE_AT, &values).await?.first().map(rate).transpose()
}
