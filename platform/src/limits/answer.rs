//! What a caller is told about its limits: `RateLimit` and `RateLimit-Policy`, as the draft of the HTTP API working
//! group has them (draft-ietf-httpapi-ratelimit-headers-10), and `Retry-After` with a refusal.

use std::fmt::Write;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Verdict;
use super::count::Count;
use super::rules::Window;
use crate::http::{Problem, refusals};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How much a subject may still send in the window that has the least room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub window: Window,
    pub quota: u32,
    pub remaining: u32,
    pub reset_s: u32,
    /// For a request that has no room: when it would have.
    pub retry_after_s: Option<u32>,
}

impl Default for Standing {
    fn default() -> Standing {
        Standing { window: Window::Day, quota: u32::MAX, remaining: u32::MAX, reset_s: 0, retry_after_s: None }
    }
}

impl Standing {
    pub(super) fn of(count: Count, quota: u32, window: Window, now_ms: u64, has_room: bool) -> Standing {
        let remaining = count.remaining(quota, now_ms, window);
        let reset_s = seconds(count.reset_ms(now_ms, window));
        let retry_after_s = (!has_room).then(|| seconds(count.wait_ms(quota, now_ms, window)).max(1));
        Standing { window, quota, remaining, reset_s, retry_after_s }
    }

    pub fn is_refused(&self) -> bool {
        self.retry_after_s.is_some()
    }

    /// The tightest comes first: the longest wait, then the least room.
    pub(super) fn rank(&self) -> (std::cmp::Reverse<u32>, u32) {
        (std::cmp::Reverse(self.retry_after_s.unwrap_or_default()), self.remaining)
    }

    /// The same once one more request is counted.
    pub(super) fn after_one(self) -> Standing {
        Standing { remaining: self.remaining.saturating_sub(1), ..self }
    }
}

impl Verdict<'_> {
    /// States the limit in an answer.
    pub(super) fn state(&self, headers: &mut HeaderMap) {
        let Standing { window, remaining, reset_s, .. } = self.standing;
        let mut text = String::with_capacity(40);
        // Writing to a string does not fail.
        let _ = write!(text, "\"{}\";r={remaining};t={reset_s}", window.name());
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(RATE_LIMIT, value);
        }
        headers.insert(RATE_LIMIT_POLICY, self.policy.header.clone());
    }

    /// The refusal, if the request has no room.
    pub(crate) fn refusal(&self) -> Option<Problem> {
        let Standing { window, quota, retry_after_s, .. } = self.standing;
        let seconds = retry_after_s?;
        let (kind, class, window) = (self.kind.name(), self.class, window.name());
        metrics::counter!("limits_refused_total", "kind" => kind, "class" => class.to_owned(), "window" => window)
            .increment(1);
        let detail = format!("at most {quota} requests a {window} for one {kind}; try again in {seconds} s");
        let problem = refusals::RATE_LIMITED.because(detail).retry_after_s(seconds);
        Some(problem.member("limit", quota).member("window", window).member("class", class))
    }
}

fn seconds(millis: u64) -> u32 {
    u32::try_from(millis.div_ceil(1_000)).unwrap_or(u32::MAX)
}
