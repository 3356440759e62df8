//! What each type of event is for an auditor: the only place where that is decided.
//!
//! A type that has no row is kept as [`UNKNOWN`] and counted; a test over the sources of all rooms fails until it has one.

mod table;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use table::KINDS;

/// Which kind of act it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Class {
    Authentication,
    Authorization,
    DataAccess,
    ConfigurationChanges,
    AdminOperations,
    Financial,
    Unknown,
}

/// The objective of the control that the entry is evidence for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Control {
    Authorization,
    Completeness,
    Accuracy,
    SegregationOfDuties,
    AccessControl,
    ChangeManagement,
    DataProtection,
    Retention,
    Unknown,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Risk {
    Low,
    Medium,
    High,
    Critical,
}

/// A set of rules that asks for the entry.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Framework {
    Sox,
    Pci,
    Gdpr,
    Basel,
}

impl Framework {
    /// Its bit in the store.
    pub(crate) fn bit(self) -> i64 {
        match self {
            Framework::Sox => 1,
            Framework::Pci => 2,
            Framework::Gdpr => 4,
            Framework::Basel => 8,
        }
    }
}

/// How long an entry is kept.
pub(crate) const RETENTION: &str = "7_YEARS";

/// What the catalogue says of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) class: Class,
    pub(crate) control: Control,
    pub(crate) risk: Risk,
    pub(crate) frameworks: &'static [Framework],
    /// Money moved, or what may move was changed.
    pub(crate) financial: bool,
}

/// A type without a row.
pub(crate) static UNKNOWN: Kind = Kind {
    name: "UNKNOWN",
    class: Class::Unknown,
    control: Control::Unknown,
    risk: Risk::Medium,
    frameworks: &[Framework::Sox],
    financial: false,
};

pub(crate) fn find(name: &str) -> &'static Kind {
    KINDS.binary_search_by(|kind| kind.name.cmp(name)).ok().and_then(|place| KINDS.get(place)).unwrap_or(&UNKNOWN)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::sources::BOOK_HEAD;

    /// Texts of the form of an event that are none: names of settings and of folded events, and prefixes of tests.
    const NO_EVENTS: &[&str] = &["ledger.transactions.metadata"];
    /// Types of two parts, which operators know.
    const SHORT: &[&str] = &["fraud.detected", "payment.initiated", "payment.processed"];

    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let is_test = path.file_stem().is_some_and(|name| name == "tests");
            if path.is_dir() && !is_test {
                sources(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !is_test {
                found.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }

    /// Every literal of a room's sources that begins with the room's name and has three parts.
    fn told(room: &str, text: &str) -> BTreeSet<String> {
        let shaped = |text: &&str| {
            let parts: Vec<&str> = text.split('.').collect();
            let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            let own = parts.first() == Some(&room) && parts.len() == 3;
            (own || SHORT.contains(text)) && parts.iter().all(|part| word(part)) && !NO_EVENTS.contains(text)
        };
        text.lines().flat_map(|line| line.split('"').skip(1).step_by(2)).filter(shaped).map(str::to_owned).collect()
    }

    #[test]
    fn every_event_of_every_room_is_classified() {
        let services = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut events = BTreeSet::new();
        for room in std::fs::read_dir(services).unwrap().map(Result::unwrap) {
            let (name, mut texts) = (room.file_name().into_string().unwrap(), Vec::new());
            if room.path().join("src").is_dir() && name != "audit" {
                sources(&room.path().join("src"), &mut texts);
            }
            events.extend(texts.iter().flat_map(|text| told(&name, text)));
        }
        assert!(events.len() > 100, "{events:?}");
        let missing: Vec<&String> = events.iter().filter(|event| *find(event) == UNKNOWN).collect();
        assert!(missing.is_empty(), "src/catalogue/table.rs has no row of {missing:?}");
        let gone: Vec<&str> = KINDS
            .iter()
            .map(|kind| kind.name)
            .filter(|name| !name.starts_with("audit.") && *name != BOOK_HEAD)
            .collect();
        let gone: Vec<&&str> = gone.iter().filter(|name| !events.contains(**name)).collect();
        assert!(gone.is_empty(), "no room has the events {gone:?}");
    }

    #[test]
    fn rows_are_in_the_order_of_their_names() {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
        for kind in KINDS {
            assert_eq!(find(kind.name), kind);
            assert!(!kind.frameworks.is_empty() && kind.class != Class::Unknown, "{}", kind.name);
        }
    }

    #[test]
    fn a_type_without_a_row_is_unknown() {
        assert_eq!(*find("pebbles.pebble.thrown"), UNKNOWN);
    }
}
