//! When a job is due: a cron expression with a time zone, or fixed instants.

use std::fmt;

use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use kernel::Timestamp;

/// Parsed from text, so that it can stand in the settings.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    when: When,
}

#[derive(Debug, Clone)]
enum When {
    Cron(Box<croner::Cron>, TimeZone),
    Fixed(Vec<Timestamp>),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    #[error(
        "expected minute, hour, day, month and weekday, such as \"0 2 * * 0\", with or without a time zone after them, or \
         instants such as 2026-12-31T23:00:00Z separated by commas; found \"{0}\""
    )]
    Malformed(String),
    #[error("\"{0}\" is not a time zone such as Europe/Berlin")]
    ZoneUnknown(String),
    #[error("\"{0}\" is never due")]
    Never(String),
}

impl Schedule {
    /// `0 2 * * 0` (Sundays at two, UTC), `0 2 * * 0 Europe/Berlin`, or instants separated by commas.
    ///
    /// # Errors
    /// A sentence that says what would be accepted.
    pub fn parse(text: &str) -> Result<Schedule, ScheduleError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (fields, zone) = match words.as_slice() {
            [] => return Err(ScheduleError::Malformed(text.to_owned())),
            [_] => return Schedule::fixed(text),
            [fields @ .., zone] if fields.len() == 5 => {
                let known = TimeZone::get(zone).map_err(|_| ScheduleError::ZoneUnknown((*zone).to_owned()))?;
                (fields, known)
            }
            fields => (fields, TimeZone::UTC),
        };
        if fields.len() != 5 {
            return Err(ScheduleError::Malformed(text.to_owned()));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(&fields.join(" ")).map_err(|_| ScheduleError::Malformed(text.to_owned()))?;
        let schedule = Schedule { text: words.join(" "), when: When::Cron(Box::new(cron), zone) };
        if schedule.next_after(Timestamp::EPOCH).is_none() {
            return Err(ScheduleError::Never(text.to_owned()));
        }
        Ok(schedule)
    }

    fn fixed(text: &str) -> Result<Schedule, ScheduleError> {
        let instants: Result<Vec<Timestamp>, _> = text.trim().split(',').map(str::parse).collect();
        let mut instants = instants.map_err(|_| ScheduleError::Malformed(text.to_owned()))?;
        instants.sort_unstable();
        Ok(Schedule { text: text.trim().to_owned(), when: When::Fixed(instants) })
    }

    /// The first time after `instant` at which the job is due; `None` if it never is again.
    ///
    /// A local time that a clock change leaves out is due right after the change; one that occurs twice is due once.
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Fixed(instants) => instants.get(instants.partition_point(|known| *known <= instant)).copied(),
            When::Cron(cron, zone) => {
                let from = jiff::Timestamp::from_microsecond(instant.micros()).ok()?.to_zoned(zone.clone());
                let next = cron.find_next_occurrence(&from, false).ok()?;
                Some(Timestamp::from_micros(next.timestamp().as_microsecond()))
            }
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(text: &str, after: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::parse(text).unwrap();
        let mut at: Timestamp = after.parse().unwrap();
        let mut found = Vec::new();
        while let Some(next) = schedule.next_after(at).filter(|_| found.len() < count) {
            found.push(next.to_string().replace(":00.000000Z", "Z"));
            at = next;
        }
        found
    }

    #[test]
    fn a_cron_expression_is_due_in_its_zone() {
        // The guides train their models on Sundays at two.
        assert_eq!(due("0 2 * * 0", "2026-11-30T00:00:00Z", 2), ["2026-12-06T02:00Z", "2026-12-13T02:00Z"]);
        assert_eq!(due("0 2 * * SUN Europe/Berlin", "2026-11-30T00:00:00Z", 1), ["2026-12-06T01:00Z"]);
        assert_eq!(due("30 9 1 * *  America/New_York", "2026-06-15T00:00:00Z", 1), ["2026-07-01T13:30Z"]);
        assert_eq!(due("*/15 8-9 * * 1-5", "2026-07-03T09:30:00Z", 2), ["2026-07-03T09:45Z", "2026-07-06T08:00Z"]);
        assert_eq!(due("0 0 29 2 *", "2026-01-01T00:00:00Z", 1), ["2028-02-29T00:00Z"]);
        // Either day, as cron has it.
        assert_eq!(due("0 0 13 * 5", "2026-11-10T00:00:00Z", 2), ["2026-11-13T00:00Z", "2026-11-20T00:00Z"]);
    }

    #[test]
    fn a_local_time_left_out_is_due_after_the_change() {
        let spring = due("30 2 * * * Europe/Berlin", "2026-03-28T00:00:00Z", 3);
        assert_eq!(spring, ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"]);
    }

    #[test]
    fn a_local_time_that_occurs_twice_is_due_once() {
        let autumn = due("30 2 * * * Europe/Berlin", "2026-10-24T12:00:00Z", 2);
        assert_eq!(autumn, ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]);
        assert_eq!(due("0 * * * * Europe/Berlin", "2026-10-24T23:30:00Z", 3).len(), 3);
    }

    #[test]
    fn fixed_instants_are_due_in_order() {
        let text = "2026-12-31T23:00:00Z,2026-06-30T22:00:00+00:00";
        assert_eq!(due(text, "2026-01-01T00:00:00Z", 5), ["2026-06-30T22:00Z", "2026-12-31T23:00Z"]);
        assert!(due(text, "2026-12-31T23:00:00Z", 5).is_empty());
    }

    #[test]
    fn malformed_schedules_are_refused() {
        let refused = |text: &str| Schedule::parse(text).unwrap_err();
        for text in ["", "daily", "0 2 * *", "61 2 * * 0", "0 2 * * 0 UTC extra", "0 0 2 * * 0 UTC", "2026-12-31"] {
            assert!(refused(text).to_string().contains("expected minute, hour"), "{text}: {}", refused(text));
        }
        assert_eq!(refused("0 2 * * 0 Mars/Olympus"), ScheduleError::ZoneUnknown("Mars/Olympus".to_owned()));
        assert_eq!(refused("0 0 31 2 *"), ScheduleError::Never("0 0 31 2 *".to_owned()));
    }
}
