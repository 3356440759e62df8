//! Devices that get push messages.

use kernel::Timestamp;
use notifications_api::{DeviceId, DeviceKind};
use platform::db::{DbError, Row, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[LAST, ADD, FIND, OF_ADDRESS, OF_SUBJECT, REMOVE, REMOVE_ADDRESS];

const LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from device";

const ADD: &str = "
insert into device (seq, id, subject, kind, address_key, sealed, created_at)
values ($1, $2, $3, $4, $5, $6, $7)";

const FIND: &str = "
select id, subject, kind, address_key, sealed, created_at
from device
where id = $1";

const OF_ADDRESS: &str = "
select id, subject, kind, address_key, sealed, created_at
from device
where address_key = $1";

const OF_SUBJECT: &str = "
select id, subject, kind, address_key, sealed, created_at
from device
where subject = $1
order by seq";

const REMOVE: &str = "
delete from device
where id = $1";

const REMOVE_ADDRESS: &str = "
delete from device
where address_key = $1";

#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) subject: String,
    pub(crate) kind: DeviceKind,
    pub(crate) address_key: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
    pub(crate) created_at: Timestamp,
}

fn device(row: &Row) -> Result<Device, DbError> {
    Ok(Device {
        id: super::id(row, 0)?,
        subject: row.text(1)?.to_owned(),
        kind: super::name(row, 2)?,
        address_key: row.bytes(3)?.to_vec(),
        sealed: row.bytes(4)?.to_vec(),
        created_at: super::time(row, 5)?,
    })
}

/// The caller holds the lock of the store's writers.
pub(crate) async fn add(tx: &Tx, device: &Device) -> Result<(), DbError> {
    let seq = tx.query(LAST, &[]).await?.first().map_or(Ok(0), |row| row.int(0))? + 1;
    let (id, kind): (_, &'static str) = (device.id.to_bytes(), device.kind.into());
    let values = [
        Value::Int(seq),
        Value::Bytes(&id),
        Value::Text(&device.subject),
        Value::Text(kind),
        Value::Bytes(&device.address_key),
        Value::Bytes(&device.sealed),
        Value::Int(device.created_at.micros()),
    ];
    tx.execute(ADD, &values).await.map(drop)
}

pub(crate) async fn find(tx: &Tx, id: DeviceId) -> Result<Option<Device>, DbError> {
    tx.query(FIND, &[Value::Bytes(&id.to_bytes())]).await?.first().map(device).transpose()
}

pub(crate) async fn of_address(tx: &Tx, address_key: &[u8]) -> Result<Option<Device>, DbError> {
    tx.query(OF_ADDRESS, &[Value::Bytes(address_key)]).await?.first().map(device).transpose()
}

/// Oldest first.
pub(crate) async fn of_subject(tx: &Tx, subject: &str) -> Result<Vec<Device>, DbError> {
    tx.query(OF_SUBJECT, &[Value::Text(subject)]).await?.iter().map(device).collect()
}

pub(crate) async fn remove(tx: &Tx, id: DeviceId) -> Result<(), DbError> {
    tx.execute(REMOVE, &[Value::Bytes(&id.to_bytes())]).await.map(drop)
}

pub(crate) async fn remove_address(tx: &Tx, address_key: &[u8]) -> Result<(), DbError> {
    tx.execute(REMOVE_ADDRESS, &[Value::Bytes(address_key)]).await.map(drop)
}
