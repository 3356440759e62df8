//! Idempotency: ids, idempotency keys and their digests.

use hmac::{Hmac, KeyInit, Mac};
use kernel::Ctx;
use ledger_api::{TransactionId, TransactionTag};
use platform::db::{Db, DbError, Tx, Value};
use rand::RngExt;
use sha2::Sha256;

use super::LedgerService;
use crate::command::{Scope, Tag};
use crate::store::sql;

/// The secret's name in the store.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency";

/// The operations that an idempotency key can belong to.
#[derive(Clone, Copy)]
pub(crate) enum KeyedOperation {
    Transaction,
    Batch,
    Account,
    Asset,
}

impl LedgerService {
    pub(super) fn tag(&self, id: Option<TransactionId>, scope: Option<Scope>) -> Tag {
        let id = id.unwrap_or_else(|| self.ids.make::<TransactionTag>());
        Tag { id: id.bits(), scope, salt: rand::rng().random() }
    }

    /// What an idempotency key stands for: the caller, the kind of operation and the key; and the command, so that a
    /// different one under the same key is detected.
    pub(crate) fn scope(
        &self,
        ctx: &Ctx,
        operation: KeyedOperation,
        place: usize,
        command: &impl serde::Serialize,
    ) -> Option<Scope> {
        let key = ctx.idempotency_key.as_ref()?;
        let operation = operation as usize;
        let name = format!("{}\0{operation}\0{place}\0{}", ctx.principal.subject, key.as_str());
        // A command is plain data; it always has a JSON form.
        let command = serde_json::to_vec(command).unwrap_or_default();
        Some(Scope { key: self.digest(name.as_bytes()), command: self.digest(&command) })
    }

    pub(super) fn digest(&self, text: &[u8]) -> [u8; 16] {
        let mut digest = [0; 16];
        // Any key length is accepted.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(text);
        let full = mac.finalize().into_bytes();
        digest.iter_mut().zip(full).for_each(|(place, byte)| *place = byte);
        digest
    }
}

/// Created once, stored in the store: a store that is moved or restored recognises repeats as before.
pub(super) async fn idempotency_key(db: &Db) -> Result<[u8; 32], DbError> {
    let fresh: [u8; 32] = rand::rng().random();
    db.write(move |tx: &Tx| {
        Box::pin(async move {
            let name = Value::Text(IDEMPOTENCY_KEY);
            if let Some(row) = tx.query(sql::SECRET_READ, &[name]).await?.first() {
                return row.array(0);
            }
            tx.execute(sql::SECRET_WRITE, &[name, Value::Bytes(&fresh)]).await?;
            // Another process that started at the same moment may have been first.
            let rows = tx.query(sql::SECRET_READ, &[name]).await?;
            rows.first().map_or(Ok(fresh), |row| row.array(0))
        })
    })
    .await
    .map_err(DbError::from)
}
