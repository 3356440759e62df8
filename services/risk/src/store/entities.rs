//! Counters of entities, and how far they are stored.

use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

use crate::engine::FlushedEntity;
use crate::features::{EntityKey, EntityState};

pub(crate) static ENTITIES: RowSet =
    RowSet::new("entities", &[("key", "bigint"), ("seq", "bigint"), ("forgotten", "smallint"), ("state", "bytea")]);

/// Entities that were forgotten: they are marked in one set, and go together.
pub(crate) static FORGOTTEN: RowSet = RowSet::new("entities", &[("key", "bigint"), ("forgotten", "smallint")]);

const ENTITIES_AFTER: &str = "
select key, seq, forgotten, state
from entities
where key > $1
order by key
limit $2";

const ENTITIES_SWEEP: &str = "
delete from entities
where forgotten = 1";

const PROGRESS: &str = "
select stored_seq, last_seq, number
from progress
where one = 1";

const PROGRESS_MOVE: &str = "
update progress
set stored_seq = $1, last_seq = $2, number = $3
where one = 1";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[ENTITIES_AFTER, ENTITIES_SWEEP, PROGRESS, PROGRESS_MOVE];

/// An entity as it was stored.
pub(crate) type Found = (EntityKey, i64, EntityState);

pub(crate) async fn put(tx: &Tx, entities: &[FlushedEntity]) -> Result<(), DbError> {
    let (old, new): (Vec<_>, Vec<_>) = entities.iter().partition(|entity| entity.is_stored);
    for (entities, is_stored) in [(old, true), (new, false)] {
        if entities.is_empty() {
            continue;
        }
        let keys: Vec<i64> = entities.iter().map(|entity| entity.key.0.cast_signed()).collect();
        let seqs: Vec<i64> = entities.iter().map(|entity| entity.seq).collect();
        let forgotten = vec![0; keys.len()];
        let states: Vec<Vec<u8>> = entities.iter().map(|entity| entity.state.clone()).collect();
        let columns = [Column::Int(&keys), Column::Int(&seqs), Column::Int(&forgotten), Column::Bytes(&states)];
        if is_stored {
            tx.update_many(&ENTITIES, &columns).await?;
        } else {
            tx.insert_many(&ENTITIES, &columns).await?;
        }
    }
    Ok(())
}

pub(crate) async fn forget(tx: &Tx, keys: &[EntityKey]) -> Result<(), DbError> {
    if keys.is_empty() {
        return Ok(());
    }
    let keys: Vec<i64> = keys.iter().map(|key| key.0.cast_signed()).collect();
    let marks = vec![1; keys.len()];
    tx.update_many(&FORGOTTEN, &[Column::Int(&keys), Column::Int(&marks)]).await?;
    tx.execute(ENTITIES_SWEEP, &[]).await?;
    Ok(())
}

pub(crate) async fn by_keys(tx: &Tx, keys: &[EntityKey]) -> Result<Vec<Found>, DbError> {
    let keys: Vec<i64> = keys.iter().map(|key| key.0.cast_signed()).collect();
    let rows = tx.select_many(&ENTITIES, Column::Int(&keys)).await?;
    rows.iter().map(found).collect()
}

/// In the order of keys; the first page is after the smallest number there is.
pub(crate) async fn after(tx: &Tx, key: i64, max: usize) -> Result<Vec<Found>, DbError> {
    let rows = tx.query(ENTITIES_AFTER, &[Value::Int(key), Value::Int(max as i64)]).await?;
    rows.iter().map(found).collect()
}

fn found(row: &Row) -> Result<Found, DbError> {
    let state = EntityState::unpack(row.bytes(3)?).ok_or_else(|| DbError::shape("an entity is damaged"))?;
    Ok((EntityKey(row.int(0)?.cast_unsigned()), row.int(1)?, state))
}

/// The progress of the store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    /// Up to which step every entity is stored.
    pub(crate) stored_seq: i64,
    /// The last step.
    pub(crate) last_seq: i64,
    /// The last transaction.
    pub(crate) number: i64,
}

pub(crate) async fn progress(tx: &Tx) -> Result<Stored, DbError> {
    let rows = tx.query(PROGRESS, &[]).await?;
    let row = rows.first().ok_or_else(|| DbError::shape("the progress of counters is missing"))?;
    Ok(Stored { stored_seq: row.int(0)?, last_seq: row.int(1)?, number: row.int(2)? })
}

pub(crate) async fn move_progress(tx: &Tx, to: Stored) -> Result<(), DbError> {
    let values = [Value::Int(to.stored_seq), Value::Int(to.last_seq), Value::Int(to.number)];
    tx.execute(PROGRESS_MOVE, &values).await?;
    Ok(())
}
