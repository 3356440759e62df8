//! Dates and instants as files write them.

use jiff::civil::Date;
use kernel::Timestamp;

use crate::mistake::{Problem, shown};

const YEARS: std::ops::RangeInclusive<i16> = 1900..=9999;

fn bad(text: &str) -> Problem {
    Problem::Date { found: shown(text) }
}

fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0_i16, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| i16::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

fn small(number: i16) -> Option<i8> {
    i8::try_from(number).ok()
}

pub(crate) fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    let year = Some(year).filter(|year| YEARS.contains(year))?;
    Date::new(year, small(month)?, small(day)?).ok()
}

/// `YYYY-MM-DD`, with or without a zone or a time after it.
pub(crate) fn iso(text: &str) -> Result<Date, Problem> {
    let parse = || {
        let (day, rest) = text.as_bytes().split_at_checked(10)?;
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = day else { return None };
        let ends = matches!(rest.first(), None | Some(b'T' | b'Z' | b'+' | b'-'));
        ends.then_some(())?;
        date(number(&[*y1, *y2, *y3, *y4])?, number(&[*m1, *m2])?, number(&[*d1, *d2])?)
    };
    parse().ok_or_else(|| bad(text))
}

/// The day of `YYYY-MM-DDThh:mm:ss` as it is written, and the instant where a zone is given.
pub(crate) fn iso_time(text: &str) -> Result<(Date, Option<Timestamp>), Problem> {
    let day = iso(text)?;
    let zoned = text.get(19..).is_some_and(|rest| rest.contains(['Z', '+', '-']));
    if !zoned {
        let time: Result<jiff::civil::DateTime, _> = text.parse();
        return time.map(|_| (day, None)).map_err(|_| bad(text));
    }
    let instant: jiff::Timestamp = text.parse().map_err(|_| bad(text))?;
    Ok((day, Some(Timestamp::from_micros(instant.as_microsecond()))))
}

/// `YYMMDD`: 80 to 99 are of the last century.
pub(crate) fn yymmdd(text: &str) -> Result<Date, Problem> {
    let parse = || {
        let (year, month, day) = pairs(text)?;
        date(century(year), month, day)
    };
    parse().ok_or_else(|| bad(text))
}

/// As `YYMMDD`, where months have 30 days: 29 and 30 February are the last day of the month.
pub(crate) fn yymmdd_of_30(text: &str) -> Result<Date, Problem> {
    let parse = || {
        let (year, month, day) = pairs(text)?;
        date(century(year), month, day).or_else(|| end_of_february(century(year), month, day))
    };
    parse().ok_or_else(|| bad(text))
}

fn pairs(text: &str) -> Option<(i16, i16, i16)> {
    let &[y1, y2, m1, m2, d1, d2] = text.as_bytes() else { return None };
    Some((number(&[y1, y2])?, number(&[m1, m2])?, number(&[d1, d2])?))
}

fn century(year: i16) -> i16 {
    if year >= 80 { 1900 + year } else { 2000 + year }
}

fn end_of_february(year: i16, month: i16, day: i16) -> Option<Date> {
    let within = month == 2 && (29..=30).contains(&day);
    within.then(|| date(year, 2, 1)).flatten().map(Date::last_of_month)
}

/// `MMDD` in the year in which it lies nearest to `anchor`.
pub(crate) fn mmdd_near(text: &str, anchor: Date) -> Result<Date, Problem> {
    let parse = || {
        let &[m1, m2, d1, d2] = text.as_bytes() else { return None };
        let (month, day) = (number(&[m1, m2])?, number(&[d1, d2])?);
        let year = anchor.year();
        let candidates = [year - 1, year, year + 1].into_iter();
        let days = candidates.filter_map(|year| date(year, month, day).or_else(|| end_of_february(year, month, day)));
        days.min_by_key(|day| (*day - anchor).get_days().abs())
    };
    parse().ok_or_else(|| bad(text))
}

/// Order of a date's parts in a file that a person or a bank's export wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateForm {
    /// 2026-01-31, 20260131
    YearMonthDay,
    /// 31.01.2026, 31/1/26, 31-Jan-2026
    DayMonthYear,
    /// 01/31/2026
    MonthDayYear,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Reads the parts between any separators; eight or six digits in a row need none. A time after a blank or `T` is left out.
