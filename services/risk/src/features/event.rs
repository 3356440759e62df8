//! One event of an entity, in 32 bytes.

use super::subject::{STEPS_A_DEGREE, Subject};
use risk_api::EntityKind;

/// The part of a subject that an entity keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at: i64,
    pub(super) tag: u32,
    pub(super) hundredths: u32,
    /// 0 where there is none.
    pub(super) merchant: u32,
    pub(super) card: u32,
    pub(super) country: u16,
    pub(super) flags: u8,
    pub(super) place: (i16, i16),
}

pub(super) const DECLINED: u8 = 1;
pub(super) const HAS_AMOUNT: u8 = 2;
/// Present, and at a known place.
pub(super) const PRESENT: u8 = 4;

impl Event {
    pub(super) fn of(subject: &Subject) -> Event {
        let short = |kind| subject.key(kind).map_or(0, |key| key.short());
        let mut flags = 0;
        if subject.hundredths.is_some() {
            flags |= HAS_AMOUNT;
        }
        if subject.present && subject.place.is_some() {
            flags |= PRESENT;
        }
        Event {
            at: subject.at,
            tag: subject.tag,
            hundredths: subject.hundredths.unwrap_or_default(),
            merchant: short(EntityKind::Merchant),
            card: short(EntityKind::Card),
            country: subject.country,
            flags,
            place: subject.place.unwrap_or_default(),
        }
    }

    pub(super) fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The speed in km/h that connects both.
    pub(super) fn speed_from(&self, earlier: &Event) -> f64 {
        // Places are known to some 600 metres, and so a minute is the least that is counted.
        let hours = (self.at - earlier.at).max(60_000_000) as f64 / 3_600_000_000.0;
        kilometres(earlier.place, self.place) / hours
    }
}

/// The great circle between two places.
fn kilometres(from: (i16, i16), to: (i16, i16)) -> f64 {
    let radians = |steps: i16| (f64::from(steps) / STEPS_A_DEGREE).to_radians();
    let (from, to) = ((radians(from.0), radians(from.1)), (radians(to.0), radians(to.1)));
    let half = |one: f64, other: f64| ((other - one) / 2.0).sin().powi(2);
    let chord = half(from.0, to.0) + from.0.cos() * to.0.cos() * half(from.1, to.1);
    2.0 * 6_371.0 * chord.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_that_of_the_great_circle() {
        let steps = |degrees: f64| (degrees * STEPS_A_DEGREE).round() as i16;
        let (berlin, paris) = ((steps(52.52), steps(13.40)), (steps(48.86), steps(2.35)));
        assert!((kilometres(berlin, paris) - 878.0).abs() < 3.0);
        assert_eq!(kilometres(berlin, berlin), 0.0);
    }
}
