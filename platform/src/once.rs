//! Idempotency keys for services without a lane: a repeated command is executed once.
//!
//! A caller names a command by an idempotency key. Its outcome is stored in the transaction of the change: a small key
//! of what was created, or the refusal. The same command again gets the first answer, which the room rebuilds from its
//! rows; a different command under the same key is refused. A use case reads:
//!
//! ```ignore
//! let turn = self.once.begin(ctx, "create_thing", &command).await?;
//! let tx = self.db.begin().await?;
//! if let Some(id) = turn.again(&tx).await? {
//!     return self.thing_again(&tx, id).await;
//! }
//! match self.add_thing(&tx, ctx, command).await {
//!     Ok(thing) => {
//!         turn.made(&tx, &thing.id).await?;
//!         tx.commit().await?;
//!         Ok(thing)
//!     }
//!     Err(error) => Err(turn.refused(tx, error).await),
//! }
//! ```
//!
//! Invariants: of any number of duplicates, concurrent or not, in one process or several, one has an effect; a refusal
//! that depends on current state is an answer like any other, so that a delayed duplicate of a refused command never
//! succeeds; a command is stored as a keyed digest, never in clear, because it may contain a card number. Permissions
//! are checked before a turn is taken, for every repeat too.

mod canonical;
mod gates;
mod sweep;
mod table;
mod turn;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, Ctx, IdempotencyKey};
use serde::Serialize;

use crate::crypto::{KeyEncryptionKey, PurposeKey};
use crate::error::{Failure, Refusal};
use gates::Gates;
pub use sweep::{KEEP_DAYS, Sweep};
pub use table::{ONCE_TABLES, Outcome, find};
pub use turn::Turn;

/// Subtracted from the caller's time, so that the answer about a duplicate in progress arrives in time.
const RESERVE_MAX_MS: u64 = 50;

/// The commands of one room that may be sent twice; `R` are its refusals. Cheap to clone.
pub struct Once<R> {
    key: PurposeKey,
    clock: Arc<dyn Clock>,
    gates: Arc<Gates>,
    refusals: PhantomData<fn() -> R>,
}

/// The caller, the operation, and the command's key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Scope {
    principal: Arc<str>,
    operation: &'static str,
    key: IdempotencyKey,
}

impl<R: Refusal> Once<R> {
    /// Processes that share a store are given the same key.
    pub fn new(key: &KeyEncryptionKey, clock: Arc<dyn Clock>) -> Once<R> {
        Once { key: key.purpose("once commands"), clock, gates: Arc::default(), refusals: PhantomData }
    }

    /// Waits until no duplicate of the command is in progress in this process. A command without an idempotency key
    /// proceeds at once and is not recorded.
    ///
    /// # Errors
    /// A duplicate is still in progress when the caller's time is almost over ([`Failure::IdempotencyKeyBusy`]).
    pub async fn begin(
        &self,
        ctx: &Ctx,
        operation: &'static str,
        command: &(impl Serialize + Sync),
    ) -> Result<Turn<R>, Failure> {
        self.begin_under(ctx, ctx.idempotency_key.as_ref(), operation, command).await
    }

    /// The same for a command that has its own key, such as a `request_id`.
    ///
    /// # Errors
    /// As [`Once::begin`].
    pub async fn begin_under(
        &self,
        ctx: &Ctx,
        key: Option<&IdempotencyKey>,
        operation: &'static str,
        command: &(impl Serialize + Sync),
    ) -> Result<Turn<R>, Failure> {
        let Some(key) = key else { return Ok(Turn::unnamed()) };
        let scope = Scope { principal: Arc::clone(&ctx.principal.subject), operation, key: key.clone() };
        let command = self.digest(&scope, command)?;
        let left_ms = ctx.deadline.micros_left(self.clock.monotonic()) / 1_000;
        let patience = Duration::from_millis(left_ms - (left_ms / 10).min(RESERVE_MAX_MS));
        let place = self.gates.enter(scope, patience).await.ok_or(Failure::IdempotencyKeyBusy)?;
        Ok(Turn::named(place, command, self.clock.now()))
    }

    /// Recognises a command without revealing it.
    fn digest(&self, scope: &Scope, command: &impl Serialize) -> Result<[u8; 32], Failure> {
        let command = canonical::bytes(command).map_err(|error| {
            tracing::error!(operation = scope.operation, %error, "a command has no JSON form");
            Failure::Internal
        })?;
        let parts = [scope.principal.as_bytes(), scope.operation.as_bytes(), scope.key.as_str().as_bytes(), &command];
        let mut bytes = Vec::with_capacity(command.len() + 256);
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Ok(self.key.mac(&bytes))
    }
}

impl<R> Clone for Once<R> {
    fn clone(&self) -> Once<R> {
        let (key, clock, gates) = (self.key.clone(), Arc::clone(&self.clock), Arc::clone(&self.gates));
        Once { key, clock, gates, refusals: PhantomData }
    }
}

impl<R> fmt::Debug for Once<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once")
    }
}
