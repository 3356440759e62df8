//! Every feature by name, and where it stands in a row.
//!
//! A name is kind, figure and window: `card_count_1h`, `merchant_fraud_share_7d`. The definitions are hashed ([`definitions_sha256`]):
//! a model of other definitions is refused.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::LazyLock;

use risk_api::EntityKind;
use sha2::{Digest, Sha256};

use super::window::WINDOWS;

pub(crate) const KINDS: [EntityKind; 7] = [
    EntityKind::Card,
    EntityKind::Account,
    EntityKind::Merchant,
    EntityKind::Terminal,
    EntityKind::Device,
    EntityKind::Address,
    EntityKind::Email,
];

/// Raised when a definition changes and its name does not.
const VERSION: u32 = 1;

/// Figures that an entity has in each window, in the order of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Figure {
    Count,
    Sum,
    Mean,
    Max,
    Declines,
    Merchants,
    Countries,
    Cards,
    AmountZ,
}

/// Figures that an entity has once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Single {
    SinceLastS,
    SinceOtherCountryS,
    SpeedKmh,
}

pub(super) const FIGURES: usize = 9;
pub(super) const SINGLES: usize = 3;
/// Places of one kind of entity in a row.
pub(super) const BLOCK: usize = FIGURES * WINDOWS.len() + SINGLES;
/// Windows of fraud shares, in days.
pub(super) const SHARE_DAYS: [i64; 3] = [1, 7, 30];

const ENTITIES: usize = KINDS.len() * BLOCK;
pub(super) const AMOUNT: usize = ENTITIES;
pub(super) const HOUR: usize = ENTITIES + 1;
pub(super) const WEEKDAY: usize = ENTITIES + 2;
pub(super) const NIGHT: usize = ENTITIES + 3;
pub(super) const WEEKEND: usize = ENTITIES + 4;
pub(super) const FIRST_MERCHANT: usize = ENTITIES + 5;
pub(super) const FIRST_CATEGORY: usize = ENTITIES + 6;
pub(super) const FIRST_COUNTRY: usize = ENTITIES + 7;
/// Share and count of each window.
pub(super) const MERCHANT_SHARES: usize = ENTITIES + 8;
pub(super) const TERMINAL_SHARES: usize = MERCHANT_SHARES + 2 * SHARE_DAYS.len();
pub(crate) const FEATURES: usize = TERMINAL_SHARES + 2 * SHARE_DAYS.len();

/// The first place of a kind's block.
pub(super) fn block(kind: EntityKind) -> usize {
    KINDS.iter().position(|known| *known == kind).unwrap_or_default() * BLOCK
}

/// A figure that is always 1 or means nothing for a kind is left out.
pub(super) fn has(kind: EntityKind, figure: Figure) -> bool {
    match figure {
        Figure::Merchants => !matches!(kind, EntityKind::Merchant | EntityKind::Terminal),
        Figure::Countries => kind != EntityKind::Terminal,
        Figure::Cards => kind != EntityKind::Card,
        _ => true,
    }
}

/// The values of one subject, in the order of the catalogue. What is missing is not a number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row(Box<[f64]>);

impl Row {
    pub(crate) fn empty() -> Row {
        Row(vec![f64::NAN; FEATURES].into())
    }

    pub(crate) fn set(&mut self, place: usize, value: f64) {
        if let Some(slot) = self.0.get_mut(place) {
            *slot = value;
        }
    }

    pub(crate) fn get(&self, place: usize) -> Option<f64> {
        self.0.get(place).copied().filter(|value| !value.is_nan())
    }

    pub(crate) fn values(&self) -> &[f64] {
        &self.0
    }

    /// Names and values of what is not missing.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, f64)> + '_ {
        names().iter().zip(&self.0).filter_map(|(name, value)| match name {
            Some(name) if !value.is_nan() => Some((name.as_str(), *value)),
            _ => None,
        })
    }
}

/// The name at each place of a row; nothing where a kind has no such figure.
pub(crate) fn names() -> &'static [Option<String>] {
    static NAMES: LazyLock<Vec<Option<String>>> = LazyLock::new(all_names);
    &NAMES
}

pub(crate) fn feature_index(name: &str) -> Option<usize> {
    static INDEX: LazyLock<HashMap<&'static str, usize>> = LazyLock::new(|| {
        let named = names().iter().enumerate();
        named.filter_map(|(place, name)| name.as_deref().map(|name| (name, place))).collect()
    });
    INDEX.get(name).copied()
}

fn all_names() -> Vec<Option<String>> {
    use strum::VariantArray;
    let mut names = Vec::with_capacity(FEATURES);
    for kind in KINDS {
        for figure in Figure::VARIANTS {
            let word: &str = figure.into();
            names.extend(
                WINDOWS
                    .iter()
                    .map(|window| has(kind, *figure).then(|| format!("{}_{word}_{}", kind.name(), window.name))),
            );
        }
        for single in Single::VARIANTS {
            let word: &str = single.into();
            names.push(Some(format!("{}_{word}", kind.name())));
        }
    }
    let moment = ["amount", "hour", "weekday", "night", "weekend", "first_merchant", "first_category", "first_country"];
    names.extend(moment.map(|name| Some(name.to_owned())));
    for kind in ["merchant", "terminal"] {
        for days in SHARE_DAYS {
            names.push(Some(format!("{kind}_fraud_share_{days}d")));
            names.push(Some(format!("{kind}_fraud_known_{days}d")));
        }
    }
    names
}

/// A hash of everything that values depend on besides events: names, windows, bounds.
pub(crate) fn definitions_sha256() -> String {
    let mut text = format!("version {VERSION}\n");
    for window in &WINDOWS {
        let _ = writeln!(text, "{} {}", window.name, window.micros);
    }
    for name in names() {
        let _ = writeln!(text, "{}", name.as_deref().unwrap_or("-"));
    }
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_named_once() {
        assert_eq!(names().len(), FEATURES);
        let places = |name| feature_index(name).unwrap();
        assert_eq!(places("amount"), AMOUNT);
        assert_eq!(places("first_country"), FIRST_COUNTRY);
        assert_eq!(places("merchant_fraud_share_1d"), MERCHANT_SHARES);
        assert_eq!(places("terminal_fraud_known_30d"), FEATURES - 1);
        assert_eq!(places("card_count_1m"), 0);
        assert_eq!(places("account_speed_kmh"), 2 * BLOCK - 1);
        assert_eq!(feature_index("card_cards_1h"), None);
    }
}
