//! Cases as rows.

use kernel::Timestamp;
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};
use risk_api::{Case, CaseId, CaseQuery, SubjectId};

use super::{from_json, to_json};

pub(crate) static CASES: RowSet = RowSet::new(
    "cases",
    &[
        ("id", "bytea"),
        ("subject", "text"),
        ("version", "bigint"),
        ("state", "smallint"),
        ("kind", "smallint"),
        ("escalated", "smallint"),
        ("assigned_to", "text"),
        ("entity", "text"),
        ("opened_at", "bigint"),
        ("body", "text"),
    ],
);

/// Only if it has not been changed since.
const CASE_CHANGE: &str = "
update cases
set version = version + 1, state = $3, escalated = $4, assigned_to = $5, body = $6
where id = $1
    and version = $2";

const CASE: &str = "
select body
from cases
where id = $1";

const CASE_OF: &str = "
select body
from cases
where subject = $1";

/// Each condition is off where its value is -1 or empty.
const CASES_BEFORE: &str = "
select body
from cases
where id < $1
    and ($2 = -1 or state = $2)
    and ($3 = -1 or kind = $3)
    and ($4 = -1 or escalated = $4)
    and ($5 = '' or assigned_to = $5)
    and ($6 = '' or entity = $6)
order by id desc
limit $7";

const CASES_TO_ESCALATE: &str = "
select body
from cases
where state < 2
    and escalated = 0
    and opened_at < $1
order by opened_at
limit $2";

const CASES_OPENED: &str = "
select count(*)
from cases
where kind = $1
    and opened_at >= $2
    and opened_at < $3";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[CASE_CHANGE, CASE, CASE_OF, CASES_BEFORE, CASES_TO_ESCALATE, CASES_OPENED];

pub(crate) async fn add(tx: &Tx, cases: &[Case]) -> Result<(), DbError> {
    if cases.is_empty() {
        return Ok(());
    }
    let ids: Vec<[u8; 16]> = cases.iter().map(|case| case.id.to_bytes()).collect();
    let ints = |of: &dyn Fn(&Case) -> i64| cases.iter().map(of).collect::<Vec<_>>();
    let subjects: Vec<String> = cases.iter().map(|case| case.subject.to_string()).collect();
    let assigned: Vec<Option<String>> = cases.iter().map(|case| case.assigned_to.clone()).collect();
    let entities: Vec<Option<String>> = cases.iter().map(|case| case.entity.as_ref().map(entity_text)).collect();
    let bodies = cases.iter().map(to_json).collect::<Result<Vec<_>, _>>()?;
    tx.insert_many(
        &CASES,
        &[
            Column::Id(&ids),
            Column::Text(&subjects),
            Column::Int(&ints(&|case| i64::from(case.version))),
            Column::Int(&ints(&|case| case.state as i64)),
            Column::Int(&ints(&|case| case.kind as i64)),
            Column::Int(&ints(&|case| i64::from(case.escalated))),
            Column::TextOrNull(&assigned),
            Column::TextOrNull(&entities),
            Column::Int(&ints(&|case| case.opened_at.micros())),
            Column::Text(&bodies),
        ],
    )
    .await
}

/// The case as it is now; whether this change came first. Its version is that after the change.
pub(crate) async fn change(tx: &Tx, case: &Case) -> Result<bool, DbError> {
    let (id, body) = (case.id.to_bytes(), to_json(case)?);
    let values = [
        Value::Bytes(&id),
        Value::Int(i64::from(case.version) - 1),
        Value::Int(case.state as i64),
        Value::Int(i64::from(case.escalated)),
        case.assigned_to.as_deref().map_or(Value::Null, Value::Text),
        Value::Text(&body),
    ];
    Ok(tx.execute(CASE_CHANGE, &values).await? == 1)
}

pub(crate) async fn by_id(tx: &Tx, id: CaseId) -> Result<Option<Case>, DbError> {
    let id = id.to_bytes();
    tx.query(CASE, &[Value::Bytes(&id)]).await?.first().map(read).transpose()
}

pub(crate) async fn of(tx: &Tx, subject: &SubjectId) -> Result<Option<Case>, DbError> {
    tx.query(CASE_OF, &[Value::Text(subject.as_str())]).await?.first().map(read).transpose()
}

/// The newest first.
pub(crate) async fn before(tx: &Tx, query: &CaseQuery, max: usize) -> Result<Vec<Case>, DbError> {
    let before = query.before.map_or([0xff; 16], kernel::Id::to_bytes);
    let entity = query.entity.as_ref().map(entity_text).unwrap_or_default();
    let values = [
        Value::Bytes(&before),
        Value::Int(query.state.map_or(-1, |state| state as i64)),
        Value::Int(query.kind.map_or(-1, |kind| kind as i64)),
        Value::Int(query.escalated.map_or(-1, i64::from)),
        Value::Text(query.assigned_to.as_deref().unwrap_or_default()),
        Value::Text(&entity),
        Value::Int(max as i64),
    ];
    tx.query(CASES_BEFORE, &values).await?.iter().map(read).collect()
}

pub(crate) async fn to_escalate(tx: &Tx, opened_before: Timestamp, max: usize) -> Result<Vec<Case>, DbError> {
    let values = [Value::Int(opened_before.micros()), Value::Int(max as i64)];
    tx.query(CASES_TO_ESCALATE, &values).await?.iter().map(read).collect()
}

pub(crate) async fn opened(tx: &Tx, kind: risk_api::SubjectKind, from: i64, to: i64) -> Result<u64, DbError> {
    let rows = tx.query(CASES_OPENED, &[Value::Int(kind as i64), Value::Int(from), Value::Int(to)]).await?;
    rows.first().map_or(Ok(0), |row| Ok(row.int(0)?.unsigned_abs()))
}

fn entity_text(entity: &risk_api::Entity) -> String {
    format!("{} {}", entity.kind.name(), entity.id)
}

fn read(row: &Row) -> Result<Case, DbError> {
    from_json(row.text(0)?)
}
