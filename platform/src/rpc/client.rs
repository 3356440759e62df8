//! The calling half: one generic call with a deadline, and retries if they are safe.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use kernel::{Clock, Ctx};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{deadline, telemetry};

use super::{Budget, Call, CallError, Caller, CallerCtx, Outcome, OwnTokens, Reply, Transport, TransportError};

/// Maximum retries of one call.
const REPEATS_MAX: u32 = 8;
/// Retries after an answer that says another process may do better: there are only a few processes of a service, and
/// each may already have called the others.
const AWAY_MAX: u32 = 2;
/// Retries that one client may spend in a burst.
const BUDGET_REPEATS: u32 = 64;
const PAUSE_FIRST: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// Subtracted from the time that the service gets, so that its deadline error arrives before ours.
const RESERVE_MAX_MS: u64 = 50;

/// What may be done with a command whose reply was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It changes nothing: repeat it. A lost reply means nothing.
    Question,
    /// It changes something, but a second time changes nothing more: it carries an id, a key or a name of its own.
    Harmless,
    /// A second time might do it twice.
    Never,
}

impl Repeat {
    /// For a command that the service executes once per idempotency key.
    pub fn keyed(ctx: &Ctx) -> Repeat {
        if ctx.idempotency_key.is_some() { Repeat::Harmless } else { Repeat::Never }
    }
}

/// A service in another process.
#[derive(Clone)]
pub struct RpcClient {
    service: &'static str,
    /// The room that answers, for which own tokens are.
    room: &'static str,
    own: Option<Arc<dyn OwnTokens>>,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    budget: Arc<Budget>,
    /// Varies pauses; a counter and not a random number, so that a simulation is repeatable.
    turn: Arc<AtomicU64>,
    /// Retries after an answer that says another process may do better.
    away_max: u32,
}

impl RpcClient {
    pub fn new(service: &'static str, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> RpcClient {
        let budget = Arc::new(Budget::new(BUDGET_REPEATS));
        let (room, own) = (service, None);
        RpcClient { service, room, own, transport, clock, budget, turn: Arc::default(), away_max: AWAY_MAX }
    }

    /// Rooms of this process may call as themselves.
    pub fn with_own(self, own: Option<Arc<dyn OwnTokens>>) -> RpcClient {
        RpcClient { own, ..self }
    }

    /// For methods of a room that are served under another name than the room's.
    pub fn of_room(self, room: &'static str) -> RpcClient {
        RpcClient { room, ..self }
    }

    /// For callers that retry by themselves: "another process may do better" is then an answer like any other.
    pub fn asking_once(self) -> RpcClient {
        RpcClient { away_max: 0, ..self }
    }

    /// With a different retry budget.
    pub fn with_budget(self, budget: Budget) -> RpcClient {
        RpcClient { budget: Arc::new(budget), ..self }
    }

