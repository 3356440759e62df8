//! Any table as CSV, a row at a time. Texts that a spreadsheet would calculate get an apostrophe; amounts and dates do not.

use std::io::Write;

use ::csv::{Terminator, Writer, WriterBuilder};
use jiff::civil::Date;
use kernel::{Money, Timestamp};

use super::cell::quote_formula;
use crate::statement::WriteError;

#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    Empty,
    Text(&'a str),
    /// Without its currency, which is a text of its own.
    Amount(Money),
    Number(i64),
    Day(Date),
    Instant(Timestamp),
}

impl<'a> From<Option<&'a str>> for Cell<'a> {
    fn from(text: Option<&'a str>) -> Cell<'a> {
        text.map_or(Cell::Empty, Cell::Text)
    }
}

pub struct Export<W: Write> {
    writer: Writer<W>,
}

impl<W: Write> Export<W> {
    pub fn new(out: W, names: &[&str]) -> Result<Export<W>, WriteError> {
        let mut builder = WriterBuilder::new();
        let mut export = Export { writer: builder.terminator(Terminator::CRLF).from_writer(out) };
        export.row(names.iter().map(|name| Cell::Text(name)))?;
        Ok(export)
    }

    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = Cell<'a>>) -> Result<(), WriteError> {
        let failed = |error: ::csv::Error| WriteError::Io(error.into());
        for cell in cells {
            let written = match cell {
                Cell::Empty => self.writer.write_field(""),
                Cell::Text(text) => self.writer.write_field(quote_formula(text).as_bytes()),
                Cell::Amount(money) => self.writer.write_field(money.amount()),
                Cell::Number(number) => self.writer.write_field(number.to_string()),
                Cell::Day(day) => self.writer.write_field(day.to_string()),
                Cell::Instant(at) => self.writer.write_field(at.to_string()),
            };
            written.map_err(failed)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(failed)
    }

    pub fn flush(&mut self) -> Result<(), WriteError> {
        self.writer.flush().map_err(WriteError::Io)
    }
}
