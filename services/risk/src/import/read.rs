//! Reads history from a file, row by row.

use std::io::{self, BufRead};

use super::row::{Columns, Fault, Form, HistoryRow};

/// Bytes of one line at most.
const LINE_BYTES_MAX: u64 = 16 << 10;

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Wrong {
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("line {line}: {column}: {why}")]
    Row { line: u64, column: String, why: String },
}

/// Rows of a file, in its order.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    source: R,
    line: u64,
    form: Option<Form>,
    /// The columns of a CSV file.
    header: csv::StringRecord,
    text: String,
}

impl<R: BufRead> Reader<R> {
    pub(crate) fn new(source: R) -> Reader<R> {
        Reader { source, line: 0, form: None, header: csv::StringRecord::new(), text: String::new() }
    }

    /// The line of the last row.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The next row; nothing at the end.
    pub(crate) fn next_row(&mut self) -> Result<Option<HistoryRow>, Wrong> {
        loop {
            if !self.next_line()? {
                return Ok(None);
            }
            if self.text.trim().is_empty() {
                continue;
            }
            let form = match self.form {
                Some(form) => form,
                None if self.text.trim_start().starts_with('{') => *self.form.insert(Form::Json),
                None => {
                    self.form = Some(Form::Csv);
                    self.read_header()?;
                    continue;
                }
            };
            let columns = match form {
                Form::Json => {
                    serde_json::from_str(&self.text).map_err(|error| self.wrong(("row", error.to_string())))?
                }
                Form::Csv => self.record()?,
            };
            return columns.read().map(Some).map_err(|fault| self.wrong(fault));
        }
    }

    fn next_line(&mut self) -> Result<bool, Wrong> {
        self.text.clear();
        self.line += 1;
        let read = io::Read::take(&mut self.source, LINE_BYTES_MAX + 1).read_line(&mut self.text);
        let read = read.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => self.wrong(("row", "expected UTF-8".to_owned())),
            _ => Wrong::Io(error),
        })?;
        if read as u64 > LINE_BYTES_MAX {
            return Err(self.wrong(("row", format!("expected at most {LINE_BYTES_MAX} bytes a line"))));
        }
        Ok(read > 0)
    }

    fn split(&self) -> Result<csv::StringRecord, Wrong> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(self.text.as_bytes());
        let mut record = csv::StringRecord::new();
        reader.read_record(&mut record).map_err(|error| self.wrong(("row", error.to_string())))?;
        Ok(record)
    }

    fn read_header(&mut self) -> Result<(), Wrong> {
        let header = self.split()?;
        if let Some(unknown) = header.iter().find(|name| !super::row::NAMES.contains(name)) {
            let why = format!("expected columns out of {}", super::row::NAMES.join(", "));
            return Err(self.wrong_in(unknown, why));
        }
        if let Some(missing) = ["id", "at"].iter().find(|name| !header.iter().any(|found| found == **name)) {
            return Err(self.wrong_in(missing, "expected this column in the first line".to_owned()));
        }
        self.header = header;
        Ok(())
    }

    fn record(&self) -> Result<Columns, Wrong> {
        let record = self.split()?;
        if record.len() != self.header.len() {
            let why = format!("expected {} values as in the first line, found {}", self.header.len(), record.len());
            return Err(self.wrong(("row", why)));
        }
        record.deserialize(Some(&self.header)).map_err(|error| self.wrong(("row", error.to_string())))
    }

    fn wrong(&self, (column, why): Fault) -> Wrong {
        self.wrong_in(column, why)
    }

    fn wrong_in(&self, column: &str, why: String) -> Wrong {
        Wrong::Row { line: self.line, column: column.chars().take(40).collect(), why }
    }
}
