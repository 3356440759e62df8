//! A permission in three words.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `resource:action:scope`, for example `accounts:read:own`; `*` matches anything.
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

    /// Whether this permission includes all of `other`. A `*` is only included in another `*`, because it may match
    /// more in future.
    pub fn includes(&self, other: &Permission) -> bool {
        let far_enough = self.reaches_all() || !other.reaches_all();
        far_enough && self.covers(&other.resource, &other.action)
    }

    /// Whether the scope covers other owners' objects.
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
    fn a_permission_includes_equal_and_narrower_ones() {
        let includes =
            |one: &str, other: &str| one.parse::<Permission>().unwrap().includes(&other.parse::<Permission>().unwrap());
        for (one, other) in [
            ("*:*:*", "accounts:read:all"),
            ("*:*:all", "*:*:*"),
            ("accounts:*:all", "accounts:read:own"),
            ("accounts:read:all", "accounts:read:own"),
            ("accounts:read:*", "accounts:read:all"),
            ("*:read:own", "accounts:read:own"),
        ] {
            assert!(includes(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("accounts:read:own", "accounts:read:all"),
            ("accounts:read:own", "accounts:read:*"),
            ("accounts:read:all", "accounts:*:all"),
            ("accounts:*:all", "*:*:all"),
            ("accounts:*:all", "*:read:own"),
            ("*:read:all", "accounts:*:own"),
            ("accounts:read:all", "cards:read:own"),
            ("*:*:own", "*:*:*"),
        ] {
            assert!(!includes(one, other), "{one} {other}");
        }
    }
}
