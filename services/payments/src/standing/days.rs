//! The days on which a standing order pays. Pure.

use jiff::ToSpan;
use jiff::civil::Date;
use quant::calendar::{Calendar, DayOfMonth, DayRule, Every, Holidays, Recurrence};

use crate::face::{AddStanding, BusinessDays, Rhythm};

/// A day is looked for this far ahead: a year, and the days by which it may be moved.
const AHEAD_DAYS: i64 = 400;
/// The most days by which holidays in a row move a day.
const MOVED_DAYS_MAX: i64 = 31;

/// The first day after this one on which it pays, if it pays again.
pub(super) fn next_day(terms: &AddStanding, after: Date, made: u32) -> Option<Date> {
    if terms.count.is_some_and(|count| made >= count) {
        return None;
    }
    let months = |months| Every::Months { months, on: DayOfMonth::Day(terms.first.day().unsigned_abs()) };
    let every = match terms.every {
        Rhythm::Weekly => Every::Weeks(1),
        Rhythm::TwoWeekly => Every::Weeks(2),
        Rhythm::Monthly => months(1),
        Rhythm::Quarterly => months(3),
        Rhythm::Yearly => months(12),
    };
    let rule = match terms.business_days {
        BusinessDays::Any => DayRule::Unadjusted,
        BusinessDays::Following => DayRule::Following,
        BusinessDays::ModifiedFollowing => DayRule::ModifiedFollowing,
        BusinessDays::Preceding => DayRule::Preceding,
    };
    let calendar = Calendar::new(&[Holidays::Target], Vec::new()).ok()?;
    let recurrence = Recurrence { start: terms.first, until: terms.last, every, rule };
    let (from, to) = (after.saturating_add(1.day()), after.saturating_add(AHEAD_DAYS.days()));
    recurrence.dates(from, to, &calendar).ok()?.first().copied()
}

/// A first day that is moved back is not missed.
pub(super) fn before_first(terms: &AddStanding) -> Date {
    terms.first.saturating_sub(MOVED_DAYS_MAX.days())
}

#[cfg(test)]
mod tests {
    use kernel::{Currency, Money};

    use super::*;
    use crate::face::{Missed, Side};

    fn terms(every: Rhythm, first: &str, business_days: BusinessDays) -> AddStanding {
        let side = |path: &str| Side::path(path.parse().unwrap());
        AddStanding {
            from: side("customers:ann"),
            to: side("customers:bob"),
            amount: Money::new(1, Currency::iso("USD").unwrap()),
            text: None,
            every,
            first: first.parse().unwrap(),
            last: None,
            count: None,
            business_days,
            missed: Missed::CatchUp,
            retries: 0,
        }
    }

    fn days(terms: &AddStanding, count: usize) -> Vec<String> {
        let mut after = before_first(terms);
        let mut found = Vec::new();
        while found.len() < count
            && let Some(next) = next_day(terms, after, u32::try_from(found.len()).unwrap())
        {
            found.push(next.to_string());
            after = next;
        }
        found
    }

    #[test]
    fn the_31st_is_the_last_day_of_a_shorter_month() {
        let found = days(&terms(Rhythm::Monthly, "2027-01-31", BusinessDays::Any), 5);
        assert_eq!(found, ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]);
    }

    #[test]
    fn a_leap_day_comes_back_on_the_28th() {
        let found = days(&terms(Rhythm::Yearly, "2028-02-29", BusinessDays::Any), 3);
        assert_eq!(found, ["2028-02-29", "2029-02-28", "2030-02-28"]);
    }

    #[test]
    fn days_without_business_are_moved_as_the_order_says() {
        // 1 May 2027 is a Saturday and a holiday; Good Friday 2027 is 26 March.
        let first = |first: &str, rule| days(&terms(Rhythm::Monthly, first, rule), 1).remove(0);
        assert_eq!(first("2027-05-01", BusinessDays::Following), "2027-05-03");
        assert_eq!(first("2027-03-26", BusinessDays::Preceding), "2027-03-25");
        assert_eq!(first("2027-01-31", BusinessDays::ModifiedFollowing), "2027-01-29");
        assert_eq!(first("2027-05-01", BusinessDays::Any), "2027-05-01");
    }

    #[test]
    fn an_order_ends_with_its_count_or_its_last_day() {
        let three = AddStanding { count: Some(3), ..terms(Rhythm::Weekly, "2027-01-04", BusinessDays::Any) };
        assert_eq!(days(&three, 9), ["2027-01-04", "2027-01-11", "2027-01-18"]);
        let last = Some("2027-01-11".parse().unwrap());
        let until = AddStanding { last, ..terms(Rhythm::Weekly, "2027-01-04", BusinessDays::Any) };
        assert_eq!(days(&until, 9), ["2027-01-04", "2027-01-11"]);
    }
}
