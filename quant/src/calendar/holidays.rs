//! The rules of two published holiday calendars.

use jiff::civil::{Date, Weekday, date};

use super::plus_days;

/// The Federal Reserve's eleven, on the day on which its banks are closed.
pub(super) fn in_united_states(day: Date) -> bool {
    let nth = |n: i8, weekday| day.nth_weekday_of_month(n, weekday).is_ok_and(|holiday| holiday == day);
    match day.month() {
        1 => fixed(day, 1, 1) || nth(3, Weekday::Monday),
        2 => nth(3, Weekday::Monday),
        5 => nth(-1, Weekday::Monday),
        6 => day.year() >= 2022 && fixed(day, 6, 19),
        7 => fixed(day, 7, 4),
        9 => nth(1, Weekday::Monday),
        10 => nth(2, Weekday::Monday),
        11 => fixed(day, 11, 11) || nth(4, Weekday::Thursday),
        12 => fixed(day, 12, 25),
        _ => false,
    }
}

/// On its date, and on the Monday after a Sunday.
fn fixed(day: Date, month: i8, of_month: i8) -> bool {
    let is_date = |day: Date| day.month() == month && day.day() == of_month;
    is_date(day) || (day.weekday() == Weekday::Monday && day.yesterday().is_ok_and(is_date))
}

pub(super) fn in_target(day: Date) -> bool {
    match (day.month(), day.day()) {
        (1 | 5, 1) | (12, 25 | 26) => true,
        (3 | 4, _) => {
            let easter = easter_sunday(day.year());
            plus_days(easter, -2).is_ok_and(|friday| friday == day)
                || plus_days(easter, 1).is_ok_and(|monday| monday == day)
        }
        _ => false,
    }
}

/// The Gregorian computus of Meeus, Jones and Butcher.
fn easter_sunday(year: i16) -> Date {
    let year_wide = i32::from(year);
    let golden = year_wide.rem_euclid(19);
    let (century, of_century) = (year_wide.div_euclid(100), year_wide.rem_euclid(100));
    let correction = (century - (century + 8).div_euclid(25) + 1).div_euclid(3);
    let moon = (19 * golden + century - century.div_euclid(4) - correction + 15).rem_euclid(30);
    let week =
        (32 + 2 * century.rem_euclid(4) + 2 * of_century.div_euclid(4) - moon - of_century.rem_euclid(4)).rem_euclid(7);
    let late = (golden + 11 * moon + 22 * week).div_euclid(451);
    let sum = moon + week - 7 * late + 114;
    let (month, day) = (sum.div_euclid(31), sum.rem_euclid(31) + 1);
    // March or April, and a day that they have.
    date(year, month as i8, day as i8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_is_on_its_known_sundays() {
        for (year, month, day) in
            [(2000, 4, 23), (2008, 3, 23), (2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2038, 4, 25)]
        {
            assert_eq!(easter_sunday(year), date(year, month, day));
        }
    }
}
