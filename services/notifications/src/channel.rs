//! A channel: how to say one message to one provider, and what its answer means.

pub(crate) mod email;
pub(crate) mod fcm;
mod jws;
pub(crate) mod kept;
pub(crate) mod mail;
pub(crate) mod provider;
pub(crate) mod push;
pub(crate) mod relay;
mod sealed;
pub(crate) mod sms;
pub(crate) mod twilio;
pub(crate) mod web_push;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kernel::{Clock, Monotonic, Timestamp};
use notifications_api::DeliveryId;

use crate::template::Rendered;

/// How long a provider that fails is not asked.
const OPEN_MS: u64 = 30_000;

/// One message for one address.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) delivery: DeliveryId,
    /// Of the message's row.
    pub(crate) message: i64,
    pub(crate) holder: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) address: String,
    pub(crate) rendered: Rendered,
    pub(crate) at: Timestamp,
    pub(crate) urgent: bool,
    pub(crate) expires_at: Timestamp,
    pub(crate) back: Back,
}

/// Where to what comes back of a parcel goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Back {
    /// The envelope's sender of a mail, which names the delivery.
    pub(crate) bounces_to: Option<String>,
    /// The link by which the person ends messages of this category.
    pub(crate) unsubscribe: Option<String>,
    /// Where the provider posts receipts.
    pub(crate) receipts: Option<String>,
}

/// What a provider made of a parcel. Details have no address and no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is the provider's now.
    Taken { detail: String },
    /// It may work later; perhaps not before some seconds are over.
    Passing { detail: String, retry_after_s: Option<u32> },
    /// The address does not exist.
    Address { detail: String },
    /// This message is not wanted there, or not now; the address is good.
    Refused { detail: String },
    /// The person has told the provider that they want nothing from us.
    Stopped { detail: String },
    /// Our own mistake: credentials, settings, reputation, a template.
    Ours { detail: String },
    /// It is not known whether it was taken.
    Unknown { detail: String },
}

impl Outcome {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Outcome::Taken { .. } => "taken",
            Outcome::Passing { .. } => "passing",
            Outcome::Address { .. } => "address",
            Outcome::Refused { .. } => "refused",
            Outcome::Stopped { .. } => "stopped",
            Outcome::Ours { .. } => "ours",
            Outcome::Unknown { .. } => "unknown",
        }
    }

    pub(crate) fn detail(&self) -> &str {
        match self {
            Outcome::Taken { detail }
            | Outcome::Passing { detail, .. }
            | Outcome::Address { detail }
            | Outcome::Refused { detail }
            | Outcome::Stopped { detail }
            | Outcome::Ours { detail }
            | Outcome::Unknown { detail } => detail,
        }
    }

    pub(crate) fn passing(detail: impl Into<String>) -> Outcome {
        Outcome::Passing { detail: detail.into(), retry_after_s: None }
    }
}

#[async_trait]
pub(crate) trait Channel: Send + Sync {
    /// Returns the provider that answered last, and its answer.
    async fn send(&self, parcel: &Parcel) -> (String, Outcome);

    /// Mails are kept, and can be read here.
    fn keeps(&self) -> bool {
        false
    }
}

/// A provider that failed some times in a row is not asked for a while.
pub(crate) struct Circuit {
    name: String,
    clock: Arc<dyn Clock>,
    failures_max: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    opened: Option<Monotonic>,
}

impl Circuit {
    pub(crate) fn new(name: &str, failures_max: u32, clock: Arc<dyn Clock>) -> Circuit {
        Circuit { name: name.to_owned(), clock, failures_max, state: Mutex::default() }
    }

    /// Seconds until the provider is asked again; none if it may be asked now.
    pub(crate) fn open_for_s(&self) -> Option<u32> {
        let opened = self.state().opened?;
        let passed_ms = self.clock.monotonic().micros_since(opened) / 1_000;
        let left_s = OPEN_MS.saturating_sub(passed_ms).div_ceil(1_000);
        u32::try_from(left_s).ok().filter(|left| *left > 0)
    }

    /// Counts an answer. A refusal is one too.
    pub(crate) fn heard(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Passing { .. } | Outcome::Unknown { .. } => self.failed(),
            _ => self.worked(),
        }
    }

    fn worked(&self) {
        *self.state() = State::default();
        self.tell(false);
    }

    fn failed(&self) {
        let now = self.clock.monotonic();
        let is_open = {
            let mut state = self.state();
            state.failures = state.failures.saturating_add(1);
            if state.failures >= self.failures_max {
                state.opened = Some(now);
            }
            state.opened.is_some()
        };
        self.tell(is_open);
    }

    fn tell(&self, is_open: bool) {
        let gauge = metrics::gauge!("notification_provider_open", "provider" => self.name.clone());
        gauge.set(if is_open { 1.0 } else { 0.0 });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use testkit::FakeClock;

    use super::*;

    #[test]
    fn a_provider_that_fails_is_left_alone_for_a_while() {
        let clock = FakeClock::default();
        let circuit = Circuit::new("relay", 3, Arc::new(clock.clone()));
        for _ in 0..2 {
            circuit.failed();
            assert_eq!(circuit.open_for_s(), None);
        }
        circuit.worked();
        for _ in 0..3 {
            circuit.failed();
        }
        assert_eq!(circuit.open_for_s(), Some(30));
        clock.advance_millis(29_001);
        assert_eq!(circuit.open_for_s(), Some(1));
        clock.advance_millis(999);
        assert_eq!(circuit.open_for_s(), None);
        // The first failure after that opens it again.
        circuit.failed();
        assert_eq!(circuit.open_for_s(), Some(30));
        circuit.worked();
        assert_eq!(circuit.open_for_s(), None);
    }
}
