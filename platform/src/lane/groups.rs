//! The rows that a lane writes with its groups, where nothing else in the store tells one group from another: so that a
//! commit whose answer was lost can be looked up.

use kernel::Timestamp;

use super::Tail;
use crate::db::{DbError, Tx, Value};

/// Rows that are kept: a commit without an answer is looked up at once, never later.
const KEPT: i64 = 10_000;
/// Groups between two removals of old rows.
const REMOVED_EVERY: i64 = 1_000;

/// The statements on a room's own table of `number SEQ, at BIGINT, fingerprint BIGINT`.
#[derive(Debug, Clone, Copy)]
pub struct Groups {
    /// `number`, `at` and `fingerprint` of the last row.
    pub last: &'static str,
    /// The `fingerprint` of a `number`.
    pub find: &'static str,
    /// Of all three.
    pub add: &'static str,
    /// Everything below a `number`.
    pub remove: &'static str,
}

impl Groups {
    /// # Errors
    /// The store's.
    pub async fn tail(&self, tx: &Tx) -> Result<Tail, DbError> {
        let rows = tx.query(self.last, &[]).await?;
        let Some(row) = rows.first() else {
            return Ok(Tail { number: 0, at: Timestamp::EPOCH, fingerprint: 0 });
        };
        let (at, fingerprint) = (Timestamp::from_micros(row.int(1)?), row.int(2)?.cast_unsigned());
        Ok(Tail { number: row.int(0)?, at, fingerprint })
    }

    /// The group after the one of this number.
    ///
    /// # Errors
    /// The store's.
    pub async fn add(&self, tx: &Tx, after: i64, at: Timestamp, fingerprint: u64) -> Result<Tail, DbError> {
        let number = after + 1;
        let values = [Value::Int(number), Value::Int(at.micros()), Value::Int(fingerprint.cast_signed())];
        tx.execute(self.add, &values).await?;
        if number % REMOVED_EVERY == 0 {
            tx.execute(self.remove, &[Value::Int(number - KEPT)]).await?;
        }
        Ok(Tail { number, at, fingerprint })
    }

    /// Whether this group is in the store. One that changed nothing has no row.
    ///
    /// # Errors
    /// The store's.
    pub async fn has(&self, tx: &Tx, group: Tail) -> Result<bool, DbError> {
        let rows = tx.query(self.find, &[Value::Int(group.number)]).await?;
        let found = rows.first().map(|row| row.int(0)).transpose()?;
        Ok(found.map_or(group.number == 0, |found| found.cast_unsigned() == group.fingerprint))
    }

    /// For the list of a store's statements.
    #[must_use]
    pub fn statements(&self) -> [&'static str; 4] {
        [self.last, self.find, self.add, self.remove]
    }
}
