//! Entries of lists as rows.

use kernel::Timestamp;
use platform::db::{DbError, Row, Tx, Value};
use risk_api::{Entity, EntityKind, ListEntry, ListName};

use super::numbered;

const ENTRY_PUT: &str = "
insert into list_entries (list, kind, id, reason, author, added_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (list, kind, id) do update
set reason = excluded.reason, author = excluded.author, added_at = excluded.added_at, expires_at = excluded.expires_at";

const ENTRY_REMOVE: &str = "
delete from list_entries
where list = $1
    and kind = $2
    and id = $3";

const ENTRIES_AFTER: &str = "
select list, kind, id, reason, author, added_at, expires_at
from list_entries
where list = $1
    and (kind > $2 or (kind = $2 and id > $3))
order by kind, id
limit $4";

const ENTRIES_OF_KIND: &str = "
select list, kind, id, reason, author, added_at, expires_at
from list_entries
where list = $1
    and kind = $2
    and id > $3
order by id
limit $4";

const ENTRY: &str = "
select list, kind, id, reason, author, added_at, expires_at
from list_entries
where list = $1
    and kind = $2
    and id = $3";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[ENTRY_PUT, ENTRY_REMOVE, ENTRIES_AFTER, ENTRIES_OF_KIND, ENTRY];

pub(crate) async fn put(tx: &Tx, list: ListName, entry: &ListEntry) -> Result<(), DbError> {
    let values = [
        Value::Int(list as i64),
        Value::Int(entry.entity.kind as i64),
        Value::Text(entry.entity.id.as_str()),
        Value::Text(&entry.reason),
        Value::Text(&entry.author),
        Value::Int(entry.added_at.micros()),
        entry.expires_at.map_or(Value::Null, |at| Value::Int(at.micros())),
    ];
    tx.execute(ENTRY_PUT, &values).await?;
    Ok(())
}

pub(crate) async fn remove(tx: &Tx, list: ListName, entity: &Entity) -> Result<(), DbError> {
    let values = [Value::Int(list as i64), Value::Int(entity.kind as i64), Value::Text(entity.id.as_str())];
    tx.execute(ENTRY_REMOVE, &values).await?;
    Ok(())
}

pub(crate) async fn entry(tx: &Tx, list: ListName, entity: &Entity) -> Result<Option<ListEntry>, DbError> {
    let values = [Value::Int(list as i64), Value::Int(entity.kind as i64), Value::Text(entity.id.as_str())];
    tx.query(ENTRY, &values).await?.first().map(read).transpose()
}

/// By kind and name, of one kind or of all, after one entity.
pub(crate) async fn after(
    tx: &Tx,
    list: ListName,
    kind: Option<EntityKind>,
    after: Option<&Entity>,
    max: usize,
) -> Result<Vec<ListEntry>, DbError> {
    let last = after.map_or("", |entity| entity.id.as_str());
    let (sql, place) = match kind {
        Some(kind) => (ENTRIES_OF_KIND, kind as i64),
        None => (ENTRIES_AFTER, after.map_or(-1, |entity| entity.kind as i64)),
    };
    let values = [Value::Int(list as i64), Value::Int(place), Value::Text(last), Value::Int(max as i64)];
    tx.query(sql, &values).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<ListEntry, DbError> {
    let id = row.text(2)?.parse().map_err(|_| DbError::shape("an entity's id has another form"))?;
    Ok(ListEntry {
        entity: Entity { kind: numbered(row.int(1)?)?, id },
        reason: row.text(3)?.to_owned(),
        author: row.text(4)?.to_owned(),
        added_at: Timestamp::from_micros(row.int(5)?),
        expires_at: row.int_or_null(6)?.map(Timestamp::from_micros),
    })
}