pub(crate) fn in_form(text: &str, form: DateForm) -> Result<Date, Problem> {
    let parse = || {
        let day = text.trim().split([' ', 'T']).next()?;
        let parts = if day.bytes().all(|byte| byte.is_ascii_digit()) { run(day, form)? } else { split(day)? };
        let (year, month, day) = match form {
            DateForm::YearMonthDay => (parts[0], parts[1], parts[2]),
            DateForm::DayMonthYear => (parts[2], parts[1], parts[0]),
            DateForm::MonthDayYear => (parts[2], parts[0], parts[1]),
        };
        let month = match MONTHS.iter().position(|name| month.get(..3).is_some_and(|m| m.eq_ignore_ascii_case(name))) {
            Some(place) => i16::try_from(place + 1).ok()?,
            None => short(month)?,
        };
        let year = match year.len() {
            2 => century(number(year.as_bytes())?),
            4 => number(year.as_bytes())?,
            _ => return None,
        };
        date(year, month, short(day)?)
    };
    parse().ok_or_else(|| bad(text))
}

fn short(text: &str) -> Option<i16> {
    (1..=2).contains(&text.len()).then(|| number(text.as_bytes())).flatten()
}

fn run(text: &str, form: DateForm) -> Option<[&str; 3]> {
    let year = if text.len() == 8 { 4 } else { 2 };
    let (first, second) = if form == DateForm::YearMonthDay { (year, year + 2) } else { (2, 4) };
    let fits = text.len() == year + 4;
    fits.then(|| Some([text.get(..first)?, text.get(first..second)?, text.get(second..)?])).flatten()
}

fn split(text: &str) -> Option<[&str; 3]> {
    let mut parts = text.split(['-', '/', '.']);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    let rest = parts.next().is_none_or(str::is_empty);
    rest.then_some(three)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_date_lies_nearest_to_the_value_date() {
        for (text, anchor, expected) in [
            ("1231", "2026-01-02", "2025-12-31"),
            ("0102", "2025-12-31", "2026-01-02"),
            ("0630", "2026-06-29", "2026-06-30"),
            ("0229", "2023-03-01", "2023-02-28"),
        ] {
            let anchor: Date = anchor.parse().unwrap();
            assert_eq!(mmdd_near(text, anchor).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn only_february_may_have_thirty_days() {
        assert_eq!(yymmdd_of_30("260230").unwrap().to_string(), "2026-02-28");
        assert_eq!(yymmdd_of_30("280230").unwrap().to_string(), "2028-02-29");
        for bad in ["260231", "260431", "261301", "260100", "26010", "2601011", "26O101", ""] {
            assert!(yymmdd_of_30(bad).is_err(), "{bad}");
        }
        assert!(yymmdd("260230").is_err());
    }

    #[test]
    fn iso_days_keep_the_day_that_is_written() {
        for good in ["2026-01-31", "2026-01-31Z", "2026-01-31+01:00", "2026-01-31T23:59:59-05:00"] {
            assert_eq!(iso(good).unwrap().to_string(), "2026-01-31", "{good}");
        }
        for bad in
            ["", "2026-1-31", "2026-04-31", "1000000000-01-01", "20260131", "2026-01-31x", "0000-01-01", "２026-01-31"]
        {
            assert!(iso(bad).is_err(), "{bad}");
        }
        let (day, at) = iso_time("2026-01-31T23:30:00-05:00").unwrap();
        assert_eq!(
            (day.to_string(), at.unwrap().to_string()),
            ("2026-01-31".into(), "2026-02-01T04:30:00.000000Z".into())
        );
        assert_eq!(iso_time("2026-01-31T23:30:00").unwrap().1, None);
        assert!(iso_time("2026-01-31T25:00:00").is_err());
    }

    #[test]
    fn dates_of_people_are_read_in_the_declared_order() {
        use DateForm::{DayMonthYear, MonthDayYear, YearMonthDay};
        for (text, form) in [
            ("31.01.2026", DayMonthYear),
            ("31/1/26", DayMonthYear),
            ("31-Jan-2026 10:15", DayMonthYear),
            ("310126", DayMonthYear),
            ("01/31/2026", MonthDayYear),
            ("2026-01-31T00:00:00", YearMonthDay),
            ("20260131", YearMonthDay),
            ("31.01.26.", DayMonthYear),
        ] {
            assert_eq!(in_form(text, form).map(|day| day.to_string()), Ok("2026-01-31".to_owned()), "{text}");
        }
        for bad in ["31.04.2026", "1.2.3", "31.01.12026", "", "x", "1-2", "1-2-2026-4", "é1.01.2026"] {
            assert!(in_form(bad, DayMonthYear).is_err(), "{bad}");
        }
    }
}
