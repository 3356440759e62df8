//! Goals and their shares of assets.

use kernel::{Percent, Timestamp};
use planning_api::{AssetId, Day, GoalId, GoalState, HouseholdId, Share, Track};
use platform::db::{DbError, Row, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] =
    &[GOAL_ADD, GOAL_GET, GOAL_LIST, GOAL_CHANGE, GOAL_DUE, SOURCE_ADD, SOURCE_REMOVE, SOURCE_OF_GOAL, SOURCE_OF_ASSET];

const GOAL_ADD: &str = "
insert into goal (id, household, subject, sealed, state, track, reached_on, measured_at, created_at)
values ($1, $2, $3, $4, $5, null, null, 0, $6)";

const GOAL_GET: &str = "
select id, household, subject, sealed, state, track, reached_on, measured_at, created_at
from goal
where id = $1";

const GOAL_LIST: &str = "
select id, household, subject, sealed, state, track, reached_on, measured_at, created_at
from goal
where household = $1
order by id
limit 500";

const GOAL_CHANGE: &str = "
update goal
set subject = $2, sealed = $3, state = $4, track = $5, reached_on = $6, measured_at = $7
where id = $1";

const GOAL_DUE: &str = "
select id, household, subject, sealed, state, track, reached_on, measured_at, created_at
from goal
where state = 'active'
    and measured_at < $1
order by measured_at, id
limit 100";

const SOURCE_ADD: &str = "
insert into goal_source (goal, asset, millionths)
values ($1, $2, $3)";

const SOURCE_REMOVE: &str = "
delete from goal_source
where goal = $1";

const SOURCE_OF_GOAL: &str = "
select asset, millionths
from goal_source
where goal = $1
order by asset
limit 100";

/// What the other goals that are not over take of an asset.
const SOURCE_OF_ASSET: &str = "
select cast(coalesce(sum(s.millionths), 0) as BIGINT)
from goal g
join goal_source s on s.goal = g.id
where g.household = $1
    and s.asset = $2
    and g.id <> $3
    and g.state in ('active', 'reached')";

#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: GoalId,
    pub(crate) household: HouseholdId,
    /// Whose key seals its terms.
    pub(crate) subject: String,
    pub(crate) sealed: Vec<u8>,
    pub(crate) state: GoalState,
    pub(crate) track: Option<Track>,
    pub(crate) reached_on: Option<Day>,
    pub(crate) measured_at: Timestamp,
    pub(crate) created_at: Timestamp,
}

fn read(row: &Row) -> Result<Stored, DbError> {
    Ok(Stored {
        id: super::id(row, 0)?,
        household: super::id(row, 1)?,
        subject: row.text(2)?.to_owned(),
        sealed: row.bytes(3)?.to_vec(),
        state: super::name(row, 4)?,
        track: super::name_or_null(row, 5)?,
        reached_on: row.int_or_null(6)?.map(Day::of_number),
        measured_at: Timestamp::from_micros(row.int(7)?),
        created_at: Timestamp::from_micros(row.int(8)?),
    })
}

pub(crate) async fn add(tx: &Tx, one: &Stored) -> Result<(), DbError> {
    let (id, household) = (one.id.to_bytes(), one.household.to_bytes());
    let state: &str = one.state.into();
    let values = [
        Value::Bytes(&id),
        Value::Bytes(&household),
        Value::Text(&one.subject),
        Value::Bytes(&one.sealed),
        Value::Text(state),
        Value::Int(one.created_at.micros()),
    ];
    tx.execute(GOAL_ADD, &values).await.map(drop)
}

pub(crate) async fn of_id(tx: &Tx, id: GoalId) -> Result<Option<Stored>, DbError> {
    tx.query(GOAL_GET, &[Value::Bytes(&id.to_bytes())]).await?.first().map(read).transpose()
}

pub(crate) async fn list(tx: &Tx, household: HouseholdId) -> Result<Vec<Stored>, DbError> {
    tx.query(GOAL_LIST, &[Value::Bytes(&household.to_bytes())]).await?.iter().map(read).collect()
}

pub(crate) async fn change(tx: &Tx, one: &Stored) -> Result<(), DbError> {
    let id = one.id.to_bytes();
    let state: &str = one.state.into();
    let track: Option<&'static str> = one.track.map(Into::into);
    let values = [
        Value::Bytes(&id),
        Value::Text(&one.subject),
        Value::Bytes(&one.sealed),
        Value::Text(state),
        track.map_or(Value::Null, Value::Text),
        one.reached_on.map_or(Value::Null, |day| Value::Int(day.number())),
        Value::Int(one.measured_at.micros()),
    ];
    tx.execute(GOAL_CHANGE, &values).await.map(drop)
}

/// Active ones that were measured last before an instant.
pub(crate) async fn due(tx: &Tx, before: Timestamp) -> Result<Vec<Stored>, DbError> {
    tx.query(GOAL_DUE, &[Value::Int(before.micros())]).await?.iter().map(read).collect()
}

/// Instead of the shares before.
pub(crate) async fn put_shares(tx: &Tx, goal: GoalId, shares: &[Share]) -> Result<(), DbError> {
    let id = goal.to_bytes();
    tx.execute(SOURCE_REMOVE, &[Value::Bytes(&id)]).await?;
    for share in shares {
        let (asset, millionths) = (share.asset.to_bytes(), millionths(share.percent)?);
        tx.execute(SOURCE_ADD, &[Value::Bytes(&id), Value::Bytes(&asset), Value::Int(millionths)]).await?;
    }
    Ok(())
}

pub(crate) fn millionths(percent: Percent) -> Result<i64, DbError> {
    i64::try_from(percent.millionths()).map_err(|_| DbError::shape("a share above 100 %"))
}

pub(crate) async fn shares(tx: &Tx, goal: GoalId) -> Result<Vec<Share>, DbError> {
    let rows = tx.query(SOURCE_OF_GOAL, &[Value::Bytes(&goal.to_bytes())]).await?;
    let share = |row: &Row| {
        let text = percent_text(row.int(1)?);
        let percent = text.parse().map_err(|_| DbError::shape(format!("{text} is not a share")))?;
        Ok(Share { asset: super::id(row, 0)?, percent })
    };
    rows.iter().map(share).collect()
}

/// Millionths as a percentage.
pub(crate) fn percent_text(millionths: i64) -> String {
    let text = format!("{}.{:04}", millionths / 10_000, millionths % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

pub(crate) async fn taken_by_others(
    tx: &Tx,
    household: HouseholdId,
    asset: AssetId,
    except: GoalId,
) -> Result<i64, DbError> {
    let (household, asset, except) = (household.to_bytes(), asset.to_bytes(), except.to_bytes());
    let values = [Value::Bytes(&household), Value::Bytes(&asset), Value::Bytes(&except)];
    tx.query(SOURCE_OF_ASSET, &values).await?.first().map_or(Ok(0), |row| row.int(0))
}
