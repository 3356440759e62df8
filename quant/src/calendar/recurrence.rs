//! Dates of flows that come again: every so many weeks or months, moved to business days.

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Calendar, DayRule, plus_days};
use crate::error::{QuantError, Result, at_most, within};

/// The most dates of one recurrence in one answer.
pub const OCCURRENCES_MAX: usize = 5_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayOfMonth {
    /// 1 to 31; a month that is shorter takes its last day.
    Day(u8),
    /// Counted from the start when positive and from the end when negative: -1 is the last business day.
    BusinessDay(i8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// On the weekday of the start.
    Weeks(u16),
    Months {
        months: u16,
        on: DayOfMonth,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurrence {
    pub start: Date,
    pub until: Option<Date>,
    pub every: Every,
    pub rule: DayRule,
}

impl Recurrence {
    /// The dates, after they were moved to business days, that lie from one date to another, both included. `until` bounds
    /// the dates before they are moved.
    pub fn dates(&self, first: Date, last: Date, calendar: &Calendar) -> Result<Vec<Date>> {
        self.check()?;
        let mut found = Vec::new();
        for turn in 0.. {
            at_most("occurrences", turn, 4 * OCCURRENCES_MAX)?;
            let (plain, moved) = self.occurrence(turn, calendar)?;
            // A date moves by less than a month, also where holidays follow each other.
            if self.until.is_some_and(|until| plain > until) || plain > plus_days(last, 31)? {
                break;
            }
            if plain >= self.start && moved >= first && moved <= last {
                found.push(moved);
                at_most("occurrences", found.len(), OCCURRENCES_MAX)?;
            }
        }
        Ok(found)
    }

    fn check(&self) -> Result<()> {
        let (every, on) = match self.every {
            Every::Weeks(weeks) => (weeks, None),
            Every::Months { months, on } => (months, Some(on)),
        };
        within("every", f64::from(every), 1.0, 120.0)?;
        match on {
            Some(DayOfMonth::Day(day)) => within("day", f64::from(day), 1.0, 31.0).map(|_| ()),
            Some(DayOfMonth::BusinessDay(0)) => within("business_day", 0.0, 1.0, 15.0).map(|_| ()),
            Some(DayOfMonth::BusinessDay(day)) => within("business_day", f64::from(day), -15.0, 15.0).map(|_| ()),
            None => Ok(()),
        }
    }

    /// The date as the rule of recurrence gives it, and after it was moved.
    fn occurrence(&self, turn: usize, calendar: &Calendar) -> Result<(Date, Date)> {
        let turn = i64::try_from(turn).unwrap_or(i64::MAX);
        match self.every {
            Every::Weeks(weeks) => {
                let plain = plus_days(self.start, turn * 7 * i64::from(weeks))?;
                Ok((plain, calendar.adjust(plain, self.rule)?))
            }
            Every::Months { months, on } => {
                let span = Span::new().months(turn * i64::from(months));
                let month =
                    self.start.first_of_month().checked_add(span).map_err(|_| QuantError::Calendar(self.start))?;
                match on {
                    DayOfMonth::Day(day) => {
                        let day = i8::try_from(day).unwrap_or(31).min(month.days_in_month());
                        let plain = plus_days(month, i64::from(day) - 1)?;
                        Ok((plain, calendar.adjust(plain, self.rule)?))
                    }
                    DayOfMonth::BusinessDay(place) => {
                        let date = business_day(month, place, calendar)?;
                        Ok((date, date))
                    }
                }
            }
        }
    }
}

fn business_day(month: Date, place: i8, calendar: &Calendar) -> Result<Date> {
    let days = calendar.business_days(month.first_of_month(), month.last_of_month())?;
    let skip = usize::from(place.unsigned_abs().max(1)) - 1;
    let found = if place > 0 { days.get(skip) } else { days.iter().rev().nth(skip) };
    let min = skip + 1;
    found.copied().ok_or(QuantError::TooFew { field: "business days of the month", min, found: days.len() })
}
