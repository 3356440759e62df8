//! A programme's calendar: days, weeks and months in its own time zone, and its business days, which end at the cut-off.
//!
//! Days are numbered from 1970-01-01, so that a card's use is stored by a number whatever the length of its day.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// A time of day as `HH:MM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    minutes: i16,
}

impl TimeOfDay {
    pub(crate) fn minutes(self) -> i16 {
        self.minutes
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = &'static str;

    fn try_from(text: String) -> Result<TimeOfDay, &'static str> {
        let expected = "expected a time of day as HH:MM";
        let (hours, minutes) = text.split_once(':').filter(|_| text.len() == 5).ok_or(expected)?;
        let number = |part: &str, max: i16| match part.parse::<i16>() {
            Ok(value) if part.bytes().all(|byte| byte.is_ascii_digit()) && value <= max => Ok(value),
            _ => Err(expected),
        };
        Ok(TimeOfDay { minutes: number(hours, 23)? * 60 + number(minutes, 59)? })
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> String {
        format!("{:02}:{:02}", time.minutes / 60, time.minutes % 60)
    }
}

/// A time zone with its days.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    zone: TimeZone,
    cutoff: TimeOfDay,
}

/// The first days of the periods that an instant is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Periods {
    pub(crate) day: i64,
    pub(crate) week: i64,
    pub(crate) month: i64,
    /// Minutes since midnight, by the clock on the wall.
    pub(crate) minute: i16,
}

impl Calendar {
    /// Nothing if the zone is unknown.
    pub(crate) fn new(zone: &str, cutoff: TimeOfDay) -> Option<Calendar> {
        Some(Calendar { zone: TimeZone::get(zone).ok()?, cutoff })
    }

    pub(crate) fn periods(&self, at: Timestamp) -> Periods {
        let local = instant(at).to_zoned(self.zone.clone());
        let (date, minute) = (local.date(), i16::from(local.hour()) * 60 + i16::from(local.minute()));
        let back = i64::from(date.weekday().since(Weekday::Monday));
        let day = number(date);
        Periods { day, week: day - back, month: number(date.first_of_month()), minute }
    }

    /// The business day of an instant: from the cut-off on it is the next one.
    pub(crate) fn business_day(&self, at: Timestamp) -> Date {
        let local = instant(at).to_zoned(self.zone.clone());
        let minute = i16::from(local.hour()) * 60 + i16::from(local.minute());
        let after = if minute >= self.cutoff.minutes() { 1 } else { 0 };
        local.date().saturating_add(Span::new().days(after))
    }

    /// Whether the business day has ended.
    pub(crate) fn is_over(&self, day: Date, at: Timestamp) -> bool {
        self.business_day(at) > day
    }
}

/// The day of an instant in UTC; a programme's own day is at most one away.
pub(crate) fn day_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(86_400_000_000)
}

/// Days since 1970-01-01.
pub(crate) fn number(date: Date) -> i64 {
    let epoch = Date::constant(1970, 1, 1);
    epoch.until(date).map_or(0, |span| i64::from(span.get_days()))
}

/// The instant after the last one of a month in the zone: a card is valid until then.
pub(crate) fn end_of_month(year: u16, month: u16, zone: &str) -> Option<Timestamp> {
    let year = i16::try_from(year).ok()?;
    let first = Date::new(year, i8::try_from(month).ok()?, 1).ok()?;
    let next = first.checked_add(1.month()).ok()?;
    let start = next.to_zoned(TimeZone::get(zone).ok()?).ok()?;
    Some(Timestamp::from_micros(start.timestamp().as_microsecond()))
}

pub(crate) fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(number: i64) -> Date {
        Date::constant(1970, 1, 1).saturating_add(i32::try_from(number).unwrap().days())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn calendar(zone: &str, cutoff: &str) -> Calendar {
        Calendar::new(zone, cutoff.to_owned().try_into().unwrap()).unwrap()
    }

    #[test]
    fn periods_begin_on_the_programmes_own_days() {
        let berlin = calendar("Europe/Berlin", "17:00");
        // A Thursday in Berlin, still Wednesday in UTC.
        let found = berlin.periods(at("2026-12-30T23:30:00Z"));
        assert_eq!(date(found.day).to_string(), "2026-12-31");
        assert_eq!(
            (date(found.week).to_string(), date(found.month).to_string()),
            ("2026-12-28".into(), "2026-12-01".into())
        );
        assert_eq!(found.minute, 30);
    }

    #[test]
    fn leap_days_and_clock_changes_are_days_like_others() {
        let berlin = calendar("Europe/Berlin", "17:00");
        let day = |text: &str| berlin.periods(at(text)).day;
        assert_eq!(date(day("2028-02-29T12:00:00Z")).to_string(), "2028-02-29");
        // 23 hours on the last Sunday in March, 25 on the last one in October.
        assert_eq!(day("2027-03-28T21:59:59Z") + 1, day("2027-03-28T22:00:00Z"));
        assert_eq!(day("2027-10-31T22:59:59Z") + 1, day("2027-10-31T23:00:00Z"));
        assert_eq!(day("2027-10-30T22:00:00Z"), day("2027-10-31T22:59:59Z"));
    }

    #[test]
    fn a_business_day_ends_at_the_cut_off() {
        let berlin = calendar("Europe/Berlin", "17:00");
        let day = |text: &str| berlin.business_day(at(text)).to_string();
        assert_eq!(day("2026-12-31T15:59:59Z"), "2026-12-31");
        assert_eq!(day("2026-12-31T16:00:00Z"), "2027-01-01");
        assert!(berlin.is_over(Date::constant(2026, 12, 31), at("2026-12-31T16:00:00Z")));
        assert!(!berlin.is_over(Date::constant(2026, 12, 31), at("2026-12-31T15:59:59Z")));
    }

    #[test]
    fn a_card_is_valid_to_the_end_of_its_month() {
        let end = |year, month, zone| end_of_month(year, month, zone).unwrap().to_string();
        assert_eq!(end(2027, 12, "UTC"), "2028-01-01T00:00:00.000000Z");
        assert_eq!(end(2028, 2, "Europe/Berlin"), "2028-02-29T23:00:00.000000Z");
        assert!(end_of_month(2027, 1, "Nowhere/City").is_none());
    }

    #[test]
    fn a_time_of_day_has_four_digits() {
        for good in ["00:00", "23:59"] {
            assert_eq!(String::from(TimeOfDay::try_from(good.to_owned()).unwrap()), good);
        }
        for bad in ["", "24:00", "12:60", "1:00", "12-00", "+1:00", "12:5x"] {
            assert!(TimeOfDay::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
