//! The calling half: one generic call with a deadline, and repeats where they are harmless.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use kernel::{Clock, Ctx};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{deadline, telemetry};

use super::{Budget, Call, CallError, Caller, CallerCtx, Outcome, Reply, Transport, TransportError};

/// Times that one call is sent again at most.
const REPEATS_MAX: u32 = 8;
/// Repeats behind a word that another one may do better: a house has a few processes of a service, and each of them may
/// have asked the others already.
const AWAY_MAX: u32 = 2;
/// Repeats that may be under way in a bad moment, for one client.
const BUDGET_REPEATS: u32 = 64;
const PAUSE_FIRST: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// Kept back from the time that the service is given, so that its word about a deadline arrives before ours is over.
const RESERVE_MAX_MS: u64 = 50;

/// What may be done with a command whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It changes nothing: ask again, and an answer that never came means nothing.
    Question,
    /// It changes something, and a second time changes nothing more: it carries an id, a key or a name of its own.
    Harmless,
    /// A second time might do it twice.
    Never,
}

/// A service in another process.
#[derive(Clone)]
pub struct RpcClient {
    service: &'static str,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    budget: Arc<Budget>,
    /// Spreads pauses; a counter and no dice, so that a simulation repeats itself.
    turn: Arc<AtomicU64>,
    /// Repeats behind a word that another process may do better.
    away_max: u32,
}

impl RpcClient {
    pub fn new(service: &'static str, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> RpcClient {
        let budget = Arc::new(Budget::new(BUDGET_REPEATS));
        RpcClient { service, transport, clock, budget, turn: Arc::default(), away_max: AWAY_MAX }
    }

    /// For whoever asks again by itself: "another process may do better" is an answer like any other.
    pub fn asking_once(self) -> RpcClient {
        RpcClient { away_max: 0, ..self }
    }

    /// With another budget for repeats than usual.
    pub fn with_budget(self, budget: Budget) -> RpcClient {
        RpcClient { budget: Arc::new(budget), ..self }
    }

    /// Sends a command and gives back the service's answer, before the deadline in `ctx`.
    pub async fn call<C, R, E>(&self, ctx: &Ctx, method: &'static str, command: &C, repeat: Repeat) -> Result<R, E>
    where
        C: Serialize + Sync,
        R: DeserializeOwned,
        E: DeserializeOwned + Outcome,
    {
        self.call_told(ctx, method, command, repeat).await.0
    }

    /// The same, and whether an earlier attempt may have been carried out: for answers that hold errors inside.
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
            let call = body(ctx, left, command).map_err(|_| Missed::Failed(seen.said(CallError::NotUnderstood)))?;
            let carried = self.transport.carry_as(self.service, method, call, seen.repeat);
            let attempt = tokio::time::timeout(left, carried).await;
            let (failure, refused) = match attempt {
                Ok(Ok(answer)) => match self.read(method, &answer, seen) {
                    Err(Missed::Refused(refused)) if away < self.away_max && E::is_worth_repeating(&refused) => {
                        away += 1;
                        (TransportError::NotSent("it asks for another try".to_owned()), Some(refused))
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
            tracing::debug!(service = self.service, method, %failure, tried, "a remote call is tried again");
            metrics::counter!("rpc_repeats_total", "service" => self.service, "method" => method).increment(1);
            tokio::time::sleep(pause).await;
            tried += 1;
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

    /// Longer each time, and different from that of others who failed at the same moment.
    fn pause(&self, tried: u32) -> Duration {
        let whole = PAUSE_FIRST.saturating_mul(1 << tried.min(8)).min(PAUSE_MAX);
        let spread = self.turn.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        // Between a half and the whole.
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

/// What is known of a command's attempts so far.
struct Seen {
    repeat: Repeat,
    /// One of them may have been carried out.
    lost: bool,
}

impl Seen {
    /// The same word where nothing can have happened, and "unknown" where something can.
    fn said(&self, error: CallError) -> CallError {
        if self.lost && self.repeat != Repeat::Question { CallError::OutcomeUnknown } else { error }
    }

    fn may_go_on(&self, failure: &TransportError) -> bool {
        match failure {
            TransportError::NotSent(_) | TransportError::Overloaded(_) | TransportError::Stale(_) => true,
            TransportError::Lost(_) => self.repeat != Repeat::Never,
            TransportError::NotUnderstood(_) => false,
        }
    }

    /// A service that says of the second attempt that nothing happened does not speak of the first.
    fn believed<E: Outcome>(&self, refused: E) -> Missed<E> {
        if self.lost && self.repeat != Repeat::Question && refused.is_of_this_attempt() {
            return Missed::Failed(CallError::OutcomeUnknown);
        }
        Missed::Refused(refused)
    }
}

fn named(failure: &TransportError) -> CallError {
    match failure {
        TransportError::NotSent(_) | TransportError::Lost(_) => CallError::Unavailable,
        TransportError::Overloaded(_) => CallError::Overloaded,
        TransportError::Stale(_) => CallError::AccessStale,
        TransportError::NotUnderstood(_) => CallError::NotUnderstood,
    }
}

fn body<C: Serialize>(ctx: &Ctx, left: Duration, command: &C) -> Result<Bytes, serde_json::Error> {
    let left_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
    let ctx = CallerCtx {
        caller: Caller::of(ctx),
        deadline_ms: left_ms - (left_ms / 10).min(RESERVE_MAX_MS),
        request_id: ctx.request_id.clone(),
        idempotency_key: ctx.idempotency_key.clone(),
        traceparent: telemetry::traceparent(),
    };
    serde_json::to_vec(&Call { ctx, command }).map(Bytes::from)
}
