//! A subject as features see it: names become numbers, amounts become hundredths of one currency.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use kernel::Money;
use risk_api::{Assess, EntityKind};
use strum::VariantArray;

use super::catalogue::KINDS;

/// An entity by the hash of its kind and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EntityKey(pub(crate) u64);

impl EntityKey {
    pub(crate) fn of(kind: EntityKind, id: &str) -> EntityKey {
        let seed = u64::try_from(KINDS.iter().position(|known| *known == kind).unwrap_or_default()).unwrap_or_default();
        EntityKey(hash(seed + 1, id.as_bytes()))
    }

    /// Enough to tell a few hundred apart.
    pub(crate) fn short(self) -> u32 {
        let short = (self.0 ^ (self.0 >> 32)) as u32;
        short.max(1)
    }
}

/// FNV-1a with a last mix. It is written into stores, and so it never changes.
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut state =
        bytes.iter().fold(start, |state, byte| (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    state ^= state >> 32;
    state = state.wrapping_mul(0xd6e8_feb8_6659_fd93);
    state ^ (state >> 32)
}

/// By which inputs are known again.
pub(crate) fn content_hash(bytes: &[u8]) -> u64 {
    hash(u64::from(u8::MAX), bytes)
}

/// Values of one unit of each currency in the currency of features; 1 by default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rates(HashMap<String, f64>);

impl Rates {
    /// Reads `EUR=1.08,GBP=1.27`.
    ///
    /// # Errors
    /// A sentence about the first part that is none.
    pub(crate) fn parse(text: &str) -> Result<Rates, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let read = |part: &str| {
            let (code, rate) = part.split_once('=')?;
            let rate: f64 = rate.trim().parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0)?;
            Some((code.trim().to_owned(), rate))
        };
        let rates = parts
            .map(|part| read(part).ok_or_else(|| format!("expected CODE=RATE such as EUR=1.08, found \"{part}\"")));
        Ok(Rates(rates.collect::<Result<_, _>>()?))
    }

    fn hundredths(&self, money: Money) -> u32 {
        let rate = self.0.get(money.currency().code()).copied().unwrap_or(1.0);
        let units = money.minor() as f64 / 10_f64.powi(i32::from(money.currency().scale()));
        // Saturates: what is above 42 million counts as that.
        (units * rate * 100.0).round().abs() as u32
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) at: i64,
    /// A hash of its id, to find its event again.
    pub(crate) tag: u32,
    pub(crate) hundredths: Option<u32>,
    /// In the order of [`KINDS`].
    pub(crate) keys: [Option<EntityKey>; KINDS.len()],
    /// 0 where there is none.
    pub(crate) country: u16,
    pub(crate) category: Option<u16>,
    pub(crate) place: Option<(i16, i16)>,
    /// The card or its holder was there.
    pub(crate) present: bool,
    pub(crate) hour: u8,
    /// 0 is Monday.
    pub(crate) weekday: u8,
}

impl Subject {
    pub(crate) fn of(assess: &Assess, rates: &Rates, zone: &TimeZone) -> Subject {
        let local = jiff::Timestamp::from_microsecond(assess.at.micros()).unwrap_or_default();
        let local = zone.to_datetime(local);
        let key = |kind: &EntityKind| assess.entity(*kind).map(|id| EntityKey::of(*kind, id.as_str()));
        let mut keys = [None; KINDS.len()];
        for (place, kind) in keys.iter_mut().zip(EntityKind::VARIANTS) {
            *place = key(kind);
        }
        Subject {
            at: assess.at.micros(),
            tag: hash(0, assess.id.as_str().as_bytes()) as u32,
            hundredths: assess.amount.map(|amount| rates.hundredths(amount)),
            keys,
            country: assess.country.map_or(0, |country| u16::from_be_bytes(country.bytes())),
            category: assess.category.map(risk_api::Category::code),
            place: assess.place.map(|place| (steps(place.latitude), steps(place.longitude))),
            present: assess.is_present(),
            hour: local.hour().unsigned_abs(),
            weekday: local.weekday().to_monday_zero_offset().unsigned_abs(),
        }
    }

    pub(crate) fn amount(&self) -> f64 {
        self.hundredths.map_or(f64::NAN, |hundredths| f64::from(hundredths) / 100.0)
    }

    pub(crate) fn entities(&self) -> impl Iterator<Item = (EntityKind, EntityKey)> + '_ {
        KINDS.iter().zip(&self.keys).filter_map(|(kind, key)| key.map(|key| (*kind, key)))
    }

    pub(crate) fn key(&self, kind: EntityKind) -> Option<EntityKey> {
        self.entities().find(|(known, _)| *known == kind).map(|(_, key)| key)
    }

    /// Those at which fraud is counted.
    pub(crate) fn judged(&self) -> impl Iterator<Item = (EntityKind, EntityKey)> + '_ {
        self.entities().filter(|(kind, _)| matches!(kind, EntityKind::Merchant | EntityKind::Terminal))
    }

    /// The entity of first-time features: the card, or the account if there is no card.
    pub(crate) fn holder(&self) -> Option<EntityKind> {
        [EntityKind::Card, EntityKind::Account].into_iter().find(|kind| self.key(*kind).is_some())
    }
}

/// Steps of a place: 180 of them are a degree, about 600 metres each.
pub(super) const STEPS_A_DEGREE: f64 = 180.0;

fn steps(degrees: f64) -> i16 {
    (degrees * STEPS_A_DEGREE).round() as i16
}
