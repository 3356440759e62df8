//! A history out of a table of comma-separated values, by the names of its columns.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::history::{ClassSeries, Measure, PERIODS_MAX};
use crate::error::{QuantError, Result, at_most};
use crate::series::Point;

pub const TABLE_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Characters of a wrong value that a message repeats.
const SHOWN_CHARS: usize = 40;

/// Where a table says when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateColumns {
    /// `YYYY`, `YYYY-MM` or `YYYY-MM-DD` in one column.
    Date(String),
    YearAndMonth {
        year: String,
        month: String,
    },
}

/// A series of a table: its columns by their names in the first row, whatever their case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesColumns {
    pub date: DateColumns,
    pub value: String,
    pub measure: Measure,
}

/// Reads one series. Rows without anything are passed over; gaps, repetitions and order are looked at when a history is made.
pub fn series_of_table(name: &str, table: &str, columns: &SeriesColumns) -> Result<ClassSeries> {
    at_most("bytes of the table", table.len(), TABLE_MAX_BYTES)?;
    let table = table.strip_prefix('\u{feff}').unwrap_or(table);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator(table))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(table.as_bytes());
    let places = Places::of(reader.headers().map_err(unreadable)?, columns)?;
    let mut values = Vec::new();
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        if row.iter().all(str::is_empty) {
            continue;
        }
        at_most("rows of the table", values.len(), PERIODS_MAX - 1)?;
        values.push(places.point(&row)?);
    }
    Ok(ClassSeries { name: name.to_owned(), measure: columns.measure, values })
}

/// The one of comma, semicolon and tab that the first row has most of.
fn separator(table: &str) -> u8 {
    let first = table.lines().next().unwrap_or_default();
    let count = |separator: &u8| first.bytes().filter(|byte| byte == separator).count();
    // Of equals the last one wins, and a table of one column has none of them.
    *b"\t;,".iter().max_by_key(|separator| count(separator)).unwrap_or(&b',')
}

fn unreadable(error: csv::Error) -> QuantError {
    let line = error.position().map_or(0, csv::Position::line);
    QuantError::Cell { line, column: "the row".to_owned(), expected: "UTF-8 text", found: String::new() }
}

/// A column's name and place.
type Column<'a> = (&'a str, usize);

struct Places<'a> {
    date: When<'a>,
    value: Column<'a>,
}

enum When<'a> {
    Date(Column<'a>),
    YearAndMonth(Column<'a>, Column<'a>),
}

impl<'a> Places<'a> {
    fn of(head: &csv::StringRecord, columns: &'a SeriesColumns) -> Result<Places<'a>> {
        let place = |name: &'a str| -> Result<Column<'a>> {
            let mut found = head.iter().enumerate().filter(|(_, own)| own.eq_ignore_ascii_case(name));
            match (found.next(), found.next()) {
                (Some((place, _)), None) => Ok((name, place)),
                (None, _) => Err(QuantError::Unknown { field: "columns", name: name.to_owned() }),
                (Some(_), Some(_)) => Err(QuantError::Duplicate { field: "columns", name: name.to_owned() }),
            }
        };
        let date = match &columns.date {
            DateColumns::Date(name) => When::Date(place(name)?),
            DateColumns::YearAndMonth { year, month } => When::YearAndMonth(place(year)?, place(month)?),
        };
        Ok(Places { date, value: place(&columns.value)? })
    }

    fn point(&self, row: &csv::StringRecord) -> Result<Point> {
        let date = match &self.date {
            When::Date(column) => cell(row, *column, "YYYY, YYYY-MM or YYYY-MM-DD", parse_date)?,
            When::YearAndMonth(year, month) => {
                let year = cell(row, *year, "a year of four digits", |text| number(text, 4))?;
                let day = |text: &str| Date::new(year, i8::try_from(number(text, text.len())?).ok()?, 1).ok();
                cell(row, *month, "a month from 1 to 12", day)?
            }
        };
        let value =
            cell(row, self.value, "a finite number", |text| text.parse().ok().filter(|one: &f64| one.is_finite()))?;
        Ok(Point { date, value })
    }
}

fn cell<T>(
    row: &csv::StringRecord,
    (name, place): Column<'_>,
    expected: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T> {
    let text = row.get(place).unwrap_or_default();
    read(text).ok_or_else(|| QuantError::Cell {
        line: row.position().map_or(0, csv::Position::line),
        column: name.to_owned(),
        expected,
        found: text.chars().take(SHOWN_CHARS).collect(),
    })
}

fn parse_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let year = number(parts.next()?, 4)?;
    let mut two = || parts.next().map_or(Some(1), |part| i8::try_from(number(part, 2)?).ok());
    let (month, day) = (two()?, two()?);
    parts.next().is_none().then(|| Date::new(year, month, day).ok())?
}

/// Digits alone, and so many.
fn number(text: &str, digits: usize) -> Option<i16> {
    let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn dates_have_one_to_three_parts() {
        assert_eq!(parse_date("1926"), Some(date(1926, 1, 1)));
        assert_eq!(parse_date("1926-07"), Some(date(1926, 7, 1)));
        assert_eq!(parse_date("1926-07-31"), Some(date(1926, 7, 31)));
        for not in ["", "26", "1926-7", "1926-13", "1926-02-30", "1926-07-31-01", "+926", "1926/07", "1926-07-"] {
            assert_eq!(parse_date(not), None, "{not}");
        }
    }

    #[test]
    fn the_first_row_tells_the_separator() {
        for (table, expected) in [("a,b\n", b','), ("a;b;c,d\n", b';'), ("a\tb\n", b'\t'), ("a\n", b',')] {
            assert_eq!(separator(table), expected, "{table:?}");
        }
    }
}
