//! Versions of the rules as rows.

use platform::db::{DbError, Row, Tx, Value};
use risk_api::{RuleSet, RuleSetId, RuleSetState};

use super::{from_json, to_json};

const RULE_SET_ADD: &str = "
insert into rule_sets (id, version, state, changed, body)
values ($1, $2, $3, $4, $5)";

const RULE_SET_CHANGE: &str = "
update rule_sets
set state = $2, changed = $3, body = $4
where id = $1";

const RULE_SET: &str = "
select body
from rule_sets
where id = $1";

const RULE_SETS_LAST: &str = "
select coalesce(max(version), 0), coalesce(max(changed), 0)
from rule_sets";

const RULE_SETS_BEFORE: &str = "
select body
from rule_sets
where version < $1
order by version desc
limit $2";

const RULE_SETS_IN_STATE: &str = "
select body
from rule_sets
where state = $1
order by version";

#[cfg(test)]
pub(crate) const SQL: &[&str] =
    &[RULE_SET_ADD, RULE_SET_CHANGE, RULE_SET, RULE_SETS_LAST, RULE_SETS_BEFORE, RULE_SETS_IN_STATE];

pub(crate) async fn add(tx: &Tx, set: &RuleSet, changed: i64) -> Result<(), DbError> {
    let (id, body) = (set.id.to_bytes(), to_json(set)?);
    let values = [
        Value::Bytes(&id),
        Value::Int(i64::from(set.version)),
        Value::Int(set.state as i64),
        Value::Int(changed),
        Value::Text(&body),
    ];
    tx.execute(RULE_SET_ADD, &values).await?;
    Ok(())
}

/// `changed` counts up over all sets, so that another process sees that something is new.
pub(crate) async fn change(tx: &Tx, set: &RuleSet, changed: i64) -> Result<(), DbError> {
    let (id, body) = (set.id.to_bytes(), to_json(set)?);
    let values = [Value::Bytes(&id), Value::Int(set.state as i64), Value::Int(changed), Value::Text(&body)];
    tx.execute(RULE_SET_CHANGE, &values).await?;
    Ok(())
}

pub(crate) async fn by_id(tx: &Tx, id: RuleSetId) -> Result<Option<RuleSet>, DbError> {
    let id = id.to_bytes();
    tx.query(RULE_SET, &[Value::Bytes(&id)]).await?.first().map(read).transpose()
}

/// The last version, and the last change.
pub(crate) async fn last(tx: &Tx) -> Result<(u32, i64), DbError> {
    let rows = tx.query(RULE_SETS_LAST, &[]).await?;
    let row = rows.first().ok_or_else(|| DbError::shape("an aggregate has no row"))?;
    Ok((u32::try_from(row.int(0)?).unwrap_or(u32::MAX), row.int(1)?))
}

/// The newest first.
pub(crate) async fn before(tx: &Tx, version: u32, max: usize) -> Result<Vec<RuleSet>, DbError> {
    let values = [Value::Int(i64::from(version)), Value::Int(max as i64)];
    tx.query(RULE_SETS_BEFORE, &values).await?.iter().map(read).collect()
}

pub(crate) async fn in_state(tx: &Tx, state: RuleSetState) -> Result<Vec<RuleSet>, DbError> {
    tx.query(RULE_SETS_IN_STATE, &[Value::Int(state as i64)]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<RuleSet, DbError> {
    from_json(row.text(0)?)
}
