//! The kinds of messages: one row each. A new kind is a row here, a template in each language, and, if an event causes
//! it, a row in `triggers`.

use notifications_api::{Category, Channel, Refusal, Shape};
use notifications_api::{Kind as Shown, Variable as ShownVariable};

use crate::triggers;

use Channel::{Email, Inbox, Push, Sms};

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) category: Category,
    /// Ignores quiet hours and digests, and uses the fast lane.
    pub(crate) urgent: bool,
    /// In the order in which they are tried.
    pub(crate) channels: &'static [Channel],
    /// Seconds after which it is not delivered any more.
    pub(crate) life_s: i64,
    /// May arrive twice; so it is sent again if it is not known whether it was taken.
    pub(crate) doubles: bool,
    pub(crate) variables: &'static [Variable],
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// What a message without it shows; it is required if there is nothing.
    pub(crate) default: Option<&'static str>,
    /// For previews.
    pub(crate) example: &'static str,
}

const fn needs(name: &'static str, shape: Shape, example: &'static str) -> Variable {
    Variable { name, shape, default: None, example }
}

const AT: Variable = needs("at", Shape::Time, "2026-01-31T12:00:00Z");
const AMOUNT: Variable = needs("amount", Shape::Money, "25.00 USD");
const FACTOR: Variable = needs("factor", Shape::Text, "totp");
const ACCOUNT: Variable = needs("account", Shape::Text, "customers:ann");
const CODE: Variable = needs("code", Shape::Code, "123456");

/// The life that the settings may change.
pub(crate) const DAY_S: i64 = 86_400;
const EVERYWHERE: &[Channel] = &[Inbox, Email, Sms, Push];

const fn security(name: &'static str, variables: &'static [Variable]) -> Kind {
    let (category, channels) = (Category::Security, EVERYWHERE);
    Kind { name, category, urgent: true, channels, life_s: DAY_S, doubles: false, variables }
}

/// A code is worth nothing after a few minutes, harmless twice, and not for the inbox.
const fn code(name: &'static str, life_s: i64) -> Kind {
    Kind { channels: &[Email, Sms], life_s, doubles: true, ..security(name, &[CODE]) }
}

const fn account(name: &'static str, variables: &'static [Variable]) -> Kind {
    Kind { category: Category::Account, urgent: false, ..security(name, variables) }
}

pub(crate) const CONTACT_CHANGED: &str = "security.contact_changed";
pub(crate) const ADDRESS_CODE: &str = "security.address_code";
/// How long a code that verifies an address is valid.
pub(crate) const ADDRESS_CODE_S: i64 = 600;

pub(crate) static KINDS: &[Kind] = &[
    security("security.password_changed", &[AT]),
    security("security.password_reset", &[AT]),
    security("security.new_browser", &[AT]),
    security("security.factor_added", &[AT, FACTOR]),
    security("security.factor_removed", &[AT, FACTOR]),
    security(CONTACT_CHANGED, &[AT]),
    security("security.session_stolen", &[AT]),
    code("security.code", 300),
    code(ADDRESS_CODE, ADDRESS_CODE_S),
    Kind {
        category: Category::Legal,
        urgent: false,
        life_s: 30 * DAY_S,
        ..security("legal.terms_changed", &[AT, needs("summary", Shape::Text, "Transfers become free of charge.")])
    },
    account("account.money_received", &[AMOUNT, needs("from", Shape::Text, "Bob")]),
    account("account.money_sent", &[AMOUNT, needs("to", Shape::Text, "Bob")]),
    account("account.hold_expired", &[AMOUNT]),
    account("account.frozen", &[ACCOUNT, AT]),
    account("account.unfrozen", &[ACCOUNT, AT]),
    account("account.webhook_disabled", &[needs("endpoint", Shape::Text, "whk_01kppyzd5gfmra2qsx5rkvr8wb")]),
    Kind {
        category: Category::Product,
        ..account("product.news", &[needs("title", Shape::Text, "News"), needs("text", Shape::Text, "There is news.")])
    },
];

/// # Errors
/// There is no such kind.
pub(crate) fn find(name: &str) -> Result<&'static Kind, Refusal> {
    KINDS.iter().find(|kind| kind.name == name).ok_or_else(|| Refusal::KindUnknown { kind: name.to_owned() })
}

impl Kind {
    /// Preferences, suppressions and limits do not count.
    pub(crate) fn is_mandatory(&self) -> bool {
        self.category.is_mandatory()
    }

    pub(crate) fn is_secret(&self) -> bool {
        self.variables.iter().any(|variable| variable.shape == Shape::Code)
    }

    pub(crate) fn shown(&self) -> Shown {
        let variables = self.variables.iter().map(|variable| ShownVariable {
            name: variable.name.to_owned(),
            shape: variable.shape,
            optional: variable.default.is_some(),
        });
        Shown {
            name: self.name.to_owned(),
            category: self.category,
            mandatory: self.is_mandatory(),
            urgent: self.urgent,
            channels: self.channels.to_vec(),
            life_s: self.life_s,
            variables: variables.collect(),
            events: triggers::events_of(self.name).map(str::to_owned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn kinds_are_unique_and_named_by_category() {
        let names: HashSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), KINDS.len());
        for kind in KINDS {
            let category: &'static str = kind.category.into();
            assert!(kind.name.starts_with(&format!("{category}.")), "{}", kind.name);
            assert!(!kind.is_secret() || !kind.channels.contains(&Inbox), "{}: a code in the inbox", kind.name);
        }
    }
}
