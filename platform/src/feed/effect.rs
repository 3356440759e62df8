//! What a service does with an event, and what its errors mean.

use std::any::Any;
use std::ops::Range;
use std::panic::AssertUnwindSafe;

use async_trait::async_trait;
use futures_util::FutureExt;

use super::Event;
use crate::db::{DbError, Fault, Tx};

/// Runs in the transaction that also moves the cursor. What it does outside of `tx` may be repeated.
#[async_trait]
pub trait Effect: Send + Sync {
    async fn happen(&self, tx: &Tx, event: &Event) -> Result<(), EffectError>;

    /// Applies events in their order; for an effect that needs fewer statements for all of them than for each.
    async fn happen_to_all(&self, tx: &Tx, events: &[Event]) -> Result<(), EffectError> {
        for event in events {
            self.happen(tx, event).await?;
        }
        Ok(())
    }

    /// The feed has removed these events before they were read. Returns whether the consumer goes on after them; by
    /// default it stays where it is until a person decides.
    async fn missed(&self, tx: &Tx, cursors: Range<u64>) -> Result<bool, EffectError> {
        let _ = (tx, cursors);
        Ok(false)
    }

    /// A pull failed, or an event was parked: for metrics of the room's own.
    fn failed(&self) {}
}

#[derive(Debug, thiserror::Error)]
pub enum EffectError {
    /// The event cannot be applied, and retrying would not help: for example, it names something that does not exist.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Store(#[from] DbError),
}

/// Why a transaction of effects failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// It will not pass by itself: one event is to blame.
    #[error("{0}")]
    Poison(String),
    #[error(transparent)]
    Passing(#[from] DbError),
}

/// Applies events that are next to each other.
pub(super) async fn happen(effect: &dyn Effect, tx: &Tx, events: &[Event]) -> Result<(), Failed> {
    match AssertUnwindSafe(effect.happen_to_all(tx, events)).catch_unwind().await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(EffectError::Refused(why))) => Err(Failed::Poison(why)),
        Ok(Err(EffectError::Store(error))) => Err(Failed::of(error)),
        Err(panic) => Err(Failed::Poison(format!("panicked: {}", said(&*panic)))),
    }
}

impl Failed {
    /// An error about one event's rows comes back on each attempt; an error about the store itself may pass.
    pub(super) fn of(error: impl Into<DbError>) -> Failed {
        let error = error.into();
        match error.fault {
            Fault::Constraint | Fault::Statement | Fault::Corrupt => {
                let cause = error.source.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
                Failed::Poison(format!("{error}{cause}"))
            }
            Fault::Retry
            | Fault::Full
            | Fault::Io
            | Fault::ReadOnly
            | Fault::ConnectionLost
            | Fault::Unreachable
            | Fault::Newer
            | Fault::Older
            | Fault::Fenced
            | Fault::Late => Failed::Passing(error),
        }
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let literal = panic.downcast_ref::<&str>().copied();
    literal.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}
