//! When a message goes, by the clock on the recipient's wall: quiet hours and digests. Pure.
//!
//! Quiet hours are a rule of what the clock shows: a message waits while it shows a time of the window, and goes at the
//! first instant when it does not. So an end that a change of clocks skips is the first instant after the gap, and a
//! repeated hour counts as it is shown.

use jiff::civil::{Date, Time, Weekday as Day};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp as Instant};
use kernel::Timestamp;
use notifications_api::{ClockTime, Digest, QuietHours, Rhythm, Weekday};

/// Steps from one change of clocks to the next, until a window ends: no window is longer than a day.
const STEPS_MAX: usize = 8;
/// Days ahead in which a weekly digest is looked for; a zone may skip a whole day.
const DAYS_MAX: i64 = 16;
const DAY_NS: i128 = 86_400_000_000_000;

/// The first instant, now or later, at which the clock does not show a time of the window.
pub(crate) fn after_quiet(now: Timestamp, zone: &TimeZone, quiet: QuietHours) -> Timestamp {
    let mut at = instant(now);
    for _ in 0..STEPS_MAX {
        let shown = zone.to_datetime(at).time();
        if !is_quiet(shown, quiet) {
            return timestamp(at);
        }
        let ends = at.as_nanosecond() + until(shown, quiet.end.0);
        let ends = Instant::from_nanosecond(ends).unwrap_or(Instant::MAX);
        // Between two changes the clock runs like any other.
        let change = zone.following(at).next().map(|change| change.timestamp());
        at = change.filter(|change| *change < ends).unwrap_or(ends);
    }
    timestamp(at)
}

/// The next digest, now or later.
pub(crate) fn next_digest(now: Timestamp, zone: &TimeZone, digest: Digest) -> Option<Timestamp> {
    let now = instant(now);
    let today = zone.to_datetime(now).date();
    (-1..=DAYS_MAX).find_map(|days| {
        let date = today.checked_add(Span::new().days(days)).ok()?;
        let wanted = digest.rhythm == Rhythm::Daily || date.weekday() == day(digest.on.unwrap_or(Weekday::Monday));
        let at = if wanted { first_of(date, digest.at.0, zone)? } else { return None };
        (at >= now).then(|| timestamp(at))
    })
}

/// The first instant of a local date at or after a time; none if the date has no such instant.
fn first_of(date: Date, at: Time, zone: &TimeZone) -> Option<Instant> {
    let wanted = date.to_datetime(at);
    let found = match zone.to_ambiguous_zoned(wanted).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wanted).ok()?,
        // Shown twice: the first time.
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wanted).ok()?,
        // Never shown: the instant of the change. By the offset after the gap, the time lies before that.
        AmbiguousOffset::Gap { after, .. } => {
            let before_it = after.to_timestamp(wanted).ok()?;
            zone.following(before_it).next()?.timestamp()
        }
    };
    (zone.to_datetime(found).date() == date).then_some(found)
}

fn is_quiet(shown: Time, QuietHours { start: ClockTime(start), end: ClockTime(end) }: QuietHours) -> bool {
    if start <= end { (start..end).contains(&shown) } else { shown >= start || shown < end }
}

/// Nanoseconds that a clock needs to show this time next.
fn until(shown: Time, next: Time) -> i128 {
    let wait = (of_day(next) - of_day(shown)).rem_euclid(DAY_NS);
    if wait == 0 { DAY_NS } else { wait }
}

fn of_day(time: Time) -> i128 {
    let seconds = i128::from(time.hour()) * 3_600 + i128::from(time.minute()) * 60 + i128::from(time.second());
    seconds * 1_000_000_000 + i128::from(time.subsec_nanosecond())
}

fn day(day: Weekday) -> Day {
    match day {
        Weekday::Monday => Day::Monday,
        Weekday::Tuesday => Day::Tuesday,
        Weekday::Wednesday => Day::Wednesday,
        Weekday::Thursday => Day::Thursday,
        Weekday::Friday => Day::Friday,
        Weekday::Saturday => Day::Saturday,
        Weekday::Sunday => Day::Sunday,
    }
}

fn instant(at: Timestamp) -> Instant {
    Instant::from_microsecond(at.micros()).unwrap_or(Instant::MAX)
}

/// Rounded up, so that it is never before the instant.
fn timestamp(at: Instant) -> Timestamp {
    let up = i128::from(at.as_nanosecond().rem_euclid(1_000) != 0);
    Timestamp::from_micros(i64::try_from(at.as_nanosecond().div_euclid(1_000) + up).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
