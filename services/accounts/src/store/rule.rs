//! Customers' own rules for categories.

use accounts_api::RuleId;
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[RULE_LAST, RULE_ADD, RULES_OF, RULE_REMOVE, RULES_REMOVE];

#[cfg(test)]
pub(crate) const SETS: &[&RowSet] = &[&RULES_FIND];

static RULES_FIND: RowSet =
    RowSet::new("category_rule", &[("customer", "bigint"), ("seq", "bigint"), ("sealed", "bytea")]);

const RULE_LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from category_rule";

const RULE_ADD: &str = "
insert into category_rule (seq, id, customer, sealed)
values ($1, $2, $3, $4)";

const RULES_OF: &str = "
select seq, id, sealed
from category_rule
where customer = $1
order by seq
limit 500";

const RULE_REMOVE: &str = "
delete from category_rule
where customer = $1
    and id = $2";

const RULES_REMOVE: &str = "
delete from category_rule
where customer = $1";

pub(crate) async fn remove_all(tx: &Tx, customer: i64) -> Result<(), DbError> {
    tx.execute(RULES_REMOVE, &[Value::Int(customer)]).await.map(drop)
}

pub(crate) async fn next(tx: &Tx) -> Result<i64, DbError> {
    Ok(super::number(tx, RULE_LAST).await? + 1)
}

pub(crate) async fn add(tx: &Tx, (seq, id): (i64, RuleId), customer: i64, sealed: &[u8]) -> Result<(), DbError> {
    let id = id.to_bytes();
    let values = [Value::Int(seq), Value::Bytes(&id), Value::Int(customer), Value::Bytes(sealed)];
    tx.execute(RULE_ADD, &values).await.map(drop)
}

/// In the order in which they count: place, id, sealed terms.
pub(crate) async fn of_customer(tx: &Tx, customer: i64) -> Result<Vec<(i64, RuleId, Vec<u8>)>, DbError> {
    let each = |row: &Row| Ok((row.int(0)?, super::id(row, 1)?, row.bytes(2)?.to_vec()));
    tx.query(RULES_OF, &[Value::Int(customer)]).await?.iter().map(each).collect()
}

/// Customer, place and sealed terms, in the order in which they count.
pub(crate) async fn of_customers(tx: &Tx, customers: &[i64]) -> Result<Vec<(i64, i64, Vec<u8>)>, DbError> {
    let rows = tx.select_many(&RULES_FIND, Column::Int(customers)).await?;
    let each = |row: &Row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec()));
    let mut all: Vec<(i64, i64, Vec<u8>)> = rows.iter().map(each).collect::<Result<_, DbError>>()?;
    all.sort_unstable_by_key(|(_, seq, _)| *seq);
    Ok(all)
}

pub(crate) async fn remove(tx: &Tx, customer: i64, id: RuleId) -> Result<bool, DbError> {
    Ok(tx.execute(RULE_REMOVE, &[Value::Int(customer), Value::Bytes(&id.to_bytes())]).await? == 1)
}
