//! Assets, and rates into the household's currency.

use kernel::{Currency, Timestamp};
use planning_api::{AssetClass, AssetId, Day, HouseholdId, Rate, Source, Wrapper};
use platform::db::{DbError, Row, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] =
    &[ASSET_ADD, ASSET_GET, ASSET_LIST, ASSET_OF_LINK, ASSET_CHANGE, ASSET_READ, ASSET_DUE, RATE_PUT, RATE_LIST];

const ASSET_ADD: &str = "
insert into asset (id, household, class, wrapper, currency, source, link, subject, sealed, closed_on, read_at, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, null, 0, $10)";

const ASSET_GET: &str = "
select id, household, class, wrapper, currency, source, subject, sealed, closed_on, read_at, created_at
from asset
where id = $1";

const ASSET_LIST: &str = "
select id, household, class, wrapper, currency, source, subject, sealed, closed_on, read_at, created_at
from asset
where household = $1
order by id
limit 100";

const ASSET_OF_LINK: &str = "
select id, household, class, wrapper, currency, source, subject, sealed, closed_on, read_at, created_at
from asset
where household = $1
    and link = $2";

const ASSET_CHANGE: &str = "
update asset
set class = $2, wrapper = $3, subject = $4, sealed = $5, closed_on = $6
where id = $1";

const ASSET_READ: &str = "
update asset
set read_at = $2
where id = $1";

const ASSET_DUE: &str = "
select id, household, class, wrapper, currency, source, subject, sealed, closed_on, read_at, created_at
from asset
where link is not null
    and closed_on is null
    and read_at < $1
order by read_at, id
limit 100";

const RATE_PUT: &str = "
insert into rate (household, currency, day, rate, source)
values ($1, $2, $3, $4, $5)
on conflict (household, currency, day) do update set rate = excluded.rate, source = excluded.source";

const RATE_LIST: &str = "
select currency, day, rate, source
from rate
where household = $1
    and day <= $2
order by currency, day
limit 100000";

#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: AssetId,
    pub(crate) household: HouseholdId,
    pub(crate) class: AssetClass,
    pub(crate) wrapper: Wrapper,
    pub(crate) currency: Currency,
    pub(crate) source: Source,
    /// Whose key seals its name.
    pub(crate) subject: String,
    pub(crate) sealed: Vec<u8>,
    pub(crate) closed_on: Option<Day>,
    /// When its account was read last.
    pub(crate) read_at: Timestamp,
    pub(crate) created_at: Timestamp,
}

fn read(row: &Row) -> Result<Stored, DbError> {
    Ok(Stored {
        id: super::id(row, 0)?,
        household: super::id(row, 1)?,
        class: super::name(row, 2)?,
        wrapper: super::name(row, 3)?,
        currency: super::currency(row, 4)?,
        source: super::json(row, 5)?,
        subject: row.text(6)?.to_owned(),
        sealed: row.bytes(7)?.to_vec(),
        closed_on: row.int_or_null(8)?.map(Day::of_number),
        read_at: Timestamp::from_micros(row.int(9)?),
        created_at: Timestamp::from_micros(row.int(10)?),
    })
}

/// The account of a source; nothing where a person tells the values.
pub(crate) fn link(source: &Source) -> Option<String> {
    match source {
        Source::ByHand { .. } => None,
        Source::Ledger { book, account } => Some(format!("ledger:{}:{account}", book.as_deref().unwrap_or("main"))),
        Source::Bank { account } => Some(format!("bank:{account}")),
    }
}

pub(crate) async fn add(tx: &Tx, one: &Stored) -> Result<(), DbError> {
    let (id, household) = (one.id.to_bytes(), one.household.to_bytes());
    let (class, wrapper): (&str, &str) = (one.class.into(), one.wrapper.into());
    let (currency, source) = (super::currency_text(one.currency), super::json_text(&one.source)?);
    let link = link(&one.source);
    let values = [
        Value::Bytes(&id),
        Value::Bytes(&household),
        Value::Text(class),
        Value::Text(wrapper),
        Value::Text(&currency),
        Value::Text(&source),
        link.as_deref().map_or(Value::Null, Value::Text),
        Value::Text(&one.subject),
        Value::Bytes(&one.sealed),
        Value::Int(one.created_at.micros()),
    ];
    tx.execute(ASSET_ADD, &values).await.map(drop)
}

pub(crate) async fn of_id(tx: &Tx, id: AssetId) -> Result<Option<Stored>, DbError> {
    tx.query(ASSET_GET, &[Value::Bytes(&id.to_bytes())]).await?.first().map(read).transpose()
}

pub(crate) async fn list(tx: &Tx, household: HouseholdId) -> Result<Vec<Stored>, DbError> {
    tx.query(ASSET_LIST, &[Value::Bytes(&household.to_bytes())]).await?.iter().map(read).collect()
}

pub(crate) async fn of_link(tx: &Tx, household: HouseholdId, link: &str) -> Result<Option<Stored>, DbError> {
    let values = [Value::Bytes(&household.to_bytes()), Value::Text(link)];
    tx.query(ASSET_OF_LINK, &values).await?.first().map(read).transpose()
}

pub(crate) async fn change(tx: &Tx, one: &Stored) -> Result<(), DbError> {
    let id = one.id.to_bytes();
    let (class, wrapper): (&str, &str) = (one.class.into(), one.wrapper.into());
    let values = [
        Value::Bytes(&id),
        Value::Text(class),
        Value::Text(wrapper),
        Value::Text(&one.subject),
        Value::Bytes(&one.sealed),
        one.closed_on.map_or(Value::Null, |day| Value::Int(day.number())),
    ];
    tx.execute(ASSET_CHANGE, &values).await.map(drop)
}

pub(crate) async fn was_read(tx: &Tx, id: AssetId, at: Timestamp) -> Result<(), DbError> {
    tx.execute(ASSET_READ, &[Value::Bytes(&id.to_bytes()), Value::Int(at.micros())]).await.map(drop)
}

/// Linked ones that were read last before an instant.
pub(crate) async fn due(tx: &Tx, before: Timestamp) -> Result<Vec<Stored>, DbError> {
    tx.query(ASSET_DUE, &[Value::Int(before.micros())]).await?.iter().map(read).collect()
}

pub(crate) async fn put_rate(tx: &Tx, household: HouseholdId, rate: &Rate) -> Result<(), DbError> {
    let (id, currency) = (household.to_bytes(), super::currency_text(rate.currency));
    let values = [
        Value::Bytes(&id),
        Value::Text(&currency),
        Value::Int(rate.on.number()),
        Value::Text(&rate.rate),
        Value::Text(&rate.source),
    ];
    tx.execute(RATE_PUT, &values).await.map(drop)
}

/// By currency, the oldest first.
pub(crate) async fn rates(tx: &Tx, household: HouseholdId, to: Day) -> Result<Vec<Rate>, DbError> {
    let rows = tx.query(RATE_LIST, &[Value::Bytes(&household.to_bytes()), Value::Int(to.number())]).await?;
    let rate = |row: &Row| {
        let (rate, source) = (row.text(2)?.to_owned(), row.text(3)?.to_owned());
        Ok(Rate { currency: super::currency(row, 0)?, on: Day::of_number(row.int(1)?), rate, source })
    };
    rows.iter().map(rate).collect()
}
