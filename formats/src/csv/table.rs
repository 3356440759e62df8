//! The rows of a CSV file by a profile, one at a time, with their lines.

use std::borrow::Cow;
use std::io::BufRead;

use ::csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use encoding_rs::{Encoding, UTF_8};
use memchr::memchr_iter;

use super::cell;
use super::newline::Newlines;
use super::profile::{Field, Profile, ProfileError};
use crate::input::Input;
use crate::mistake::{Mistake, Problem, shown};

pub(super) struct Table<'a> {
    /// Until the first row is asked for.
    input: Option<Input<'a>>,
    reader: Option<Reader<Newlines<'a>>>,
    profile: Profile,
    unusable: Option<ProfileError>,
    encoding: &'static Encoding,
    row: ByteRecord,
}

impl<'a> Table<'a> {
    /// What `check` says against the profile is told by the first row.
    pub(super) fn new(
        input: Input<'a>,
        profile: Profile,
        check: fn(&Profile) -> Result<(), ProfileError>,
    ) -> Table<'a> {
        let encoding = Encoding::for_label_no_replacement(profile.encoding.as_bytes()).unwrap_or(UTF_8);
        let unusable = check(&profile).err();
        Table { input: Some(input), reader: None, profile, unusable, encoding, row: ByteRecord::new() }
    }

    pub(super) fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(super) fn position(&self) -> (u64, u64) {
        match &self.reader {
            Some(reader) => (reader.get_ref().read_bytes(), reader.position().line()),
            None => (0, 0),
        }
    }

    /// Reads the next row that is not blank; its line.
    pub(super) fn advance(&mut self) -> Result<Option<u64>, Mistake> {
        if let Some(input) = self.input.take() {
            self.start(input)?;
        }
        self.read()
    }

    /// Skips what stands before the rows, and finds named columns in the header.
    fn start(&mut self, mut input: Input<'a>) -> Result<(), Mistake> {
        if let Some(error) = &self.unusable {
            let problem = Problem::value("a usable profile", &error.to_string());
            return Err(Mistake::new(0, "profile", "", problem));
        }
        for line in 0..self.profile.skip_lines {
            input.mark();
            if let Err(error) = input.skip_until(b'\n') {
                return Err(Mistake::new(line as u64 + 1, "", "", input.fault(&error)));
            }
        }
        let separator = u8::try_from(self.profile.separator).unwrap_or(b',');
        let mut builder = ReaderBuilder::new();
        self.reader =
            Some(builder.delimiter(separator).has_headers(false).flexible(true).from_reader(Newlines::new(input)));
        if self.profile.header && self.read()?.is_some() {
            let names: Vec<String> = self.row.iter().map(|cell| self.decode(cell).trim().to_lowercase()).collect();
            for column in &mut self.profile.columns {
                let Some(name) = &column.name else { continue };
                let found = names.iter().position(|found| *found == name.trim().to_lowercase());
                column.index = found.ok_or_else(|| {
                    let problem = Problem::value(format!("a column \"{}\"", shown(name)), &names.join(", "));
                    Mistake::new(self.profile.skip_lines as u64 + 1, "header", "", problem)
                })?;
            }
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Option<u64>, Mistake> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let before = self.profile.skip_lines as u64;
        loop {
            reader.get_mut().input().mark();
            let read = reader.read_byte_record(&mut self.row);
            // Each row ends with a line feed, so the reader stands at the beginning of the line after it.
            let within = memchr_iter(b'\n', self.row.as_slice()).count() as u64 + 1;
            let line = (reader.position().line() + before).saturating_sub(within);
            match read {
                Ok(true) if self.row.iter().all(|cell| cell.trim_ascii().is_empty()) => {}
                Ok(true) => return Ok(Some(line)),
                Ok(false) => return Ok(None),
                Err(error) => {
                    let line = reader.position().line() + before;
                    let problem = match error.kind() {
                        ErrorKind::Io(error) => reader.get_mut().input().fault(error),
                        _ => Problem::Syntax { cause: error.to_string() },
                    };
                    return Err(Mistake::new(line, "row", "", problem));
                }
            }
        }
    }

    pub(super) fn decode<'c>(&self, cell: &'c [u8]) -> Cow<'c, str> {
        self.encoding.decode_without_bom_handling(cell).0
    }

    pub(super) fn cell(&self, field: Field) -> Option<Cow<'_, str>> {
        let column = self.profile.columns.iter().find(|column| column.field == field)?;
        let text = self.decode(self.row.get(column.index)?);
        let text = if self.profile.quoted_formulas { unquoted(text) } else { text };
        let trimmed = trim(text);
        (!trimmed.is_empty()).then_some(trimmed)
    }

    pub(super) fn owned(&self, field: Field) -> Option<String> {
        self.cell(field).map(Cow::into_owned)
    }

    /// Of the row, else of the profile.
    pub(super) fn currency(&self) -> Option<Cow<'_, str>> {
        self.cell(Field::Currency).or(self.profile.currency.as_deref().map(Cow::Borrowed))
    }

    /// Of the row, else of the profile.
    pub(super) fn account(&self) -> Option<String> {
        self.owned(Field::Account).or_else(|| self.profile.account.clone())
    }

    /// Lines of every column of text.
    pub(super) fn texts(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for column in self.profile.columns.iter().filter(|column| column.field == Field::Text) {
            let text = trim(self.decode(self.row.get(column.index).unwrap_or_default()));
            let text = if self.profile.quoted_formulas { unquoted(text) } else { text };
            lines.extend(text.split('\n').filter(|line| !line.is_empty()).map(str::to_owned));
        }
        lines
    }
}

fn unquoted(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(cell::unquote_formula(text)),
        Cow::Owned(text) => Cow::Owned(cell::unquote_formula(&text).to_owned()),
    }
}

fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}
