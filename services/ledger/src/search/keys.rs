//! Declaring, listing and removing keys. The rest of a removed key's index is erased in separate steps.

use ledger_api::{MetadataKey, Refusal, limits};
use platform::db::{Db, DbError, Tx, Value};

use super::sql;
use crate::query::QueryError;
use crate::snapshot::Books;

/// One declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) no: i64,
    pub(super) key: String,
    pub(super) indexed_to_seq: u64,
    pub(super) removed: bool,
}

pub(super) async fn all(tx: &Tx) -> Result<Vec<Declared>, DbError> {
    let declared = |row: &platform::db::Row| {
        Ok(Declared {
            no: row.int(0)?,
            key: row.text(1)?.to_owned(),
            indexed_to_seq: row.int(2)?.unsigned_abs(),
            removed: row.int(3)? != 0,
        })
    };
    tx.query(sql::KEY_LIST, &[]).await?.iter().map(declared).collect()
}

/// The active ones, by name.
pub(super) async fn list(books: &Books) -> Result<Vec<MetadataKey>, QueryError> {
    let mut keys = all(&books.snapshot().await?.tx).await?;
    keys.retain(|key| !key.removed);
    keys.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(keys.iter().map(|key| shown(key, false)).collect())
}

fn shown(declared: &Declared, replayed: bool) -> MetadataKey {
    MetadataKey { key: declared.key.clone(), indexed_to_seq: declared.indexed_to_seq, replayed }
}

/// The names of active keys, in order.
pub(super) fn names(keys: &[Declared]) -> Vec<String> {
    let mut names: Vec<String> = keys.iter().filter(|key| !key.removed).map(|key| key.key.clone()).collect();
    names.sort_unstable();
    names
}

fn check(key: &str) -> Result<(), Refusal> {
    let max = limits::METADATA_KEY_BYTES_MAX;
    let detail = match key.len() {
        0 => "the key is empty".to_owned(),
        bytes if bytes > max => format!("expected a key of at most {max} bytes, found {bytes}"),
        _ if key.contains('\0') => "the key contains the character U+0000".to_owned(),
        _ => return Ok(()),
    };
    Err(Refusal::MetadataKeyInvalid { detail })
}

pub(super) async fn declare(db: &Db, key: &str) -> Result<MetadataKey, QueryError> {
    check(key).map_err(QueryError::Refused)?;
    let key = key.to_owned();
    let outcome = db.write(move |tx: &Tx| {
        let key = key.clone();
        Box::pin(async move { declare_in(tx, &key).await })
    });
    outcome.await?.map_err(QueryError::Refused)
}

async fn declare_in(tx: &Tx, key: &str) -> Result<Result<MetadataKey, Refusal>, DbError> {
    // Two concurrent declarations would both see a free slot.
    tx.one_at_a_time().await?;
    let keys = all(tx).await?;
    if let Some(known) = keys.iter().find(|known| !known.removed && known.key == key) {
        return Ok(Ok(shown(known, true)));
    }
    let declared = names(&keys);
    if declared.len() >= limits::METADATA_KEYS_DECLARED_MAX {
        return Ok(Err(Refusal::TooManyMetadataKeys { declared, max: limits::METADATA_KEYS_DECLARED_MAX }));
    }
    let no = keys.last().map_or(1, |last| last.no + 1);
    tx.execute(sql::KEY_INSERT, &[Value::Int(no), Value::Text(key)]).await?;
    Ok(Ok(MetadataKey { key: key.to_owned(), indexed_to_seq: 0, replayed: false }))
}

pub(super) async fn remove(db: &Db, key: &str) -> Result<MetadataKey, QueryError> {
    let name = key.to_owned();
    let outcome = db.write(move |tx: &Tx| {
        let name = name.clone();
        Box::pin(async move {
            let found = all(tx).await?.into_iter().find(|known| !known.removed && known.key == name);
            if let Some(found) = &found {
                tx.execute(sql::KEY_REMOVE, &[Value::Int(found.no)]).await?;
            }
            Ok(found)
        })
    });
    let unknown = || Refusal::NotFound { what: "metadata key".to_owned(), name: key.chars().take(80).collect() };
    let found = outcome.await?.ok_or_else(|| QueryError::Refused(unknown()))?;
    Ok(shown(&found, false))
}
