//! Scopes as requested, allowed and narrowed: lists of words, separated by spaces in requests.

use identity_api::{IdentityError, OAuthError, Refusal, limits};
use kernel::TokenScope;

pub(crate) const OPENID: &str = "openid";
pub(crate) const PROFILE: &str = "profile";
pub(crate) const EMAIL: &str = "email";
pub(crate) const PHONE: &str = "phone";
/// Requests a refresh token.
pub(crate) const OFFLINE: &str = "offline_access";

pub(crate) const OF_PEOPLE: [&str; 5] = [OPENID, PROFILE, EMAIL, PHONE, OFFLINE];

pub(crate) fn is_of_a_person(scope: &str) -> bool {
    OF_PEOPLE.contains(&scope)
}

pub(crate) fn is_known(scope: &str) -> bool {
    is_of_a_person(scope) || scope.parse::<TokenScope>().is_ok()
}

/// The granted scopes of a client that may have `allowed` and requests `asked`. Without a request it gets all except
/// offline access.
pub(super) fn granted(allowed: &[String], asked: Option<&str>) -> Result<Vec<String>, IdentityError> {
    let asked = words(asked)?;
    if asked.is_empty() {
        return Ok(allowed.iter().filter(|scope| *scope != OFFLINE).cloned().collect());
    }
    within(allowed, asked)
}

/// The same for an earlier grant: it can only be narrowed, and without a request stays the same.
pub(super) fn narrowed(before: &[String], asked: Option<&str>) -> Result<Vec<String>, IdentityError> {
    let asked = words(asked)?;
    if asked.is_empty() { Ok(before.to_vec()) } else { within(before, asked) }
}

fn words(asked: Option<&str>) -> Result<Vec<String>, IdentityError> {
    let mut words: Vec<String> = Vec::new();
    for word in asked.unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        if words.len() == limits::SCOPES_MAX {
            return Err(refused(format!("expected at most {} scopes", limits::SCOPES_MAX)));
        }
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    Ok(words)
}

fn within(allowed: &[String], asked: Vec<String>) -> Result<Vec<String>, IdentityError> {
    match asked.iter().find(|scope| !allowed.iter().any(|allowed| covers(allowed, scope))) {
        // The requested text is not repeated: it may be anything.
        Some(_) => Err(refused("a scope that was asked for is not open to this client".to_owned())),
        None => Ok(asked),
    }
}

/// `read:*` covers `read:accounts`.
fn covers(allowed: &str, asked: &str) -> bool {
    let wild = allowed.strip_suffix('*').is_some_and(|reach| asked.starts_with(reach) && is_known(asked));
    allowed == asked || wild
}

fn refused(description: String) -> IdentityError {
    Refusal::oauth(OAuthError::InvalidScope, description).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_client_gets_the_requested_scopes_it_may_have() {
        let allowed = list("openid offline_access read:* write:cards");
        assert_eq!(granted(&allowed, None).unwrap(), list("openid read:* write:cards"));
        assert_eq!(granted(&allowed, Some("")).unwrap(), list("openid read:* write:cards"));
        assert_eq!(
            granted(&allowed, Some("read:accounts  openid read:accounts")).unwrap(),
            list("read:accounts openid")
        );
        for bad in
            ["write:*", "write:accounts", "admin:cards", "profile", "read:", "read:*x", "READ:accounts", "openid,email"]
        {
            assert!(granted(&allowed, Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn granted_scopes_can_only_be_narrowed() {
        let before = list("openid read:accounts");
        assert_eq!(narrowed(&before, None).unwrap(), before);
        assert_eq!(narrowed(&before, Some("read:accounts")).unwrap(), list("read:accounts"));
        assert!(narrowed(&before, Some("read:accounts read:cards")).is_err());
        assert!(narrowed(&list("read:accounts"), Some("read:*")).is_err());
    }
}
