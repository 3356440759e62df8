//! The words that permissions, scopes and policies are made of: every resource of the house, and what is done to it.
//!
//! A service that checks a new word adds it here: a policy that names an unknown action is refused, so that a rule with a
//! spelling mistake does not stand there and protect nothing.

use kernel::Permission;

/// Resources in the order of the house, each with its actions.
pub const RESOURCES: &[(&str, &[&str])] = &[
    ("accounts", &["read", "open", "change"]),
    ("transactions", &["read", "create"]),
    ("assets", &["read", "declare"]),
    ("books", &["read", "create"]),
    ("metadata-keys", &["declare", "remove"]),
    ("ledger", &["override-floor"]),
    ("events", &["read"]),
    ("users", &["read", "create", "change"]),
    ("clients", &["read", "create", "change"]),
    ("keys", &["read", "rotate"]),
    ("roles", &["read", "change"]),
    ("policies", &["read", "change"]),
];

/// Every action with its resource.
pub fn actions() -> impl Iterator<Item = (&'static str, &'static str)> {
    RESOURCES.iter().flat_map(|(resource, actions)| actions.iter().map(move |action| (*resource, *action)))
}

/// Whether anything in the house is covered by it; a permission with a spelling mistake grants nothing to anybody.
pub fn is_known(permission: &Permission) -> bool {
    actions().any(|(resource, action)| permission.covers(resource, action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_has_words_of_the_house() {
        for known in ["accounts:read:own", "accounts:*:all", "*:read:all", "*:*:*", "metadata-keys:declare:all"] {
            assert!(is_known(&known.parse().unwrap()), "{known}");
        }
        for unknown in ["acounts:read:own", "accounts:raed:all", "*:fly:all", "rotate:keys:all"] {
            assert!(!is_known(&unknown.parse().unwrap()), "{unknown}");
        }
    }
}
