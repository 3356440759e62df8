//! Jobs as rows.

use platform::db::{DbError, Row, Tx, Value};
use risk_api::{Job, JobId, JobState};

use super::{from_json, to_json};

const JOB_ADD: &str = "
insert into jobs (id, kind, state, started_at, body)
values ($1, $2, $3, $4, $5)";

const JOB_CHANGE: &str = "
update jobs
set state = $2, body = $3
where id = $1";

const JOB: &str = "
select body
from jobs
where id = $1";

const JOBS_IN_STATE: &str = "
select body
from jobs
where state = $1
order by started_at";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[JOB_ADD, JOB_CHANGE, JOB, JOBS_IN_STATE];

pub(crate) async fn add(tx: &Tx, job: &Job) -> Result<(), DbError> {
    let (id, body) = (job.id.to_bytes(), to_json(job)?);
    let values = [
        Value::Bytes(&id),
        Value::Int(job.kind as i64),
        Value::Int(job.state as i64),
        Value::Int(job.started_at.micros()),
        Value::Text(&body),
    ];
    tx.execute(JOB_ADD, &values).await?;
    Ok(())
}

pub(crate) async fn change(tx: &Tx, job: &Job) -> Result<(), DbError> {
    let (id, body) = (job.id.to_bytes(), to_json(job)?);
    tx.execute(JOB_CHANGE, &[Value::Bytes(&id), Value::Int(job.state as i64), Value::Text(&body)]).await?;
    Ok(())
}

pub(crate) async fn by_id(tx: &Tx, id: JobId) -> Result<Option<Job>, DbError> {
    let id = id.to_bytes();
    tx.query(JOB, &[Value::Bytes(&id)]).await?.first().map(read).transpose()
}

pub(crate) async fn in_state(tx: &Tx, state: JobState) -> Result<Vec<Job>, DbError> {
    tx.query(JOBS_IN_STATE, &[Value::Int(state as i64)]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Job, DbError> {
    from_json(row.text(0)?)
}
