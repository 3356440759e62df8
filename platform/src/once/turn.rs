//! One command's turn: the first with its key is executed, and the others get its answer.

use std::marker::PhantomData;

use kernel::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::gates::Place;
use super::table::{self, Outcome};
use crate::db::{CommitError, DbError, Tx};
use crate::error::{Failure, Refusal, ServiceError};

/// No other call executes the same command while this is held. Drop it after the transaction.
#[must_use = "the turn lasts until it is dropped, and has to outlive the transaction"]
#[derive(Debug)]
pub struct Turn<R> {
    named: Option<Named>,
    refusals: PhantomData<fn() -> R>,
}

#[derive(Debug)]
struct Named {
    place: Place,
    command: [u8; 32],
    at: Timestamp,
}

impl<R: Refusal> Turn<R> {
    pub(super) fn unnamed() -> Turn<R> {
        Turn { named: None, refusals: PhantomData }
    }

    pub(super) fn named(place: Place, command: [u8; 32], at: Timestamp) -> Turn<R> {
        Turn { named: Some(Named { place, command, at }), refusals: PhantomData }
    }

    /// Call this first in the transaction: returns the key of what the same command created before; `None` if this is
    /// the first.
    ///
    /// # Errors
    /// The same command was refused before; a different one used the key; a duplicate in another process is still in
    /// progress when the caller's time is almost over; or the store's error.
    pub async fn again<K: DeserializeOwned>(&self, tx: &Tx) -> Result<Option<K>, ServiceError<R>> {
        let Some(Named { place, command, at }) = &self.named else { return Ok(None) };
        let scope = &place.scope;
        let is_first = table::add(tx, scope, command, *at)
            .await
            .map_err(|error| if error.is_wait_for_a_lock() { Failure::IdempotencyKeyBusy } else { error.into() })?;
        if is_first {
            // Writes of a refused command are undone back to here.
            tx.save().await?;
            return Ok(None);
        }
        // It has just been removed, because it expired: the caller retries.
        let kept = table::of(tx, scope).await?.ok_or(Failure::IdempotencyKeyBusy)?;
        if kept.command != command {
            return Err(Failure::IdempotencyKeyTaken.into());
        }
        match kept.outcome {
            Outcome::Made { key, .. } => Ok(Some(parsed(key)?)),
            Outcome::Refused { refusal, .. } => {
                Err(ServiceError::Refused { refusal: parsed::<R>(refusal)?, replayed: true })
            }
        }
    }

    /// Call this in the transaction of the change: stores what finds the rows again, such as an id.
    ///
    /// # Errors
    /// The store's.
    pub async fn made(&self, tx: &Tx, key: &impl Serialize) -> Result<(), DbError> {
        let Some(Named { place, .. }) = &self.named else { return Ok(()) };
        table::made(tx, &place.scope, &json(key)?).await
    }

    /// Ends a command that failed, and returns the error for the caller. A refusal that depends on current state (404,
    /// 409, 422) is remembered, and everything else the transaction did is undone; any other error leaves nothing.
    pub async fn refused(self, tx: Tx, error: ServiceError<R>) -> ServiceError<R> {
        let (Some(Named { place, .. }), ServiceError::Refused { refusal, .. }) = (&self.named, &error) else {
            return error;
        };
        if !matches!(refusal.row().status, 404 | 409 | 422) {
            return error;
        }
        let remember = async {
            tx.back().await?;
            table::refused(&tx, &place.scope, &json(refusal)?).await?;
            tx.commit().await.map_err(Failed::Commit)
        };
        match remember.await {
            Ok(()) => error,
            // It has to be decided again: a duplicate might succeed.
            Err(Failed::Commit(error)) => error.into(),
            Err(Failed::Before(error)) => error.into(),
        }
    }
}

enum Failed {
    Before(DbError),
    Commit(CommitError),
}

impl From<DbError> for Failed {
    fn from(error: DbError) -> Failed {
        Failed::Before(error)
    }
}

fn json(value: &impl Serialize) -> Result<serde_json::Value, DbError> {
    serde_json::to_value(value).map_err(|error| DbError::shape(error.to_string()))
}

fn parsed<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, DbError> {
    serde_json::from_value(value).map_err(|error| DbError::shape(format!("an answer of another version: {error}")))
}
