//! The context of a call: the caller, the deadline, and the idempotency key.

use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Clock, Monotonic, Principal};

/// Invariant: a service answers or gives up by `deadline`; it never waits longer.
#[derive(Debug, Clone)]
pub struct Ctx {
    pub principal: Principal,
    pub deadline: Deadline,
    pub request_id: Arc<str>,
    pub idempotency_key: Option<IdempotencyKey>,
}

/// The instant, by this process's monotonic clock, after which nobody waits for the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Monotonic);

impl Deadline {
    pub fn after_millis(clock: &dyn Clock, millis: u64) -> Deadline {
        Deadline(clock.monotonic().plus_millis(millis))
    }

    pub fn is_past(self, now: Monotonic) -> bool {
        now >= self.0
    }

    pub fn micros_left(self, now: Monotonic) -> u64 {
        self.0.micros_since(now)
    }
}

/// A caller's own key for a command: 1 to 128 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdempotencyKey(Arc<str>);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an idempotency key is 1 to 128 visible ASCII characters")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = IdempotencyKeyError;

    fn from_str(text: &str) -> Result<IdempotencyKey, IdempotencyKeyError> {
        let shaped = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if shaped { Ok(IdempotencyKey(text.into())) } else { Err(IdempotencyKeyError) }
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = IdempotencyKeyError;

    fn try_from(text: String) -> Result<IdempotencyKey, IdempotencyKeyError> {
        text.parse()
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> String {
        key.0.as_ref().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idempotency_key_is_short_and_visible() {
        assert!("order-17".parse::<IdempotencyKey>().is_ok());
        for bad in ["", "two words", "ümlaut", "line\n", &"x".repeat(129)] {
            assert_eq!(bad.parse::<IdempotencyKey>(), Err(IdempotencyKeyError), "{bad}");
        }
    }
}
