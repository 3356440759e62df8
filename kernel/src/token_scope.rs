//! OAuth scopes: how much of a user's rights a token may use.
//!
//! `read:accounts` covers reading accounts, `write:transactions` everything except reading on transactions,
//! `admin:users` everything on users; `*` matches any resource. A scope never grants anything: it only narrows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Permission;

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenScope {
    reach: Reach,
    resource: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Reach {
    Read,
    Write,
    Admin,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is not a scope of the form read:RESOURCE, write:RESOURCE or admin:RESOURCE")]
pub struct TokenScopeError(String);

/// The read-only actions.
const READING: &str = "read";

impl TokenScope {
    pub fn covers(&self, resource: &str, action: &str) -> bool {
        let reach = match self.reach {
            Reach::Read => action == READING,
            Reach::Write => action != READING,
            Reach::Admin => true,
        };
        reach && (&*self.resource == "*" || &*self.resource == resource)
    }

    /// Whether `scopes` together allow all of a permission.
    pub fn leave_open(scopes: &[TokenScope], permission: &Permission) -> bool {
        let open = |action: &str| scopes.iter().any(|scope| scope.covers(&permission.resource, action));
        // Any action: both read-only and others.
        open(&permission.action) && (&*permission.action != "*" || open(READING))
    }
}

impl FromStr for TokenScope {
    type Err = TokenScopeError;

    fn from_str(text: &str) -> Result<TokenScope, TokenScopeError> {
        let wrong = || TokenScopeError(text.chars().take(64).collect());
        let (reach, resource) = text.split_once(':').ok_or_else(wrong)?;
        let reach = match reach {
            "read" => Reach::Read,
            "write" => Reach::Write,
            "admin" => Reach::Admin,
            _ => return Err(wrong()),
        };
        let known = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        let shaped = resource == "*" || (!resource.is_empty() && resource.bytes().all(known));
        if shaped { Ok(TokenScope { reach, resource: resource.into() }) } else { Err(wrong()) }
    }
}

impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reach = match self.reach {
            Reach::Read => "read",
            Reach::Write => "write",
            Reach::Admin => "admin",
        };
        write!(f, "{reach}:{}", self.resource)
    }
}

impl TryFrom<String> for TokenScope {
    type Error = TokenScopeError;

    fn try_from(text: String) -> Result<TokenScope, TokenScopeError> {
        text.parse()
    }
}

impl From<TokenScope> for String {
    fn from(scope: TokenScope) -> String {
        scope.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_scope_does_not_allow_reading() {
        let write: TokenScope = "write:accounts".parse().unwrap();
        assert!(write.covers("accounts", "open") && !write.covers("accounts", "read"));
        assert!(!write.covers("cards", "open"));
        let read: TokenScope = "read:*".parse().unwrap();
        assert!(read.covers("cards", "read") && !read.covers("cards", "open"));
        assert!("admin:users".parse::<TokenScope>().unwrap().covers("users", "read"));
    }

    #[test]
    fn scopes_together_allow_a_permission() {
        let open = |scopes: &str, permission: &str| {
            let scopes: Vec<TokenScope> = scopes.split(' ').map(|text| text.parse().unwrap()).collect();
            TokenScope::leave_open(&scopes, &permission.parse().unwrap())
        };
        assert!(open("read:accounts", "accounts:read:all") && open("read:*", "*:read:own"));
        assert!(open("admin:*", "*:*:*") && open("read:* write:*", "*:*:*") && open("admin:cards", "cards:*:all"));
        for scopes in ["read:*", "write:*", "admin:accounts", "read:cards write:accounts"] {
            assert!(!open(scopes, "*:*:*") && !open(scopes, "cards:*:all"), "{scopes}");
        }
        assert!(!open("read:accounts", "*:read:all") && !open("write:accounts", "accounts:read:own"));
    }

    #[test]
    fn scopes_have_two_known_words() {
        for bad in ["accounts", "read:", "see:accounts", "read:a b", "read:Accounts", "openid"] {
            assert!(bad.parse::<TokenScope>().is_err(), "{bad}");
        }
        assert_eq!("admin:metadata-keys".parse::<TokenScope>().unwrap().to_string(), "admin:metadata-keys");
    }
}
