//! A circuit breaker around the calls to a room in other processes, for the edge: after a few failures in a row callers are
//! refused at once instead of waiting for a room that is away.
//!
//! Failures are connections that cannot be made or are lost, and calls that had time and got no answer; of calls that are lost
//! together, one counts, because with another process of the room the next ones may succeed. While the circuit is
//! open one call after another is let through as a probe, at an interval, so that a room that is back is noticed long before
//! the circuit would close by itself; some successes in a row close it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use kernel::{Clock, Monotonic};

use super::{Repeat, Transport, TransportError};

/// A call that waited less than this says nothing about the room: its caller was in a hurry.
const PATIENCE_MS: u64 = 1_000;

/// When it opens and closes.
#[derive(Debug, Clone, Copy)]
pub struct BreakerConfig {
    /// In a row.
    pub failures_max: u32,
    pub open_ms: u64,
    /// In a row.
    pub successes_wanted: u32,
    /// Between two probes while it is open; none if this is not less than `open_ms`.
    pub probe_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// Calls are refused.
    Open,
    /// One call at a time tests whether the room is back.
    HalfOpen,
}

impl BreakerState {
    pub fn name(self) -> &'static str {
        match self {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half-open",
        }
    }
}

/// A transport that is not used while its room is away.
pub struct Breaker {
    inner: Arc<dyn Transport>,
    circuit: Circuit,
}

struct Circuit {
    service: &'static str,
    config: BreakerConfig,
    clock: Arc<dyn Clock>,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    failures: u32,
    /// The last of them.
    failed: Option<Monotonic>,
    successes: u32,
    /// Since then calls are refused, unless they are probes.
    opened: Option<Monotonic>,
    /// The last call that was let through while it was open.
    probed: Option<Monotonic>,
    /// That call has not ended.
    probing: bool,
}

impl Breaker {
    pub fn new(
        service: &'static str,
        inner: Arc<dyn Transport>,
        config: BreakerConfig,
        clock: Arc<dyn Clock>,
    ) -> Arc<Breaker> {
        metrics::gauge!("rpc_circuit_open", "service" => service).set(0.0);
        Arc::new(Breaker { inner, circuit: Circuit { service, config, clock, now: Mutex::default() } })
    }

    pub fn state(&self) -> BreakerState {
        self.circuit.state()
    }
}

#[async_trait]
impl Transport for Breaker {
    async fn carry(&self, service: &str, method: &str, call: Bytes) -> Result<Bytes, TransportError> {
        self.carry_as(service, method, call, Repeat::Never).await
    }

    async fn carry_as(
        &self,
        service: &str,
        method: &str,
        call: Bytes,
        repeat: Repeat,
    ) -> Result<Bytes, TransportError> {
        let turn = self.circuit.enter()?;
        let outcome = self.inner.carry_as(service, method, call, repeat).await;
        turn.ended(!matches!(outcome, Err(TransportError::NotSent(_) | TransportError::Lost(_))));
        outcome
    }
}

impl Circuit {
    fn state(&self) -> BreakerState {
        let now = self.now();
        match now.opened {
            None => BreakerState::Closed,
            Some(opened) if now.successes == 0 && self.millis_since(opened) < self.config.open_ms => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }

    fn enter(&self) -> Result<Turn<'_>, TransportError> {
        let began = self.clock.monotonic();
        let mut now = self.now();
        let Some(opened) = now.opened else { return Ok(Turn { circuit: self, began, ended: false }) };
        let is_due = now.successes > 0
            || self.millis_since(opened) >= self.config.open_ms
            || self.millis_since(now.probed.unwrap_or(opened)) >= self.config.probe_ms;
        if now.probing || !is_due {
            return Err(TransportError::Away(format!("{} failed several times in a row", self.service)));
        }
        (now.probing, now.probed) = (true, Some(began));
        Ok(Turn { circuit: self, began, ended: false })
    }

    fn ended(&self, began: Monotonic, healthy: bool) {
        let mut now = self.now();
        let BreakerConfig { failures_max, successes_wanted, .. } = self.config;
        now.probing = false;
        match (healthy, now.opened) {
            (true, None) => (now.failures, now.failed) = (0, None),
            (true, Some(_)) => {
                now.successes += 1;
                if now.successes >= successes_wanted {
                    *now = Now::default();
                    metrics::gauge!("rpc_circuit_open", "service" => self.service).set(0.0);
                    tracing::info!(service = self.service, "the circuit is closed: the room answers again");
                }
            }
            (false, None) if now.failed.is_some_and(|failed| began < failed) => {}
            (false, None) => {
                (now.failures, now.failed) = (now.failures + 1, Some(self.clock.monotonic()));
                if now.failures >= failures_max {
                    now.opened = Some(self.clock.monotonic());
                    metrics::gauge!("rpc_circuit_open", "service" => self.service).set(1.0);
                    metrics::counter!("rpc_circuit_opened_total", "service" => self.service).increment(1);
                    tracing::warn!(
                        service = self.service,
                        failures_max,
                        "the circuit is open: calls are refused at once"
                    );
                }
            }
            (false, Some(_)) => {
                let at = Some(self.clock.monotonic());
                (now.opened, now.probed, now.successes) = (at, at, 0);
            }
        }
    }

    fn millis_since(&self, then: Monotonic) -> u64 {
        self.clock.monotonic().micros_since(then) / 1_000
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that was let through. Dropped without an end, its caller stopped waiting.
struct Turn<'a> {
    circuit: &'a Circuit,
    began: Monotonic,
    ended: bool,
}

impl Turn<'_> {
    fn ended(mut self, healthy: bool) {
        self.ended = true;
        self.circuit.ended(self.began, healthy);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if self.circuit.millis_since(self.began) >= PATIENCE_MS {
            self.circuit.ended(self.began, false);
        } else {
            self.circuit.now().probing = false;
        }
    }
}

#[cfg(test)]
mod tests;
