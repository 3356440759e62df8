//! A host that fails is not called for a while: three failures open its circuit for thirty seconds, two successes close
//! it again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::{Clock, Monotonic};

use super::OutboundError;

const FAILURES_MAX: u32 = 3;
const OPEN_MS: u64 = 30_000;
const SUCCESSES_WANTED: u32 = 2;
/// Maximum hosts remembered; beyond that, healthy ones are forgotten first.
const HOSTS_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Calls pass.
    Closed,
    /// Calls are refused.
    Open,
    /// One call at a time tests whether the host is back.
    HalfOpen,
}

#[derive(Debug, Clone, Copy)]
struct Circuit {
    failures: u32,
    successes: u32,
    opened: Option<Monotonic>,
    trying: bool,
}

const WELL: Circuit = Circuit { failures: 0, successes: 0, opened: None, trying: false };

/// The circuits of all hosts with recent failures.
pub(super) struct Circuits {
    clock: Arc<dyn Clock>,
    hosts: Mutex<HashMap<String, Circuit>>,
}

/// A call that was let through. If it is dropped without a result, it does not count.
pub(super) struct Turn<'a> {
    circuits: &'a Circuits,
    host: String,
    ended: bool,
}

impl Circuits {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Circuits {
        Circuits { clock, hosts: Mutex::default() }
    }

    pub(super) fn state(&self, host: &str) -> State {
        let hosts = self.hosts();
        let Some(Circuit { opened: Some(opened), .. }) = hosts.get(host) else { return State::Closed };
        if self.open_ms_left(*opened) > 0 { State::Open } else { State::HalfOpen }
    }

    pub(super) fn enter(&self, host: &str) -> Result<Turn<'_>, OutboundError> {
        let mut hosts = self.hosts();
        if let Some(circuit) = hosts.get_mut(host)
            && let Some(opened) = circuit.opened
        {
            let left = self.open_ms_left(opened);
            if left > 0 || circuit.trying {
                let retry_after_s = u32::try_from(left.div_ceil(1_000)).unwrap_or(u32::MAX).max(1);
                return Err(OutboundError::CircuitOpen { retry_after_s });
            }
            circuit.trying = true;
        }
        Ok(Turn { circuits: self, host: host.to_owned(), ended: false })
    }

    fn ended(&self, host: &str, healthy: bool) {
        let now = self.clock.monotonic();
        let mut hosts = self.hosts();
        if healthy && !hosts.contains_key(host) {
            return;
        }
        if hosts.len() >= HOSTS_MAX {
            hosts.retain(|_, circuit| circuit.opened.is_some());
        }
        let circuit = hosts.entry(host.to_owned()).or_insert(WELL);
        circuit.trying = false;
        match (healthy, circuit.opened) {
            (true, None) => drop(hosts.remove(host)),
            (true, Some(_)) => {
                circuit.successes += 1;
                if circuit.successes >= SUCCESSES_WANTED {
                    hosts.remove(host);
                    metrics::gauge!("outbound_circuits_open").decrement(1.0);
                }
            }
            (false, None) => {
                circuit.failures += 1;
                if circuit.failures >= FAILURES_MAX {
                    circuit.opened = Some(now);
                    metrics::gauge!("outbound_circuits_open").increment(1.0);
                }
            }
            (false, Some(_)) => (circuit.opened, circuit.successes) = (Some(now), 0),
        }
    }

    fn open_ms_left(&self, opened: Monotonic) -> u64 {
        OPEN_MS.saturating_sub(self.clock.monotonic().micros_since(opened) / 1_000)
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Circuit>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    pub(super) fn ended(mut self, healthy: bool) {
        self.ended = true;
        self.circuits.ended(&self.host, healthy);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.ended
            && let Some(circuit) = self.circuits.hosts().get_mut(&self.host)
        {
            circuit.trying = false;
        }
    }
}
