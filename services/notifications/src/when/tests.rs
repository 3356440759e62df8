//! Quiet hours and digests over a dozen zones, with gaps, folds, half hours and days that do not exist.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn quiet(start: &str, end: &str) -> QuietHours {
    QuietHours { start: start.parse().unwrap(), end: end.parse().unwrap() }
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

#[test]
fn a_message_waits_until_the_clock_leaves_the_window() {
    for (name, now, start, end, goes) in [
        // Outside of the window, at its first and last instants, and a window that is none.
        ("UTC", "2026-01-31T12:00:00Z", "22:00", "07:00", "2026-01-31T12:00:00Z"),
        ("UTC", "2026-01-31T22:00:00Z", "22:00", "07:00", "2026-02-01T07:00:00Z"),
        ("UTC", "2026-02-01T06:59:59.999999Z", "22:00", "07:00", "2026-02-01T07:00:00Z"),
        ("UTC", "2026-02-01T07:00:00Z", "22:00", "07:00", "2026-02-01T07:00:00Z"),
        ("UTC", "2026-02-01T03:00:00Z", "07:00", "07:00", "2026-02-01T03:00:00Z"),
        // Spring in Berlin: 02:00 becomes 03:00, so 02:30 is never shown.
        ("Europe/Berlin", "2026-03-29T00:00:00Z", "22:00", "02:30", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-03-28T23:00:00Z", "22:00", "07:00", "2026-03-29T05:00:00Z"),
        // Autumn in Berlin: 02:30 is shown twice, and the window is over the first time.
        ("Europe/Berlin", "2026-10-25T00:00:00Z", "22:00", "02:30", "2026-10-25T00:30:00Z"),
        // The second showing of an hour in the window waits again.
        ("Europe/Berlin", "2026-10-25T01:00:00Z", "22:00", "02:30", "2026-10-25T01:30:00Z"),
        ("America/New_York", "2026-03-08T06:00:00Z", "23:00", "02:15", "2026-03-08T07:00:00Z"),
        // Half an hour.
        ("Australia/Lord_Howe", "2026-10-03T15:00:00Z", "22:00", "02:15", "2026-10-03T15:30:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T14:45:00Z", "22:00", "01:45", "2026-04-04T14:45:00Z"),
        // Midnight is skipped.
        ("Africa/Cairo", "2026-04-23T21:30:00Z", "22:00", "00:30", "2026-04-23T22:00:00Z"),
        ("America/Santiago", "2026-09-06T03:00:00Z", "22:00", "00:00", "2026-09-06T04:00:00Z"),
        // Quarter hours, and no changes at all.
        ("Asia/Kathmandu", "2026-01-31T17:00:00Z", "22:00", "07:00", "2026-02-01T01:15:00Z"),
        ("Asia/Tokyo", "2026-01-31T17:00:00Z", "22:00", "07:00", "2026-01-31T22:00:00Z"),
        // Samoa has no 30 December 2011.
        ("Pacific/Apia", "2011-12-30T09:30:00Z", "22:00", "07:00", "2011-12-30T17:00:00Z"),
        ("Europe/London", "2026-10-25T00:30:00Z", "01:00", "01:45", "2026-10-25T00:45:00Z"),
        ("America/St_Johns", "2026-11-01T03:00:00Z", "22:00", "07:00", "2026-11-01T10:30:00Z"),
        ("Pacific/Chatham", "2026-09-26T12:00:00Z", "22:00", "03:00", "2026-09-26T14:00:00Z"),
    ] {
        let found = after_quiet(at(now), &zone(name), quiet(start, end));
        assert_eq!(found, at(goes), "{name} {now} {start}-{end}: expected {goes}, found {found}");
    }
}

fn digest(time: &str, on: Option<Weekday>) -> Digest {
    let rhythm = if on.is_some() { Rhythm::Weekly } else { Rhythm::Daily };
    Digest { rhythm, at: time.parse().unwrap(), on }
}

#[test]
fn a_digest_goes_at_the_first_instant_of_its_date() {
    for (name, now, time, on, goes) in [
        ("UTC", "2026-01-31T08:00:00Z", "08:00", None, "2026-01-31T08:00:00Z"),
        ("UTC", "2026-01-31T08:00:00.000001Z", "08:00", None, "2026-02-01T08:00:00Z"),
        ("Europe/Berlin", "2026-03-28T12:00:00Z", "02:30", None, "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-10-24T12:00:00Z", "02:30", None, "2026-10-25T00:30:00Z"),
        // Once: after the first 02:30 comes the next day's.
        ("Europe/Berlin", "2026-10-25T00:30:01Z", "02:30", None, "2026-10-26T01:30:00Z"),
        ("America/Santiago", "2026-09-05T12:00:00Z", "00:00", None, "2026-09-06T04:00:00Z"),
        ("UTC", "2026-01-31T12:00:00Z", "08:00", Some(Weekday::Monday), "2026-02-02T08:00:00Z"),
        ("UTC", "2026-02-02T08:00:00Z", "08:00", Some(Weekday::Monday), "2026-02-02T08:00:00Z"),
        ("UTC", "2026-02-02T09:00:00Z", "08:00", Some(Weekday::Monday), "2026-02-09T08:00:00Z"),
        // A Friday that does not exist.
        ("Pacific/Apia", "2011-12-29T20:00:00Z", "08:00", Some(Weekday::Friday), "2012-01-05T18:00:00Z"),
        ("Pacific/Apia", "2011-12-30T03:00:00Z", "08:00", None, "2011-12-30T18:00:00Z"),
    ] {
        let found = next_digest(at(now), &zone(name), digest(time, on));
        assert_eq!(found, Some(at(goes)), "{name} {now} {time} {on:?}");
    }
}

const ZONES: [&str; 10] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Santiago",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Chatham",
    "Africa/Casablanca",
];

fn clock_time() -> impl Strategy<Value = ClockTime> {
    (0_i8..24, 0_i8..60).prop_map(|(hour, minute)| ClockTime(Time::new(hour, minute, 0, 0).unwrap()))
}

proptest! {
    /// Every minute before it was quiet: nothing waits longer than it has to.
    #[test]
    fn never_inside_the_window_and_never_later_than_its_end(
        name in prop::sample::select(&ZONES),
        minute in 0_i64..20 * 366 * 1_440,
        start in clock_time(),
        end in clock_time(),
    ) {
        let (zone, quiet) = (zone(name), QuietHours { start, end });
        let now = at("2010-01-01T00:00:00Z").plus_seconds(minute * 60);
        let goes = after_quiet(now, &zone, quiet);
        prop_assert!(!is_quiet(zone.to_datetime(instant(goes)).time(), quiet));
        let mut waits = now;
        while waits < goes {
            prop_assert!(is_quiet(zone.to_datetime(instant(waits)).time(), quiet), "{waits} of {goes}");
            waits = waits.plus_seconds(60);
        }
    }

    #[test]
    fn a_digest_is_never_before_its_time_or_in_the_past(
        name in prop::sample::select(&ZONES),
        minute in 0_i64..20 * 366 * 1_440,
        time in clock_time(),
    ) {
        let zone = zone(name);
        let now = at("2010-01-01T00:00:00Z").plus_seconds(minute * 60);
        let goes = next_digest(now, &zone, Digest { rhythm: Rhythm::Daily, at: time, on: None }).unwrap();
        prop_assert!(goes >= now);
        prop_assert!(zone.to_datetime(instant(goes)).time() >= time.0);
        prop_assert!(goes.micros_since(now) <= 49 * 3_600_000_000);
    }
}
