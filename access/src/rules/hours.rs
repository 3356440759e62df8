//! Wall clock time at the institution.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use kernel::Timestamp;

/// The institution's time zone, from the time zone database in the binary.
#[derive(Debug, Clone)]
pub struct Hours(TimeZone);

/// A minute of a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Of the day, from 0 to 1439, as the wall clock shows it: on days when clocks change, an hour occurs twice or
    /// never.
    pub minute: u16,
    /// From 1, Monday, to 7.
    pub weekday: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a time zone such as Europe/Berlin")]
pub struct ZoneError(String);

impl Hours {
    pub fn in_zone(name: &str) -> Result<Hours, ZoneError> {
        let zone = TimeZoneDatabase::bundled().get(name);
        zone.map(Hours).map_err(|_| ZoneError(name.chars().take(64).collect()))
    }

    pub fn moment(&self, now: Timestamp) -> Moment {
        // All our timestamps are within the library's range.
        let instant = jiff::Timestamp::from_microsecond(now.micros()).unwrap_or_default();
        let shown = self.0.to_datetime(instant);
        let minute = shown.hour().unsigned_abs() as u16 * 60 + shown.minute().unsigned_abs() as u16;
        Moment { minute, weekday: shown.weekday().to_monday_one_offset().unsigned_abs() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(zone: &str, at: &str) -> (u16, u16, u8) {
        let moment = Hours::in_zone(zone).unwrap().moment(at.parse().unwrap());
        (moment.minute / 60, moment.minute % 60, moment.weekday)
    }

    #[test]
    fn minutes_follow_the_zones_wall_clock() {
        assert_eq!(shown("UTC", "2026-01-31T23:59:59.999999Z"), (23, 59, 6));
        assert_eq!(shown("Europe/Berlin", "2026-01-31T23:30:00Z"), (0, 30, 7));
        assert_eq!(shown("America/New_York", "2026-02-02T03:00:00Z"), (22, 0, 7));
        assert_eq!(shown("Asia/Kathmandu", "2026-02-02T03:00:00Z"), (8, 45, 1));
    }

    #[test]
    fn daylight_saving_changes_are_followed() {
        // Berlin goes from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25; both are Sundays.
        assert_eq!(shown("Europe/Berlin", "2026-03-29T00:59:00Z"), (1, 59, 7));
        assert_eq!(shown("Europe/Berlin", "2026-03-29T01:00:00Z"), (3, 0, 7));
        assert_eq!(shown("Europe/Berlin", "2026-10-25T00:59:00Z"), (2, 59, 7));
        assert_eq!(shown("Europe/Berlin", "2026-10-25T01:00:00Z"), (2, 0, 7));
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        for bad in ["", "Berlin", "Europe/Bärlin", "../etc/passwd"] {
            assert!(Hours::in_zone(bad).is_err(), "{bad}");
        }
    }
}
