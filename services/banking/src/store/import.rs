//! Imports.

use banking_api::{Counts, ImportId, ImportOptions, ImportState, Mistake, Warning};
use kernel::Timestamp;
use platform::db::{DbError, Row, Tx, Value};
use serde::{Deserialize, Serialize};

use super::upload::Upload;
use crate::keys::Keys;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    IMPORT_ADD,
    IMPORT_LAST,
    IMPORT_OF_ID,
    IMPORT_OF_SEQ,
    IMPORT_OF_DIGEST,
    IMPORT_LIST,
    IMPORT_LIST_OWN,
    IMPORT_DUE,
    IMPORT_CLAIM,
    IMPORT_CLAIMS_END,
    IMPORT_SAVE,
    IMPORT_ACCOUNTS,
];

const IMPORT_ADD: &str = "
insert into import (seq, id, state, digest, sha256, subject, owner, entity, principal, upload, parts, options, counts,
    notes, done, created_at, claimed_until)
values ($1, $2, 'received', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $14, 0, $13, 0)";

const IMPORT_LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from import";

const IMPORT_OF_ID: &str = "
select seq, id, state, sha256, subject, owner, entity, principal, upload, parts, options, format, counts, notes,
    done, created_at, claimed_until
from import
where id = $1";

const IMPORT_OF_SEQ: &str = "
select seq, id, state, sha256, subject, owner, entity, principal, upload, parts, options, format, counts, notes,
    done, created_at, claimed_until
from import
where seq = $1";

/// Rule 1: a refused or withdrawn file may come again.
const IMPORT_OF_DIGEST: &str = "
select seq, id, state, sha256, subject, owner, entity, principal, upload, parts, options, format, counts, notes,
    done, created_at, claimed_until
from import
where digest = $1
    and state in ('received', 'applied')
order by seq
limit 1";

const IMPORT_LIST: &str = "
select seq, id, state, sha256, subject, owner, entity, principal, upload, parts, options, format, counts, notes,
    done, created_at, claimed_until
from import
where seq < $1
order by seq desc
limit $2";

const IMPORT_LIST_OWN: &str = "
select seq, id, state, sha256, subject, owner, entity, principal, upload, parts, options, format, counts, notes,
    done, created_at, claimed_until
from import
where owner = $3
    and seq < $1
order by seq desc
limit $2";

const IMPORT_DUE: &str = "
select seq
from import
where state = 'received'
    and claimed_until < $1
order by claimed_until
limit $2";

const IMPORT_CLAIM: &str = "
update import
set claimed_until = $3
where seq = $1
    and claimed_until = $2
    and state = 'received'";

const IMPORT_CLAIMS_END: &str = "
update import
set claimed_until = 0
where state = 'received'";

const IMPORT_SAVE: &str = "
update import
set state = $3, format = $4, counts = $5, notes = $6, done = $7
where seq = $1
    and state = $2";

const IMPORT_ACCOUNTS: &str = "
select distinct account.id
from statement
join account on account.seq = statement.account
where statement.import = $1
order by account.id
limit 500";

#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) seq: i64,
    pub(crate) id: ImportId,
    pub(crate) state: ImportState,
    pub(crate) sha256: String,
    pub(crate) subject: String,
    pub(crate) owner: Option<String>,
    pub(crate) entity: Option<String>,
    pub(crate) upload: Upload,
    pub(crate) parts: u32,
    pub(crate) options: ImportOptions,
    pub(crate) format: Option<String>,
    pub(crate) counts: Counts,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) mistake: Option<Mistake>,
    /// Steps of the file that have been applied.
    pub(crate) done: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) claimed_until: i64,
}

/// What people read of an import; of an erased owner it is empty.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct Notes {
    warnings: Vec<Warning>,
    mistake: Option<Mistake>,
}

/// Movements have the positive numbers.
fn place(seq: i64) -> i64 {
    -seq
}

async fn sealed(tx: &Tx, keys: &Keys, import: &Stored) -> Result<Vec<u8>, DbError> {
    let notes = Notes { warnings: import.warnings.clone(), mistake: import.mistake.clone() };
    let plain = super::json_text(&notes)?;
    let sealer = keys.sealer(tx, &import.subject).await?;
    Ok(sealer.seal(place(import.seq), plain.as_bytes())?)
}

async fn read(tx: &Tx, keys: &Keys, row: &Row) -> Result<Stored, DbError> {
    let (seq, subject) = (row.int(0)?, row.text(4)?);
    let Notes { warnings, mistake } = match keys.find(tx, subject).await? {
        Some(sealer) => {
            let plain = sealer.unseal(place(seq), row.bytes(13)?)?;
            serde_json::from_slice(&plain).map_err(|error| DbError::shape(error.to_string()))?
        }
        None => Notes::default(),
    };
    let text = |column| row.text_or_null(column).map(|text| text.map(str::to_owned));
    Ok(Stored {
        seq,
        id: super::id(row, 1)?,
        state: super::name(row, 2)?,
        sha256: row.text(3)?.to_owned(),
        subject: subject.to_owned(),
        owner: text(5)?,
        entity: text(6)?,
        upload: Upload { principal: row.text(7)?.to_owned(), name: row.text(8)?.to_owned() },
        parts: u32::try_from(row.int(9)?).unwrap_or(u32::MAX),
        options: super::json(row, 10)?,
        format: text(11)?,
        counts: super::json(row, 12)?,
        warnings,
        mistake,
        done: row.int(14)?,
        created_at: Timestamp::from_micros(row.int(15)?),
        claimed_until: row.int(16)?,
    })
}

