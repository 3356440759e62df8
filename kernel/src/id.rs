//! Typed, time-ordered ids of 128 bits, shown as prefixed text such as `txn_01jz3k8x5wfqy9v2m6c0r4t7ab`.
//!
//! The bits are a version 7 UUID (RFC 9562) with microseconds in the twelve bits after the milliseconds, so that ids
//! sort in order of creation and are adjacent in an index. The text is 26 digits of Crockford's base 32.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Clock;

/// The kind of an id. Implemented by empty marker types, so that ids of different kinds cannot be mixed up.
pub trait IdKind: 'static {
    const PREFIX: &'static str;
}

pub struct Id<K> {
    bits: u128,
    kind: PhantomData<fn() -> K>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{text}\" is not an id of the form {prefix}_ and 26 digits of 0-9 a-z without i, l, o and u")]
pub struct IdError {
    text: String,
    prefix: &'static str,
}

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_LENGTH: usize = 26;

impl<K> Id<K> {
    pub const fn from_bits(bits: u128) -> Id<K> {
        Id { bits, kind: PhantomData }
    }

    pub const fn bits(self) -> u128 {
        self.bits
    }

    pub const fn to_bytes(self) -> [u8; 16] {
        self.bits.to_be_bytes()
    }

    pub const fn from_bytes(bytes: [u8; 16]) -> Id<K> {
        Id::from_bits(u128::from_be_bytes(bytes))
    }
}

impl<K: IdKind> Id<K> {
    fn error(text: &str) -> IdError {
        IdError { text: text.chars().take(64).collect(), prefix: K::PREFIX }
    }
}

impl<K: IdKind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0_u8; TEXT_LENGTH];
        let mut rest = self.bits;
        for place in text.iter_mut().rev() {
            *place = DIGITS.get((rest & 31) as usize).copied().unwrap_or(b'0');
            rest >>= 5;
        }
        f.write_str(K::PREFIX)?;
        f.write_str("_")?;
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl<K: IdKind> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Id<K>, IdError> {
        let digits = text
            .strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .filter(|digits| digits.len() == TEXT_LENGTH)
            .ok_or_else(|| Self::error(text))?;
        let mut bits: u128 = 0;
        for digit in digits.bytes() {
            let value = DIGITS.iter().position(|known| *known == digit).ok_or_else(|| Self::error(text))?;
            let shifted = bits.checked_mul(32).ok_or_else(|| Self::error(text))?;
            bits = shifted | value as u128;
        }
        Ok(Id::from_bits(bits))
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bits.cmp(&other.bits)
    }
}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.bits.hash(state);
    }
}
impl<K: IdKind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K: IdKind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: IdKind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id<K>, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Generates ids from a clock and a random source; a seed makes a run repeatable.
#[derive(Debug, Clone)]
pub struct IdMaker {
    clock: Arc<dyn Clock>,
    random: Arc<Mutex<StdRng>>,
}

impl IdMaker {
    pub fn new(clock: Arc<dyn Clock>) -> IdMaker {
        IdMaker::seeded(clock, rand::random())
    }

    pub fn seeded(clock: Arc<dyn Clock>, seed: u64) -> IdMaker {
        IdMaker { clock, random: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))) }
    }

    pub fn make<K>(&self) -> Id<K> {
        let micros = self.clock.now().micros().unsigned_abs();
        let (millis, rest) = (micros / 1_000, micros % 1_000);
        let random: u64 = self.random.lock().unwrap_or_else(PoisonError::into_inner).random();
        let high = (millis << 16) | (7 << 12) | (rest * 4_096 / 1_000);
        let low = (0b10 << 62) | (random >> 2);
        Id::from_bits((u128::from(high) << 64) | u128::from(low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemClock;

    struct Thing;
    impl IdKind for Thing {
        const PREFIX: &'static str = "thing";
    }

    #[test]
    fn text_survives_a_round_trip() {
        let maker = IdMaker::seeded(Arc::new(SystemClock), 1);
        for id in [maker.make::<Thing>(), Id::from_bits(0), Id::from_bits(u128::MAX)] {
            assert_eq!(id.to_string().parse::<Id<Thing>>(), Ok(id));
        }
    }

    #[test]
    fn new_ids_are_version_7_uuids_and_sort_after_older_ones() {
        let maker = IdMaker::seeded(Arc::new(SystemClock), 1);
        let first = maker.make::<Thing>();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let second = maker.make::<Thing>();
        assert!(first < second);
        assert!(first.to_string() < second.to_string());
        assert_eq!((first.bits() >> 76) & 0xf, 7);
        assert_eq!((first.bits() >> 62) & 0b11, 0b10);
    }

    #[test]
    fn other_prefixes_lengths_digits_and_overflow_are_refused() {
        let good = Id::<Thing>::from_bits(7).to_string();
        for bad in [
            good.replace("thing", "other"),
            good[..good.len() - 1].to_owned(),
            good.replace('7', "u"),
            good.to_uppercase(),
            format!("thing_{}", "z".repeat(26)),
            String::new(),
        ] {
            assert!(bad.parse::<Id<Thing>>().is_err(), "{bad}");
        }
    }
}
