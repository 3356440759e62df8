//! Daily cash: a level, and on top of it what a weekday, a place in the month and a holiday are worth. Effects are means of
//! what the others leave over, drawn towards zero where few days tell of them.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use super::baseline::mean;
use crate::calendar::{Calendar, plus_days};

/// Days that the pull towards zero counts for.
const DRAWN_BY: f64 = 1.0;
const ROUNDS: usize = 8;
/// Business days from the start and from the end of a month that have an effect of their own.
const PLACES: usize = 5;
const LEVELS: [f64; 5] = [0.005, 0.02, 0.05, 0.1, 0.2];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DailyProfile {
    first: Date,
    calendar: Calendar,
    alpha: f64,
    level: f64,
    /// Monday to Friday.
    weekdays: Vec<f64>,
    /// The first five business days of a month, then the last five, the last day first.
    places: Vec<f64>,
    /// The first business day after a holiday.
    after_holiday: f64,
    /// Saturday, Sunday, holiday: what comes then, without a level.
    closed: Vec<f64>,
}

/// What a day is: the cells of its effects, or the kind of closed day.
enum Kind {
    Business { weekday: usize, place: Option<usize>, after_holiday: bool },
    Closed(usize),
}

impl DailyProfile {
    pub(super) fn fit(first: Date, calendar: &Calendar, values: &[f64]) -> DailyProfile {
        let mut profile = DailyProfile {
            first,
            calendar: calendar.clone(),
            alpha: 0.05,
            level: 0.0,
            weekdays: vec![0.0; 5],
            places: vec![0.0; 2 * PLACES],
            after_holiday: 0.0,
            closed: vec![0.0; 3],
        };
        let days: Vec<(Kind, f64)> = values.iter().enumerate().map(|(at, value)| (profile.kind(at), *value)).collect();
        let business = days.iter().filter(|(kind, _)| matches!(kind, Kind::Business { .. })).map(|(_, value)| *value);
        profile.level = mean(&business.collect::<Vec<_>>());
        for (place, closed) in profile.closed.iter_mut().enumerate() {
            *closed = drawn(
                days.iter()
                    .filter_map(|(kind, value)| matches!(kind, Kind::Closed(at) if *at == place).then_some(*value)),
            );
        }
        for _ in 0..ROUNDS {
            profile.improve(&days);
        }
        let errors = |alpha: &f64| DailyProfile { alpha: *alpha, ..profile.clone() }.follow(values).1;
        let best = LEVELS.iter().copied().min_by(|one, other| errors(one).total_cmp(&errors(other)));
        DailyProfile { alpha: best.unwrap_or(0.05), ..profile }
    }

    /// Each effect in turn from what the level and the other effects leave over.
    fn improve(&mut self, days: &[(Kind, f64)]) {
        for cell in 0..5 + 2 * PLACES + 1 {
            let old = self.effect(cell);
            let rests = days.iter().filter_map(|(kind, value)| match kind {
                Kind::Business { .. } if cells(kind).contains(&Some(cell)) => {
                    Some(value - self.level - self.sum(kind) + old)
                }
                _ => None,
            });
            let new = drawn(rests);
            let list = match cell {
                0..5 => self.weekdays.get_mut(cell),
                15 => Some(&mut self.after_holiday),
                _ => self.places.get_mut(cell - 5),
            };
            if let Some(effect) = list {
                *effect = new;
            }
        }
    }

    fn effect(&self, cell: usize) -> f64 {
        let found = match cell {
            0..5 => self.weekdays.get(cell).copied(),
            15 => Some(self.after_holiday),
            _ => self.places.get(cell - 5).copied(),
        };
        found.unwrap_or(0.0)
    }

    fn sum(&self, kind: &Kind) -> f64 {
        cells(kind).into_iter().flatten().map(|cell| self.effect(cell)).sum()
    }

    fn date(&self, at: usize) -> Date {
        i64::try_from(at).ok().and_then(|at| plus_days(self.first, at).ok()).unwrap_or(self.first)
    }

    fn kind(&self, at: usize) -> Kind {
        let date = self.date(at);
        if self.calendar.is_holiday(date) {
            return Kind::Closed(2);
        }
        match date.weekday() {
            Weekday::Saturday => Kind::Closed(0),
            Weekday::Sunday => Kind::Closed(1),
            weekday => {
                let place = self.calendar.place_in_month(date).ok().flatten();
                let place = place.and_then(|(start, end)| {
                    let late = (end <= PLACES).then(|| PLACES + end - 1);
                    late.or((start <= PLACES).then(|| start - 1))
                });
                let before = date.yesterday().is_ok_and(|before| self.calendar.is_holiday(before));
                let weekday = usize::from(weekday.to_monday_zero_offset().unsigned_abs());
                Kind::Business { weekday, place, after_holiday: before }
            }
        }
    }

    /// The level after the values, and the squared errors on the way.
    fn follow(&self, values: &[f64]) -> (f64, f64) {
        let (mut level, mut errors) = (self.level, 0.0);
        for (at, value) in values.iter().enumerate() {
            let kind = self.kind(at);
            if matches!(kind, Kind::Business { .. }) {
                let error = value - level - self.sum(&kind);
                errors += error * error;
                level += self.alpha * error;
            }
        }
        (level, errors)
    }

    pub(super) fn forecast(&self, values: &[f64], horizon: usize) -> Vec<f64> {
        let (level, _) = self.follow(values);
        let ahead = (0..horizon).map(|step| self.kind(values.len() + step));
        ahead
            .map(|kind| match kind {
                Kind::Closed(place) => self.closed.get(place).copied().unwrap_or(0.0),
                Kind::Business { .. } => level + self.sum(&kind),
            })
            .collect()
    }
}

/// The effects that a day has: 0 to 4 weekdays, 5 to 14 places in the month, 15 after a holiday.
fn cells(kind: &Kind) -> [Option<usize>; 3] {
    match kind {
        Kind::Business { weekday, place, after_holiday } => {
            [Some(*weekday), place.map(|place| 5 + place), after_holiday.then_some(15)]
        }
        Kind::Closed(_) => [None; 3],
    }
}

fn drawn(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / (count + DRAWN_BY)
}
