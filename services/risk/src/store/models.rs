//! The registry of models as rows.

use platform::db::{DbError, Row, Tx, Value};
use risk_api::{Model, ModelId, ModelState, SubjectKind};

use super::{from_json, to_json};

const MODEL_ADD: &str = "
insert into models (id, kind, version, state, changed, body, file)
values ($1, $2, $3, $4, $5, $6, $7)";

const MODEL_CHANGE: &str = "
update models
set state = $2, changed = $3, body = $4
where id = $1";

const MODEL: &str = "
select body
from models
where id = $1";

const MODEL_FILE: &str = "
select file
from models
where id = $1";

const MODELS_LAST: &str = "
select coalesce(max(changed), 0)
from models";

const MODELS_LAST_VERSION: &str = "
select coalesce(max(version), 0)
from models
where kind = $1";

const MODELS_OF_KIND: &str = "
select body
from models
where kind = $1
order by version desc
limit $2";

const MODELS_IN_STATE: &str = "
select body
from models
where state = $1
order by kind, version";

#[cfg(test)]
pub(crate) const SQL: &[&str] =
    &[MODEL_ADD, MODEL_CHANGE, MODEL, MODEL_FILE, MODELS_LAST, MODELS_LAST_VERSION, MODELS_OF_KIND, MODELS_IN_STATE];

/// The newest of a kind that are listed.
const LISTED_MAX: i64 = 500;

pub(crate) async fn add(tx: &Tx, model: &Model, file: &[u8], changed: i64) -> Result<(), DbError> {
    let (id, body) = (model.summary.id.to_bytes(), to_json(model)?);
    let values = [
        Value::Bytes(&id),
        Value::Int(model.summary.kind as i64),
        Value::Int(i64::from(model.summary.version)),
        Value::Int(model.summary.state as i64),
        Value::Int(changed),
        Value::Text(&body),
        Value::Bytes(file),
    ];
    tx.execute(MODEL_ADD, &values).await?;
    Ok(())
}

pub(crate) async fn change(tx: &Tx, model: &Model, changed: i64) -> Result<(), DbError> {
    let (id, body) = (model.summary.id.to_bytes(), to_json(model)?);
    let values = [Value::Bytes(&id), Value::Int(model.summary.state as i64), Value::Int(changed), Value::Text(&body)];
    tx.execute(MODEL_CHANGE, &values).await?;
    Ok(())
}

pub(crate) async fn by_id(tx: &Tx, id: ModelId) -> Result<Option<Model>, DbError> {
    let id = id.to_bytes();
    tx.query(MODEL, &[Value::Bytes(&id)]).await?.first().map(read).transpose()
}

pub(crate) async fn file(tx: &Tx, id: ModelId) -> Result<Option<Vec<u8>>, DbError> {
    let id = id.to_bytes();
    let rows = tx.query(MODEL_FILE, &[Value::Bytes(&id)]).await?;
    rows.first().map(|row| Ok(row.bytes(0)?.to_vec())).transpose()
}

/// The number of the last change of all models.
pub(crate) async fn last_change(tx: &Tx) -> Result<i64, DbError> {
    tx.query(MODELS_LAST, &[]).await?.first().map_or(Ok(0), |row| row.int(0))
}

pub(crate) async fn last_version(tx: &Tx, kind: SubjectKind) -> Result<u32, DbError> {
    let rows = tx.query(MODELS_LAST_VERSION, &[Value::Int(kind as i64)]).await?;
    rows.first().map_or(Ok(0), |row| Ok(u32::try_from(row.int(0)?).unwrap_or(u32::MAX)))
}

/// The newest first.
pub(crate) async fn of_kind(tx: &Tx, kind: SubjectKind) -> Result<Vec<Model>, DbError> {
    tx.query(MODELS_OF_KIND, &[Value::Int(kind as i64), Value::Int(LISTED_MAX)]).await?.iter().map(read).collect()
}

pub(crate) async fn in_state(tx: &Tx, state: ModelState) -> Result<Vec<Model>, DbError> {
    tx.query(MODELS_IN_STATE, &[Value::Int(state as i64)]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Model, DbError> {
    from_json(row.text(0)?)
}