pub(crate) async fn add(tx: &Tx, keys: &Keys, import: &Stored, digest: &[u8]) -> Result<(), DbError> {
    let (id, options) = (import.id.to_bytes(), super::json_text(&import.options)?);
    let (counts, notes) = (super::json_text(&import.counts)?, sealed(tx, keys, import).await?);
    let values = [
        Value::Int(import.seq),
        Value::Bytes(&id),
        Value::Bytes(digest),
        Value::Text(&import.sha256),
        Value::Text(&import.subject),
        import.owner.as_deref().map_or(Value::Null, Value::Text),
        import.entity.as_deref().map_or(Value::Null, Value::Text),
        Value::Text(&import.upload.principal),
        Value::Text(&import.upload.name),
        Value::Int(i64::from(import.parts)),
        Value::Text(&options),
        Value::Text(&counts),
        Value::Int(import.created_at.micros()),
        Value::Bytes(&notes),
    ];
    tx.execute(IMPORT_ADD, &values).await.map(drop)
}

pub(crate) async fn next(tx: &Tx) -> Result<i64, DbError> {
    let rows = tx.query(IMPORT_LAST, &[]).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.int(0))? + 1)
}

async fn found(tx: &Tx, keys: &Keys, rows: &[Row]) -> Result<Vec<Stored>, DbError> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        found.push(read(tx, keys, row).await?);
    }
    Ok(found)
}

pub(crate) async fn of_id(tx: &Tx, keys: &Keys, id: ImportId) -> Result<Option<Stored>, DbError> {
    let rows = tx.query(IMPORT_OF_ID, &[Value::Bytes(&id.to_bytes())]).await?;
    Ok(found(tx, keys, &rows).await?.pop())
}

pub(crate) async fn of_seq(tx: &Tx, keys: &Keys, seq: i64) -> Result<Option<Stored>, DbError> {
    let rows = tx.query(IMPORT_OF_SEQ, &[Value::Int(seq)]).await?;
    Ok(found(tx, keys, &rows).await?.pop())
}

pub(crate) async fn of_digest(tx: &Tx, keys: &Keys, digest: &[u8]) -> Result<Option<Stored>, DbError> {
    let rows = tx.query(IMPORT_OF_DIGEST, &[Value::Bytes(digest)]).await?;
    Ok(found(tx, keys, &rows).await?.pop())
}

/// Which imports a list shows: before this number, and of this owner only.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listed<'a> {
    pub(crate) owner: Option<&'a str>,
    pub(crate) before: i64,
    pub(crate) limit: usize,
}

/// The newest first.
pub(crate) async fn list(tx: &Tx, keys: &Keys, listed: Listed<'_>) -> Result<Vec<Stored>, DbError> {
    let (before, limit) = (Value::Int(listed.before), Value::Int(i64::try_from(listed.limit).unwrap_or(i64::MAX)));
    let rows = match listed.owner {
        Some(owner) => tx.query(IMPORT_LIST_OWN, &[before, limit, Value::Text(owner)]).await?,
        None => tx.query(IMPORT_LIST, &[before, limit]).await?,
    };
    found(tx, keys, &rows).await
}

/// Imports that no process is reading.
pub(crate) async fn due(tx: &Tx, now: i64, limit: i64) -> Result<Vec<i64>, DbError> {
    tx.query(IMPORT_DUE, &[Value::Int(now), Value::Int(limit)]).await?.iter().map(|row| row.int(0)).collect()
}

/// Takes an import over from a claim that has ended, or renews one's own. False if another process has it.
pub(crate) async fn claim(tx: &Tx, seq: i64, from: i64, until: i64) -> Result<bool, DbError> {
    Ok(tx.execute(IMPORT_CLAIM, &[Value::Int(seq), Value::Int(from), Value::Int(until)]).await? == 1)
}

/// At the start of a process that has the store alone: no other process can have a claim.
pub(crate) async fn end_claims(tx: &Tx) -> Result<(), DbError> {
    tx.execute(IMPORT_CLAIMS_END, &[]).await.map(drop)
}

/// Stores its state and progress, if it is still in the state `from`.
pub(crate) async fn save(tx: &Tx, keys: &Keys, from: ImportState, import: &Stored) -> Result<bool, DbError> {
    let (from, state): (&str, &str) = (from.into(), import.state.into());
    let (counts, notes) = (super::json_text(&import.counts)?, sealed(tx, keys, import).await?);
    let values = [
        Value::Int(import.seq),
        Value::Text(from),
        Value::Text(state),
        import.format.as_deref().map_or(Value::Null, Value::Text),
        Value::Text(&counts),
        Value::Bytes(&notes),
        Value::Int(import.done),
    ];
    Ok(tx.execute(IMPORT_SAVE, &values).await? == 1)
}

pub(crate) async fn accounts(tx: &Tx, seq: i64) -> Result<Vec<banking_api::AccountId>, DbError> {
    tx.query(IMPORT_ACCOUNTS, &[Value::Int(seq)]).await?.iter().map(|row| super::id(row, 0)).collect()
}
