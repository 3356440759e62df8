//! Business days: weekends, the holidays of the Federal Reserve and of TARGET, and those that a house adds.

mod holidays;
mod recurrence;

use jiff::Span;
use jiff::civil::{Date, DateTime, Weekday};
use serde::{Deserialize, Serialize};

use crate::error::{QuantError, Result, at_most};

pub use recurrence::{DayOfMonth, Every, OCCURRENCES_MAX, Recurrence};

pub const EXTRA_HOLIDAYS_MAX: usize = 5_000;
/// The longest list of days.
pub const DAYS_MAX: usize = 40_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holidays {
    /// The Federal Reserve Banks: a holiday on a Sunday moves to Monday, one on a Saturday does not move.
    UnitedStates,
    /// The payment system of the euro.
    Target,
}

/// What to do with a date that is no business day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayRule {
    Unadjusted,
    #[default]
    Following,
    /// Following, unless that leaves the month: then preceding.
    ModifiedFollowing,
    Preceding,
    /// Preceding, unless that leaves the month: then following.
    ModifiedPreceding,
}

/// A day is a business day when it is one in all of the calendars.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Calendar {
    holidays: Vec<Holidays>,
    /// In order, without repeats.
    extra: Vec<Date>,
}

impl Calendar {
    pub fn new(holidays: &[Holidays], mut extra: Vec<Date>) -> Result<Calendar> {
        at_most("extra holidays", extra.len(), EXTRA_HOLIDAYS_MAX)?;
        extra.sort_unstable();
        extra.dedup();
        Ok(Calendar { holidays: holidays.to_vec(), extra })
    }

    pub fn is_holiday(&self, date: Date) -> bool {
        let listed = self.holidays.iter().any(|holidays| match holidays {
            Holidays::UnitedStates => holidays::in_united_states(date),
            Holidays::Target => holidays::in_target(date),
        });
        listed || self.extra.binary_search(&date).is_ok()
    }

    pub fn is_business_day(&self, date: Date) -> bool {
        !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.is_holiday(date)
    }

    pub fn adjust(&self, date: Date, rule: DayRule) -> Result<Date> {
        let within_month = |moved: Date| (moved.year(), moved.month()) == (date.year(), date.month());
        match rule {
            DayRule::Unadjusted => Ok(date),
            DayRule::Following => self.nearest(date, 1),
            DayRule::Preceding => self.nearest(date, -1),
            DayRule::ModifiedFollowing => {
                let moved = self.nearest(date, 1)?;
                if within_month(moved) { Ok(moved) } else { self.nearest(date, -1) }
            }
            DayRule::ModifiedPreceding => {
                let moved = self.nearest(date, -1)?;
                if within_month(moved) { Ok(moved) } else { self.nearest(date, 1) }
            }
        }
    }

    /// The date itself or the nearest business day in a direction.
    fn nearest(&self, date: Date, direction: i64) -> Result<Date> {
        let mut date = date;
        while !self.is_business_day(date) {
            date = plus_days(date, direction)?;
        }
        Ok(date)
    }

    /// The business day so many business days later, or earlier when the number is negative.
    pub fn plus_business_days(&self, date: Date, days: i32) -> Result<Date> {
        at_most("business days", days.unsigned_abs() as usize, DAYS_MAX)?;
        let direction = i64::from(days.signum());
        let mut date = date;
        for _ in 0..days.unsigned_abs() {
            date = self.nearest(plus_days(date, direction)?, direction)?;
        }
        Ok(date)
    }

    /// The business days from one date to another, both included.
    pub fn business_days(&self, first: Date, last: Date) -> Result<Vec<Date>> {
        Ok(days(first, last)?.into_iter().filter(|date| self.is_business_day(*date)).collect())
    }

    /// The place of a business day in its month: counted from the start, 1 for the first, and from the end, 1 for the last.
    pub fn place_in_month(&self, date: Date) -> Result<Option<(usize, usize)>> {
        let all = self.business_days(date.first_of_month(), date.last_of_month())?;
        let place = all.binary_search(&date).ok();
        Ok(place.map(|place| (place + 1, all.len() - place)))
    }

    /// Minutes between two moments of the same zone that lie on business days: what the age of a balance counts in.
    pub fn business_minutes(&self, from: DateTime, to: DateTime) -> Result<i64> {
        let mut minutes = 0;
        if from >= to {
            return Ok(0);
        }
        for day in self.business_days(from.date(), to.date())? {
            let start = if day == from.date() { minute_of_day(from) } else { 0 };
            let end = if day == to.date() { minute_of_day(to) } else { 24 * 60 };
            minutes += end - start;
        }
        Ok(minutes)
    }
}

fn minute_of_day(moment: DateTime) -> i64 {
    i64::from(moment.hour()) * 60 + i64::from(moment.minute())
}

/// Every day from one date to another, both included.
pub fn days(first: Date, last: Date) -> Result<Vec<Date>> {
    let count = days_between(first, last);
    at_most("days", usize::try_from(count).unwrap_or(0), DAYS_MAX)?;
    Ok(first.series(Span::new().days(1)).take_while(|date| *date <= last).collect())
}

/// Days from one date to another; negative when the second is earlier.
pub fn days_between(first: Date, last: Date) -> i64 {
    i64::from((last - first).get_days())
}

pub(crate) fn plus_days(date: Date, days: i64) -> Result<Date> {
    date.checked_add(Span::new().days(days)).map_err(|_| QuantError::Calendar(date))
}
