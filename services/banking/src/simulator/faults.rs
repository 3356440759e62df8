//! Faults of the simulated banks: so many on command, or now and then.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;

use super::Simulator;

const HANG: Duration = Duration::from_secs(120);
/// In bad weather one answer in so many has a fault.
const ONE_IN: u64 = 10;

/// What the next answers of the banks are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Fault {
    /// 429 with Retry-After.
    RateLimit,
    /// 500.
    Error,
    /// No answer.
    Hang,
    /// Half of the answer.
    Half,
    /// 401: the consent has expired.
    Consent,
    /// An entry was added while pages were read: the next page begins with the last entry of the one before.
    Page,
    /// Entries get other ids, at banks that do not keep them.
    Ids,
    /// One of the last days is left out.
    Day,
}

impl Fault {
    pub const ALL: [Fault; 8] =
        [Fault::RateLimit, Fault::Error, Fault::Hang, Fault::Half, Fault::Consent, Fault::Page, Fault::Ids, Fault::Day];

    /// It is the whole answer's, whatever was asked.
    fn is_of_transport(self) -> bool {
        !matches!(self, Fault::Page | Fault::Ids | Fault::Day)
    }
}

#[derive(Debug)]
pub(super) struct Faults {
    due: Mutex<BTreeMap<Fault, u32>>,
    weather: Mutex<Vec<Fault>>,
    dice: AtomicU64,
    reissued: AtomicU32,
}

impl Faults {
    pub(super) fn new(seed: u64) -> Faults {
        let dice = AtomicU64::new(seed | 1);
        Faults { due: Mutex::default(), weather: Mutex::default(), dice, reissued: AtomicU32::new(0) }
    }

    pub(super) fn add(&self, fault: Fault, count: u32) {
        if fault == Fault::Ids {
            self.reissued.fetch_add(count, Ordering::Relaxed);
        } else {
            self.due().insert(fault, count);
        }
    }

    pub(super) fn set_weather(&self, faults: &[Fault]) {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner) = faults.to_vec();
    }

    /// How many times all entries got other ids.
    pub(super) fn reissued(&self) -> u32 {
        self.reissued.load(Ordering::Relaxed)
    }

    /// This answer has this fault.
    pub(super) fn take(&self, fault: Fault) -> bool {
        let mut due = self.due();
        let Some(left) = due.get_mut(&fault).filter(|left| **left > 0) else { return false };
        *left -= 1;
        true
    }

    fn next_of_transport(&self) -> Option<Fault> {
        self.weather_strikes();
        let mut due = self.due();
        let (fault, left) = due.iter_mut().find(|(fault, left)| **left > 0 && fault.is_of_transport())?;
        *left -= 1;
        Some(*fault)
    }

    fn weather_strikes(&self) {
        let weather = self.weather.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let count = weather.len() as u64;
        if count == 0 {
            return;
        }
        // A linear congruential generator: good enough for weather, and the same for a seed.
        let step = |dice: u64| dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let dice = self.dice.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |dice| Some(step(dice))).unwrap_or(0);
        let dice = dice >> 33;
        if dice.is_multiple_of(ONE_IN)
            && let Some(fault) = weather.get(usize::try_from(dice / ONE_IN % count).unwrap_or(0))
        {
            self.add(*fault, 1);
        }
    }

    fn due(&self) -> MutexGuard<'_, BTreeMap<Fault, u32>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn faulty(State(simulator): State<Simulator>, request: Request, next: Next) -> Response {
    match simulator.faults.next_of_transport() {
        Some(Fault::RateLimit) => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response(),
        Some(Fault::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Fault::Consent) if request.uri().path().starts_with("/plaid/") => {
            super::plaid::error("ITEM_LOGIN_REQUIRED").into_response()
        }
        Some(Fault::Consent) => StatusCode::UNAUTHORIZED.into_response(),
        Some(Fault::Hang) => {
            tokio::time::sleep(HANG).await;
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
        Some(Fault::Half) => "{\"transactions\":[{\"amount\":".into_response(),
        _ => next.run(request).await,
    }
}
