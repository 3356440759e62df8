//! Days of the house, in its time zone.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::Timestamp;

const EPOCH: Date = Date::constant(1970, 1, 1);

#[derive(Debug, Clone)]
pub(crate) struct Calendar(TimeZone);

impl Calendar {
    /// # Errors
    /// A sentence: there is no such zone.
    pub(crate) fn of(zone: &str) -> Result<Calendar, String> {
        TimeZone::get(zone)
            .map(Calendar)
            .map_err(|_| format!("expected a time zone such as Europe/Berlin, found \"{zone}\""))
    }

    pub(crate) fn day_of(&self, at: Timestamp) -> Date {
        let instant = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default();
        instant.to_zoned(self.0.clone()).date()
    }

    /// The last microsecond of a day.
    pub(crate) fn end_of(&self, day: Date) -> Timestamp {
        let next = day.tomorrow().unwrap_or(day).to_zoned(self.0.clone());
        let micros = next.map_or(i64::MAX, |next| next.timestamp().as_microsecond());
        Timestamp::from_micros(micros.saturating_sub(1))
    }

    /// Months since 1970, for what is kept by month.
    pub(crate) fn month_of(&self, at: Timestamp) -> i64 {
        month(self.day_of(at))
    }
}

/// Months since 1970.
pub(crate) fn month(day: Date) -> i64 {
    (i64::from(day.year()) - 1970) * 12 + i64::from(day.month()) - 1
}

/// The first day of a month.
pub(crate) fn first_of(month: i64) -> Date {
    EPOCH.saturating_add(month.clamp(0, 90_000).months())
}

/// Days after 1970-01-01.
pub(crate) fn number(day: Date) -> i64 {
    day.since(EPOCH).map_or(0, |span| i64::from(span.get_days()))
}

/// The day that is so many days after 1970-01-01.
pub(crate) fn of_number(days: i64) -> Date {
    EPOCH.saturating_add(days.clamp(-4_000_000, 4_000_000).days())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_ends_a_microsecond_before_the_next() {
        let berlin = Calendar::of("Europe/Berlin").unwrap();
        let end = berlin.end_of(date(2027, 3, 28));
        assert_eq!(end.to_string(), "2027-03-28T21:59:59.999999Z");
        assert_eq!((berlin.day_of(end), berlin.day_of(end.plus_micros(1))), (date(2027, 3, 28), date(2027, 3, 29)));
        assert_eq!(berlin.month_of(end), 57 * 12 + 2);
        assert!(Calendar::of("Mars/Olympus").is_err());
    }

    #[test]
    fn a_day_is_a_number() {
        for (day, days) in [(date(1970, 1, 1), 0), (date(2026, 1, 31), 20_484)] {
            assert_eq!((number(day), of_number(days)), (days, day));
        }
    }
}
