//! What travels with every call: who asks, until when an answer is of use, and the key that makes a repeat harmless.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Clock, Monotonic};

/// Invariant: a service answers or gives up by `deadline`; it never waits longer.
#[derive(Debug, Clone)]
pub struct Ctx {
    pub principal: Principal,
    pub deadline: Deadline,
    pub request_id: Arc<str>,
    pub idempotency_key: Option<IdempotencyKey>,
}

/// The instant, by this process's monotonic clock, after which nobody waits for the answer.
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

/// A caller's own name for a command: 1 to 128 visible ASCII characters.
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

/// Who asks. Services trust it as it stands; whoever builds a `Ctx` has to have established it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    pub kind: PrincipalKind,
    /// An opaque id, also the value of `owner` on the objects that belong to this principal.
    pub subject: Arc<str>,
    pub permissions: Arc<[Permission]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// The person at the machine: whoever can reach a loopback listener or run the binary on its data.
    Operator,
    /// Stands in for everybody under `--demo`.
    Demo,
    Customer,
    Employee,
    Admin,
    Service,
}

impl Principal {
    pub fn operator() -> Principal {
        Principal::new(PrincipalKind::Operator, "operator", [Permission::everything()])
    }

    pub fn demo() -> Principal {
        Principal::new(PrincipalKind::Demo, "demo", [Permission::everything()])
    }

    pub fn new(kind: PrincipalKind, subject: &str, permissions: impl IntoIterator<Item = Permission>) -> Principal {
        Principal { kind, subject: subject.into(), permissions: permissions.into_iter().collect() }
    }
}

/// `resource:action:scope`, for example `accounts:read:own`; `*` stands for any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Permission {
    pub resource: Box<str>,
    pub action: Box<str>,
    pub scope: Box<str>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is not a permission of the form resource:action:scope with the scope own, all or *")]
pub struct PermissionError(String);

impl Permission {
    pub fn everything() -> Permission {
        Permission { resource: "*".into(), action: "*".into(), scope: "*".into() }
    }

    pub fn covers(&self, resource: &str, action: &str) -> bool {
        matches(&self.resource, resource) && matches(&self.action, action)
    }

    /// Whether objects of other owners are within the scope.
    pub fn reaches_all(&self) -> bool {
        &*self.scope == "all" || &*self.scope == "*"
    }
}

fn matches(pattern: &str, word: &str) -> bool {
    pattern == "*" || pattern == word
}

impl FromStr for Permission {
    type Err = PermissionError;

    fn from_str(text: &str) -> Result<Permission, PermissionError> {
        let mut parts = text.split(':');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(resource), Some(action), Some(scope @ ("own" | "all" | "*")), None)
                if !resource.is_empty() && !action.is_empty() =>
            {
                Ok(Permission { resource: resource.into(), action: action.into(), scope: scope.into() })
            }
            _ => Err(PermissionError(text.chars().take(64).collect())),
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.resource, self.action, self.scope)
    }
}

impl TryFrom<String> for Permission {
    type Error = PermissionError;

    fn try_from(text: String) -> Result<Permission, PermissionError> {
        text.parse()
    }
}

impl From<Permission> for String {
    fn from(permission: Permission) -> String {
        permission.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_have_three_words_and_a_known_scope() {
        let own: Permission = "accounts:read:own".parse().unwrap();
        assert!(own.covers("accounts", "read") && !own.covers("accounts", "write") && !own.reaches_all());
        assert!(Permission::everything().covers("ledger", "write") && Permission::everything().reaches_all());
        for bad in ["accounts", "accounts:read", "accounts:read:some", ":read:own", "a:b:own:c"] {
            assert!(bad.parse::<Permission>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_idempotency_key_is_short_and_visible() {
        assert!("order-17".parse::<IdempotencyKey>().is_ok());
        for bad in ["", "two words", "ümlaut", "line\n", &"x".repeat(129)] {
            assert_eq!(bad.parse::<IdempotencyKey>(), Err(IdempotencyKeyError), "{bad}");
        }
    }
}
