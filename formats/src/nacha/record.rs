//! A record of 94 bytes, and fields by their place in it.

use encoding_rs::WINDOWS_1252;
use serde::{Serialize, Serializer};

use crate::letters;
use crate::mistake::{Problem, shown};
use crate::statement::{WriteError, unwritable};

pub(super) const LENGTH: usize = 94;

/// A field's name and its place, counted from 1 as the rules count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub from: usize,
    pub to: usize,
}

impl Field {
    pub const fn new(name: &'static str, from: usize, to: usize) -> Field {
        Field { name, from, to }
    }

    pub fn length(self) -> usize {
        (self.to + 1).saturating_sub(self.from)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Record {
    bytes: [u8; LENGTH],
}

impl Record {
    pub(super) fn blank() -> Record {
        Record { bytes: [b' '; LENGTH] }
    }

    pub(super) fn filler() -> Record {
        Record { bytes: [b'9'; LENGTH] }
    }

    /// Bytes, filled with blanks; what is longer is cut, so the length has to be checked before.
    pub(super) fn from_bytes(line: &[u8]) -> Record {
        let mut record = Record::blank();
        for (place, byte) in record.bytes.iter_mut().zip(line) {
            *place = *byte;
        }
        record
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `1` to `9`.
    pub fn kind(&self) -> u8 {
        self.bytes.first().copied().unwrap_or_default()
    }

    pub(super) fn raw(&self, field: Field) -> &[u8] {
        self.bytes.get(field.from.saturating_sub(1)..field.to).unwrap_or_default()
    }

    /// A field's text without blanks around it.
    pub fn text(&self, field: Field) -> String {
        WINDOWS_1252.decode_without_bom_handling(self.raw(field)).0.trim().to_owned()
    }

    /// A field of digits only.
    pub fn number(&self, field: Field) -> Result<u64, Problem> {
        let digits = self.raw(field);
        let number = digits.iter().try_fold(0_u64, |number, digit| {
            let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
            number.checked_mul(10)?.checked_add(digit)
        });
        number.ok_or_else(|| Problem::value(format!("{} digits", field.length()), &shown(&self.text(field))))
    }

    fn put(&mut self, field: Field, value: &[u8]) {
        let places = self.bytes.get_mut(field.from.saturating_sub(1)..field.to).unwrap_or_default();
        for (place, byte) in places.iter_mut().zip(value) {
            *place = *byte;
        }
    }

    /// Text to the left; too much of it is refused.
    pub(super) fn set(&mut self, field: Field, value: &str) -> Result<(), WriteError> {
        let value = plain(value);
        if value.len() > field.length() {
            return Err(unwritable(field.name, Problem::TooLong { limit: field.length() }));
        }
        self.put(field, value.as_bytes());
        Ok(())
    }

    /// Text to the left, cut where it is too long, as names are.
    pub(super) fn set_cut(&mut self, field: Field, value: &str) {
        self.put(field, plain(value).as_bytes());
    }

    pub(super) fn set_number(&mut self, field: Field, value: u64) -> Result<(), WriteError> {
        let digits = format!("{value:0width$}", width = field.length());
        if digits.len() > field.length() {
            return Err(unwritable(field.name, Problem::AmountTooLarge { found: digits }));
        }
        self.put(field, digits.as_bytes());
        Ok(())
    }

    pub(super) fn set_digits(&mut self, field: Field, value: &str) -> Result<(), WriteError> {
        if value.len() != field.length() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(unwritable(field.name, Problem::value(format!("{} digits", field.length()), value)));
        }
        self.put(field, value.as_bytes());
        Ok(())
    }
}

/// Printable ASCII; other letters lose their accents.
fn plain(text: &str) -> String {
    let printable = |c: char| c == ' ' || c.is_ascii_graphic();
    if text.chars().all(printable) { text.to_owned() } else { letters::swift(text) }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Record({:?})", WINDOWS_1252.decode_without_bom_handling(&self.bytes).0)
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&WINDOWS_1252.decode_without_bom_handling(&self.bytes).0)
    }
}
