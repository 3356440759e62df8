//! Services in this process behind a misbehaving network, controlled by a seed.
//!
//! [`InProcess`] carries calls to their service as a real transport does: they become bytes and are parsed again.
//! [`Flaky`] goes in front of any transport and loses calls, loses replies, delivers twice, delivers late.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Principal;
use platform::rpc::{Caller, Repeat, Served, Transport, TransportError, Trust};

type Carried = std::pin::Pin<Box<dyn Future<Output = Result<Bytes, TransportError>> + Send>>;

/// Trusts whatever a call says about its caller: for tests of a service, which is told whom to answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct AsSaid;

impl Trust for AsSaid {
    fn principal(&self, caller: Caller, _: &str) -> Result<Principal, TransportError> {
        match caller {
            Caller::Said(principal) => Ok(principal),
            Caller::Token(_) => Ok(Principal::nobody()),
        }
    }
}

/// No network at all.
pub struct InProcess(pub Arc<Served>);

#[async_trait]
impl Transport for InProcess {
    async fn carry(&self, service: &str, method: &str, call: Bytes) -> Result<Bytes, TransportError> {
        self.0.answer(service, method, call).await
    }
}

/// Of a hundred calls, how many get which treatment; the others pass.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trouble {
    /// Never reach the service, and the caller knows.
    pub not_sent: u64,
    /// May or may not reach the service, and the caller cannot know: half of them do, perhaps after their own retry.
    pub lost: u64,
    /// Are executed, but the reply is lost.
    pub unanswered: u64,
    /// Reach the service twice; the second reply is returned.
    pub doubled: u64,
    /// Wait for a while first.
    pub late: u64,
}

impl Trouble {
    /// One call in three gets some fault.
    pub fn plenty() -> Trouble {
        Trouble { not_sent: 8, lost: 10, unanswered: 0, doubled: 8, late: 8 }
    }

    /// Everything that may be repeated reaches the service at least twice, and the caller gets the last reply. Calls
    /// that must not be repeated are sometimes not sent at first.
    pub fn twice() -> Trouble {
        Trouble { not_sent: 10, lost: 0, unanswered: 15, doubled: 75, late: 0 }
    }
}

enum Fate {
    NotSent,
    Lost,
    Unanswered,
    Doubled,
    Late,
    Passes,
}

pub struct Flaky<T> {
    inner: Arc<T>,
    trouble: Trouble,
    state: AtomicU64,
    calls: AtomicU64,
    met: AtomicU64,
}

const LATE: Duration = Duration::from_millis(5);

impl<T: Transport + 'static> Flaky<T> {
    pub fn new(inner: T, trouble: Trouble, seed: u64) -> Flaky<T> {
        let (state, calls, met) = (AtomicU64::new(seed), AtomicU64::new(0), AtomicU64::new(0));
        Flaky { inner: Arc::new(inner), trouble, state, calls, met }
    }

    /// Calls so far, including the caller's own retries.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Calls that got some fault.
    pub fn met(&self) -> u64 {
        self.met.load(Ordering::Relaxed)
    }

    /// SplitMix64: calls made in the same order get the same faults.
    fn dice(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut dice = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        dice = (dice ^ (dice >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        dice = (dice ^ (dice >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        dice ^ (dice >> 31)
    }

    fn fate(&self, dice: u64) -> Fate {
        let Trouble { not_sent, lost, unanswered, doubled, late } = self.trouble;
        let mut end = 0;
        let chances = [
            (not_sent, Fate::NotSent),
            (lost, Fate::Lost),
            (unanswered, Fate::Unanswered),
            (doubled, Fate::Doubled),
            (late, Fate::Late),
        ];
        for (chance, fate) in chances {
            end += chance;
            if dice % 100 < end {
                return fate;
            }
        }
        Fate::Passes
    }

    fn pass(&self, service: &str, method: &str, call: Bytes) -> Carried {
        let (inner, service, method) = (Arc::clone(&self.inner), service.to_owned(), method.to_owned());
        Box::pin(async move { inner.carry(&service, &method, call).await })
    }

    async fn meet(&self, fate: Fate, coin: bool, pass: impl Fn() -> Carried) -> Result<Bytes, TransportError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.met.fetch_add(u64::from(!matches!(fate, Fate::Passes)), Ordering::Relaxed);
        match fate {
            Fate::Passes => pass().await,
            Fate::NotSent => Err(TransportError::NotSent("flaky".to_owned())),
            Fate::Lost => {
                if coin {
                    // Nobody waits for it, and it may arrive after its own retry.
                    tokio::spawn(pass());
                }
                Err(TransportError::Lost("flaky".to_owned()))
            }
            Fate::Unanswered => {
                let _ = pass().await;
                Err(TransportError::Lost("flaky".to_owned()))
            }
            Fate::Doubled => {
                // The first one's reply is lost with it.
                let _ = pass().await;
                pass().await
            }
            Fate::Late => {
                tokio::time::sleep(LATE).await;
                pass().await
            }
        }
    }
}

#[async_trait]
impl<T: Transport + 'static> Transport for Flaky<T> {
    async fn carry(&self, service: &str, method: &str, call: Bytes) -> Result<Bytes, TransportError> {
        let dice = self.dice();
        self.meet(self.fate(dice), dice >> 63 == 0, || self.pass(service, method, call.clone())).await
    }

    async fn carry_as(
        &self,
        service: &str,
        method: &str,
        call: Bytes,
        repeat: Repeat,
    ) -> Result<Bytes, TransportError> {
        let dice = self.dice();
        let fate = match (self.fate(dice), repeat) {
            (Fate::Lost | Fate::Unanswered | Fate::Doubled, Repeat::Never) => Fate::Passes,
            (fate, _) => fate,
        };
        self.meet(fate, dice >> 63 == 0, || self.pass(service, method, call.clone())).await
    }
}
