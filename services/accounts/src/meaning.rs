//! Ids of transactions from what they mean: the same step of the same day has the same id, however often it is tried.
//!
//! The time of the id is the day's beginning, so that ids of a day lie together in an index; the rest is a hash.

use jiff::civil::Date;
use ledger_api::TransactionId;
use sha2::{Digest, Sha256};

use crate::calendar;

const DAY_MS: u128 = 86_400_000;
const VERSION: u128 = 7 << 76;
const VARIANT: u128 = 2 << 62;
/// The bits of a version 7 UUID that are neither time, version nor variant.
const FREE: u128 = (0xfff << 64) | ((1 << 62) - 1);

/// `what` names the step, `of` is the account's or product's id.
pub(crate) fn id(what: &str, of: u128, day: Date, attempt: u32) -> TransactionId {
    let number = calendar::number(day);
    let mut hash = Sha256::new();
    for part in [what.as_bytes(), &of.to_be_bytes(), &number.to_be_bytes(), &attempt.to_be_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let bits = digest.iter().take(16).fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    let millis = u128::from(number.max(0).unsigned_abs()) * DAY_MS;
    TransactionId::from_bits((millis << 80) | VERSION | VARIANT | (bits & FREE))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn an_id_is_its_meaning_and_sorts_by_day() {
        let of = |what, of, day, attempt| id(what, of, date(2027, 1, day), attempt).bits();
        let one = of("interest", 7, 1, 0);
        assert_eq!(one, of("interest", 7, 1, 0));
        for other in [of("fee", 7, 1, 0), of("interest", 8, 1, 0), of("interest", 7, 2, 0), of("interest", 7, 1, 1)] {
            assert_ne!(one, other);
        }
        assert!(one >> 80 < of("interest", 7, 2, 0) >> 80);
        assert_eq!(((one >> 76) & 0xf, (one >> 62) & 3), (7, 2));
    }
}
