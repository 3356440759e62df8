//! Reads and small writes about authorizations outside of the lane.

use kernel::Timestamp;
use platform::db::{DbError, Row, Tx, Value};

use super::{REQUESTS, body};
use crate::authorization::{AuthorizationId, Step};
use crate::card::CardId;
use crate::record::{Record, StepRecord};

const DUE: &str = "
select body
from card_authorization
where due_at is not null
    and due_at <= $1
order by due_at
limit $2";

const OF_CARD: &str = "
select body
from card_authorization
where card = $1
    and id < $2
order by id desc
limit $3";

const STEPS_OF: &str = "
select body
from card_step
where authorization_id = $1
order by id
limit $2";

const EXPIRED: &str = "
select authorization_id
from hold_expired
order by authorization_id
limit $1";

const EXPIRED_NOTE: &str = "
insert into hold_expired (authorization_id)
select id
from card_authorization
where id >= $1
    and id <= $2
on conflict (authorization_id) do nothing";

const USAGE_FORGET: &str = "
delete from card_usage
where day >= 0
    and day < $1";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[DUE, OF_CARD, STEPS_OF, EXPIRED, EXPIRED_NOTE, USAGE_FORGET];

/// What is due at this time, the oldest first.
pub(crate) async fn due(tx: &Tx, now: Timestamp, max: i64) -> Result<Vec<Record>, DbError> {
    let rows = tx.query(DUE, &[Value::Int(now.micros()), Value::Int(max)]).await?;
    rows.iter().map(|row| body(row, 0)).collect()
}

/// The newest first.
pub(crate) async fn authorizations_of_card(
    tx: &Tx,
    card: CardId,
    before: AuthorizationId,
    max: usize,
) -> Result<Vec<Record>, DbError> {
    let (card, before) = (card.to_bytes(), before.to_bytes());
    let values = [Value::Bytes(&card), Value::Bytes(&before), Value::Int(max as i64)];
    tx.query(OF_CARD, &values).await?.iter().map(|row| body(row, 0)).collect()
}

pub(crate) async fn steps_of(tx: &Tx, id: AuthorizationId, max: usize) -> Result<Vec<Step>, DbError> {
    let id = id.to_bytes();
    let rows = tx.query(STEPS_OF, &[Value::Bytes(&id), Value::Int(max as i64)]).await?;
    rows.iter().map(|row| body::<StepRecord>(row, 0).map(|step| step.step)).collect()
}

/// The authorization of a request.
pub(crate) async fn request_of(tx: &Tx, key: [u8; 16]) -> Result<Option<AuthorizationId>, DbError> {
    let rows = tx.select_many(&REQUESTS, platform::db::Column::Id(&[key])).await?;
    rows.first().map(|row: &Row| Ok(AuthorizationId::from_bytes(row.array(2)?))).transpose()
}

pub(crate) async fn expired_holds(tx: &Tx, max: i64) -> Result<Vec<AuthorizationId>, DbError> {
    let rows = tx.query(EXPIRED, &[Value::Int(max)]).await?;
    rows.iter().map(|row| Ok(AuthorizationId::from_bytes(row.array(0)?))).collect()
}

/// Holds of others are none of ours. An authorization that was taken over several times has had several holds, which differ
/// in the last byte.
pub(crate) async fn note_expired(tx: &Tx, hold: u128) -> Result<(), DbError> {
    let (from, until) = ((hold & !0xff).to_be_bytes(), (hold | 0xff).to_be_bytes());
    tx.execute(EXPIRED_NOTE, &[Value::Bytes(&from), Value::Bytes(&until)]).await.map(drop)
}

/// Days that no limit looks at any more.
pub(crate) async fn forget_usage(tx: &Tx, before: i64) -> Result<u64, DbError> {
    tx.execute(USAGE_FORGET, &[Value::Int(before)]).await
}
