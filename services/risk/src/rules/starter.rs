//! The rules that a new store begins with.

use risk_api::Rule;

/// Twenty rules for card authorizations, payments and logins alike: those whose features are missing do not apply.
pub(crate) fn rules() -> Vec<Rule> {
    serde_json::from_str(include_str!("starter.json")).unwrap_or_default()
}
