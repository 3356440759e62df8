//! Histories of asset classes and prices by month or year, checked for holes, and put together period by period.

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use super::market::CLASSES_MAX;
use crate::error::{QuantError, Result, at_least, at_most, finite};
use crate::series::Point;

pub const PERIODS_MAX: usize = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    Yearly,
    Monthly,
}

impl Frequency {
    pub fn per_year(self) -> usize {
        match self {
            Frequency::Yearly => 1,
            Frequency::Monthly => 12,
        }
    }

    fn period(self, date: Date) -> i32 {
        match self {
            Frequency::Yearly => i32::from(date.year()),
            Frequency::Monthly => i32::from(date.year()) * 12 + i32::from(date.month()) - 1,
        }
    }

    /// The first day of a period.
    fn start(self, period: i32) -> Date {
        let (year, month) = match self {
            Frequency::Yearly => (period, 1),
            Frequency::Monthly => (period.div_euclid(12), period.rem_euclid(12) + 1),
        };
        date(year as i16, month as i8, 1)
    }
}

/// What the values of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Levels as of the end of their period: the first period has no change.
    LevelsAtEnd,
    /// Levels as of the start of their period: the last period has no change.
    LevelsAtStart,
    /// Simple returns over their period.
    Returns,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassSeries {
    pub name: String,
    pub measure: Measure,
    /// One value a period, dated anywhere within it.
    pub values: Vec<Point>,
}

/// What one unit of each class, and of prices, became in each period.
#[derive(Debug, Clone, PartialEq)]
pub struct MarketHistory {
    pub frequency: Frequency,
    names: Vec<String>,
    first: i32,
    /// Period after period, a value for each class and then one for prices.
    growth: Vec<f64>,
}

impl MarketHistory {
    /// The periods that all series cover.
    pub fn new(frequency: Frequency, classes: &[ClassSeries], prices: &ClassSeries) -> Result<MarketHistory> {
        at_least("classes", classes.len(), 1)?;
        at_most("classes", classes.len(), CLASSES_MAX)?;
        for (place, class) in classes.iter().enumerate() {
            if classes.iter().take(place).any(|other| other.name == class.name) {
                return Err(QuantError::Spliced { name: class.name.clone() });
            }
        }
        let mut columns = Vec::with_capacity(classes.len() + 1);
        for series in classes.iter().chain([prices]) {
            columns.push(series.growth(frequency)?);
        }
        let first = columns.iter().map(|(first, _)| *first).max().unwrap_or(0);
        let end = columns.iter().map(|(first, growth)| first + growth.len() as i32).min().unwrap_or(0);
        at_least("periods that all series cover", usize::try_from(end - first).unwrap_or(0), 1)?;
        let width = columns.len();
        let mut growth = vec![0.0; (end - first) as usize * width];
        for (column, (start, values)) in columns.iter().enumerate() {
            let cells = growth.iter_mut().skip(column).step_by(width);
            cells.zip(values.iter().skip((first - start) as usize)).for_each(|(cell, value)| *cell = *value);
        }
        Ok(MarketHistory { frequency, names: classes.iter().map(|one| one.name.clone()).collect(), first, growth })
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn periods(&self) -> usize {
        self.growth.len() / (self.names.len() + 1)
    }

    /// The first day of a period, counted from the first.
    pub fn date(&self, period: usize) -> Date {
        self.frequency.start(self.first + period as i32)
    }

    /// The growth of each class, and then of prices, period by period.
    pub(super) fn columns(&self) -> Vec<Vec<f64>> {
        let width = self.names.len() + 1;
        (0..width).map(|column| self.growth.iter().skip(column).step_by(width).copied().collect()).collect()
    }

    /// The growth of each class in a period, and then of prices.
    pub(super) fn row(&self, period: usize) -> &[f64] {
        let width = self.names.len() + 1;
        self.growth.get(period * width..(period + 1) * width).unwrap_or_default()
    }
}

impl ClassSeries {
    /// The first period with a change, and what a unit became in each period from there.
    fn growth(&self, frequency: Frequency) -> Result<(i32, Vec<f64>)> {
        at_least("values", self.values.len(), 2)?;
        at_most("values", self.values.len(), PERIODS_MAX)?;
        finite("values", &self.values.iter().map(|point| point.value).collect::<Vec<_>>())?;
        let first = self.check_order(frequency)?;
        let factors: Vec<f64> = match self.measure {
            Measure::Returns => self.values.iter().map(|point| 1.0 + point.value).collect(),
            Measure::LevelsAtEnd | Measure::LevelsAtStart => {
                if let Some(at) = self.values.iter().position(|point| point.value <= 0.0) {
                    return Err(QuantError::NotPositive { field: "levels", at });
                }
                self.values
                    .iter()
                    .zip(self.values.iter().skip(1))
                    .map(|(before, now)| now.value / before.value)
                    .collect()
            }
        };
        if let Some(at) = factors.iter().position(|factor| *factor <= 0.0) {
            return Err(QuantError::NotPositive { field: "1 + returns", at });
        }
        Ok((first + i32::from(self.measure == Measure::LevelsAtEnd), factors))
    }

    /// One value in each period, none missing.
    fn check_order(&self, frequency: Frequency) -> Result<i32> {
        for (before, now) in self.values.iter().zip(self.values.iter().skip(1)) {
            match frequency.period(now.date) - frequency.period(before.date) {
                0 => return Err(QuantError::DuplicateDate { field: "values", date: now.date }),
                1 => {}
                step if step < 0 => return Err(QuantError::Unordered { field: "values", date: now.date }),
                _ => {
                    let date = frequency.start(frequency.period(before.date) + 1);
                    return Err(QuantError::Hole { name: self.name.clone(), date });
                }
            }
        }
        Ok(self.values.first().map_or(0, |point| frequency.period(point.date)))
    }
}
