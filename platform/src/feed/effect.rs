//! What a service does with an event, and what its failures mean.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use async_trait::async_trait;
use futures_util::FutureExt;

use super::Event;
use crate::db::{DbError, Fault, Tx};

/// Runs in the transaction that also moves the cursor. What it does outside of `tx` may happen again.
#[async_trait]
pub trait Effect: Send + Sync {
    async fn happen(&self, tx: &Tx, event: &Event) -> Result<(), EffectError>;
}

#[derive(Debug, thiserror::Error)]
pub enum EffectError {
    /// The effect cannot happen, and trying again would not help: for example, the event names something that is not there.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Store(#[from] DbError),
}

/// Why a transaction of effects came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// Of itself this will not pass: one event is to blame.
    #[error("{0}")]
    Poison(String),
    #[error(transparent)]
    Passing(#[from] DbError),
}

/// The effect of one event, whatever it does.
pub(super) async fn happen(effect: &dyn Effect, tx: &Tx, event: &Event) -> Result<(), Failed> {
    match AssertUnwindSafe(effect.happen(tx, event)).catch_unwind().await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(EffectError::Refused(why))) => Err(Failed::Poison(why)),
        Ok(Err(EffectError::Store(error))) => Err(Failed::of(error)),
        Err(panic) => Err(Failed::Poison(format!("panicked: {}", said(&*panic)))),
    }
}

impl Failed {
    /// What a store says of one event's rows comes back each time; what it says of itself may pass.
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
