//! Plans and their versions.

use kernel::Timestamp;
use planning_api::{HouseholdId, PlanId, Version};
use platform::db::{DbError, Row, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[PLAN_ADD, PLAN_GET, PLAN_LIST, PLAN_ADVANCE, VERSION_ADD, VERSION_GET, VERSION_LIST];

const PLAN_ADD: &str = "
insert into plan (id, household, version)
values ($1, $2, $3)";

const PLAN_GET: &str = "
select id, household, version
from plan
where id = $1";

const PLAN_LIST: &str = "
select id, household, version
from plan
where household = $1
order by id
limit 100";

const PLAN_ADVANCE: &str = "
update plan
set version = $2
where id = $1
    and version = $2 - 1";

const VERSION_ADD: &str = "
insert into plan_version (plan, version, subject, sealed, created_at)
values ($1, $2, $3, $4, $5)";

const VERSION_GET: &str = "
select version, subject, sealed, created_at
from plan_version
where plan = $1
    and version = $2";

const VERSION_LIST: &str = "
select version, created_at
from plan_version
where plan = $1
order by version desc
limit 500";

#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    pub(crate) id: PlanId,
    pub(crate) household: HouseholdId,
    /// The latest.
    pub(crate) version: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct StoredVersion {
    pub(crate) version: u32,
    /// Whose key seals its terms.
    pub(crate) subject: String,
    pub(crate) sealed: Vec<u8>,
    pub(crate) created_at: Timestamp,
}

fn number(row: &Row, column: usize) -> Result<u32, DbError> {
    u32::try_from(row.int(column)?).map_err(|_| DbError::shape("a version beyond 32 bits"))
}

fn read(row: &Row) -> Result<Stored, DbError> {
    Ok(Stored { id: super::id(row, 0)?, household: super::id(row, 1)?, version: number(row, 2)? })
}

pub(crate) async fn add(tx: &Tx, one: &Stored) -> Result<(), DbError> {
    let (id, household) = (one.id.to_bytes(), one.household.to_bytes());
    let values = [Value::Bytes(&id), Value::Bytes(&household), Value::Int(i64::from(one.version))];
    tx.execute(PLAN_ADD, &values).await.map(drop)
}

pub(crate) async fn of_id(tx: &Tx, id: PlanId) -> Result<Option<Stored>, DbError> {
    tx.query(PLAN_GET, &[Value::Bytes(&id.to_bytes())]).await?.first().map(read).transpose()
}

pub(crate) async fn list(tx: &Tx, household: HouseholdId) -> Result<Vec<Stored>, DbError> {
    tx.query(PLAN_LIST, &[Value::Bytes(&household.to_bytes())]).await?.iter().map(read).collect()
}

/// Whether the version before was the latest.
pub(crate) async fn advance(tx: &Tx, id: PlanId, to: u32) -> Result<bool, DbError> {
    Ok(tx.execute(PLAN_ADVANCE, &[Value::Bytes(&id.to_bytes()), Value::Int(i64::from(to))]).await? == 1)
}

pub(crate) async fn add_version(tx: &Tx, plan: PlanId, one: &StoredVersion) -> Result<(), DbError> {
    let id = plan.to_bytes();
    let values = [
        Value::Bytes(&id),
        Value::Int(i64::from(one.version)),
        Value::Text(&one.subject),
        Value::Bytes(&one.sealed),
        Value::Int(one.created_at.micros()),
    ];
    tx.execute(VERSION_ADD, &values).await.map(drop)
}

pub(crate) async fn version(tx: &Tx, plan: PlanId, version: u32) -> Result<Option<StoredVersion>, DbError> {
    let rows = tx.query(VERSION_GET, &[Value::Bytes(&plan.to_bytes()), Value::Int(i64::from(version))]).await?;
    let read = |row: &Row| {
        Ok(StoredVersion {
            version: number(row, 0)?,
            subject: row.text(1)?.to_owned(),
            sealed: row.bytes(2)?.to_vec(),
            created_at: Timestamp::from_micros(row.int(3)?),
        })
    };
    rows.first().map(read).transpose()
}

/// The latest first.
pub(crate) async fn versions(tx: &Tx, plan: PlanId) -> Result<Vec<Version>, DbError> {
    let rows = tx.query(VERSION_LIST, &[Value::Bytes(&plan.to_bytes())]).await?;
    rows.iter()
        .map(|row| Ok(Version { version: number(row, 0)?, created_at: Timestamp::from_micros(row.int(1)?) }))
        .collect()
}