    /// Sends a command and returns the service's answer, before the deadline in `ctx`.
    pub async fn call<C, R, E>(&self, ctx: &Ctx, method: &'static str, command: &C, repeat: Repeat) -> Result<R, E>
    where
        C: Serialize + Sync,
        R: DeserializeOwned,
        E: DeserializeOwned + Outcome,
    {
        self.call_told(ctx, method, command, repeat).await.0
    }

    /// The same, and whether an earlier attempt may have been executed: for answers that contain errors.
    pub async fn call_told<C, R, E>(
        &self,
        ctx: &Ctx,
        method: &'static str,
        command: &C,
        repeat: Repeat,
    ) -> (Result<R, E>, bool)
    where
        C: Serialize + Sync,
        R: DeserializeOwned,
        E: DeserializeOwned + Outcome,
    {
        let mut seen = Seen { repeat, lost: false };
        let outcome = self.attempts(ctx, method, command, &mut seen).await;
        let word = match &outcome {
            Ok(_) => "answered",
            Err(Missed::Refused(_)) => "refused",
            Err(Missed::Failed(_)) => "failed",
        };
        metrics::counter!("rpc_calls_total", "service" => self.service, "method" => method, "outcome" => word)
            .increment(1);
        let changed = matches!(outcome, Ok(_) | Err(Missed::Failed(CallError::OutcomeUnknown)));
        if changed && repeat != Repeat::Question {
            deadline::changes();
        }
        let outcome = outcome.map_err(|missed| match missed {
            Missed::Refused(refused) => refused,
            Missed::Failed(error) => E::from(error),
        });
        (outcome, seen.lost)
    }

    async fn attempts<C, R, E>(
        &self,
        ctx: &Ctx,
        method: &'static str,
        command: &C,
        seen: &mut Seen,
    ) -> Result<R, Missed<E>>
    where
        C: Serialize + Sync,
        R: DeserializeOwned,
        E: DeserializeOwned + Outcome,
    {
        self.budget.earn();
        let (mut tried, mut away) = (0, 0);
        loop {
            let left = Duration::from_micros(ctx.deadline.micros_left(self.clock.monotonic()));
            if left.as_millis() == 0 {
                return Err(Missed::Failed(seen.said(CallError::DeadlineExceeded)));
            }
            let caller = self.caller(ctx, left).await.map_err(|error| Missed::Failed(seen.said(error)))?;
            let left = Duration::from_micros(ctx.deadline.micros_left(self.clock.monotonic()));
            let call = body(caller, ctx, left, command);
            let call = call.map_err(|_| Missed::Failed(seen.said(CallError::NotUnderstood)))?;
            let carried = self.transport.carry_as(self.service, method, call, seen.repeat);
            let attempt = tokio::time::timeout(left, carried).await;
            let (failure, refused) = match attempt {
                Ok(Ok(answer)) => match self.read(method, &answer, seen) {
                    Err(Missed::Refused(refused)) if away < self.away_max && E::is_worth_repeating(&refused) => {
                        away += 1;
                        (TransportError::NotSent("it asks for a retry".to_owned()), Some(refused))
                    }
                    read => return read,
                },
                Ok(Err(failure)) => (failure, None),
                Err(_) => {
                    seen.lost = true;
                    return Err(Missed::Failed(seen.said(CallError::DeadlineExceeded)));
                }
            };
            seen.lost |= matches!(failure, TransportError::Lost(_));
            let pause = self.pause(tried);
            if !seen.may_go_on(&failure) || tried >= REPEATS_MAX || pause >= left || !self.budget.spend() {
                tracing::warn!(service = self.service, method, %failure, tried, "a remote call failed");
                return Err(match refused {
                    Some(refused) => Missed::Refused(refused),
                    None => Missed::Failed(seen.said(named(&failure))),
                });
            }
            tracing::debug!(service = self.service, method, %failure, tried, "a remote call is retried");
            metrics::counter!("rpc_repeats_total", "service" => self.service, "method" => method).increment(1);
            tokio::time::sleep(pause).await;
            tried += 1;
        }
    }

    async fn caller(&self, ctx: &Ctx, left: Duration) -> Result<Caller, CallError> {
        let caller = super::own::caller(self.own.as_deref(), ctx, self.room);
        match tokio::time::timeout(left, caller).await {
            Ok(Ok(caller)) => Ok(caller),
            Ok(Err(why)) => {
                tracing::warn!(service = self.service, why, "a room has no token of its own for a call");
                Err(CallError::Unavailable)
            }
            Err(_) => Err(CallError::DeadlineExceeded),
        }
    }

    fn read<R, E>(&self, method: &str, answer: &[u8], seen: &Seen) -> Result<R, Missed<E>>
    where
        R: DeserializeOwned,
        E: DeserializeOwned + Outcome,
    {
        match serde_json::from_slice(answer) {
            Ok(Reply::Ok(reply)) => Ok(reply),
            Ok(Reply::Refused(refused)) => Err(seen.believed(refused)),
            Err(error) => {
                tracing::error!(service = self.service, method, %error, "an answer cannot be read");
                Err(Missed::Failed(Seen { lost: true, ..*seen }.said(CallError::NotUnderstood)))
            }
        }
    }

    /// Longer each time, and different from others that failed at the same moment.
    fn pause(&self, tried: u32) -> Duration {
        let whole = PAUSE_FIRST.saturating_mul(1 << tried.min(8)).min(PAUSE_MAX);
        let spread = self.turn.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        // Between half and all of it.
        whole / 2 + whole / 512 * u32::try_from(spread).unwrap_or(0)
    }
}

impl fmt::Debug for RpcClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RpcClient({})", self.service)
    }
}

enum Missed<E> {
    Refused(E),
    Failed(CallError),
}

/// What is known about a command's attempts so far.
struct Seen {
    repeat: Repeat,
    /// One of them may have been executed.
    lost: bool,
}

impl Seen {
    /// The same error if nothing can have happened, and "unknown" if something can.
    fn said(&self, error: CallError) -> CallError {
        if self.lost && self.repeat != Repeat::Question { CallError::OutcomeUnknown } else { error }
    }

    fn may_go_on(&self, failure: &TransportError) -> bool {
        match failure {
            TransportError::NotSent(_) | TransportError::Overloaded(_) | TransportError::Stale(_) => true,
            TransportError::Lost(_) => self.repeat != Repeat::Never,
            TransportError::Away(_) | TransportError::NotUnderstood(_) => false,
        }
    }

    /// A service that answers the second attempt with "nothing happened" says nothing about the first.
    fn believed<E: Outcome>(&self, refused: E) -> Missed<E> {
        if self.lost && self.repeat != Repeat::Question && refused.is_of_this_attempt() {
            return Missed::Failed(CallError::OutcomeUnknown);
        }
        Missed::Refused(refused)
    }
}

fn named(failure: &TransportError) -> CallError {
    match failure {
        TransportError::Away(_) | TransportError::NotSent(_) | TransportError::Lost(_) => CallError::Unavailable,
        TransportError::Overloaded(_) => CallError::Overloaded,
        TransportError::Stale(_) => CallError::AccessStale,
        TransportError::NotUnderstood(_) => CallError::NotUnderstood,
    }
}

fn body<C: Serialize>(caller: Caller, ctx: &Ctx, left: Duration, command: &C) -> Result<Bytes, serde_json::Error> {
    let left_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
    let ctx = CallerCtx {
        caller,
        deadline_ms: left_ms - (left_ms / 10).min(RESERVE_MAX_MS),
        request_id: ctx.request_id.clone(),
        idempotency_key: ctx.idempotency_key.clone(),
        on_behalf_of: ctx.principal.on_behalf_of.clone(),
        traceparent: telemetry::traceparent(),
    };
    serde_json::to_vec(&Call { ctx, command }).map(Bytes::from)
}
