//! Idempotency keys that are moved with the log: digests made with a secret, which has to move with them.

use platform::db::{Column, Db, DbError, Tx, Value};

use super::error::TransferError;
use super::export::known_keys;
use super::import::secret_name;
use super::reader::ReadKey;
use super::sql;
use crate::store::sql as tables;

/// Replaces a secret with which nothing was made yet.
pub(super) async fn take_secret(db: &Db, secret: [u8; 32]) -> Result<(), TransferError> {
    let tx = db.begin_alone().await?;
    let found = tx.query(tables::SECRET_READ, &[secret_name()]).await?;
    let params = [secret_name(), Value::Bytes(&secret)];
    match found.first().map(|row| row.bytes(0)).transpose()? {
        Some(known) if known == secret => return Ok(()),
        Some(_) if !tx.query(sql::IDEMPOTENCY_ANY, &[]).await?.is_empty() => return Err(TransferError::OtherSecret),
        Some(_) => tx.execute(sql::SECRET_UPDATE, &params).await?,
        None => tx.execute(tables::SECRET_WRITE, &params).await?,
    };
    Ok(tx.commit().await.map_err(DbError::from)?)
}

/// An interrupted import has left some of them.
pub(super) async fn take_keys(db: &Db, keys: &[ReadKey]) -> Result<(), TransferError> {
    let tx = db.begin_alone().await?;
    insert(&tx, keys).await?;
    Ok(tx.commit().await.map_err(DbError::from)?)
}

async fn insert(tx: &Tx, keys: &[ReadKey]) -> Result<(), TransferError> {
    let names: Vec<[u8; 16]> = keys.iter().map(|key| key.key).collect();
    let known = known_keys(tx, &names).await?;
    let new: Vec<&ReadKey> = keys.iter().filter(|key| !known.contains_key(&key.key)).collect();
    let names: Vec<[u8; 16]> = new.iter().map(|key| key.key).collect();
    let commands: Vec<[u8; 16]> = new.iter().map(|key| key.command).collect();
    let seqs: Vec<i64> = new.iter().map(|key| key.seq as i64).collect();
    let days: Vec<i64> = new.iter().map(|key| key.day).collect();
    let columns = [Column::Id(&names), Column::Id(&commands), Column::Int(&seqs), Column::Int(&days)];
    Ok(tx.insert_many(&tables::IDEMPOTENCY, &columns).await?)
}
