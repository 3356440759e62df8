//! Products, their versions, rates and sums.

use accounts_api::{ProductId, ProductKind, ProductState, Rates, Terms};
use kernel::{Currency, Timestamp};
use platform::db::{DbError, Row, Tx, Value};

use super::limit;
use crate::calendar;
use crate::interest::Accrued;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    PRODUCT_LAST,
    PRODUCT_ADD,
    PRODUCT_OF_ID,
    PRODUCT_PAGE,
    PRODUCT_CHANGE,
    VERSION_PUT,
    VERSIONS_ALL,
    RATES_LAST,
    RATES_ADD,
    RATES_ALL,
    TOTAL_ADD,
    TOTALS,
    TOTAL_MOVE,
    TOTAL_BOOKED,
];

const PRODUCT_LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from product";

const PRODUCT_ADD: &str = "
insert into product (seq, id, name, kind, currency, state, version, newest, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const PRODUCT_OF_ID: &str = "
select seq, id, name, kind, currency, state, version, newest, created_at
from product
where id = $1";

const PRODUCT_PAGE: &str = "
select seq, id, name, kind, currency, state, version, newest, created_at
from product
where seq > $1
order by seq
limit $2";

const PRODUCT_CHANGE: &str = "
update product
set state = $2, version = $3, newest = $4
where seq = $1";

/// A draft is replaced.
const VERSION_PUT: &str = "
insert into product_version (product, version, terms)
values ($1, $2, $3)
on conflict (product, version) do update set terms = excluded.terms";

const VERSIONS_ALL: &str = "
select product, version, terms
from product_version
where product = $1 or $1 = 0
order by product, version";

const RATES_LAST: &str = "
select cast(coalesce(max(no), 0) as BIGINT)
from product_rates
where product = $1";

const RATES_ADD: &str = "
insert into product_rates (product, no, from_day, rates, announced_at)
values ($1, $2, $3, $4, $5)";

/// Of two for the same day the later one is last.
const RATES_ALL: &str = "
select product, no, rates
from product_rates
where product = $1 or $1 = 0
order by product, from_day, no";

const TOTAL_ADD: &str = "
insert into product_total (product, earned, owed, earned_booked, owed_booked)
values ($1, 0, 0, 0, 0)
on conflict (product) do nothing";

const TOTALS: &str = "
select product, earned, owed, earned_booked, owed_booked
from product_total
order by product";

const TOTAL_MOVE: &str = "
update product_total
set earned = earned + $2, owed = owed + $3, earned_booked = earned_booked + $4, owed_booked = owed_booked + $5
where product = $1";

const TOTAL_BOOKED: &str = "
update product_total
set earned_booked = $2, owed_booked = $3
where product = $1";

#[derive(Debug, Clone)]
pub(crate) struct ProductRow {
    pub(crate) seq: i64,
    pub(crate) id: ProductId,
    pub(crate) name: String,
    pub(crate) kind: ProductKind,
    pub(crate) currency: Currency,
    pub(crate) state: ProductState,
    pub(crate) version: i64,
    pub(crate) newest: i64,
    pub(crate) created_at: Timestamp,
}

fn read(row: &Row) -> Result<ProductRow, DbError> {
    Ok(ProductRow {
        seq: row.int(0)?,
        id: super::id(row, 1)?,
        name: row.text(2)?.to_owned(),
        kind: super::name(row, 3)?,
        currency: super::currency(row, 4)?,
        state: super::name(row, 5)?,
        version: row.int(6)?,
        newest: row.int(7)?,
        created_at: Timestamp::from_micros(row.int(8)?),
    })
}

pub(crate) async fn next(tx: &Tx) -> Result<i64, DbError> {
    Ok(super::number(tx, PRODUCT_LAST).await? + 1)
}

pub(crate) async fn add(tx: &Tx, product: &ProductRow) -> Result<(), DbError> {
    let (kind, state): (&str, &str) = (product.kind.into(), product.state.into());
    let currency = super::currency_text(product.currency)?;
    let values = [
        Value::Int(product.seq),
        Value::Bytes(&product.id.to_bytes()),
        Value::Text(&product.name),
        Value::Text(kind),
        Value::Text(&currency),
        Value::Text(state),
        Value::Int(product.version),
        Value::Int(product.newest),
        Value::Int(product.created_at.micros()),
    ];
    tx.execute(PRODUCT_ADD, &values).await?;
    tx.execute(TOTAL_ADD, &[Value::Int(product.seq)]).await.map(drop)
}

pub(crate) async fn change(tx: &Tx, product: &ProductRow) -> Result<(), DbError> {
    let state: &str = product.state.into();
    let values = [Value::Int(product.seq), Value::Text(state), Value::Int(product.version), Value::Int(product.newest)];
    tx.execute(PRODUCT_CHANGE, &values).await.map(drop)
}

pub(crate) async fn of_id(tx: &Tx, id: ProductId) -> Result<Option<ProductRow>, DbError> {
    tx.query(PRODUCT_OF_ID, &[Value::Bytes(&id.to_bytes())]).await?.first().map(read).transpose()
}

pub(crate) async fn page(tx: &Tx, after: i64, count: usize) -> Result<Vec<ProductRow>, DbError> {
    tx.query(PRODUCT_PAGE, &[Value::Int(after), Value::Int(limit(count))]).await?.iter().map(read).collect()
}

pub(crate) async fn put_version(tx: &Tx, product: i64, version: i64, terms: &Terms) -> Result<(), DbError> {
    let terms = super::json_text(terms)?;
    tx.execute(VERSION_PUT, &[Value::Int(product), Value::Int(version), Value::Text(&terms)]).await.map(drop)
}

/// Of one product, or of all with 0: product, version, terms.
pub(crate) async fn versions(tx: &Tx, product: i64) -> Result<Vec<(i64, i64, Terms)>, DbError> {
    let each = |row: &Row| Ok((row.int(0)?, row.int(1)?, super::json(row.text(2)?)?));
    tx.query(VERSIONS_ALL, &[Value::Int(product)]).await?.iter().map(each).collect()
}

pub(crate) async fn add_rates(tx: &Tx, product: i64, rates: &Rates, at: Timestamp) -> Result<(), DbError> {
    let last = tx.query(RATES_LAST, &[Value::Int(product)]).await?;
    let no = last.first().map_or(Ok(0), |row| row.int(0))? + 1;
    let (text, from) = (super::json_text(rates)?, calendar::number(rates.from));
    let values = [Value::Int(product), Value::Int(no), Value::Int(from), Value::Text(&text), Value::Int(at.micros())];
    tx.execute(RATES_ADD, &values).await.map(drop)
}

/// Of one product, or of all with 0, by their first day: product, number, rates.
pub(crate) async fn rates(tx: &Tx, product: i64) -> Result<Vec<(i64, i64, Rates)>, DbError> {
    let each = |row: &Row| Ok((row.int(0)?, row.int(1)?, super::json(row.text(2)?)?));
    tx.query(RATES_ALL, &[Value::Int(product)]).await?.iter().map(each).collect()
}

/// What has accrued in a product, and what of it is in the ledger, in whole units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) product: i64,
    pub(crate) accrued: Accrued,
    pub(crate) booked: Accrued,
}

pub(crate) async fn totals(tx: &Tx) -> Result<Vec<Total>, DbError> {
    let each = |row: &Row| {
        let accrued = Accrued { earned: row.int(1)?, owed: row.int(2)? };
        let booked = Accrued { earned: row.int(3)?, owed: row.int(4)? };
        Ok(Total { product: row.int(0)?, accrued, booked })
    };
    tx.query(TOTALS, &[]).await?.iter().map(each).collect()
}

/// Adds to the sums.
pub(crate) async fn move_total(tx: &Tx, by: Total) -> Result<(), DbError> {
    let Total { product, accrued, booked } = by;
    let values = [product, accrued.earned, accrued.owed, booked.earned, booked.owed].map(Value::Int);
    tx.execute(TOTAL_MOVE, &values).await.map(drop)
}

pub(crate) async fn set_booked(tx: &Tx, product: i64, booked: Accrued) -> Result<(), DbError> {
    tx.execute(TOTAL_BOOKED, &[product, booked.earned, booked.owed].map(Value::Int)).await.map(drop)
}
